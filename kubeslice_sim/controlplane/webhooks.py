"""Webhooks: what the controller cluster's API server and KubeSlice's webhooks have against a write while it runs."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar, cast

from kubeslice_sim.admission.rule import Operation
from kubeslice_sim.apiserver.answer import Refusal
from kubeslice_sim.apiserver.objection import first_objection, is_judged, reviewed
from kubeslice_sim.controlplane.reconciler import Create, Delete, Update, UpdateStatus, Write
from kubeslice_sim.controlplane.refusal import Denied
from kubeslice_sim.controlplane.store import Store
from kubeslice_sim.controlplane.timestamp import ORIGIN
from kubeslice_sim.model.cluster import Cluster, ClusterStatus
from kubeslice_sim.model.document import ObjectKey, key_of
from kubeslice_sim.model.release import KubeSliceVersion

T = TypeVar("T")


class StoreState:
    """A store as the rules see it; implements :class:`kubeslice_sim.admission.state.State`."""

    def __init__(self, store: Store, version: KubeSliceVersion) -> None:
        self._store = store
        self.version = version

    def find(self, kind: str, namespace: str, name: str) -> Any:
        """The object of that key, None where there is none."""
        return self._store.view.at(ObjectKey(kind, namespace, name))

    def all(self, kind: str, namespace: str | None = None) -> tuple[Any, ...]:
        """The objects of a kind, in a namespace or in all of them."""
        return self._store.view.objects(kind, namespace)

    def same_name(self, document: Any, across: bool) -> tuple[Any, ...]:
        """The objects of the document's kind and name."""
        key = key_of(document)
        found = self._store.view.of_name(key.kind, key.name)
        return tuple(item for item in found if across or item.metadata.namespace == key.namespace)

    def status_of(self, cluster: Cluster) -> ClusterStatus:
        """What the cluster's worker has reported."""
        return cluster.status or ClusterStatus()


class Webhooks:
    """Judges writes on the controller cluster; a worker's API server has none of KubeSlice's validating webhooks."""

    def __init__(self, hub: Store, version: KubeSliceVersion) -> None:
        self._hub = hub
        self._state = StoreState(hub, version)

    def judge(self, write: Write, store: Store, now_s: float) -> None:
        """Raises :exc:`Denied` for what a webhook would not let a reconciler do; a status is asked of none."""
        if store is not self._hub or isinstance(write, UpdateStatus):
            return
        held = store.view.at(write.key)
        match write:
            case Create():
                self._check("create", write.item, None, now_s)
            case Update() if held is not None:
                self._check("update", write.item, held, now_s)
            case Delete() if held is not None:
                self._check("delete", held, None, now_s)

    def admit(self, operation: Operation, document: T, old: Any, now_s: float) -> T:
        """The same for a user's request, whose document may not even fit its schema; what is stored then.

        That is what the mutating webhooks made of it, and the CRD's defaults with it.
        """
        if operation == "delete":
            self._check(operation, document, old, now_s)
            return document
        try:
            judged = reviewed(document, self._state.version)
        except Refusal as refusal:
            raise _denied(key_of(document), refusal) from None
        self._check(operation, judged, old, now_s)
        return replace(cast(Any, document), spec=judged.spec) if hasattr(judged, "spec") else document

    def _check(self, operation: Operation, document: Any, old: Any, now_s: float) -> None:
        key = key_of(document)
        if not is_judged(key.kind, operation):
            return  # before the moment is worked out: most writes are of kinds that nobody judges
        now = ORIGIN + timedelta(seconds=now_s)
        refusal = first_objection(operation, document, self._state, old=old, now=now)
        if refusal is not None:
            raise _denied(key, refusal)


def _denied(key: ObjectKey, refusal: Refusal) -> Denied:
    return Denied(key, refusal.rule, refusal.field, str(refusal))
