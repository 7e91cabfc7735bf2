"""Whether data fits the schema of its CRD, told as an API server tells it: field by field, in its own words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from kubeslice_sim.apiserver.structural import Schema
from kubeslice_sim.model.timestamp import Rfc3339


class Misfit(NamedTuple):
    """A field (``spec.clusters[0]``), what is wrong with it, and the keyword of the schema that says so."""

    field: str
    message: str
    keyword: str


def misfits(value: Any, schema: Schema, at: str) -> Iterator[Misfit]:
    """Everything in the value that the schema does not allow; what has the wrong type is not looked into."""
    wanted = schema.get("type", "")
    if not _has_type(value, wanted):
        yield Misfit(at, f'{at} in body must be of type {wanted}: "{json_type(value)}"', "type")
    elif isinstance(value, Mapping):
        yield from _object_misfits(value, schema, at)
    elif isinstance(value, list):
        if len(value) > schema.get("maxItems", len(value)):
            most = schema["maxItems"]
            yield Misfit(at, f"Too many: {len(value)}: must have at most {most} items", "maxItems")
        for index, item in enumerate(value):
            yield from misfits(item, schema.get("items", {}), f"{at}[{index}]")
    else:
        yield from _scalar_misfits(value, schema, at)


def _object_misfits(value: Mapping[str, Any], schema: Schema, at: str) -> Iterator[Misfit]:
    for name in schema.get("required", ()):
        if name not in value:
            yield Misfit(f"{at}.{name}", "Required value", "required")
    known, others = schema.get("properties", {}), schema.get("additionalProperties", {})
    for name, item in sorted(value.items()):
        yield from misfits(item, known.get(name, others), f"{at}.{name}")


def _scalar_misfits(value: Any, schema: Schema, at: str) -> Iterator[Misfit]:
    if "enum" in schema and value not in schema["enum"]:
        supported = ", ".join(json.dumps(item) for item in schema["enum"])
        yield Misfit(at, f"Unsupported value: {json.dumps(value)}: supported values: {supported}", "enum")
    if "minimum" in schema and value < schema["minimum"]:
        message = f"{at} in body should be greater than or equal to {schema['minimum']}: it is {value}"
        yield Misfit(at, message, "minimum")
    if "maximum" in schema and value > schema["maximum"]:
        message = f"{at} in body should be less than or equal to {schema['maximum']}: it is {value}"
        yield Misfit(at, message, "maximum")
    if schema.get("format") == "date-time" and not _is_time(value):
        yield Misfit(at, f"{at} in body must be of type date-time: {json.dumps(value)}", "format")


def _has_type(value: Any, wanted: str) -> bool:
    if wanted in ("integer", "number") and not isinstance(value, bool):
        return isinstance(value, int) or (isinstance(value, float) and wanted == "number")
    kinds = {"object": Mapping, "array": list, "string": str, "boolean": bool}
    return not wanted or (wanted in kinds and isinstance(value, kinds[wanted]))


def json_type(value: Any) -> str:
    """The JSON type of a value, as the API server names it in its answers."""
    if value is None:
        return "null"
    for kind, name in ((bool, "boolean"), (str, "string"), (int, "integer"), (float, "number"), (list, "array")):
        if isinstance(value, kind):
            return name
    return "object"


def _is_time(value: Any) -> bool:
    try:
        Rfc3339().check(value)
    except ValueError:
        return False
    return True
