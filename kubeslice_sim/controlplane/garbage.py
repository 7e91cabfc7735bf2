"""GarbageCollector: what goes with its owner or its namespace (kube-controller-manager's two loops, in no time).

Background: dependents go once no owner of theirs lives. Foreground: an owner waits, under the finalizer
``foregroundDeletion``, until the dependents that block its deletion are gone. Orphan: dependents lose the owner first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kubeslice_sim.controlplane.status import with_metadata
from kubeslice_sim.model.document import ObjectKey, key_of

if TYPE_CHECKING:
    from kubeslice_sim.controlplane.store import Store

FOREGROUND = "foregroundDeletion"
ORPHAN = "orphan"


class GarbageCollector:
    """Works on one store, each time that something appeared, was marked for deletion or is gone."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def appeared(self, item: Any, now_s: float) -> None:
        """A new object whose owners are all dead already does not stay."""
        if _owners(item):
            self._collect(key_of(item), now_s)

    def marked(self, item: Any, now_s: float) -> None:
        """An object is to be deleted: what it waits for, where it waits for us."""
        meta = item.metadata
        if ORPHAN in meta.finalizers:
            for dependent in self._store.view.dependents(meta.uid):
                left = tuple(owner for owner in dependent.metadata.owner_references if owner.uid != meta.uid)
                self._store.update(with_metadata(dependent, owner_references=left), now_s)
            self._let_go(key_of(item), ORPHAN, now_s)
        if FOREGROUND in meta.finalizers:
            for dependent in self._store.view.dependents(meta.uid):
                self._collect(key_of(dependent), now_s)
            self._finish(key_of(item), now_s)

    def gone(self, item: Any, now_s: float) -> None:
        """An object is gone: its dependents follow, its namespace's contents too, and an owner waits no longer."""
        for dependent in self._store.view.dependents(item.metadata.uid):
            self._collect(key_of(dependent), now_s)
        if key_of(item).kind == "Namespace":
            for inside in self._store.view.inside(item.metadata.name):
                if self._store.view.at(inside) is not None:
                    self._store.delete(inside, now_s)
        for owner in item.metadata.owner_references:
            self._finish(ObjectKey(owner.kind, item.metadata.namespace, owner.name), now_s)
            self._finish(ObjectKey(owner.kind, "", owner.name), now_s)

    def _collect(self, key: ObjectKey, now_s: float) -> None:
        """Delete the object if each of its owners is dead or waits for that."""
        held = self._store.view.at(key)
        if held is None or held.metadata.deletion_timestamp is not None:
            return
        if any(self._holds(owner, held.metadata.namespace) for owner in held.metadata.owner_references if owner.uid):
            return
        blocked = any(_blocks(item, held) for item in self._store.view.dependents(held.metadata.uid))
        self._store.delete(key, now_s, propagation="Foreground" if blocked else "Background")

    def _holds(self, owner: Any, namespace: str) -> bool:
        """Whether an owner lives and does not wait for its dependents to go."""
        if not self._store.lives(owner.uid):
            return False
        for place in (namespace, ""):
            item = self._store.view.at(ObjectKey(owner.kind, place, owner.name))
            if item is not None and item.metadata.uid == owner.uid:
                return item.metadata.deletion_timestamp is None or FOREGROUND not in item.metadata.finalizers
        return True

    def _finish(self, key: ObjectKey, now_s: float) -> None:
        """End an owner's wait if nothing that blocks it is left."""
        held = self._store.view.at(key)
        if held is None or held.metadata.deletion_timestamp is None or FOREGROUND not in held.metadata.finalizers:
            return
        if not any(_blocks(item, held) for item in self._store.view.dependents(held.metadata.uid)):
            self._let_go(key, FOREGROUND, now_s)

    def _let_go(self, key: ObjectKey, finalizer: str, now_s: float) -> None:
        held = self._store.view.at(key)
        if held is not None:
            left = tuple(name for name in held.metadata.finalizers if name != finalizer)
            self._store.update(with_metadata(held, finalizers=left), now_s)


def _owners(item: Any) -> tuple[str, ...]:
    return tuple(owner.uid for owner in item.metadata.owner_references if owner.uid)


def _blocks(item: Any, owner: Any) -> bool:
    return any(
        reference.uid == owner.metadata.uid and reference.block_owner_deletion
        for reference in item.metadata.owner_references
    )
