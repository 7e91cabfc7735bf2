"""An API server in memory: one per cluster, holding frozen objects, with Kubernetes' rules for changing them.

As kube-apiserver and its garbage collector do: optimistic concurrency by resourceVersion, generation of the spec,
the status subresource, finalizers with deletionTimestamp, owner references, and an ordered log of changes to watch.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import cache
from itertools import islice
from typing import Any, Literal, TypeVar

from kubeslice_sim.controlplane.garbage import FOREGROUND, ORPHAN, GarbageCollector
from kubeslice_sim.controlplane.refusal import (
    AlreadyExists,
    Conflict,
    Expired,
    Kept,
    NotFound,
    Refused,
    Terminating,
    TooLarge,
)
from kubeslice_sim.controlplane.status import status_of, with_status, without_status
from kubeslice_sim.controlplane.table import ObjectTable
from kubeslice_sim.controlplane.timestamp import timestamp
from kubeslice_sim.model.changed import changed
from kubeslice_sim.model.document import ObjectKey, ObjectMeta, key_of
from kubeslice_sim.model.kubernetes import KubernetesObject

T = TypeVar("T")
Propagation = Literal["Background", "Foreground", "Orphan"]
_WAITS = {"Background": (), "Foreground": (FOREGROUND,), "Orphan": (ORPHAN,)}
_IMMORTAL = frozenset({"default", "kube-system", "kube-public"})
"""Namespaces that nobody may delete (the admission plugin NamespaceLifecycle)."""
_UID = "6b756265-736c-4963-a500-{:012x}"
"""Ours count upward in the order of creation, so that a run can be repeated; Kubernetes' are random."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One entry of the log. ``item`` is the object after it (of DELETED: the last that was seen)."""

    sequence: int
    action: Literal["ADDED", "MODIFIED", "DELETED"]
    key: ObjectKey
    item: Any
    previous: Any | None = None


class Store:
    """The API server of one cluster, with the garbage collector beside it.

    ``complete`` is what the API server fills in at creation (a Service's node port, say). Every method that changes
    something takes the moment (``now_s``) and raises :exc:`Refused`. A request that would change nothing is no
    change: no new resourceVersion, nothing in the log. ``tidies``: whether a kube-controller-manager runs beside it,
    which deletes what has lost its owners and what stands in a deleted namespace; without one, both stay, and a
    deletion that waits for it never ends.
    """

    def __init__(self, cluster: str, complete: Callable[[Any, Store], Any] | None = None, tidies: bool = True) -> None:
        self.cluster = cluster
        self.view = ObjectTable()
        self.silent_kubelets: set[str] = set()
        """Nodes that are gone: a deleted pod there stays, marked for deletion, until its kubelet has ended it."""
        self._collector = GarbageCollector(self) if tidies else None
        self.sequence = 0
        """The resourceVersion of the newest change: how many there were since the store began."""
        self._log: deque[Change] = deque()
        self._compacted = 0
        self._complete = complete
        self._uids: set[str] = set()

    def changes(self, after: int) -> tuple[Change, ...]:
        """A watch: what happened after that resourceVersion.

        Raises :exc:`Expired` if the log begins later, :exc:`TooLarge` for one that is still to come.
        """
        if after < self._compacted:
            raise Expired(after)
        if after > self.sequence:
            raise TooLarge(after, self.sequence)
        if after == self.sequence - 1:
            return (self._log[-1],)  # what a follower mostly wants
        newest = list(islice(reversed(self._log), self.sequence - after))
        newest.reverse()  # the log is long, and who follows it wants its end
        return tuple(newest)

    def compact(self, upto: int) -> None:
        """Forget the changes up to that resourceVersion, as etcd's compaction does."""
        while self._log and self._log[0].sequence <= upto:
            self._compacted = self._log.popleft().sequence

    def create(self, item: T, now_s: float) -> T:
        """Store a new object; its status, if it brings any, is dropped. Returns it as stored."""
        key = key_of(item)
        there: Any = self.view.at(key)
        if there is not None:
            raise AlreadyExists(key, deleting=there.metadata.deletion_timestamp is not None)
        if key.namespace and self.terminates(key.namespace):
            raise Terminating(key)
        item = without_status(item)
        if self._complete is not None:
            item = self._complete(item, self)
        uid = _UID.format(self.sequence + 1)
        item = self._commit(
            "ADDED", key, item, uid=uid, generation=1, creation_timestamp=timestamp(now_s), deletion_timestamp=None
        )
        self._uids.add(uid)
        if self._collector is not None:
            self._collector.appeared(item, now_s)
        return item

    def update(self, item: T, now_s: float) -> T:
        """Replace spec and metadata (status stays). The last finalizer's removal ends an object under deletion."""
        key, held = self._held(item)
        sent: Any = with_status(item, status_of(held))
        meta, new = held.metadata, sent.metadata
        if meta.deletion_timestamp is not None and set(new.finalizers) - set(meta.finalizers):
            raise Refused(key, "is being deleted: no finalizer can be added; wait until it is gone")
        same = _same_spec(sent, held)
        new = changed(
            new, uid=meta.uid, resource_version=meta.resource_version, generation=meta.generation + (not same),
            creation_timestamp=meta.creation_timestamp, deletion_timestamp=meta.deletion_timestamp,
        )  # fmt: skip
        if same and new == meta:
            return held  # type: ignore[no-any-return]
        if meta.deletion_timestamp is not None and not new.finalizers and not self._stays(key, held):
            self._remove(key, now_s)
            return changed(sent, metadata=new)  # type: ignore[no-any-return]
        stored = self._commit("MODIFIED", key, sent, held, new)
        if self._collector is not None and new.owner_references != meta.owner_references:
            self._collector.reowned(stored, held, now_s)
        return stored  # type: ignore[no-any-return]

    def update_status(self, item: T) -> T:
        """Replace the status alone."""
        key, held = self._held(item)
        status = status_of(item)
        if status == status_of(held):
            return held  # type: ignore[no-any-return]
        return self._commit("MODIFIED", key, with_status(held, status), held)  # type: ignore[no-any-return]

    def delete(
        self, key: ObjectKey, now_s: float, *, propagation: Propagation | None = None, uid: str = "",
        at_once: bool = False,
    ) -> None:  # fmt: skip
        """Delete the object, or mark it for deletion while it has finalizers; ``uid`` not empty: exactly this one.

        What it owns goes after it (Background), before it (Foreground), or stays (Orphan); None: as an earlier deletion
        of it said, else Background. A namespace goes when nothing stands in it any more. A pod of a silent kubelet is
        only marked, unless it is to go ``at_once`` (a grace period of 0 s).
        """
        held = self.view.at(key)
        if held is None:
            raise NotFound(key)
        meta = held.metadata
        if uid and uid != meta.uid:
            raise Conflict(key, uid, meta.uid, field="uid")
        if key.kind == "Namespace" and key.name in _IMMORTAL:
            raise Kept(key)
        finalizers = meta.finalizers if propagation is None else _waiting(meta.finalizers, _WAITS[propagation])
        first = meta.deletion_timestamp is None
        if not finalizers and not self._stays(key, held, at_once):
            self._remove(key, now_s)
        elif first or finalizers != meta.finalizers:
            marked = self._commit(
                "MODIFIED", key, held, held, deletion_timestamp=meta.deletion_timestamp or timestamp(now_s),
                generation=meta.generation + first, finalizers=finalizers,
            )  # fmt: skip
            if self._collector is not None:
                self._collector.marked(marked, now_s)

    def terminates(self, namespace: str) -> bool:
        """Whether the namespace is being deleted."""
        there: Any = self.view.at(ObjectKey("Namespace", "", namespace))
        return there is not None and there.metadata.deletion_timestamp is not None

    def finalize(self, namespace: str, now_s: float) -> None:
        """End a deleted namespace in which nothing stands any more (its finalizer ``kubernetes`` is taken away)."""
        key = ObjectKey("Namespace", "", namespace)
        held: Any = self.view.at(key)
        if (
            held is not None
            and self.terminates(namespace)
            and not held.metadata.finalizers
            and not self._stays(key, held)
        ):
            self._remove(key, now_s)

    def leap(self, changes: int) -> None:
        """As if so many changes had happened of which no watch will ask: what was logged before is forgotten."""
        self.sequence += changes
        self.compact(self.sequence)
        self._compacted = self.sequence

    def replace(self, moved: Mapping[ObjectKey, Any]) -> None:
        """Put these objects in the place of those that stand under these keys (see :mod:`.leap`)."""
        for key, item in moved.items():
            held: Any = self.view.at(key)
            self._uids.discard(held.metadata.uid)
            self._uids.add(item.metadata.uid)
            self.view.move(key, item)

    def lives(self, uid: str) -> bool:
        """Whether an object of that uid is there."""
        return uid in self._uids

    def _stays(self, key: ObjectKey, held: Any, at_once: bool = False) -> bool:
        """Whether a deleted object without finalizers is only marked.

        A namespace has one in its spec: that manager takes it away when nothing is left inside.
        """
        if key.kind == "Namespace":
            return self._collector is None or self.view.holds(key.name)
        silent = self.silent_kubelets and not at_once and key.kind == "Pod"
        return bool(silent and held.spec.get("nodeName") in self.silent_kubelets)

    def _held(self, item: Any) -> tuple[ObjectKey, Any]:
        key = key_of(item)
        held = self.view.at(key)
        if held is None:
            raise NotFound(key)
        sent = item.metadata.resource_version
        if sent and sent != held.metadata.resource_version:
            raise Conflict(key, sent, held.metadata.resource_version)
        return key, held

    def _commit(
        self, action: Literal["ADDED", "MODIFIED"], key: ObjectKey, item: T, previous: Any = None,
        metadata: ObjectMeta | None = None, **changes: Any,
    ) -> T:  # fmt: skip
        """Store the object with this metadata (its own if None), changed so far, under the next resourceVersion."""
        self.sequence += 1
        held: Any = item
        named = changed(metadata or held.metadata, resource_version=str(self.sequence), **changes)
        item = changed(item, metadata=named)
        self.view.put(item, key)
        self._log.append(Change(sequence=self.sequence, action=action, key=key, item=item, previous=previous))
        return item

    def _remove(self, key: ObjectKey, now_s: float) -> None:
        held: Any = self.view.at(key)
        self.view.drop(key)
        self._uids.discard(held.metadata.uid)
        self.sequence += 1
        self._log.append(Change(sequence=self.sequence, action="DELETED", key=key, item=held, previous=held))
        if self._collector is not None:
            self._collector.gone(held, now_s)


def _waiting(held: tuple[str, ...], wanted: tuple[str, ...]) -> tuple[str, ...]:
    """An object's finalizers, with those that tell of its dependents as a deletion wants them."""
    others = tuple(name for name in held if name in wanted or name not in (FOREGROUND, ORPHAN))
    return (*others, *(name for name in wanted if name not in others))


def _same_spec(one: Any, other: Any) -> bool:
    """Whether all but metadata and status is the same."""
    if isinstance(one, KubernetesObject):
        return bool(one.body == other.body or without_status(one).body == without_status(other).body)
    return all(getattr(one, part) == getattr(other, part) for part in _parts(one.__class__))


@cache
def _parts(noun: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(noun) if field.name not in ("metadata", "status"))
