"""Locate: the file and line of what the planner has against a world that was read from files."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from kubeslice_sim.errors import BadInput, Problem
from kubeslice_sim.manifest.files import STANDARD_INPUT
from kubeslice_sim.manifest.loader import Reading, read
from kubeslice_sim.model.document import key_of
from kubeslice_sim.model.field_path import read_path, show_path
from kubeslice_sim.model.world import World

_PLACE = re.compile(r"(?P<kind>[A-Za-z]+)(/(?P<name>.+?))?(\.(?P<path>(metadata|spec|status)\b.*))?")
"""``Kind/name.path.in.it``: how a problem names a field of a world."""


def located(error: BadInput, world: World) -> BadInput:
    """The same error, each problem at its file and line, as far as the world's files still say what they said.

    They are read again: an error is rare, and a world that keeps all its lines would be large.
    """
    if not world.read_from or STANDARD_INPUT in world.read_from:
        return error
    try:
        reading = read(*world.read_from, admit=False)
    except BadInput:
        return error
    if reading.world != world:
        return error
    return type(error)([_located(problem, reading) for problem in error.problems])


def _located(problem: Problem, reading: Reading) -> Problem:
    place = _PLACE.fullmatch(problem.path)
    if problem.file or place is None:
        return problem
    document = _named(reading.world, place["kind"], place["name"])
    source = reading.source(document) if document is not None else None
    if source is None:
        return problem
    path = read_path(place["path"] or "")
    return replace(problem, file=source.file, line=source.line_of(path), path=show_path(path))


def _named(world: World, kind: str, name: str | None) -> Any:
    for document in world.documents():
        key = key_of(document)
        if key.kind == kind and name in (None, key.name):
            return document
    return None
