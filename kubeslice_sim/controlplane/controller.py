"""Controller: a reconciler, what it watches, and its work queue."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from kubeslice_sim.controlplane.queue import WorkQueue
from kubeslice_sim.controlplane.reconciler import Asks, Place, Reconcile, View
from kubeslice_sim.controlplane.store import Change
from kubeslice_sim.model.document import ObjectKey

ToKeys = Callable[[Change, View], Iterable[ObjectKey]]
Matters = Callable[[Change, View], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Changes of a kind in one of the stores, and the keys that they concern."""

    kind: str
    keys: ToKeys
    at: Place = "local"


@dataclass(frozen=True, slots=True, kw_only=True)
class ControllerSpec:
    """A controller as controller-runtime builds one. ``name`` is the reconciler's, for logs and counts.

    ``workers``: how many keys it works on at a time (MaxConcurrentReconciles; 1 in all of KubeSlice's).
    ``kubernetes``: whether it is a part of Kubernetes, with a clock of its own, and not of KubeSlice.
    ``asks``: what a look at a key asks the controller cluster before anything else; without an answer it fails.
    """

    name: str
    reconcile: Reconcile
    watches: tuple[Watch, ...]
    workers: int = 1
    kubernetes: bool = False
    asks: Asks | None = None

    @property
    def sender(self) -> str:
        """Whose client sends its requests: a part of Kubernetes has one of its own, all of KubeSlice's share theirs."""
        return self.name if self.kubernetes else ""


class Controller:
    """One running controller of one cluster."""

    def __init__(self, spec: ControllerSpec) -> None:
        self.spec = spec
        self.reconciles = 0
        self.writes = 0
        self._watches: dict[tuple[Place, str], tuple[Watch, ...]] = {}
        for watch in spec.watches:
            entry = (watch.at, watch.kind)
            self._watches[entry] = (*self._watches.get(entry, ()), watch)
        self.restart()

    def restart(self) -> None:
        """Begin with an empty queue, as a new process does."""
        self.queue = WorkQueue()
        self.busy = 0
        self.wake_s = float("inf")
        """The moment for which a wake-up is already arranged."""

    @property
    def idle(self) -> bool:
        """Whether it could take another key."""
        return self.busy < self.spec.workers

    def watched(self) -> Iterable[tuple[Place, str]]:
        """The API servers and kinds that it watches."""
        return self._watches.keys()

    def see(self, at: Place, change: Change, view: View) -> bool:
        """Queue the keys that a change concerns; whether there were any."""
        found = False
        for watch in self._watches.get((at, change.key.kind), ()):
            for key in watch.keys(change, view):
                self.queue.add(key)
                found = True
        return found


def itself(change: Change, _: View) -> Iterable[ObjectKey]:
    """The object that changed (``For`` in controller-runtime)."""
    return (change.key,)


def only(matters: Matters, keys: ToKeys) -> ToKeys:
    """Those keys, for changes that matter (a predicate in controller-runtime): others would be looked at for nothing.

    What a reconciler reads of an object must be in ``matters``; what it polls (a sidecar, say) needs every change.
    """

    def chosen(change: Change, view: View) -> Iterable[ObjectKey]:
        return keys(change, view) if matters(change, view) else ()

    return chosen


def differs(part: Callable[[Any], object]) -> Matters:
    """Objects that come and go, and those of which this part is another than before."""

    def matters(change: Change, _: View) -> bool:
        return change.action != "MODIFIED" or change.previous is None or part(change.previous) != part(change.item)

    return matters


def owner(kind: str) -> ToKeys:
    """The owner of that kind (``Owns`` in controller-runtime)."""

    def keys(change: Change, _: View) -> Iterable[ObjectKey]:
        metadata = change.item.metadata
        return (
            ObjectKey(kind, metadata.namespace, reference.name)
            for reference in metadata.owner_references
            if reference.kind == kind
        )

    return keys


def labelled(kind: str, label: str, namespace: str | None = None) -> ToKeys:
    """The object of that kind that a label names, in ``namespace`` or in that of the changed object."""

    def keys(change: Change, _: View) -> Iterable[ObjectKey]:
        metadata = change.item.metadata
        name = metadata.labels.get(label)
        return (ObjectKey(kind, metadata.namespace if namespace is None else namespace, name),) if name else ()

    return keys
