"""The status subresource: what a spec update leaves alone and a status update alone changes."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, TypeVar, cast

from kubeslice_sim.model.document import ObjectMeta
from kubeslice_sim.model.frozen import FrozenMap
from kubeslice_sim.model.kubernetes import KubernetesObject

T = TypeVar("T")
_NONE = object()


def with_metadata(item: T, **changes: Any) -> T:
    """The object with these fields of its metadata changed."""
    metadata: ObjectMeta = cast(Any, item).metadata
    return cast(T, replace(cast(Any, item), metadata=replace(metadata, **changes)))


def status_of(item: Any) -> Any:
    """The object's status, None where it has none."""
    return item.body.get("status") if isinstance(item, KubernetesObject) else getattr(item, "status", None)


def with_status(item: T, status: Any) -> T:
    """The object with this status (a Kubernetes object without any, if None)."""
    if isinstance(item, KubernetesObject):
        body = {key: value for key, value in item.body.items() if key != "status"}
        return replace(item, body=FrozenMap(body if status is None else {**body, "status": status}))
    held = getattr(item, "status", _NONE)
    return item if held is _NONE or held is status else cast(T, replace(cast(Any, item), status=status))


def without_status(item: T) -> T:
    """The object as a user would create it: Kubernetes ignores a status that comes with a create."""
    if isinstance(item, KubernetesObject):
        return with_status(item, None)
    for field in fields(cast(Any, item)):
        if field.name == "status":
            return with_status(item, field.default_factory() if callable(field.default_factory) else field.default)
    return item
