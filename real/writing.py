"""Writing: carries out what a reconciler wants on a real API server, request by request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from kubeslice_sim.controlplane.reconciler import Create, Delete, Update, UpdateStatus, Write
from kubeslice_sim.controlplane.refusal import AlreadyExists, Conflict, NotFound, Refused
from kubeslice_sim.controlplane.status import with_metadata
from kubeslice_sim.controlplane.table import StoreView
from kubeslice_sim.model.document import ObjectKey
from real.connection import Kind, Requests
from real.failures import ApiFailure
from real.typed import change, creation, read, status_change

MANAGER = "kubeslice-sim-controller"
_MERGE = "application/merge-patch+json"


class Writer:
    """Sends the writes of one outcome after the other.

    Updates go as merge patches of what differs from the cached object, with its resourceVersion: fields that our nouns
    do not have stay, and an object that changed meanwhile is a conflict. ``wait`` is called with the kind
    before each request (the client's own pace).
    """

    def __init__(
        self, requests: Requests, kinds: Mapping[str, Kind], cache: StoreView, wait: Callable[[str], None]
    ) -> None:  # fmt: skip
        self._requests = requests
        self._kinds = kinds
        self._cache = cache
        self._wait = wait

    def send(self, writes: tuple[Write, ...]) -> int:
        """Do it all, in order; how many objects changed. Raises :exc:`Refused` at the first that is refused."""
        newest: dict[ObjectKey, Any] = {}
        return sum(self._send(write, newest) for write in writes)

    def _send(self, write: Write, newest: dict[ObjectKey, Any]) -> bool:
        kind, key = self._kinds[write.key.kind], write.key
        held = newest.get(key) or self._cache.at(key)
        match write:
            case Create():
                answer = self._ask(key, "POST", kind.path(key.namespace), creation(write.item))
            case Delete():
                if held is None:
                    return False
                body = {"preconditions": {"uid": held.metadata.uid}, "propagationPolicy": "Background"}
                try:
                    self._ask(key, "DELETE", kind.path(key.namespace, key.name), body)
                except NotFound:
                    return False
                return True
            case Update() | UpdateStatus():
                if held is None:
                    raise NotFound(key)
                of_status = isinstance(write, UpdateStatus)
                patch = status_change(held, write.item) if of_status else change(held, write.item)
                if not patch:
                    return False
                version = (newest.get(key) or write.item).metadata.resource_version
                patch = {**patch, "metadata": {**patch.get("metadata", {}), "resourceVersion": version}}
                path = kind.path(key.namespace, key.name) + ("/status" if of_status else "")
                answer = self._ask(key, "PATCH", path, patch)
        newest[key] = read({**answer, "apiVersion": kind.api_version, "kind": kind.kind})
        return True

    def _ask(self, key: ObjectKey, method: str, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        self._wait(key.kind)
        query = [("fieldManager", MANAGER)] if method != "DELETE" else []
        content = _MERGE if method == "PATCH" else "application/json"
        try:
            return self._requests.request(method, path, query=query, body=body, content_type=content)
        except ApiFailure as failure:
            raise _refusal(key, failure, body) from None


def as_planned(writes: tuple[Write, ...]) -> tuple[Write, ...]:
    """The writes for an API server that is new to their objects: references to owners without a uid are left out."""
    return tuple(
        Create(item=_owned(write.item), at=write.at) if isinstance(write, Create) else write for write in writes
    )  # fmt: skip


def _owned(item: Any) -> Any:
    references = item.metadata.owner_references
    return item if all(owner.uid for owner in references) else with_metadata(
        item, owner_references=tuple(owner for owner in references if owner.uid)
    )  # fmt: skip


def _refusal(key: ObjectKey, failure: ApiFailure, body: Mapping[str, Any]) -> Refused:
    if failure.status == HTTPStatus.NOT_FOUND:
        return NotFound(key)
    if failure.status == HTTPStatus.CONFLICT:
        if failure.reason == "AlreadyExists":
            return AlreadyExists(key)
        sent = (body.get("metadata") or {}).get("resourceVersion", "")
        return Conflict(key, str(sent), "another")
    return Refused(key, f"{failure.status} {failure.reason}: {failure.words}")
