"""Texts → World, or every problem at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kubeslice_sim.errors import BadInput, Problem
from kubeslice_sim.manifest.admit import admit as admission_problems
from kubeslice_sim.manifest.assemble import Draft, unfolded
from kubeslice_sim.manifest.files import read_texts, world_name
from kubeslice_sim.manifest.source import Source
from kubeslice_sim.manifest.yaml_text import parse
from kubeslice_sim.model.kinds import NOUNS, WORLD_NOUNS
from kubeslice_sim.model.kubernetes import KubernetesObject
from kubeslice_sim.model.world import World


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """A world and where each of its documents stands; ``warnings`` are problems that do not stop it."""

    world: World
    sources: dict[int, Source]
    warnings: tuple[Problem, ...] = ()
    derived: tuple[Any, ...] = ()
    """What KubeSlice makes itself; only :func:`read_state` reads it."""

    def source(self, document: Any) -> Source | None:
        """Where a document of the world (the very object) was written, None where it was not."""
        return self.sources.get(id(document))


def load(*paths: str | Path, admit: bool = True) -> World:
    """The world in these files and folders (``-``: standard input; nothing: the current folder).

    Raises :exc:`~kubeslice_sim.errors.BadInput` with every problem, by file and line. With ``admit=False``, what the
    API server and the webhooks would refuse passes.
    """
    return read(*paths, admit=admit).world


def load_text(text: str, file: str = "<text>", *, admit: bool = True) -> World:
    """The world in a text. Raises :exc:`~kubeslice_sim.errors.BadInput` with every problem."""
    return read_text(text, file, admit=admit).world


def read_text(text: str, file: str = "<text>", *, admit: bool = True) -> Reading:
    """As :func:`load_text`, with the source of every document and the warnings."""
    return _read([(file, text)], [], "world", admit)


def read(*paths: str | Path, admit: bool = True) -> Reading:
    """As :func:`load`, with the source of every document and the warnings."""
    texts, problems = read_texts(paths)
    reading = _read(texts, problems, world_name(paths or (".",)), admit)
    return replace(reading, world=replace(reading.world, read_from=tuple(map(str, paths or (".",)))))


def read_state(*paths: str | Path) -> Reading:
    """What stands on a controller cluster: a world that nobody judges, and objects that KubeSlice made.

    Raises :exc:`~kubeslice_sim.errors.BadInput` with every problem.
    """
    texts, problems = read_texts(paths)
    return _read(texts, problems, world_name(paths or (".",)), False, (*NOUNS, KubernetesObject))


def _read(
    texts: Iterable[tuple[str, str]],
    problems: list[Problem],
    name: str,
    admit: bool,
    nouns: tuple[Any, ...] = (*WORLD_NOUNS, KubernetesObject),
) -> Reading:
    draft = Draft(problems=list(problems), nouns=nouns)
    whole = not problems
    for file, text in texts:
        sources, faults = parse(text, file)
        whole = whole and not faults
        draft.problems += faults
        if not sources and not faults:
            draft.problems.append(Problem(file=file, line=1, message="the file is empty", hint="a world has documents"))
        for source in unfolded(sources):
            draft.add(source)
    return finish(draft, name, admit=admit, whole=whole)


def finish(draft: Draft, name: str, *, admit: bool, whole: bool = True) -> Reading:
    """The world of the documents that were read. Raises :exc:`~kubeslice_sim.errors.BadInput` with every problem.

    ``whole``: all of the text could be read, so what nobody has seen is not there.
    """
    world = draft.world(name)
    errors, warnings = admission_problems(draft, world, whole=whole) if admit else ([], [])
    if draft.problems or errors:
        raise BadInput(sorted({*draft.problems, *errors}))
    derived = tuple(item for item in draft.documents if type(item) not in (*WORLD_NOUNS, KubernetesObject))
    return Reading(world, draft.sources, tuple(sorted(set(warnings))), derived)
