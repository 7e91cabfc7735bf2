"""TokenBucket: so many requests a second, and a few more at once, as Go's golang.org/x/time/rate grants them."""

from __future__ import annotations

from kubeslice_sim.controlplane.tick import whole


class TokenBucket:
    """``rate_hz`` tokens a second, at most ``burst`` saved up; full at the beginning.

    Whoever takes a token that is not there yet is told when it will be, and those behind wait longer (client-go
    util/flowcontrol Wait and util/workqueue BucketRateLimiter).
    """

    def __init__(self, rate_hz: float, burst: int) -> None:
        self._interval_s = whole(1.0 / rate_hz)
        self._saved_s = whole(burst * self._interval_s)
        self._free_s = float("-inf")
        """The moment at which the token that was taken last came to be, if none had been saved before."""

    def take(self, now_s: float) -> float:
        """Take one token; the moment from which it counts, now or later."""
        self._free_s = whole(max(self._free_s, now_s - self._saved_s) + self._interval_s)
        return max(now_s, self._free_s)
