"""Builds plain data and its lines from a stream of YAML events; bounded in depth and size."""

from __future__ import annotations

from typing import Any

from ruamel.yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from kubeslice_sim.errors import Problem
from kubeslice_sim.manifest.scalar import resolve, resolve_recorded
from kubeslice_sim.manifest.source import Mark

DEEPEST = 64
"""No Kubernetes object nests deeper; the bound keeps the C parser's scanner and our recursion safe."""
MOST_ALIASED = 100_000
"""How many values the aliases of one document may stand for, all told."""
_TAGS = {
    "str": str, "int": int, "float": (int, float), "bool": bool, "null": type(None), "map": dict, "seq": list,
}  # fmt: skip
_CORE = "tag:yaml.org,2002:"


class TooMuch(Exception):
    """Reading cannot go on in this document."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


class _Open:
    """A collection that is still being read; ``size`` counts the values in it, aliases in full."""

    __slots__ = ("anchor", "data", "key", "key_line", "line", "marks", "size")

    def __init__(self, data: Any, marks: Any, line: int, anchor: str | None) -> None:
        self.data, self.marks, self.line, self.anchor = data, marks, line, anchor
        self.key: str | None = None
        self.key_line = line
        self.size = 1


class Tree:
    """Takes events one by one; after each finished document ``data`` and ``mark`` hold it.

    ``line`` is that of the last event, ``document_line`` that of the document's first.
    """

    def __init__(self, file: str, skipped_lines: int, *, recorded: bool = False) -> None:
        self.file, self.skipped_lines = file, skipped_lines
        self._resolve = resolve_recorded if recorded else resolve
        self.problems: list[Problem] = []
        self.data: Any = None
        self.mark: Mark = (skipped_lines + 1, None)
        self.line = skipped_lines + 1
        self.document_line = skipped_lines + 1
        self._stack: list[_Open] = []
        self._anchors: dict[str, tuple[Any, Mark, int]] = {}
        self._aliased = 0

    def take(self, event: Any) -> bool:
        """Take one event; True when it ends a document. Raises :exc:`TooMuch`."""
        what = type(event)
        if what is ScalarEvent:
            self.line = event.start_mark.line + 1 + self.skipped_lines
            self._scalar(event)
        elif what is MappingStartEvent or what is SequenceStartEvent:
            self.line = event.start_mark.line + 1 + self.skipped_lines
            self._open(event, {} if what is MappingStartEvent else [], {} if what is MappingStartEvent else [])
        elif what is MappingEndEvent or what is SequenceEndEvent:
            self._close()
        elif what is AliasEvent:
            self.line = event.start_mark.line + 1 + self.skipped_lines
            self._alias(event.anchor)
        elif what is DocumentStartEvent:
            self.line = event.start_mark.line + 1 + self.skipped_lines
            self.data, self.mark, self.document_line = None, (self.line, None), self.line
            self._anchors.clear()
            self._stack.clear()
            self._aliased = 0
        return what is DocumentEndEvent

    def _scalar(self, event: Any) -> None:
        tag = event.tag
        if tag and tag != "!":
            value = self._resolve(event.value) if not tag.endswith(":str") else event.value
            self._check_tag(tag, value)
        else:
            value = self._resolve(event.value) if event.implicit[0] else event.value
        if event.anchor:
            self._anchors[event.anchor] = (value, (self.line, None), 1)
        self._add(value, (self.line, None), 1, event.value)

    def _open(self, event: Any, data: Any, marks: Any) -> None:
        if len(self._stack) >= DEEPEST:
            raise TooMuch(self._problem(f"nested deeper than {DEEPEST} levels", "no Kubernetes object needs that"))
        if event.tag and event.tag != "!":
            self._check_tag(event.tag, data)
        if event.anchor:
            self._anchors.pop(event.anchor, None)
        self._stack.append(_Open(data, marks, self.line, event.anchor))

    def _close(self) -> None:
        done = self._stack.pop()
        mark = (done.line, done.marks)
        if done.anchor:
            self._anchors[done.anchor] = (done.data, mark, done.size)
        self._add(done.data, mark, done.size, None)

    def _alias(self, anchor: str) -> None:
        if anchor not in self._anchors:
            raise TooMuch(self._problem(f"the alias *{anchor} has no anchor before it", f"write &{anchor} first"))
        value, mark, size = self._anchors[anchor]
        self._aliased += size
        if self._aliased > MOST_ALIASED:
            raise TooMuch(self._problem(f"the aliases stand for more than {MOST_ALIASED} values", "write them out"))
        self._add(value, mark, size, value if isinstance(value, str) else None)

    def _add(self, value: Any, mark: Mark, size: int, text: str | None) -> None:
        """Put a finished value where it belongs; ``text`` is how a scalar was written, for use as a key."""
        if not self._stack:
            self.data, self.mark = value, mark
            return
        inside = self._stack[-1]
        inside.size += size
        if type(inside.data) is list:
            inside.data.append(value)
            inside.marks.append(mark)
        elif inside.key is None:
            inside.key, inside.key_line = self._key(inside, text, mark[0]), mark[0]
        else:
            inside.data.setdefault(inside.key, value)
            inside.marks.setdefault(inside.key, (inside.key_line, mark[1]))
            inside.key = None

    def _key(self, inside: _Open, text: str | None, line: int) -> str:
        if text is None:
            self.problems.append(self._problem("a mapping or list cannot be a key", "keys are text"))
            return ""
        if text in inside.data:
            first = inside.marks[text][0]
            self.problems.append(
                Problem(file=self.file, line=line, message=f"the key {text!r} stands twice in one mapping",
                        hint=f"first on line {first}")
            )  # fmt: skip
        return text

    def _check_tag(self, tag: str, value: Any) -> None:
        kind = _TAGS.get(tag.removeprefix(_CORE)) if tag.startswith(_CORE) else None
        if kind is None:
            shown = "!!" + tag.removeprefix(_CORE) if tag.startswith(_CORE) else tag
            self.problems.append(self._problem(f"the tag {shown} is not allowed", "plain data needs no tags"))
        elif not isinstance(value, kind):  # type: ignore[arg-type]
            self.problems.append(self._problem(f"the value is no {tag.removeprefix(_CORE)}", "leave the tag out"))

    def _problem(self, message: str, hint: str) -> Problem:
        return Problem(file=self.file, line=self.line, message=message, hint=hint)
