"""Written: a document that calls have written; each of its fields knows the call and the argument that said it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kubeslice_sim.build.argument import Argument, Unsuited, merge, put
from kubeslice_sim.build.step import Step
from kubeslice_sim.errors import Problem
from kubeslice_sim.manifest.source import Source
from kubeslice_sim.model.field_path import FieldPath, show_path
from kubeslice_sim.model.frozen import thaw

Origin = tuple[Step, str]
"""The call, and its argument's name."""


@dataclass(frozen=True, slots=True, eq=False)
class Written(Source):
    """A document from a program: a problem with it stands where the program made the call."""

    origins: dict[FieldPath, Origin] = field(default_factory=dict)
    step: Step = field(default_factory=lambda: Step(call="world"))

    def problem(self, path: FieldPath, message: str, hint: str = "", rule: str = "") -> Problem:
        """A problem with the value at ``path``, told of the argument that said it, else of the call."""
        step, what = self._said_by(path)
        return Problem(
            file=step.file, line=step.line, path=f"{step.title}{what}", message=message, hint=hint, rule=rule
        )

    def _said_by(self, path: FieldPath) -> tuple[Step, str]:
        for length in range(len(path), 0, -1):
            if (origin := self.origins.get(path[:length])) is not None:
                step, argument = origin
                return step, f".{argument}" if argument else _inside(path[length:])
        inside = [step for known, (step, _) in self.origins.items() if known[: len(path)] == path]
        return (inside[0] if inside and path else self.step), _inside(path)


def _inside(path: FieldPath) -> str:
    return f": {show_path(path)}" if path else ""


def begun(step: Step, api_version: str, kind: str) -> Written:
    """A document with nothing but its kind."""
    return Written(step.file, (step.line, None), {"apiVersion": api_version, "kind": kind}, step=step)


def write(
    document: Written, step: Step, said: Mapping[str, Any], known: Iterable[Argument], at: FieldPath = ()
) -> list[Problem]:
    """Put what a call said (None and ``()``: nothing) into the document, inside ``at``; what does not fit."""
    problems: list[Problem] = []
    inside: Any = document.data
    for part in at:
        inside = inside.setdefault(part, {}) if isinstance(inside, dict) else inside[part]
    for argument in known:
        value = said.get(argument.name)
        if value is None or value == ():
            continue
        document.origins[(*at, *argument.path)] = (step, argument.name)
        try:
            formed = thaw(argument.form.write(value))
        except (Unsuited, TypeError) as error:
            problems.append(document.problem((*at, *argument.path), str(error)))
            continue
        if isinstance(formed, dict):
            tree: dict[str, Any] = {}
            put(tree, argument.path, formed)
            merge(inside, tree)
        else:
            put(inside, argument.path, formed)
    more = said.get("more")
    if isinstance(more, Mapping):
        for path in merge(inside, thaw(more)):
            document.origins[(*at, *path)] = (step, "more")
    elif more is not None:
        problems.append(document.problem(at, "more should be a mapping of fields"))
    return problems
