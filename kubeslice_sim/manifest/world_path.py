"""Where a field stands in a world: ``slice/red.maxClusters``, ``underlay.links[worker-1,worker-2].rtt``."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from kubeslice_sim.manifest.shape import fields_of, item_type, noun_at
from kubeslice_sim.model.document import ObjectKey, ObjectMeta, key_of
from kubeslice_sim.model.field_path import FieldPath, child, show_path
from kubeslice_sim.model.frozen import FrozenMap
from kubeslice_sim.model.kubernetes import WORKLOAD_KINDS, KubernetesObject
from kubeslice_sim.model.suggest import meant
from kubeslice_sim.model.world import World

SHORT_KINDS: Mapping[str, str] = {"slice": "SliceConfig", "qos": "SliceQoSConfig", "export": "ServiceExport"}
"""How people call kinds in a path; otherwise the kind's own name, in any case."""
_KIND = re.compile(r"[A-Za-z]+")
_STEP = re.compile(r'\.(?P<name>[^.\[\]"]+)|\[(?P<index>\d+)\]|\[(?P<key>"(?:[^"\\]|\\.)*")\]|\[(?P<named>[^\]"]+)\]')
_NAMED_BY = ("name", "between", "namespace", "cluster", "component")
"""The fields by which people tell the items of a list apart."""


class Named(NamedTuple):
    """A step to the item of a list that goes by this name (of a link: by its two clusters, in either order)."""

    name: str


class NoSuchPlace(ValueError):
    """The path leads nowhere in this world; ``hint`` says what was probably meant."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message, self.hint = message, hint


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A field of one document. ``document`` is the very object in the world."""

    document: Any
    steps: tuple[str | int | Named, ...]


def find(world: World, text: str) -> Place:
    """The document that a path names, and the steps inside it. Raises :exc:`NoSuchPlace`.

    ``kind/name.field`` or ``kind/namespace/name.field``; the name may be left out where the world has one of the kind.
    """
    found = _KIND.match(text)
    if found is None:
        raise NoSuchPlace(f"{text!r} is no path", "write it as slice/red.maxClusters")
    documents = [*world.documents(), *(() if world.underlay in world.documents() else (world.underlay,))]
    kind = SHORT_KINDS.get(found[0].lower(), found[0]).lower()
    of_kind = [document for document in documents if key_of(document).kind.lower() == kind]
    if not of_kind:
        known = dict.fromkeys(key_of(document).kind for document in documents)
        raise NoSuchPlace(f"the world has no {found[0]}", meant(found[0], (*known, *SHORT_KINDS)))
    rest = text[found.end() :]
    if rest.startswith("/"):
        document, rest = _named(of_kind, rest[1:])
    elif len(of_kind) > 1:
        names = ", ".join(_written(key_of(document)) for document in of_kind[:8])
        raise NoSuchPlace(f"which {found[0]}?", f"name it: {names}")
    else:
        (document,) = of_kind
    return Place(document=document, steps=tuple(_steps(rest, text)))


def settle(document: Any, data: Mapping[str, Any], steps: tuple[str | int | Named, ...]) -> FieldPath:
    """The steps as a path of the document's data (which may lack the last fields). Raises :exc:`NoSuchPlace`."""
    noun: Any = type(document)
    path: FieldPath = ()
    value: Any = data
    for step in steps:
        if not path and noun is not KubernetesObject and step not in fields_of(noun) and step not in ("metadata",):
            inner = noun_at(noun, ("spec",))
            if step not in fields_of(inner):
                raise NoSuchPlace(f"unknown field {step!r}", meant(str(step), fields_of(inner)))
            path, value = ("spec",), value.get("spec")
        step = _settled(step, value, _holder(noun, path), path)
        path = (*path, step)
        value = child(value, step)
    return path


def _holder(noun: Any, path: FieldPath) -> Any:
    """What stands at the path: a noun with its fields, a FrozenMap with any keys, or None: whatever was written."""
    if noun is KubernetesObject:
        return noun_at(ObjectMeta, path[1:]) or FrozenMap if path[:1] == ("metadata",) else None
    if (there := noun_at(noun, path)) is not None:
        return there
    owner = noun_at(noun, path[:-1])
    shape = fields_of(owner).get(str(path[-1])) if owner else None
    return FrozenMap if shape is not None and item_type(shape.type) not in (None, Any) else None


def _settled(step: str | int | Named, value: Any, holder: Any, path: FieldPath) -> str | int:
    where = show_path(path) or "the document"
    if isinstance(value, list):
        return _item(step, value, where)
    if isinstance(step, Named):
        step = step.name
    if isinstance(step, int):
        raise NoSuchPlace(f"{where} is no list", "" if value is not None else "it is empty")
    if value is not None and not isinstance(value, Mapping):
        raise NoSuchPlace(f"{where} is {value!r}, which has no fields", "write it as a mapping in the world first")
    if holder is FrozenMap:
        return step
    known = fields_of(holder) if holder is not None else _written_in(value, path)
    if step not in known:
        raise NoSuchPlace(f"unknown field {step!r} in {where}", meant(step, known))
    return step


def _written_in(value: Mapping[str, Any] | None, path: FieldPath) -> tuple[str, ...]:
    """The keys of what Kubernetes alone knows the fields of: those that are there, and the one that defaults."""
    there = tuple(value or ())
    return (*there, "replicas") if path == ("spec",) and "template" in there else there


def _item(step: str | int | Named, items: list[Any], where: str) -> int:
    if isinstance(step, int):
        if step >= len(items):
            raise NoSuchPlace(f"{where} has {len(items)} items; there is no [{step}]", "they are counted from 0")
        return step
    name = step.name if isinstance(step, Named) else step
    names = [_name_of(item) for item in items]
    asked = _normal(name)
    matching = [index for index, item in enumerate(names) if item and _normal(item) == asked]
    if not matching:
        raise NoSuchPlace(f"{where} has no item {name!r}", meant(name, names, "it is empty" if not items else ""))
    if len(matching) > 1:
        raise NoSuchPlace(f"{where} has {len(matching)} items {name!r}", f"take one by its place: [{matching[0]}]")
    return matching[0]


def _name_of(item: Any) -> str:
    if not isinstance(item, Mapping):
        return str(item)
    for field in _NAMED_BY:
        if field in item:
            return ",".join(item[field]) if isinstance(item[field], list) else str(item[field])
    return ""


def _normal(name: str) -> str:
    return ",".join(sorted(part.strip() for part in name.split(",")))


def _named(documents: list[Any], text: str) -> tuple[Any, str]:
    """The document whose name the text starts with (the longest: names may hold dots), and what follows it."""
    fitting: list[tuple[int, Any]] = []
    for document in documents:
        key = key_of(document)
        for name in (key.name, f"{key.namespace}/{key.name}"):
            if text.startswith(name) and text[len(name) : len(name) + 1] in ("", ".", "["):
                fitting.append((len(name), document))
    if not fitting:
        written = [_written(key_of(document)) for document in documents]
        asked = re.split(r"[.\[]", text)[0]
        raise NoSuchPlace(f"the world has no {key_of(documents[0]).kind} {asked!r}", meant(asked, written))
    longest = max(length for length, _ in fitting)
    best = [document for length, document in fitting if length == longest]
    if len(best) > 1:
        raise NoSuchPlace(
            f"the world has {len(best)} of that name",
            "say which: " + ", ".join(f"{key_of(item).namespace}/{key_of(item).name}" for item in best),
        )
    return best[0], text[longest:]


def _written(key: ObjectKey) -> str:
    return f"{key.namespace}/{key.name}" if key.kind in (*WORKLOAD_KINDS, "Service", "ServiceExport") else key.name


def _steps(rest: str, text: str) -> Iterator[str | int | Named]:
    at = 0
    while at < len(rest):
        found = _STEP.match(rest, at)
        if found is None:
            raise NoSuchPlace(f"{text!r} is no path", "write it as underlay.links[worker-1,worker-2].rtt")
        at = found.end()
        if found["index"] is not None:
            yield int(found["index"])
        elif found["key"] is not None:
            yield str(json.loads(found["key"]))
        else:
            yield Named(found["named"]) if found["named"] is not None else found["name"]
    if not rest:
        raise NoSuchPlace(f"{text!r} names no field", "add one: .spec.maxClusters")
