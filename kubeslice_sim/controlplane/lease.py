"""Leader election by a Lease, as client-go's tools/leaderelection does it: who leads, and when another takes over.

Nobody compares clocks: a candidate counts from when it saw the lease change for the last time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil

from kubeslice_sim.model.timing import KUBESLICE, Timing


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseRecord:
    """What a Lease says. Times are RFC 3339 text with microseconds, for people to read; nobody counts by them."""

    holder: str
    duration_s: int
    acquired: str
    renewed: str
    transitions: int = 0


class Candidate:
    """One process that wants to lead. All seconds are of a clock of its own that only goes forward."""

    def __init__(self, identity: str, timing: Timing = KUBESLICE) -> None:
        self.identity = identity
        self.leads = False
        self._timing = timing
        self._seen: LeaseRecord | None = None
        self._seen_s = float("-inf")
        self._renewed_s = float("-inf")

    def wish(self, held: LeaseRecord | None, now_s: float, clock: str) -> LeaseRecord | None:
        """The record to write over the one that is held; None while somebody else's lease has not run out."""
        if held != self._seen:
            self._seen, self._seen_s = held, now_s
        duration_s = int(self._timing.lease_duration_s)
        if held is None:
            return LeaseRecord(holder=self.identity, duration_s=duration_s, acquired=clock, renewed=clock)
        if held.holder == self.identity:
            return replace(held, renewed=clock, duration_s=duration_s)
        if held.holder and now_s < self._seen_s + self._timing.lease_duration_s:
            return None
        return LeaseRecord(
            holder=self.identity, duration_s=duration_s, acquired=clock, renewed=clock,
            transitions=held.transitions + 1,
        )  # fmt: skip

    def written(self, record: LeaseRecord, now_s: float) -> None:
        """The wish was granted: we lead."""
        self._seen, self._seen_s, self._renewed_s = record, now_s, now_s
        self.leads = True

    def has_lost(self, now_s: float) -> bool:
        """Whether a leader must stop: another holds the lease, or it could not renew for the renew deadline."""
        if not self.leads:
            return False
        other = self._seen is not None and self._seen.holder != self.identity
        return other or now_s > self._renewed_s + self._timing.lease_renew_deadline_s

    def released(self) -> LeaseRecord | None:
        """What a leader that stops of its own accord leaves behind, so that the next need not wait."""
        return None if self._seen is None else replace(self._seen, holder="", duration_s=1)


def takeover_s(seen_s: float, timing: Timing) -> float:
    """When a candidate that looks every retry period leads, which saw a dead one's lease change last at ``seen_s``."""
    looks = ceil(timing.lease_duration_s / timing.lease_retry_s - 1e-9)
    return seen_s + looks * timing.lease_retry_s
