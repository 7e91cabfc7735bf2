"""Releases of KubeSlice: which field, value and kind came with which, and what of a document a release does not know.

As the CRDs of the tagged releases say (kubeslice-controller v0.6.10 and v1.9.0, worker-operator v0.17.1 and v1.6.4);
``next`` is what upstream is about to ship.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

from kubeslice_sim.model.field_path import FieldPath

KubeSliceVersion = Literal["0.6", "1.9", "next"]
"""The releases that a world may assume."""
DEFAULT_VERSION: KubeSliceVersion = "1.9"
NEXT = "next"

# Behaviour that came with a release (kubeslice-controller, by the tags of its services).
DETECTS_NODE_IPS = "0.7.0"
"""Workers report node IPs: before, ``spec.nodeIPs`` and ``spec.networkInterface`` must be given."""
ASKS_HEALTH = "1.0.0"
"""A slice's clusters must be registered and healthy."""
HAS_CIPHERS = "1.1.0"
"""The mutating webhook gives a slice its cipher."""
ROTATES_KEYS = "1.1.0"
"""A slice has a VpnKeyRotation."""
MAKES_DEFAULT_QOS = "1.1.0"
"""Every project gets the SliceQoSConfig ``default``."""
ASKS_NETWORK = "1.3.0"
"""A slice's clusters must have KubeSlice's network."""


@dataclass(frozen=True, slots=True)
class Since:
    """The release that brought a field; stands in ``Annotated[...]``. A field without it was always there.

    ``values``: of an enum, those that came later than the field, each with its release.
    """

    release: str = ""
    values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Before:
    """What the CRD said of a field before a release: a :class:`~kubeslice_sim.model.document.Crd`."""

    release: str
    crd: Any


class Newer(NamedTuple):
    """Something in a document that a release does not have: where, what it is called, which release has it."""

    path: FieldPath
    what: str
    release: str


def includes(version: KubeSliceVersion, release: str) -> bool:
    """Whether a world's version has what came with a release (``1.4.0``, ``next``; empty: what was always there)."""
    return not release or _rank(release) <= _rank(version)


def since_of(marks: tuple[Any, ...]) -> Since:
    """The :class:`Since` among a field's marks, else one that says: always."""
    return next((mark for mark in marks if isinstance(mark, Since)), Since())


def newer_in(document: Any, version: KubeSliceVersion) -> Iterator[Newer]:
    """What a document uses that the version does not have: every newer field that is not at its default."""
    yield from _newer_in_noun(document, version, ())


def newer_in_data(noun: Any, data: Any, version: KubeSliceVersion, at: FieldPath = ()) -> Iterator[Newer]:
    """What JSON-like data of a noun names that the version does not have, if only to say its default."""
    if not isinstance(data, Mapping):
        return
    for item in _fields(noun):
        value, here = data.get(item.key), (*at, item.key)
        if value is None:
            continue
        yield from _newer_in_field(value, item, version, here, newer_in_data)


class _Field(NamedTuple):
    """``noun``: the dataclass that the field holds, or holds many of; ``many``: how it holds them."""

    name: str
    key: str
    since: Since
    default: Any
    noun: Any
    many: Any


def _newer_in_noun(noun: Any, version: KubeSliceVersion, at: FieldPath) -> Iterator[Newer]:
    kind: Any = type(noun)
    for item in _fields(kind):
        value, here = getattr(noun, item.name), (*at, item.key)
        if value is None or value == item.default:
            continue
        yield from _newer_in_field(value, item, version, here, _newer_in_part)


def _newer_in_part(_: Any, part: Any, version: KubeSliceVersion, at: FieldPath) -> Iterator[Newer]:
    return _newer_in_noun(part, version, at)


def _newer_in_field(
    value: Any,
    item: _Field,
    version: KubeSliceVersion,
    at: FieldPath,
    deeper: Callable[[Any, Any, KubeSliceVersion, FieldPath], Iterator[Newer]],
) -> Iterator[Newer]:
    """What is newer about a field that is set; ``deeper`` looks into the nouns it holds."""
    if not includes(version, item.since.release):
        yield Newer(at, item.key, item.since.release)
    elif isinstance(value, str):
        yield from _newer_value(value, item, version, at)
    elif item.noun is not None:
        for step, part in _parts(value, item.many):
            yield from deeper(item.noun, part, version, (*at, *step))


def _newer_value(value: str, item: _Field, version: KubeSliceVersion, at: FieldPath) -> Iterator[Newer]:
    release = dict(item.since.values).get(value, "")
    if not includes(version, release):
        yield Newer(at, f"{item.key} {value}", release)


def _parts(value: Any, many: Any) -> Iterator[tuple[FieldPath, Any]]:
    if many is None:
        yield (), value
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield (key,), part
    elif isinstance(value, list | tuple):
        for index, part in enumerate(value):
            yield (index,), part


@cache
def _fields(noun: Any) -> tuple[_Field, ...]:
    hints = get_type_hints(noun, include_extras=True)
    key_of = noun.__pydantic_config__["alias_generator"]
    found = []
    for item in fields(noun):
        kind, marks = _bare(hints[item.name])
        many = get_origin(kind) if get_args(kind) and get_origin(kind) is not Literal else None
        holds = _bare(get_args(kind)[0])[0] if many is not None else kind
        made = item.default_factory
        default = made() if made is not MISSING else None if item.default is MISSING else item.default
        inner = holds if is_dataclass(holds) else None
        found.append(_Field(item.name, key_of(item.name), since_of(marks), default, inner, many))
    return tuple(found)


def _bare(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    """The type without ``Annotated`` and ``| None``, and what annotated it."""
    marks: tuple[Any, ...] = ()
    while True:
        if get_origin(hint) is Annotated:
            hint, *more = get_args(hint)
            marks += tuple(more)
        elif get_origin(hint) in (Union, UnionType):
            members = [member for member in get_args(hint) if member is not type(None)]
            if len(members) > 1:
                return None, marks
            (hint,) = members
        else:
            return hint, marks


@cache
def _rank(release: str) -> tuple[int, int]:
    """Of the releases that a world may assume, patches make no difference."""
    if release == NEXT:
        return (2**31, 0)
    major, minor, *_ = (int(part) for part in release.split("."))
    return (major, minor)
