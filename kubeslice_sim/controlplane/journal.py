"""Journal: what a fleet's data plane was told and answered, and how its objects changed, written down as it happens."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from kubeslice_sim.controlplane.absence import Absence, Pause
from kubeslice_sim.controlplane.effects import Effect
from kubeslice_sim.controlplane.event import TunnelTransition
from kubeslice_sim.controlplane.facts import Fact, PingRound
from kubeslice_sim.controlplane.store import Change, Store


class ObjectChange(NamedTuple):
    """A change in one cluster's store."""

    cluster: str
    change: Change


Entry = Effect | Fact | TunnelTransition | ObjectChange | Absence | Pause


class Journal:
    """Grows with everything that happens, so a fleet keeps one only where somebody asked for its history."""

    def __init__(self, stores: Iterable[Store]) -> None:
        self.entries: list[tuple[float, Entry]] = []
        """In order of time."""
        self._read: dict[str, int] = {}
        for store in stores:
            self.changed(store, 0.0)

    def note(self, entry: Effect | Fact | TunnelTransition | Absence | Pause, now_s: float) -> None:
        """An order to the data plane, what it answered (but rounds of pings), a tunnel's new state, what was away."""
        if not isinstance(entry, PingRound):
            self.entries.append((now_s, entry))

    def changed(self, store: Store, now_s: float) -> None:
        """Take note of what is new in a store's log."""
        for change in store.changes(self._read.get(store.cluster, 0)):
            self._read[store.cluster] = change.sequence
            self.entries.append((now_s, ObjectChange(store.cluster, change)))
