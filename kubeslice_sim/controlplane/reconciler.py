"""What a reconciler is: a pure function from a key and a snapshot to writes, effects and events."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from kubeslice_sim.controlplane.effects import Effect
from kubeslice_sim.controlplane.sidecar import TunnelStatus
from kubeslice_sim.controlplane.table import StoreView
from kubeslice_sim.model.document import ObjectKey, key_of
from kubeslice_sim.model.timing import Timing
from kubeslice_sim.model.underlay import Underlay

Place = Literal["hub", "local"]
"""Whose API server: the controller cluster's, or that of the cluster on which the reconciler runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """All that a reconciler may look at.

    ``hub`` and ``local`` are caches, as informers are: what changed on the hub shows on a worker after a WAN crossing.
    On the controller cluster both are the same. ``sidecars``: what the gateway sidecars of this cluster answer when
    they are asked, by pod; a pod that does not run does not answer.
    """

    cluster: str
    hub: StoreView
    local: StoreView
    sidecars: Mapping[str, TunnelStatus]
    timing: Timing
    underlay: Underlay


@dataclass(frozen=True, slots=True, kw_only=True)
class Create:
    """A new object."""

    item: Any
    at: Place = "local"

    @property
    def key(self) -> ObjectKey:
        """What is written."""
        return key_of(self.item)


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """An object's new spec and metadata; refused if it changed since the reconciler's cache saw it."""

    item: Any
    at: Place = "local"

    @property
    def key(self) -> ObjectKey:
        """What is written."""
        return key_of(self.item)


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateStatus:
    """An object's new status; refused if it changed since the reconciler's cache saw it."""

    item: Any
    at: Place = "local"

    @property
    def key(self) -> ObjectKey:
        """What is written."""
        return key_of(self.item)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete:
    """An object's deletion; one that is gone already is no error. ``at_once``: a pod's, without waiting for kubelet."""

    key: ObjectKey
    at: Place = "local"
    at_once: bool = False


Write = Create | Update | UpdateStatus | Delete


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """An event, without its time and place; ``name`` is KubeSlice's own."""

    name: str
    subject: ObjectKey
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a reconciler wants done, in this order: the writes one after the other, then effects and events.

    ``first``: effects that come before the writes, because a refused write or a lost answer must not keep them back.
    A refused write ends it there and the key is tried again after a pause that grows. ``retry`` not empty: the same
    pause, without an error, because of what it says. ``requeue_after_s``: look again then, though nothing changed.
    ``conflict_pause_s``: after a write that somebody else's had overtaken, look again so soon, and count no failure
    (client-go's ``retry.RetryOnConflict``).
    """

    writes: tuple[Write, ...] = ()
    effects: tuple[Effect, ...] = ()
    events: tuple[Note, ...] = ()
    requeue_after_s: float | None = None
    retry: str = ""
    first: tuple[Effect, ...] = ()
    conflict_pause_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A question to the controller cluster's API server itself, past all caches, that a look begins with.

    One object of that key, or all of its kind that belong to it (``verb`` "list").
    """

    key: ObjectKey
    verb: Literal["get", "list"] = "get"


NOTHING = Outcome()
Reconcile = Callable[[ObjectKey, View, float], Outcome]
Asks = Callable[[ObjectKey, View], tuple[Ask, ...]]
