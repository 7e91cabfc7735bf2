"""ApiServerPost and ApiClient: whether a cluster's API server answers, and what asking it costs a controller."""

from __future__ import annotations

from kubeslice_sim.controlplane.api_load import ApiLoad
from kubeslice_sim.controlplane.bucket import TokenBucket
from kubeslice_sim.controlplane.store import Store
from kubeslice_sim.model.timing import Timing


class ApiServerPost:
    """One cluster's API server as others meet it. ``slower_s`` is added to its latency; ``up``: it answers."""

    def __init__(self, store: Store, latency_s: float) -> None:
        self.store = store
        self.up = True
        self.slower_s = 0.0
        self._latency_s = latency_s

    @property
    def latency_s(self) -> float:
        """From a request's arrival to its effect."""
        return self._latency_s + self.slower_s


class ApiClient:
    """How the controllers of one cluster, which share it, reach one API server.

    ``crossing_s`` is one way over the WAN, 0 at home. ``cut``: nothing gets through. Requests are let go at
    controller-runtime's pace (Timing's ``client_qps`` and ``client_burst``); reading from caches costs nothing.
    """

    def __init__(self, cluster: str, server: ApiServerPost, crossing_s: float, timing: Timing, load: ApiLoad) -> None:
        self.server = server
        self.cut = False
        self._cluster = cluster
        self._crossing_s = crossing_s
        self._bucket = TokenBucket(timing.client_qps, timing.client_burst)
        self._dial_s = timing.dial_timeout_s
        self._load = load

    @property
    def reachable(self) -> bool:
        """Whether a request would be answered now."""
        return self.server.up and not self.cut

    @property
    def there_s(self) -> float:
        """How long a request takes until it has its effect."""
        return self._crossing_s + self.server.latency_s

    @property
    def back_s(self) -> float:
        """How long the answer takes then."""
        return self._crossing_s

    @property
    def watch_s(self) -> float:
        """How long after a change its event is here; at home a change shows with the write."""
        return self.server.slower_s + (self.there_s - self.server.slower_s if self._crossing_s else 0.0)

    @property
    def failure_s(self) -> float:
        """How long a request without an answer takes to fail: refused at once, or given up by the dialler."""
        return self._dial_s if self.cut else 2 * self._crossing_s

    def leave(self, verb: str, kind: str, now_s: float) -> float:
        """Send a request; the moment at which the client lets it go."""
        left_s = self._bucket.take(now_s)
        self.count(verb, kind, left_s)
        return left_s

    def count(self, verb: str, kind: str, now_s: float, count: int = 1) -> None:
        """Requests that nobody waits for (lists and watches when a cache is filled)."""
        self._load.request(self.server.store.cluster, self._cluster, verb, kind, now_s, count)
