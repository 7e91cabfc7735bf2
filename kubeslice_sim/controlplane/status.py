"""The status subresource: what a spec update leaves alone and a status update alone changes."""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from typing import Any, TypeVar, cast

from kubeslice_sim.model.changed import changed
from kubeslice_sim.model.frozen import FrozenMap
from kubeslice_sim.model.kubernetes import KubernetesObject

T = TypeVar("T")
_NONE = object()


def with_metadata(item: T, **changes: Any) -> T:
    """The object with these fields of its metadata changed."""
    return changed(item, metadata=changed(cast(Any, item).metadata, **changes))


def status_of(item: Any) -> Any:
    """The object's status, None where it has none."""
    return item.body.get("status") if isinstance(item, KubernetesObject) else getattr(item, "status", None)


def with_status(item: T, status: Any) -> T:
    """The object with this status (a Kubernetes object without any, if None)."""
    if isinstance(item, KubernetesObject):
        if item.body.get("status") is status:
            return item
        body = {key: value for key, value in item.body.items() if key != "status"}
        if status is not None:
            body["status"] = status
        return changed(item, body=FrozenMap(body))
    held = getattr(item, "status", _NONE)
    return item if held is _NONE or held is status else changed(item, status=status)


def without_status(item: T) -> T:
    """The object as a user would create it: Kubernetes ignores a status that comes with a create."""
    if isinstance(item, KubernetesObject):
        return with_status(item, None)
    return with_status(item, _first_status(cast(Any, item).__class__))


@cache
def _first_status(noun: Any) -> Any:
    """The status that an object of ours has before anybody has reported anything."""
    found = next((field for field in fields(noun) if field.name == "status"), None)
    if found is None:
        return None
    return found.default_factory() if callable(found.default_factory) else found.default
