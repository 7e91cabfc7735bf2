"""Pace: how fast requests leave, kind by kind, as controller-runtime's client lets them go.

It makes a REST client for each kind (pkg/client/client_rest_resources.go newResource), and client-go gives each of
these a limiter of its own where the configuration brings none (rest/config.go RESTClientForConfigAndClient); 20 a
second and 30 at once are controller-runtime's (pkg/client/config). So Secrets do not wait for Roles.
"""

from __future__ import annotations

from kubeslice_sim.controlplane.bucket import TokenBucket
from kubeslice_sim.model.timing import KUBESLICE
from real.clock import Clock


class Pace:
    """Waits on a clock until the next request about a kind may leave."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buckets: dict[str, TokenBucket] = {}

    def wait(self, kind: str) -> None:
        """Sleep if too many requests about that kind have left of late."""
        bucket = self._buckets.get(kind)
        if bucket is None:
            bucket = self._buckets[kind] = TokenBucket(KUBESLICE.client_qps, KUBESLICE.client_burst)
        now_s = self._clock.now_s()
        due_s = bucket.take(now_s)
        if due_s > now_s:
            self._clock.sleep(due_s - now_s)
