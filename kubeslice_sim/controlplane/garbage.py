"""GarbageCollector: what goes with its owner or its namespace (kube-controller-manager's two loops, in no time).

Background: dependents go once no owner of theirs lives. Foreground: an owner waits, under the finalizer
``foregroundDeletion``, until the dependents that block its deletion are gone. Orphan: dependents lose the owner first.
An owner that never was, or that has another uid, is as one that is gone. A deleted namespace takes what stands in it
along, and ends when that has ended. (Kubernetes pkg/controller/garbagecollector and pkg/controller/namespace.)
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Literal

from kubeslice_sim.controlplane.status import with_metadata
from kubeslice_sim.model.changed import changed
from kubeslice_sim.model.document import ObjectKey, OwnerReference, key_of

if TYPE_CHECKING:
    from kubeslice_sim.controlplane.store import Store

FOREGROUND = "foregroundDeletion"
ORPHAN = "orphan"
_OF_CLUSTERS = frozenset({"Namespace", "Node"})
"""The kinds without a namespace."""
_Standing = Literal["solid", "dangling", "waiting"]


class GarbageCollector:
    """Works on one store, each time that something appeared, got other owners, was marked for deletion or is gone."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def appeared(self, item: Any, now_s: float) -> None:
        """A new object whose owners are all dead already does not stay."""
        if item.metadata.owner_references:
            self._collect(key_of(item), now_s)

    def reowned(self, item: Any, before: Any, now_s: float) -> None:
        """An object has other owners: it may go with the new ones, and the old ones need not wait for it."""
        self._collect(key_of(item), now_s)
        self._release(before, now_s)

    def marked(self, item: Any, now_s: float) -> None:
        """An object is to be deleted: what it waits for, where it waits for us."""
        meta, key = item.metadata, key_of(item)
        if ORPHAN in meta.finalizers:
            for dependent in self._store.view.dependents(meta.uid):
                self._disown(key_of(dependent), {meta.uid}, now_s)
            self._let_go(key, ORPHAN, now_s)
        if FOREGROUND in meta.finalizers:
            for dependent in self._store.view.dependents(meta.uid):
                self._collect(key_of(dependent), now_s)
            self._finish(key, now_s)
        if key.kind == "Namespace":
            for inside in self._store.view.inside(key.name):
                if self._store.view.at(inside) is not None:
                    self._store.delete(inside, now_s, propagation="Background")
            self._store.finalize(key.name, now_s)

    def gone(self, item: Any, now_s: float) -> None:
        """An object is gone: its dependents follow, and its owners and its namespace wait no longer."""
        for dependent in self._store.view.dependents(item.metadata.uid):
            self._collect(key_of(dependent), now_s)
        self._release(item, now_s)
        if item.metadata.namespace:
            self._store.finalize(item.metadata.namespace, now_s)

    def _collect(self, key: ObjectKey, now_s: float) -> None:
        """Delete the object if no owner of its lives; one that stays loses those that are dead or wait for that."""
        held = self._store.view.at(key)
        if held is None or held.metadata.deletion_timestamp is not None or not held.metadata.owner_references:
            return
        owners: dict[_Standing, set[str]] = defaultdict(set)
        for owner in held.metadata.owner_references:
            owners[self._standing(owner, held.metadata.namespace)].add(owner.uid)
        if owners["solid"]:
            self._disown(key, owners["dangling"] | owners["waiting"], now_s)
            return
        dependents = self._store.view.dependents(held.metadata.uid)
        if not owners["waiting"] or not dependents:
            self._store.delete(key, now_s)
            return
        if any(_waits(item) for item in dependents):  # owners in a circle would wait for each other for ever
            free = tuple(changed(owner, block_owner_deletion=False) for owner in held.metadata.owner_references)
            self._store.update(with_metadata(held, owner_references=free), now_s)
        if self._store.view.at(key) is not None:
            self._store.delete(key, now_s, propagation="Foreground")

    def _standing(self, owner: OwnerReference, namespace: str) -> _Standing:
        """Whether an owner lives (one without a uid is not looked for), is dead, or waits for its dependents to go."""
        if not owner.uid:
            return "solid"
        item = self._find(owner, namespace)
        if item is None:
            looked_for = namespace or owner.kind in _OF_CLUSTERS
            return "dangling" if looked_for else "solid"  # in which namespace should it be?
        return "waiting" if _waits(item) else "solid"

    def _find(self, owner: OwnerReference, namespace: str) -> Any:
        for place in (namespace, ""):
            item: Any = self._store.view.at(ObjectKey(owner.kind, place, owner.name))
            if item is not None and item.metadata.uid == owner.uid:
                return item
        return None

    def _release(self, dependent: Any, now_s: float) -> None:
        """The owners of what was a dependent may wait no longer."""
        for owner in dependent.metadata.owner_references:
            self._finish(ObjectKey(owner.kind, dependent.metadata.namespace, owner.name), now_s)
            self._finish(ObjectKey(owner.kind, "", owner.name), now_s)

    def _finish(self, key: ObjectKey, now_s: float) -> None:
        """End an owner's wait if nothing that blocks it is left."""
        held = self._store.view.at(key)
        if held is None or not _waits(held):
            return
        if not any(_blocks(item, held) for item in self._store.view.dependents(held.metadata.uid)):
            self._let_go(key, FOREGROUND, now_s)

    def _disown(self, key: ObjectKey, uids: set[str], now_s: float) -> None:
        held = self._store.view.at(key)
        if held is not None and uids:
            left = tuple(owner for owner in held.metadata.owner_references if owner.uid not in uids)
            self._store.update(with_metadata(held, owner_references=left), now_s)

    def _let_go(self, key: ObjectKey, finalizer: str, now_s: float) -> None:
        held = self._store.view.at(key)
        if held is not None:
            left = tuple(name for name in held.metadata.finalizers if name != finalizer)
            self._store.update(with_metadata(held, finalizers=left), now_s)


def _waits(item: Any) -> bool:
    return item.metadata.deletion_timestamp is not None and FOREGROUND in item.metadata.finalizers


def _blocks(item: Any, owner: Any) -> bool:
    return any(
        reference.uid == owner.metadata.uid and reference.block_owner_deletion
        for reference in item.metadata.owner_references
    )
