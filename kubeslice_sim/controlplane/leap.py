"""Leap: a fleet that only repeats itself is taken forward over whole periods, and what it would have done is counted.

A fleet at rest polls: every loop looks again after its period, finds nothing, and reports its health every two minutes.
Reconcilers are pure, so a period that changed nothing but health reports is followed by its like, until something
is due that is not a poll: certificates that expire, a finished job that has stood its day. Those deadlines stay where
they are; the polls keep their phase.
"""

from __future__ import annotations

from collections import Counter

from kubeslice_sim.controlplane.fleet import Fleet

HEALTH = frozenset({"cluster-report", "slice-health"})
"""Controllers that write in every period: that they are well, and when they said so."""
Requests = Counter[tuple[str, str, str, str]]


class Leaper:
    """Watches a fleet for ``period_s`` and leaps when nothing happened in it.

    ``requests`` and ``reconciles`` are those of the periods that were leapt over, to be added to what the fleet counts.
    The data plane must be at rest too: whoever drives both sees to that.
    """

    def __init__(self, fleet: Fleet) -> None:
        # Two rounds of the longest poll, so that each loop is seen to come back to nothing.
        self.period_s = 2 * max(fleet.timing.gateway_reconcile_s, fleet.timing.health_report_s)
        self.requests: Requests = Counter()
        self.reconciles = 0
        self.leapt_s = 0.0
        self._fleet = fleet
        self._before = self._look()

    def begin(self) -> None:
        """A period begins now."""
        self._before = self._look()

    def leap(self, now_s: float, until_s: float) -> float:
        """After a period: go as far as nothing can happen, ``until_s`` at most; the new now (the same: not calm)."""
        requests, writes, reconciles, effects = self._look()
        old_requests, old_writes, old_reconciles, old_effects = self._before
        wrote = {name for name, count in writes.items() if count != old_writes[name]}
        if effects != old_effects or not wrote <= HEALTH or not self._fleet.at_rest():
            return now_s
        deadline_s = min(self._fleet.deadline_s(now_s + self.period_s), until_s)
        periods = int((deadline_s - now_s) // self.period_s) - 1  # the last one is lived through: health is fresh then
        if periods < 1:
            return now_s
        by_s = periods * self.period_s
        self._fleet.leap(by_s, now_s, self.period_s)
        for sort, count in (requests - old_requests).items():
            self.requests[sort] += periods * count
        self.reconciles += periods * (reconciles - old_reconciles)
        self.leapt_s += by_s
        return now_s + by_s

    def _look(self) -> tuple[Requests, Counter[str], int, int]:
        fleet = self._fleet
        writes: Counter[str] = Counter()
        reconciles = 0
        for site in (fleet.hub, *fleet.workers.values()):
            for controller in site.controllers:
                writes[controller.spec.name] += controller.writes
                reconciles += controller.reconciles
        return fleet.load.totals(), writes, reconciles, fleet.effects
