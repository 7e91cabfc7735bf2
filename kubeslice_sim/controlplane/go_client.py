"""What a controller's Go client makes of an object that it sends: zero values are left out, and defaults come in.

A field whose JSON tag says ``omitempty`` is not sent when it is zero, and the API server fills in its CRD's default.
So a controller cannot write an empty ``queueType``, nor keep the empty ``sliceType`` that a user wrote.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import Any, NamedTuple, TypeVar, cast

from kubeslice_sim.manifest.openapi import crd_default, crd_of
from kubeslice_sim.manifest.shape import fields_of
from kubeslice_sim.model.kubernetes import KubernetesObject

T = TypeVar("T")


class _Default(NamedTuple):
    """A field that is never zero once a controller has written it: what holds it, its name, what it is instead."""

    holder: tuple[str, ...]
    name: str
    value: Any


def as_controllers_write(item: T) -> T:
    """The object as it is stored when a controller creates or updates it: nearly always the item itself."""
    if isinstance(item, KubernetesObject):
        return item
    found: Any = item
    for default in _defaults(found.__class__):
        holder = found
        for name in default.holder:
            holder = getattr(holder, name)
            if holder is None:
                break
        else:
            if not getattr(holder, default.name):
                found = _with(found, (*default.holder, default.name), default.value)
    return cast(T, found)


def _with(item: Any, path: tuple[str, ...], value: Any) -> Any:
    if not path:
        return value
    return replace(item, **{path[0]: _with(getattr(item, path[0]), path[1:], value)})


@cache
def _defaults(noun: Any) -> tuple[_Default, ...]:
    spec = fields_of(noun).get("spec")
    return tuple(_below(spec.type, ("spec",))) if spec is not None and is_dataclass(spec.type) else ()


def _below(noun: Any, holder: tuple[str, ...]) -> Iterator[_Default]:
    for field, shape in zip(fields(noun), fields_of(noun).values(), strict=True):
        if is_dataclass(shape.type):
            yield from _below(shape.type, (*holder, field.name))
        elif crd_default(shape) and not crd_of(shape.marks).required:
            yield _Default(holder, field.name, crd_default(shape))
