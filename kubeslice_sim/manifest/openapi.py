"""A noun as the ``openAPIV3Schema`` of a CRD, as controller-gen writes it from KubeSlice's Go types."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from dataclasses import MISSING, is_dataclass
from typing import Any, get_origin

from annotated_types import Ge, Le

from kubeslice_sim.manifest.shape import Shape, bare_type, choices, fields_of, item_type
from kubeslice_sim.model.document import Crd
from kubeslice_sim.model.frozen import FrozenMap
from kubeslice_sim.model.release import DEFAULT_VERSION, Before, KubeSliceVersion, includes, since_of
from kubeslice_sim.model.timestamp import Rfc3339

_PLAIN = {str: "string", int: "integer", bool: "boolean", float: "number"}


def object_schema(noun: Any, version: KubeSliceVersion) -> dict[str, Any]:
    """The schema of a noun: its fields in alphabetical order, what is required, its docstring as description."""
    shapes = {
        name: shape for name, shape in fields_of(noun).items() if includes(version, since_of(shape.marks).release)
    }
    schema: dict[str, Any] = {"description": inspect.getdoc(noun) or "", "type": "object"}
    properties = {name: field_schema(shapes[name], version) for name in sorted(shapes)}
    required = sorted(name for name, shape in shapes.items() if crd_of(shape.marks, version).required)
    if properties:
        schema["properties"] = properties
    if required:
        schema["required"] = required
    return schema


def field_schema(shape: Shape, version: KubeSliceVersion) -> dict[str, Any]:
    """The schema of one field: its type, bounds, and the default that the API server fills in."""
    schema = value_schema(shape.type, shape.marks, version)
    default = crd_default(shape, version)
    if default is not None:
        schema["default"] = default
    return schema


def value_schema(kind: Any, marks: Iterable[Any], version: KubeSliceVersion) -> dict[str, Any]:
    """The schema of a value of that type and with those marks."""
    marks = tuple(marks)
    crd = crd_of(marks, version)
    schema: dict[str, Any] = _of_type(kind, crd, version)
    later = {value for value, release in since_of(marks).values if not includes(version, release)}
    if "enum" in schema:
        schema["enum"] = [value for value in schema["enum"] if value not in later]
    for mark in marks:
        if isinstance(mark, Ge):
            schema["minimum"] = mark.ge
        elif isinstance(mark, Le):
            schema["maximum"] = mark.le
        elif isinstance(mark, Rfc3339):
            schema["format"] = "date-time"
    if crd.integer_format:
        schema["format"] = crd.integer_format
    return {**schema, **dict(crd.extra)}


def crd_of(marks: Iterable[Any], version: KubeSliceVersion = DEFAULT_VERSION) -> Crd:
    """What the CRD of that version says: the :class:`Crd` among the marks, or an older one, else an empty one."""
    marks = tuple(marks)
    for mark in marks:
        if isinstance(mark, Before) and not includes(version, mark.release):
            older: Crd = mark.crd
            return older
    return next((mark for mark in marks if isinstance(mark, Crd)), Crd())


def crd_default(shape: Shape, version: KubeSliceVersion = DEFAULT_VERSION) -> Any:
    """The CRD's default of a field: marked as such, or a Python default that is not Go's zero value."""
    marked = crd_of(shape.marks, version).default
    if marked is not None or shape.default is MISSING or is_dataclass(shape.default):
        return marked
    return shape.default or None


def _of_type(kind: Any, crd: Crd, version: KubeSliceVersion) -> dict[str, Any]:
    if is_dataclass(kind):
        return object_schema(kind, version)
    if choices(kind):
        return {"type": "string", "enum": list(choices(kind))} if crd.enum else {"type": "string"}
    origin = get_origin(kind)
    if origin is tuple or origin is FrozenMap:
        inner, marks, _ = bare_type(item_type(kind))
        holds = value_schema(inner, marks, version)
        return {"type": "array", "items": holds} if origin is tuple else {
            "type": "object", "additionalProperties": holds,
        }  # fmt: skip
    return {"type": _PLAIN[kind]}
