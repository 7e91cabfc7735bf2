"""ApiServerPost and ApiClient: whether a cluster's API server answers, and what asking it costs a controller."""

from __future__ import annotations

from kubeslice_sim.controlplane.api_load import ApiLoad
from kubeslice_sim.controlplane.bucket import TokenBucket
from kubeslice_sim.controlplane.recording import Deed
from kubeslice_sim.controlplane.store import Store
from kubeslice_sim.model.timing import Timing

NODES = "pod"
"""The part of Kubernetes that is its scheduler and kubelets (worker/pod.py)."""


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

    ``crossing_s`` is one way over the WAN, 0 at home. ``cut``: nothing gets through. Requests are let go at a pace of
    their own for each kind of object, as controller-runtime makes a REST client for each, and client-go a bucket for
    each of those (client_rest_resources.go; rest.RESTClientForConfigAndClient): Timing's ``client_qps`` and
    ``client_burst`` at home, ``hub_client_qps`` and ``hub_client_burst`` to the controller cluster, for which
    worker-operator sets none and so gets client-go's. Kubernetes' own parts (``sender``) have clients of their own, the
    scheduler and the kubelets at ``node_client_qps`` and ``node_client_burst``. Reading from caches costs nothing.
    """

    def __init__(self, cluster: str, server: ApiServerPost, crossing_s: float, timing: Timing, load: ApiLoad) -> None:
        self.server = server
        self.cut = False
        self._cluster = cluster
        self._crossing_s = crossing_s
        self._timing = timing
        self._at_home = cluster == server.store.cluster
        self._buckets: dict[tuple[str, str], TokenBucket] = {}
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

    def leave(self, verb: str, kind: str, now_s: float, sender: str = "", look: Deed = ()) -> float:
        """Send a request; the moment at which the client lets it go.

        ``sender``: whose client does it, if not the controllers' common one; ``look``: which begins with it.
        """
        bucket = self._buckets.get((sender, kind))
        if bucket is None:
            bucket = self._buckets[sender, kind] = self._bucket(sender)
        left_s = bucket.take(now_s)
        self._load.request(self.server.store.cluster, self._cluster, verb, kind, left_s, look=look)
        return left_s

    def count(self, verb: str, kind: str, now_s: float, count: int = 1) -> None:
        """Requests that nobody waits for (lists and watches when a cache is filled)."""
        self._load.request(self.server.store.cluster, self._cluster, verb, kind, now_s, count)

    def _bucket(self, sender: str) -> TokenBucket:
        timing = self._timing
        if sender == NODES:
            return TokenBucket(timing.node_client_qps, timing.node_client_burst)
        if self._at_home:
            return TokenBucket(timing.client_qps, timing.client_burst)
        return TokenBucket(timing.hub_client_qps, timing.hub_client_burst)
