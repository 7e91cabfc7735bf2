"""What an API server does with the data of a custom resource: drop what its CRD does not know, fill in defaults."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from functools import cache
from typing import Any

from kubeslice_sim import manifest
from kubeslice_sim.model.release import DEFAULT_VERSION, KubeSliceVersion

Schema = Mapping[str, Any]


@cache
def schemas(version: KubeSliceVersion = DEFAULT_VERSION) -> Mapping[str, Schema]:
    """The ``openAPIV3Schema`` of each of KubeSlice's kinds in that version."""
    return {
        crd["spec"]["names"]["kind"]: crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
        for crd in manifest.crds(version)
    }  # fmt: skip


def with_whole_numbers(value: Any) -> Any:
    """The value as an API server's JSON reader takes it: ``16.0`` is 16."""
    if isinstance(value, Mapping):
        return {key: with_whole_numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [with_whole_numbers(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def pruned(value: Any, schema: Schema) -> Any:
    """The value without fields that the schema does not name. What has another type than it should stays as it is."""
    if isinstance(value, Mapping) and _names_all(schema):
        known = schema.get("properties", {})
        return {key: pruned(item, known[key]) for key, item in value.items() if key in known}
    return _inside(value, schema, pruned)


def unknown(value: Any, schema: Schema, at: str) -> Iterator[str]:
    """The fields that :func:`pruned` takes away, as ``spec.clusters[0].name``."""
    if isinstance(value, Mapping):
        known, others = schema.get("properties", {}), schema.get("additionalProperties", {})
        for key, item in value.items():
            if _names_all(schema) and key not in known:
                yield f"{at}.{key}"
            else:
                yield from unknown(item, known.get(key, others), f"{at}.{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from unknown(item, schema.get("items", {}), f"{at}[{index}]")


def defaulted(value: Any, schema: Schema) -> Any:
    """The value with the schema's defaults for fields that are absent or null; other fields that are null are dropped.

    (apiextensions-apiserver pkg/apiserver/schema/defaulting; none of KubeSlice's fields may be null.)
    """
    if isinstance(value, Mapping) and "properties" in schema:
        found = dict(value)
        for key, inner in schema["properties"].items():
            if found.get(key) is None and "default" in inner:
                found[key] = deepcopy(inner["default"])
            if found.get(key) is not None:
                found[key] = defaulted(found[key], inner)
            else:
                found.pop(key, None)
        return found
    if isinstance(value, Mapping) and "additionalProperties" in schema:
        value = {key: item for key, item in value.items() if item is not None}
    return _inside(value, schema, defaulted)


def _names_all(schema: Schema) -> bool:
    """Whether the object has the fields that its schema names and no others."""
    return "properties" in schema or (schema.get("type") == "object" and "additionalProperties" not in schema)


def _inside(value: Any, schema: Schema, change: Callable[[Any, Schema], Any]) -> Any:
    if isinstance(value, list) and "items" in schema:
        return [change(item, schema["items"]) for item in value]
    if isinstance(value, Mapping) and "additionalProperties" in schema:
        return {key: change(item, schema["additionalProperties"]) for key, item in value.items()}
    return value
