"""Prints how long KubeSlice takes to find a dead gateway and to stop routing to it, over seeded simulator runs.

Run it by hand: ``python -m tests.benchmarks.down_detection [RUNS]``. Reference: the peer's sidecar declares DOWN after
20 rounds of about 3 s without an answer, and its operator takes the pod out of the routes at its next look, which comes
every 120 s. So detection lies in 57..63 s, withdrawal up to 120 s later, uniformly: a mean of 60 + 60 s.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from kubeslice_sim import manifest, planner
from kubeslice_sim.controlplane.effects import Effect, SetNextHops
from kubeslice_sim.controlplane.fleet import Fleet
from kubeslice_sim.model.scenario import Fault
from kubeslice_sim.model.timing import KUBESLICE
from kubeslice_sim.model.world import World
from kubeslice_sim.simulator.assembly import assemble
from kubeslice_sim.simulator.costs import Costs
from kubeslice_sim.simulator.dataplane import SimulatedDataPlane
from kubeslice_sim.simulator.driver import Driver
from kubeslice_sim.simulator.rows import Rows

RUNS = 200
SETTLED_S = 300.0
"""All is up long before; by then every loop is in its steady rhythm."""
VICTIM = Fault(kill="gateway", slice="red", cluster="worker-1", peer="worker-2", instance=0)
PEER, PEER_POD = "worker-2", "red-worker-2-worker-1-0-0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Seconds after the death of a server's gateway pod, as its client's cluster lives it."""

    down_s: float
    withdrawn_s: float


class Listening:
    """A data plane that remembers when the peer's route got shorter."""

    def __init__(self, plane: SimulatedDataPlane, clock: Callable[[], float]) -> None:
        self.routes: list[tuple[float, int]] = []
        self._plane = plane
        self._clock = clock

    def apply(self, effect: Effect) -> None:
        if isinstance(effect, SetNextHops) and effect.cluster == PEER:
            self.routes.append((self._clock(), len(effect.via)))
        self._plane.apply(effect)


def one_run(world: World, seed: int) -> Times:
    """Kill the gateway at a moment that the seed chooses, anywhere in one period of the operator's polling."""
    plan = planner.plan(world)
    types = {"red": plan.slice("red").gateway_type}
    parts = assemble(plan, KUBESLICE, seed, Rows(run_id="", backend="sim"), Costs(), types)
    plane = Listening(parts.data_plane, lambda: float(parts.env.now))
    fleet = Fleet(world, KUBESLICE, plane)
    parts.report_to(Driver(parts.env, fleet))
    struck_s = SETTLED_S + Random(seed).uniform(0.0, KUBESLICE.gateway_reconcile_s)
    parts.env.run(until=struck_s)
    parts.faults.strike(VICTIM)
    parts.env.run(until=struck_s + 200)
    down_s = next(item.at_s for item in fleet.transitions if item.pod == PEER_POD and not item.up)
    withdrawn_s = next(at_s for at_s, hops in plane.routes if at_s > struck_s and hops == 1)
    return Times(down_s=down_s - struck_s, withdrawn_s=withdrawn_s - struck_s)


def main() -> None:
    """Run, and print the distribution."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    folder = Path(__file__).parents[2] / "scenarios" / "03-gateway-failure"
    world = manifest.load(folder)
    began_s = time.perf_counter()
    found = [one_run(world, seed) for seed in range(runs)]
    print(f"{runs} runs in {time.perf_counter() - began_s:.0f} s")
    for name, values in (
        ("DOWN after", [item.down_s for item in found]),
        ("route withdrawn after", [item.withdrawn_s for item in found]),
        ("of which polling", [item.withdrawn_s - item.down_s for item in found]),
    ):
        cuts = statistics.quantiles(values, n=20, method="inclusive")
        print(
            f"{name:>22}: min {min(values):6.1f}  p5 {cuts[0]:6.1f}  median {statistics.median(values):6.1f}  "
            f"mean {statistics.fmean(values):6.1f}  p95 {cuts[-1]:6.1f}  max {max(values):6.1f} s"
        )


if __name__ == "__main__":
    main()
