"""The same world with some fields changed: what a sweep does at each of its points."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from kubeslice_sim.errors import BadInput, Problem
from kubeslice_sim.manifest.admit import refusals
from kubeslice_sim.manifest.assemble import read_document
from kubeslice_sim.manifest.kinds import encode
from kubeslice_sim.manifest.world_path import NoSuchPlace, find, settle
from kubeslice_sim.model.document import key_of
from kubeslice_sim.model.field_path import FieldPath, show_path
from kubeslice_sim.model.frozen import thaw
from kubeslice_sim.model.world import World


def vary(world: World, changes: Mapping[str, Any]) -> World:
    """The world with these fields changed, all at once; the rest of it is the very same objects.

    A path names a document by kind and name, then fields as YAML writes them; ``spec.`` may be left out, the name too
    where the world has one of the kind, and items of lists go by index or by name::

        vary(world, {"underlay.links[worker-1,worker-2].rtt": "80ms"})
        vary(world, {"slice/red.qosProfileDetails.bandwidthCeilingKbps": 5000, "slice/red.clusters": ["a", "b"]})
        vary(world, {"deployment/shop/cart.spec.replicas": 3, "scenario/tour.traffic[bulk].rate": "10Mbit"})
        vary(world, {'cluster/worker-1.metadata.labels["a.b/c"]': "x", "underlay.clusters.worker-1": None})

    Values are what YAML would hold, with units; None takes the field (or the list's item) away. A field that stands
    nowhere yet is added where its kind has it.

    Raises :exc:`~kubeslice_sim.errors.BadInput` with every problem at once: paths that lead nowhere (and what was
    probably meant), values that do not fit, and what KubeSlice would refuse in the changed world.
    """
    problems: list[Problem] = []
    drafts: dict[int, tuple[Any, dict[str, Any]]] = {}
    asked: dict[int, dict[FieldPath, str]] = {}
    for text, value in changes.items():
        try:
            place = find(world, text)
            _, data = drafts.setdefault(id(place.document), (place.document, encode(place.document)))
            path = settle(place.document, data, place.steps)
            _put(data, path, thaw(value))
        except NoSuchPlace as error:
            problems.append(Problem(path=text, message=error.message, hint=error.hint))
        else:
            asked.setdefault(id(place.document), {})[path] = text
    if problems:
        raise BadInput(problems)
    changed: dict[int, Any] = {}
    for key, (document, data) in drafts.items():
        changed[key], troubles = read_document(_without_gaps(data))
        problems += [
            Problem(path=_asked(document, trouble.path, asked[key]), message=trouble.message, hint=trouble.hint)
            for trouble in troubles
        ]
    if problems:
        raise BadInput(problems)
    made = _put_in(world, changed)
    problems = refusals(made)
    if problems:
        raise BadInput(problems)
    return made


def _put(data: dict[str, Any], path: FieldPath, value: Any) -> None:
    inside: Any = data
    for step in path[:-1]:
        if isinstance(inside, dict) and inside.get(str(step)) is None:
            inside[step] = {}
        inside = inside[step]
    if value is None and isinstance(inside, dict):
        inside.pop(path[-1], None)
    else:
        inside[path[-1]] = _GAP if value is None else value


_GAP = object()
"""Where an item of a list was taken away: the others keep their places until all changes are made."""


def _without_gaps(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_gaps(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_gaps(item) for item in value if item is not _GAP]
    return value


def _asked(document: Any, path: FieldPath, asked: Mapping[FieldPath, str]) -> str:
    """How the user named the field in trouble, or else the field itself."""
    for known, text in asked.items():
        if path[: len(known)] == known:
            return text + (f".{show_path(path[len(known) :])}" if path[len(known) :] else "")
    key = key_of(document)
    return f"{key.kind}/{key.name}.{show_path(path)}"


def _put_in(world: World, changed: Mapping[int, Any]) -> World:
    """The world with these documents (by the id of those that they replace)."""
    places: dict[str, Any] = {}
    for field in fields(World):
        held = getattr(world, field.name)
        if isinstance(held, tuple):
            if any(id(document) in changed for document in held):
                places[field.name] = tuple(changed.get(id(document), document) for document in held)
        elif id(held) in changed:
            places[field.name] = changed[id(held)]
    return replace(world, **places)
