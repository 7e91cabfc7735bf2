"""ApiLoad: how many requests each API server got, from whom and when, and how full the work queues were.

Only counts are kept: one number for each slot of time, server, client, verb and kind. What was leapt over
(:mod:`.leap`) is kept as rhythms and copies, and counted when somebody asks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from kubeslice_sim.controlplane.recording import Deed, Leapt, Recording


class RequestCount(NamedTuple):
    """So many requests of one sort in the slot that begins at ``at_s``. ``server``, ``client``: clusters' names."""

    at_s: float
    server: str
    client: str
    verb: str
    kind: str
    requests: int


class QueueDepth(NamedTuple):
    """The most keys that waited in one controller's queue in the slot that begins at ``at_s``."""

    at_s: float
    cluster: str
    controller: str
    depth: int


class ApiLoad:
    """``slot_s``: how finely time is told."""

    def __init__(self, slot_s: float = 1.0) -> None:
        self.slot_s = slot_s
        self._requests: Counter[tuple[int, str, str, str, str]] = Counter()
        self._depths: dict[tuple[int, str, str], int] = {}
        self.recording: Recording | None = None
        self.leapt: list[Leapt] = []

    def request(
        self, server: str, client: str, verb: str, kind: str, now_s: float, count: int = 1, look: Deed = ()
    ) -> None:
        """Requests reached an API server (or would have, had it been there). ``look``: which began with them."""
        self._requests[int(now_s / self.slot_s), server, client, verb, kind] += count
        if self.recording is not None:
            for _ in range(count):
                self.recording.note(("request", server, client, verb, kind, *look), now_s)

    def depth(self, cluster: str, controller: str, depth: int, now_s: float) -> None:
        """A work queue has that many keys waiting."""
        key = (int(now_s / self.slot_s), cluster, controller)
        if depth > self._depths.get(key, 0):
            self._depths[key] = depth

    def lived(self) -> Iterator[RequestCount]:
        """The counts of what was lived through, in no order; :attr:`leapt` has the rest."""
        for (slot, server, client, verb, kind), count in self._requests.items():
            yield RequestCount(slot * self.slot_s, server, client, verb, kind, count)

    def requests(self) -> Iterator[RequestCount]:
        """All counts, in order of time. Years of reports make millions: :meth:`totals` costs nothing."""
        found = self._requests.copy()
        for leapt in self.leapt:
            for at_s, deed in leapt.deeds("request"):
                found[(int(at_s / self.slot_s), *deed[1:5])] += 1  # type: ignore[index]
        for (slot, server, client, verb, kind), count in sorted(found.items()):
            yield RequestCount(slot * self.slot_s, server, client, verb, kind, count)

    def depths(self) -> Iterator[QueueDepth]:
        """The depths of all queues that had anything, in order of time."""
        found = dict(self._depths)
        for leapt in self.leapt:
            for at_s, (_, cluster, controller, depth, _) in leapt.deeds("depth"):
                key = (int(at_s / self.slot_s), str(cluster), str(controller))
                found[key] = max(found.get(key, 0), int(str(depth)))
        for (slot, cluster, controller), depth in sorted(found.items()):
            yield QueueDepth(slot * self.slot_s, cluster, controller, depth)

    def totals(self) -> Counter[tuple[str, str, str, str]]:
        """Requests by server, client, verb and kind, over all time."""
        found: Counter[tuple[str, str, str, str]] = Counter()
        for (_, *sort), count in self._requests.items():
            server, client, verb, kind = sort
            found[server, client, verb, kind] += count
        for leapt in self.leapt:
            for deed, count in leapt.count("request").items():
                found[deed[1:5]] += count  # type: ignore[index]
        return found
