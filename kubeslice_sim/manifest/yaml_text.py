"""YAML text → documents whose every value knows its line; each fault is told and the rest is read on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from kubeslice_sim.errors import Problem
from kubeslice_sim.manifest.source import Mark, Source
from kubeslice_sim.manifest.tree import TooMuch, Tree

MOST_FAULTS = 100
"""After so many the rest of a file is not worth reading."""
_INDENT = re.compile(r"[ \t]+")
_NEXT_DOCUMENT = re.compile(r"^---(?=[ \t\r\n]|$)", re.MULTILINE)


def parse(text: str, file: str, *, recorded: bool = False) -> tuple[list[Source], list[Problem]]:
    """Every document of the text (empty ones left out), and everything that is no sound YAML.

    ``recorded``: a program wrote the text; a list stands for the mappings in it, scalars mean what they mean to PyYAML.
    After a syntax error, reading goes on at the next ``---``. Never raises for bad text.
    """
    sources: list[Source] = []
    problems: list[Problem] = []
    offset, skipped_lines = 0, 0
    while True:
        tree = Tree(file, skipped_lines, recorded=recorded)
        fault = None
        try:
            for mark, data in _documents(text[offset:] if offset else text, tree):
                if isinstance(data, dict):
                    sources.append(Source(file, mark, data))
                elif recorded and isinstance(data, list) and all(isinstance(item, dict) for item in data):
                    sources += [Source(file, part, item) for part, item in zip(mark[1], data, strict=True)]
                elif data is not None:
                    what = "a list" if isinstance(data, list) else "a single value"
                    problems.append(Problem(
                        file=file, line=mark[0], message=f"the document is {what}, not a mapping",
                        hint="a document starts with apiVersion and kind",
                    ))  # fmt: skip
        except TooMuch as error:
            fault = error.problem
        except MarkedYAMLError as error:
            fault = _syntax_problem(error, text, file, skipped_lines, tree.line)
        except (YAMLError, ValueError) as error:
            fault = Problem(file=file, line=tree.line, message=f"this is not YAML: {_one_line(str(error))}")
        problems += tree.problems
        if fault is None:
            return sources, problems
        if fault not in problems:
            problems.append(fault)
        restart = _after(text, tree.document_line)
        if restart is None or restart <= offset or len(problems) > MOST_FAULTS:
            return sources, problems
        offset, skipped_lines = restart, text.count("\n", 0, restart)


def _documents(text: str, tree: Tree) -> Iterator[tuple[Mark, Any]]:
    events: Iterable[Any] = YAML(typ="safe").parse(text)
    for event in events:
        if tree.take(event):
            yield tree.mark, tree.data


def _after(text: str, line: int) -> int | None:
    """Where the first document after that line starts."""
    at = 0
    for _ in range(line):
        at = text.find("\n", at) + 1
        if at == 0:
            return None
    found = _NEXT_DOCUMENT.search(text, at)
    return found.start() if found else None


def _syntax_problem(error: MarkedYAMLError, text: str, file: str, skipped_lines: int, seen_line: int) -> Problem:
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 + skipped_lines if mark else seen_line
    what = _one_line(str(error.problem or error.context or error))
    indent = _INDENT.match(_line_of(text, line))
    if indent and "\t" in indent[0]:
        return Problem(file=file, line=line, message="a tab cannot indent YAML", hint="use spaces")
    context = f" {_one_line(error.context)}" if error.context and error.problem else ""
    return Problem(file=file, line=line, message=f"this is not YAML: {what}{context}", hint=_syntax_hint(what))


def _syntax_hint(what: str) -> str:
    if "mapping values are not allowed" in what:
        return "a text with ': ' in it needs quotes, or the indentation is wrong"
    if "'@'" in what or "'`'" in what or "'%'" in what:
        return "put the text in quotes"
    if "undefined alias" in what or "alias" in what:
        return "an anchor (&name) must come before its alias (*name)"
    if "could not find expected ':'" in what or "did not find expected" in what:
        return "look at the indentation, quotes and brackets here and just above"
    return ""


def _line_of(text: str, line: int) -> str:
    return text.split("\n", line)[line - 1] if text.count("\n") >= line - 1 else ""


def _one_line(text: str) -> str:
    return " ".join(text.split())
