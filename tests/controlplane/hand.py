"""Driving a fleet by hand, and what tests ask of it on the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from kubeslice_sim.controlplane.eager_driver import EagerDriver
from kubeslice_sim.controlplane.fleet import Fleet
from kubeslice_sim.model.timing import KUBESLICE, Timing
from kubeslice_sim.model.world import World
from tests.controlplane.loopback import Loopback


class Hand(EagerDriver):
    """A fleet and its loopback data plane under one simulated clock."""

    plane: Loopback

    def __init__(
        self, world: World, timing: Timing = KUBESLICE, delays: Callable[[float], float] = lambda delay_s: delay_s
    ) -> None:
        plane = Loopback(timing, delays)
        super().__init__(Fleet(world, timing, plane), plane)

    def run_for(self, duration_s: float) -> None:
        self.run(self.now_s + duration_s)

    def writes(self) -> Counter[tuple[str, str]]:
        """How many writes each controller of each cluster has made."""
        return Counter({
            (site.name, controller.spec.name): controller.writes
            for site in (self.fleet.hub, *self.fleet.workers.values()) for controller in site.controllers
        })  # fmt: skip

    def reconciles(self) -> Counter[tuple[str, str]]:
        """How often each controller of each cluster has looked."""
        return Counter({
            (site.name, controller.spec.name): controller.reconciles
            for site in (self.fleet.hub, *self.fleet.workers.values()) for controller in site.controllers
        })  # fmt: skip

    def until_up(self, within_s: float) -> float:
        """Run until everything is up; the moment, looked at ten times per wait for pods. Fails if it is not by then."""
        until_s = self.now_s + within_s
        while not self.fleet.readiness().up and self.now_s < until_s:
            self.run_for(self.fleet.timing.wait_for_pods_s / 10)
        waiting = self.fleet.readiness().waiting
        assert not waiting, "\n".join(f"{item.kind} {item.name}: {item.reason}" for item in waiting)
        return self.now_s
