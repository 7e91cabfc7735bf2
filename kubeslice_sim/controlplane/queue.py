"""A controller's work queue: client-go's rate-limiting queue without a clock.

As k8s.io/client-go util/workqueue does: a key waits at most once; a key added while it is worked on is worked on
again afterwards, never twice at a time; of two delayed additions of a key the earlier counts; failures of a key
wait 5 ms · 2^n up to 1000 s until it is forgotten, and all failures of a queue share a bucket of 10 a second and 100
at once: the longer pause counts (controller-runtime's DefaultTypedControllerRateLimiter).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from heapq import heapify, heappop, heappush

from kubeslice_sim.controlplane.bucket import TokenBucket
from kubeslice_sim.controlplane.tick import whole
from kubeslice_sim.model.document import ObjectKey

BASE_DELAY_S = 0.005
MAX_DELAY_S = 1000.0
FAILURES_HZ = 10.0
FAILURES_AT_ONCE = 100


class WorkQueue:
    """Keys to reconcile, in order of arrival. Every method that needs the time takes it."""

    def __init__(self) -> None:
        self._ready: deque[ObjectKey] = deque()
        self._waiting: set[ObjectKey] = set()
        self._working: set[ObjectKey] = set()
        self._later: dict[ObjectKey, float] = {}
        self._timers: list[tuple[float, int, ObjectKey]] = []
        self._failures: dict[ObjectKey, int] = {}
        self._bucket = TokenBucket(FAILURES_HZ, FAILURES_AT_ONCE)
        self._count = 0

    def __len__(self) -> int:
        """How many keys are ready or being worked on and dirty (what client-go calls the depth)."""
        return len(self._waiting)

    def add(self, key: ObjectKey) -> None:
        """Work on it as soon as possible."""
        if key in self._waiting:
            return
        self._waiting.add(key)
        if key not in self._working:
            self._ready.append(key)

    def add_at(self, key: ObjectKey, due_s: float) -> None:
        """Work on it at that moment, unless it is due earlier anyway."""
        due_s = whole(due_s)
        if due_s >= self._later.get(key, float("inf")):
            return
        self._later[key] = due_s
        self._count += 1
        heappush(self._timers, (due_s, self._count, key))

    def add_rate_limited(self, key: ObjectKey, now_s: float) -> None:
        """Work on it again after a pause that doubles with every failure."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        own_s = now_s + min(BASE_DELAY_S * 2 ** min(failures, 62), MAX_DELAY_S)
        self.add_at(key, max(own_s, self._bucket.take(now_s)))

    def forget(self, key: ObjectKey) -> None:
        """It went well: its next failure counts as the first."""
        self._failures.pop(key, None)

    def failures(self, key: ObjectKey) -> int:
        """How often it failed in a row."""
        return self._failures.get(key, 0)

    def failed(self) -> tuple[ObjectKey, ...]:
        """The keys that wait because they failed, or were left to try again."""
        return tuple(key for key in self._later if key in self._failures)

    def take(self, now_s: float) -> ObjectKey | None:
        """The next key to work on at that moment, or None; say :meth:`done` when it is worked on."""
        self._ripen(now_s)
        if not self._ready:
            return None
        key = self._ready.popleft()
        self._waiting.discard(key)
        self._working.add(key)
        return key

    def done(self, key: ObjectKey) -> None:
        """The work on it is over; it is ready again if it was added meanwhile."""
        self._working.discard(key)
        if key in self._waiting:
            self._ready.append(key)

    def due_s(self) -> float | None:
        """When there is something to take: minus infinity for now, None for never."""
        if self._ready:
            return float("-inf")
        while self._timers and self._later.get(self._timers[0][2]) != self._timers[0][0]:
            heappop(self._timers)
        return self._timers[0][0] if self._timers else None

    def later(self) -> Mapping[ObjectKey, float]:
        """When the keys that wait for a moment are due."""
        return self._later

    def reschedule(self, dues: Mapping[ObjectKey, float]) -> None:
        """Have these keys wait for these moments, and no others."""
        self._later = dict(dues)
        self._timers = [(due_s, index, key) for index, (key, due_s) in enumerate(self._later.items())]
        heapify(self._timers)
        self._count = len(self._timers)

    def _ripen(self, now_s: float) -> None:
        while self._timers and self._timers[0][0] <= now_s:
            due_s, _, key = heappop(self._timers)
            if self._later.get(key) == due_s:
                del self._later[key]
                self.add(key)
