"""Fields that a world leaves to their defaults, and what to do when a live object has something else there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kubeslice_sim.manifest.kinds import adapter
from kubeslice_sim.model.kubernetes import KubernetesObject


def defaults_of(document: Any) -> dict[str, Any]:
    """The document's spec with its defaults spelled out, without zero values (for Go they say the same as nothing).

    A manifest says only what differs from a default, so that it also fits an older KubeSlice whose CRDs lack a field.
    Empty for Kubernetes' own objects, which are kept as they were written.
    """
    if isinstance(document, KubernetesObject):
        return {}
    noun: Any = type(document)
    data = adapter(noun).dump_python(document, mode="json", by_alias=True)
    spec = _without_zeros(data.get("spec"))
    return {"spec": spec} if spec else {}


def drift(defaults: Mapping[str, Any], actual: Mapping[str, Any]) -> dict[str, Any]:
    """The part of the defaults that the actual object contradicts: somebody else has set those fields.

    A field that the object does not have is no contradiction; lists belong as a whole to whoever wrote them.
    """
    found: dict[str, Any] = {}
    for key, value in defaults.items():
        there = actual.get(key)
        if isinstance(value, Mapping) and isinstance(there, Mapping):
            inner = drift(value, there)
            if inner:
                found[key] = inner
        elif isinstance(value, str | int | float) and there is not None and there != value:
            found[key] = value
    return found


def merged(manifest: Mapping[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest with extra fields, map by map."""
    result = dict(manifest)
    for key, value in extra.items():
        there = result.get(key)
        if isinstance(value, Mapping) and isinstance(there, Mapping):
            result[key] = merged(there, value)
        else:
            result[key] = value
    return result


def _without_zeros(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    kept = {key: _without_zeros(inner) for key, inner in value.items()}
    return {key: inner for key, inner in kept.items() if isinstance(inner, bool) or inner}
