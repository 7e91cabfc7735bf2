"""Argument: one keyword of a call, and the field of the document where it stands; read in both directions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kubeslice_sim.model.field_path import FieldPath


class Unsuited(ValueError):
    """The value is not one that this argument takes (or the field's value is not one that it can say)."""


def _same(value: Any) -> Any:
    return value


@dataclass(frozen=True, slots=True)
class Form:
    """How a value is said in Python (``write``: to YAML, ``read``: from YAML); both raise :exc:`Unsuited`."""

    write: Callable[[Any], Any] = _same
    read: Callable[[Any], Any] = _same


PLAIN = Form()


@dataclass(frozen=True, slots=True)
class Argument:
    """``name`` of the keyword, where its value stands in the document, in which form."""

    name: str
    path: tuple[str, ...]
    form: Form = PLAIN


def arguments(*rows: tuple[str, str] | tuple[str, str, Form]) -> tuple[Argument, ...]:
    """Arguments from rows of name, dotted path and form."""
    return tuple(Argument(row[0], tuple(row[1].split(".")), *row[2:]) for row in rows)


def put(data: dict[str, Any], path: Iterable[str], value: Any) -> None:
    """Set the field at the path, making the mappings on the way."""
    *way, last = path
    for step in way:
        data = data.setdefault(step, {})
    data[last] = value


def take(data: dict[str, Any], path: tuple[str, ...]) -> Any:
    """Remove the field at the path, and the mappings that are empty for it. Raises :exc:`KeyError`."""
    if len(path) == 1:
        return data.pop(path[0])
    inner = data[path[0]]
    if not isinstance(inner, dict):
        raise KeyError(path[0])
    value = take(inner, path[1:])
    if not inner:
        del data[path[0]]
    return value


def merge(data: dict[str, Any], more: Mapping[str, Any], path: FieldPath = ()) -> list[FieldPath]:
    """Put a mapping over another, deep; the paths that it set."""
    written: list[FieldPath] = []
    for key, value in more.items():
        here = data.get(key)
        if isinstance(here, dict) and isinstance(value, Mapping) and value:
            written += merge(here, value, (*path, key))
        else:
            data[key] = value
            written.append((*path, key))
    return written


def split(data: dict[str, Any], known: Iterable[Argument]) -> dict[str, Any]:
    """Take what the arguments can say out of the data: their values by name. What they cannot say stays."""
    said: dict[str, Any] = {}
    for argument in known:
        try:
            raw = take(data, argument.path)
        except KeyError:
            continue
        try:
            said[argument.name] = argument.form.read(raw)
        except Unsuited:
            put(data, argument.path, raw)
    return said
