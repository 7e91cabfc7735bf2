"""How an object looks on the hub: as Go writes it, with empty structures but without zero values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from types import UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin, get_type_hints

from kubeslice_sim.model.cluster import ClusterProperty, GeoLocation, KubernetesDashboard, Monitoring, Telemetry
from kubeslice_sim.model.document import Crd
from kubeslice_sim.model.frozen import thaw
from kubeslice_sim.model.kubernetes import KubernetesObject
from kubeslice_sim.model.release import DEFAULT_VERSION, KubeSliceVersion, includes, since_of
from kubeslice_sim.model.slice_config import Switch, VpcServiceAccess

ALWAYS_WRITTEN = (ClusterProperty, Telemetry, GeoLocation, Monitoring, KubernetesDashboard, Switch, VpcServiceAccess)
"""Structures that KubeSlice's Go types hold by value: written as ``{}`` even where the user left them out."""


def stored(document: Any, version: KubeSliceVersion = DEFAULT_VERSION) -> dict[str, Any]:
    """The object as JSON-like data in the shape in which the controller's client of that version writes it.

    Defaults are spelled out, zero values of optional fields are left out, structures held by value stay as ``{}``;
    fields that came later are not there.
    """
    if isinstance(document, KubernetesObject):
        head = {"apiVersion": document.api_version, "kind": document.kind}
        return {**head, "metadata": _struct(document.metadata, version), **thaw(document.body)}
    parts = _struct(document, version)
    if not parts.get("status"):
        parts.pop("status", None)
    return {"apiVersion": document.RESOURCE.api_version, "kind": document.RESOURCE.kind, **parts}


class _Field(NamedTuple):
    """What becomes of a noun's field. ``kept``: written even when zero; ``by_value``: the type that is never absent."""

    name: str
    key: str
    kept: bool
    by_value: type | None
    since: str


def _struct(value: Any, version: KubeSliceVersion) -> dict[str, Any]:
    found = {}
    for field in _fields(value.__class__, version):
        item = getattr(value, field.name)
        if item is None and field.by_value is not None:
            item = field.by_value()
        if is_dataclass(item) or (item is not None and (field.kept or item)):
            found[field.key] = _plain(item, version)
    return found


def _plain(value: Any, version: KubeSliceVersion) -> Any:
    if is_dataclass(value):
        return _struct(value, version)
    if isinstance(value, Mapping):
        return {key: _plain(item, version) for key, item in value.items()}
    if isinstance(value, tuple):
        return [_plain(item, version) for item in value]
    return value


@cache
def _fields(noun: Any, version: KubeSliceVersion) -> tuple[_Field, ...]:
    hints = get_type_hints(noun, include_extras=True)
    key_of = noun.__pydantic_config__["alias_generator"]
    found = (_describe(field.name, key_of(field.name), hints[field.name]) for field in fields(noun))
    return tuple(field for field in found if includes(version, field.since))


def _describe(name: str, key: str, hint: Any) -> _Field:
    marks: tuple[Any, ...] = ()
    if get_origin(hint) is Annotated:
        hint, *rest = get_args(hint)
        marks = tuple(rest)
    kept = any(isinstance(mark, Crd) and (mark.required or mark.default is not None) for mark in marks)
    choices = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    by_value = next((choice for choice in choices if choice in ALWAYS_WRITTEN), None)
    is_pointer = type(None) in choices
    return _Field(name, key, kept or is_pointer, by_value, since_of(marks).release)
