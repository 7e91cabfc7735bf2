"""Informer: a cache of one store, as far away as its API server is."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from kubeslice_sim.controlplane.refusal import Expired
from kubeslice_sim.controlplane.store import Change, Store
from kubeslice_sim.controlplane.table import ObjectTable
from kubeslice_sim.controlplane.tick import whole
from kubeslice_sim.model.document import ObjectKey

BOOKMARK_S = 60.0
"""How often a watch without events is told how far the log has come (kube-apiserver's bookmarks)."""


class Informer:
    """Follows a store's log; every change arrives a while after it happened, in order.

    ``delay_s`` tells how long after; ``wants`` which objects the watch asks for (a label selector, say), None for all.
    A watch that breaks goes on where it was; if the log does not reach back there any more (410 Gone), all is listed
    again, and everything in the list counts as changed, as in client-go (tools/cache/reflector.go, Replace).
    """

    def __init__(
        self, store: Store, delay_s: Callable[[], float] = lambda: 0.0, wants: Callable[[Any], bool] | None = None
    ) -> None:
        self.view = ObjectTable()
        self.connected = True
        self.relists = 0
        self._store = store
        self._delay_s = delay_s
        self._wants = wants
        self._sequence = 0
        """How far the log has been read."""
        self._known = 0
        """The newest resourceVersion that the client has heard of, by an event or a bookmark."""
        self._bookmark_due_s = BOOKMARK_S
        self._coming: deque[tuple[float, Change]] = deque()

    def read(self, now_s: float) -> float | None:
        """Take up what the log has new; when the first of it arrives, None if there is nothing."""
        if not self.connected or self._sequence == self._store.sequence:
            return None
        if now_s >= self._bookmark_due_s and not self._coming:
            self._known, self._bookmark_due_s = self._sequence, now_s + BOOKMARK_S
        try:
            changes = self._store.changes(self._sequence)
        except Expired:
            self._coming.clear()
            self._known = 0
            return self.connect(now_s)
        self._sequence = self._store.sequence
        asked = self._asked(changes)
        return self._expect(asked, now_s) if asked else None

    def deliver(self, now_s: float) -> list[Change]:
        """The changes that have arrived by now, put into the cache."""
        arrived = []
        while self._coming and self._coming[0][0] <= now_s:
            _, change = self._coming.popleft()
            if change.action == "DELETED":
                self.view.drop(change.key)
            else:
                self.view.put(change.item, change.key)
            self._known = change.sequence
            arrived.append(change)
        return arrived

    def leap(self) -> None:
        """The store's sequence went on while nothing happened that would be heard here."""
        self._sequence = self._known = self._store.sequence

    def replace(self, moved: Mapping[ObjectKey, Any]) -> None:
        """Put these objects in the place of those that are seen under these keys (see :mod:`.leap`)."""
        for key, item in moved.items():
            if self.view.at(key) is not None:
                self.view.move(key, item)

    @property
    def waits(self) -> bool:
        """Whether a change is on its way here."""
        return bool(self._coming)

    def disconnect(self) -> None:
        """The watch breaks: what was on its way is lost, the cache stays as it is."""
        self.connected = False
        self._coming.clear()

    def forget(self) -> None:
        """The process that held the cache is gone."""
        self.disconnect()
        self.view.clear()
        self._known = 0

    def connect(self, now_s: float) -> float | None:
        """Watch again from where it broke, or list; when the first change arrives, None if there is none."""
        self.connected = True
        self._bookmark_due_s = now_s + BOOKMARK_S
        after, self._sequence = self._known, self._store.sequence
        if after:
            try:
                missed = self._store.changes(after)
            except Expired:
                pass
            else:
                return self._expect(self._asked(missed), now_s)
        self.relists += 1
        return self._expect(tuple(self._listed()), now_s)

    def _asked(self, changes: Sequence[Change]) -> Sequence[Change]:
        """What the watch asks for; an object that it asks for no longer is gone, as far as it is concerned."""
        wants = self._wants
        if wants is None:
            return changes
        found = []
        for change in changes:
            before = change.previous
            if wants(change.item):
                found.append(change)
            elif before is not None and before.metadata.labels != change.item.metadata.labels and wants(before):
                found.append(replace(change, action="DELETED", item=before))
        return found

    def _expect(self, changes: Sequence[Change], now_s: float) -> float | None:
        if not changes:
            return None
        arrives_s = whole(now_s + self._delay_s())
        if self._coming:
            arrives_s = max(arrives_s, self._coming[-1][0])
        self._coming.extend((arrives_s, change) for change in changes)
        return arrives_s

    def _listed(self) -> Iterator[Change]:
        """What a new list says that the cache does not, and what it says again."""
        there, now = self._store.view, self._store.sequence
        for key in self.view.all_keys():
            if there.at(key) is None:
                gone = self.view.at(key)
                yield Change(sequence=now, action="DELETED", key=key, item=gone, previous=gone)
        for key in there.all_keys():
            item = there.at(key)
            if self._wants is None or self._wants(item):
                held = self.view.at(key)
                yield Change(
                    sequence=now, action="ADDED" if held is None else "MODIFIED", key=key, item=item, previous=held
                )  # fmt: skip
