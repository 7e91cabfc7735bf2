"""One JSON Schema for every document of a world, from which editors complete and check as one types."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, is_dataclass
from typing import Any, get_origin

from annotated_types import Ge, Gt, Le, Len, MaxLen, MinLen

from kubeslice_sim.manifest.kinds import BOOKKEEPING
from kubeslice_sim.manifest.shape import Shape, bare_type, choices, fields_of, item_type
from kubeslice_sim.model.document import ObjectMeta, Resource
from kubeslice_sim.model.frozen import FrozenMap
from kubeslice_sim.model.kinds import WORLD_NOUNS
from kubeslice_sim.model.kubernetes import KUBERNETES_KINDS
from kubeslice_sim.model.quantity import Quantity
from kubeslice_sim.model.timestamp import Rfc3339

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_PLAIN = {str: "string", int: "integer", bool: "boolean", float: "number"}
_NUMBER = r"[+-]?[0-9]*\.?[0-9]+([eE][+-]?[0-9]+)?"


def json_schema() -> dict[str, Any]:
    """The schema of one document of a world: any of the kinds, each with its own fields.

    Editors hold every document of a file to it by itself. The ``kind`` decides what the others may be, so that a wrong
    field is told as that, and not as a document that fits no kind. It says what can be said field by field; what goes
    across fields or documents is the loader's to tell.
    """
    definitions: dict[str, Any] = {}
    documents = [_document(noun, definitions) for noun in WORLD_NOUNS]
    documents += [_verbatim(kind, version, definitions) for kind, version in KUBERNETES_KINDS.items()]
    metadata = definitions[ObjectMeta.__name__]
    metadata["properties"] |= {name: {"description": "Written by the API server; ignored."} for name in BOOKKEEPING}
    return {
        "$schema": DIALECT,
        "title": "A document of a kubeslice-sim world",
        "type": "object",
        "required": ["apiVersion", "kind", "metadata"],
        "properties": {
            "apiVersion": {"enum": sorted({document["properties"]["apiVersion"]["const"] for document in documents})},
            "kind": {"enum": [document["title"] for document in documents]},
        },
        "allOf": [
            {"if": {"properties": {"kind": {"const": document["title"]}}, "required": ["kind"]}, "then": document}
            for document in documents
        ],
        "$defs": {name: definitions[name] for name in sorted(definitions)},
    }


def _document(noun: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    resource: Resource = noun.RESOURCE
    schema = _object(noun, definitions)
    schema["properties"] = {
        "apiVersion": {"const": resource.api_version},
        "kind": {"const": resource.kind},
        **schema["properties"],
    }
    schema["required"] = ["apiVersion", "kind", *schema["required"]]
    return {"title": resource.kind, **schema}


def _verbatim(kind: str, version: str, definitions: dict[str, Any]) -> dict[str, Any]:
    return {
        "title": kind,
        "description": f"Kubernetes' own {kind}, kept as it is written.",
        "type": "object",
        "properties": {
            "apiVersion": {"const": version},
            "kind": {"const": kind},
            "metadata": _reference(ObjectMeta, definitions),
        },
        "required": ["apiVersion", "kind", "metadata"],
    }


def _object(noun: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    shapes = fields_of(noun)
    return {
        "description": _prose(noun),
        "type": "object",
        "properties": {name: _field(shape, definitions) for name, shape in shapes.items()},
        "required": [name for name, shape in shapes.items() if shape.required],
        "additionalProperties": False,
    }


def _reference(noun: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    name = noun.__name__
    if name not in definitions:
        definitions[name] = {}  # a noun may hold itself; the entry keeps this from running for ever
        definitions[name] = _object(noun, definitions)
    return {"$ref": f"#/$defs/{name}"}


def _field(shape: Shape, definitions: dict[str, Any]) -> dict[str, Any]:
    schema = _value(shape.type, shape.marks, definitions)
    default = _default(shape)
    return schema if default is None else {**schema, "default": default}


def _default(shape: Shape) -> Any:
    """A default worth showing: no zero values, quantities as they are written."""
    if shape.default is MISSING or not shape.default or is_dataclass(shape.default):
        return None
    quantity = next((mark for mark in shape.marks if isinstance(mark, Quantity)), None)
    return quantity.format(shape.default) if quantity else shape.default


def _value(kind: Any, marks: Iterable[Any], definitions: dict[str, Any]) -> dict[str, Any]:
    if isinstance(kind, tuple):
        return {"anyOf": [_value(member, (), definitions) for member in kind]}
    schema = _of_type(kind, definitions)
    for mark in marks:
        if isinstance(mark, Quantity):
            return _quantity(mark)
        schema |= _bound(mark, array=get_origin(kind) is tuple)
    return schema


def _of_type(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    if kind is Any:
        return {}
    if is_dataclass(kind):
        return _reference(kind, definitions)
    if choices(kind):
        return {"enum": list(choices(kind))}
    if item_type(kind) is None:
        return {"type": _PLAIN[kind]}
    inner, marks, _ = bare_type(item_type(kind))
    holds = _value(inner, marks, definitions)
    if get_origin(kind) is FrozenMap:
        return {"type": "object", "additionalProperties": holds}
    return {"type": "array", "items": holds}


def _bound(mark: Any, *, array: bool) -> Mapping[str, Any]:
    if isinstance(mark, Ge):
        return {"minimum": mark.ge}
    if isinstance(mark, Gt):
        return {"exclusiveMinimum": mark.gt}
    if isinstance(mark, Le):
        return {"maximum": mark.le}
    if isinstance(mark, Rfc3339):
        return {"format": "date-time"}
    bounds: dict[str, Any] = {}
    if isinstance(mark, Len | MinLen) and mark.min_length:
        bounds["minItems" if array else "minLength"] = mark.min_length
    if isinstance(mark, Len | MaxLen) and mark.max_length is not None:
        bounds["maxItems" if array else "maxLength"] = mark.max_length
    return bounds


def _quantity(quantity: Quantity) -> dict[str, Any]:
    units = "|".join(re.escape(unit) for unit, _ in quantity.units if unit)
    bare = any(not unit for unit, _ in quantity.units)
    number = {"type": "number"} if bare else {"const": 0}
    return {
        "description": f"A {quantity.dimension}, such as {quantity.example}",
        "anyOf": [{"type": "string", "pattern": rf"^\s*{_NUMBER}\s*({units}){'?' if bare else ''}\s*$"}, number],
        "examples": [quantity.example],
    }


def _prose(noun: Any) -> str:
    """The noun's docstring as an editor shows it: without reST's double backquotes."""
    return (inspect.getdoc(noun) or "").replace("``", "`")
