"""Informer: a cache of one store, as far away as its API server is."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from kubeslice_sim.controlplane.store import Change, Store
from kubeslice_sim.controlplane.table import ObjectTable


class Informer:
    """Follows a store's log; every change arrives ``delay_s`` after it happened, in order.

    ``wants`` tells which objects the watch asks for (a label selector, say); None for all.
    """

    def __init__(self, store: Store, delay_s: float = 0.0, wants: Callable[[Any], bool] | None = None) -> None:
        self.view = ObjectTable()
        self._store = store
        self._delay_s = delay_s
        self._wants = wants
        self._sequence = 0
        self._coming: deque[tuple[float, Change]] = deque()

    def read(self, now_s: float) -> float | None:
        """Take up what the log has new; when the first of it arrives, None if there is nothing."""
        changes = self._store.changes(self._sequence)
        self._sequence = self._store.sequence
        wanted = [change for change in changes if self._wants is None or self._wants(change.item)]
        self._coming.extend((now_s + self._delay_s, change) for change in wanted)
        return now_s + self._delay_s if wanted else None

    def deliver(self, now_s: float) -> tuple[Change, ...]:
        """The changes that have arrived by now, put into the cache."""
        arrived = []
        while self._coming and self._coming[0][0] <= now_s:
            _, change = self._coming.popleft()
            if change.action == "DELETED":
                self.view.drop(change.key)
            else:
                self.view.put(change.item)
            arrived.append(change)
        return tuple(arrived)
