"""The shape of a noun as JSON sees it: field names, types, marks. One place reads the type hints."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from kubeslice_sim.model.field_path import FieldPath
from kubeslice_sim.model.frozen import FrozenMap


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A field: its JSON name, its bare type (no Annotated, no ``| None``), what annotates it, its default."""

    name: str
    type: Any
    marks: tuple[Any, ...] = ()
    optional: bool = False
    default: Any = MISSING

    @property
    def required(self) -> bool:
        """Whether Python cannot make the noun without it."""
        return self.default is MISSING


def fields_of(noun: Any) -> Mapping[str, Shape]:
    """The fields of a noun by JSON name, in the noun's order."""
    known: Mapping[str, Shape] = _fields_of(noun)
    return known


@cache
def _fields_of(noun: Any) -> Mapping[str, Shape]:
    hints = get_type_hints(noun, include_extras=True)
    alias = noun.__pydantic_config__["alias_generator"]
    shapes = {}
    for item in fields(noun):
        bare, marks, optional = bare_type(hints[item.name])
        default = item.default if item.default_factory is MISSING else item.default_factory()
        shapes[alias(item.name)] = Shape(
            name=alias(item.name), type=bare, marks=marks, optional=optional, default=default
        )
    return shapes


def bare_type(hint: Any) -> tuple[Any, tuple[Any, ...], bool]:
    """The type without ``Annotated`` and ``| None``; what annotated it; whether it was optional."""
    marks: tuple[Any, ...] = ()
    optional = False
    while True:
        origin = get_origin(hint)
        if origin is Annotated:
            hint, *more = get_args(hint)
            marks += tuple(more)
        elif origin in (Union, types.UnionType):
            members = tuple(member for member in get_args(hint) if member is not type(None))
            optional = optional or len(members) < len(get_args(hint))
            if len(members) > 1:
                return members, marks, optional
            (hint,) = members
        else:
            return hint, marks, optional


def choices(kind: Any) -> tuple[Any, ...]:
    """The values of a Literal, else nothing."""
    return get_args(kind) if get_origin(kind) is Literal else ()


def item_type(kind: Any) -> Any:
    """What a ``tuple[T, ...]`` or a ``FrozenMap[T]`` holds, else None."""
    if get_origin(kind) in (tuple, FrozenMap):
        return get_args(kind)[0]
    return None


def noun_at(noun: Any, path: FieldPath) -> Any:
    """The dataclass that stands at a path of the noun, None where there is none."""
    kind = noun
    for step in path:
        for member in kind if isinstance(kind, tuple) else (kind,):
            if is_dataclass(member) and step in fields_of(member):
                kind = fields_of(member)[str(step)].type
                break
            if item_type(member) is not None:
                kind = bare_type(item_type(member))[0]
                break
        else:
            return None
    nouns = [member for member in (kind if isinstance(kind, tuple) else (kind,)) if is_dataclass(member)]
    return nouns[0] if nouns else None


def is_union(noun: Any, path: FieldPath) -> bool:
    """Whether one of several types may stand at the path."""
    owner = noun_at(noun, path[:-1])
    shape = fields_of(owner).get(str(path[-1])) if owner and path else None
    return shape is not None and isinstance(shape.type, tuple)
