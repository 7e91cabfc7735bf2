"""Design file: what a sweep is to play, in YAML; every problem at its file and line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from kubeslice_sim.errors import BadInput, Problem
from kubeslice_sim.manifest.source import Source
from kubeslice_sim.manifest.yaml_text import parse
from kubeslice_sim.model.field_path import FieldPath
from kubeslice_sim.model.suggest import meant

EXAMPLE = "vary: {slice.maxClusters: [4, 8]}"
_KNOWN: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "vary": (lambda value: isinstance(value, dict), "a mapping of paths to values"),
    "together": (
        lambda value: isinstance(value, list) and all(isinstance(item, dict) for item in value),
        "a list of mappings of paths to values",
    ),
    "sample": (lambda value: _whole(value) or isinstance(value, str), "such as 40 or '40 random seed 3'"),
    "replications": (lambda value: _whole(value), "a whole number"),
    "until": (
        lambda value: isinstance(value, str) or (isinstance(value, list) and all(isinstance(i, str) for i in value)),
        "such as 'bulk rate_bps relative 2%', or a list of such",
    ),
    "atMost": (lambda value: _whole(value), "a whole number"),
    "seed": (lambda value: _whole(value), "a whole number"),
    "scenario": (lambda value: isinstance(value, str), "a scenario's name"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DesignFile:
    """``options``: the arguments of :func:`ks.sweep` that the file gives, by their names there."""

    file: str
    options: dict[str, Any]
    lines: dict[str, int] = field(default_factory=dict)

    def located(self, error: BadInput) -> BadInput:
        """The same error, each problem with one of the file's fields at its line."""
        return BadInput([self._located(problem) for problem in error.problems])

    def _located(self, problem: Problem) -> Problem:
        names = [name for name in self.lines if problem.path.startswith(name)]
        if problem.file or not names:
            return problem
        return replace(problem, file=self.file, line=self.lines[max(names, key=len)])


def read_design(path: Path) -> DesignFile:
    """The design in a file. Raises :exc:`BadInput` with all that is wrong with its form."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise BadInput(f"cannot read {path}: {why}; give a YAML file such as: {EXAMPLE}") from None
    sources, problems = parse(text, str(path))
    if problems:
        raise BadInput(problems)
    if len(sources) != 1:
        raise BadInput(f"{path} holds {len(sources)} documents; a design is one: {EXAMPLE}")
    (source,) = sources
    problems = list(_problems(source))
    if problems:
        raise BadInput(problems)
    options = {"at_most" if name == "atMost" else name: value for name, value in source.data.items()}
    return DesignFile(file=str(path), options=options, lines=_lines(source))


def _problems(source: Source) -> list[Problem]:
    found = []
    for name, value in source.data.items():
        if name not in _KNOWN:
            hint = meant(str(name), _KNOWN)
            if name in ("apiVersion", "kind"):
                hint = f"a design has no kind; it is such as: {EXAMPLE}"
            found.append(source.problem((name,), "unknown field", hint))
        elif not _KNOWN[name][0](value):
            found.append(source.problem((name,), f"should be {_KNOWN[name][1]}, not {value!r}"))
    return found


def _lines(source: Source) -> dict[str, int]:
    """Where each path and each field stands."""
    places: dict[str, FieldPath] = {name: (name,) for name in source.data}
    places |= {path: ("vary", path) for path in source.data.get("vary", {})}
    for index, group in enumerate(source.data.get("together", [])):
        places |= {path: ("together", index, path) for path in group}
    return {name: source.line_of(path) for name, path in places.items()}


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
