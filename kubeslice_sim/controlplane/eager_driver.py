"""EagerDriver: gives a fleet and its data plane time, from one due moment to the next, as fast as the machine can."""

from __future__ import annotations

from collections.abc import Callable

from kubeslice_sim.controlplane.fleet import Fleet
from kubeslice_sim.controlplane.ideal_dataplane import IdealDataPlane


class EagerDriver:
    """Drives both from second 0. ``after_step`` is called when all that was due at a moment is done."""

    def __init__(self, fleet: Fleet, plane: IdealDataPlane, after_step: Callable[[], None] = lambda: None) -> None:
        self.fleet = fleet
        self.plane = plane
        self.now_s = 0.0
        self._after_step = after_step

    def run(self, until_s: float) -> None:
        """Do all that is due until then."""
        while True:
            due = [moment for moment in (self.fleet.due_s(), self.plane.due_s()) if moment is not None]
            if not due or min(due) > until_s:
                self.now_s = until_s
                return
            self.now_s = max(self.now_s, min(due))
            self.plane.now_s = self.now_s
            self.fleet.step(self.now_s)
            for fact in self.plane.facts(self.now_s):
                self.fleet.report(fact, self.now_s)
            self._after_step()
