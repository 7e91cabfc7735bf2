"""Prints what it costs to bring slices up in the control plane alone: time, events and reconciles a second, memory.

Run it by hand: ``python -m tests.benchmarks.controlplane [SLICESxCLUSTERS ...]`` (``--profile`` shows where the time
goes). It asserts nothing: figures are a machine's, and on one that others use only the CPU's seconds mean anything,
and they too only roughly.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import resource
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

from kubeslice_sim.controlplane.lookout import Lookout
from kubeslice_sim.model.cluster import Cluster
from kubeslice_sim.model.document import ObjectMeta
from kubeslice_sim.model.project import Project
from kubeslice_sim.model.slice_config import QosProfile, SliceConfig, SliceConfigSpec, SliceGatewayProvider
from kubeslice_sim.model.timing import KUBESLICE
from kubeslice_sim.model.world import World
from kubeslice_sim.planner.uncollected import seldom_collected
from tests.controlplane.hand import Hand

SIZES = ("1x32", "10x8", "33x8", "100x8")
LOOK_EVERY_S = 5.0
"""How often the fleet is asked whether all is up, in simulated seconds, in the way that ``ksim run`` asks it."""
SECOND_OCTETS = (*range(1, 96), *range(112, 256))
"""Of the slices' subnets; between them lie the addresses of Services."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one bring-up took."""

    slices: int
    clusters: int
    wall_s: float
    cpu_s: float
    up_s: float
    events: int
    reconciles: int
    writes: int
    tunnels: int
    peak_bytes: int

    @property
    def tunnel_s(self) -> float:
        """CPU seconds a tunnel."""
        return self.cpu_s / self.tunnels

    def __str__(self) -> str:
        return (
            f"{self.slices:>4}x{self.clusters:<2} up after {self.up_s:4.0f} sim s in {self.cpu_s:6.2f} CPU s "
            f"({self.wall_s:.0f} s): {self.tunnels:5d} tunnels, {self.events / self.cpu_s:6.0f} events/s, "
            f"{self.reconciles:7d} reconciles ({self.reconciles / self.cpu_s:5.0f}/s), "
            f"{self.writes:7d} writes ({self.writes / self.cpu_s:4.0f}/s), peak {self.peak_bytes / 1e6:.0f} MB"
        )


def build_world(slices: int, clusters: int) -> World:
    """That many full-mesh slices over the same clusters."""
    names = tuple(f"c{index}" for index in range(clusters))
    return World(
        projects=(Project(metadata=ObjectMeta(name="demo", namespace="kubeslice-controller")),),
        clusters=tuple(Cluster(metadata=ObjectMeta(name=name, namespace="kubeslice-demo")) for name in names),
        slices=tuple(_slice(index, names) for index in range(slices)),
    )


@seldom_collected
def bring_up(slices: int, clusters: int) -> Cost:
    """From nothing to all tunnels up, with KubeSlice's own timing; a tunnel that is up is pinged no more."""
    began_s, began_cpu_s = time.perf_counter(), time.process_time()
    hand = Hand(build_world(slices, clusters), KUBESLICE)
    hand.plane.steady = True
    lookout = Lookout(hand.fleet.hub, hand.fleet.workers, hand.fleet.ledger)
    while lookout.waits:
        if hand.now_s > 3600:
            sys.exit("\n".join(map(str, hand.fleet.readiness().waiting[:10])))
        hand.run_for(LOOK_EVERY_S)
        lookout.look()
    assert hand.fleet.readiness().up
    return Cost(
        slices=slices, clusters=clusters, wall_s=time.perf_counter() - began_s,
        cpu_s=time.process_time() - began_cpu_s, up_s=hand.now_s, events=hand.fleet.tasks,
        reconciles=hand.reconciles().total(), writes=hand.writes().total(), tunnels=len(hand.plane.gateways) // 2,
        peak_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    )  # fmt: skip


def _slice(index: int, clusters: tuple[str, ...]) -> SliceConfig:
    return SliceConfig(
        metadata=ObjectMeta(name=f"s{index}", namespace="kubeslice-demo"),
        spec=SliceConfigSpec(
            slice_subnet=f"10.{SECOND_OCTETS[index]}.0.0/16",
            max_clusters=max(4, len(clusters)),
            clusters=clusters,
            slice_gateway_provider=SliceGatewayProvider(slice_gateway_type="Wireguard", slice_ca_type="Local"),
            qos_profile_details=QosProfile(
                queue_type="HTB", tc_type="BANDWIDTH_CONTROL", priority=1, bandwidth_ceiling_kbps=30000,
                bandwidth_guaranteed_kbps=10000, dscp_class="AF11",
            ),
        ),
    )  # fmt: skip


def main() -> None:
    """Each size in a process of its own, so that its peak is its own; profiled ones run here."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("sizes", nargs="*", default=SIZES, metavar="SLICESxCLUSTERS")
    arguments.add_argument("--profile", action="store_true")
    chosen = arguments.parse_args()
    sizes = [(int(slices), int(clusters)) for slices, _, clusters in (size.partition("x") for size in chosen.sizes)]
    if chosen.profile:
        for slices, clusters in sizes:
            with cProfile.Profile() as profile:
                print(bring_up(slices, clusters))
            pstats.Stats(profile).sort_stats("tottime").print_stats(35)
        return
    first: dict[int, Cost] = {}
    for slices, clusters in sizes:
        with ProcessPoolExecutor(1, get_context("spawn")) as fresh:
            cost = fresh.submit(bring_up, slices, clusters).result()
        before = first.setdefault(clusters, cost)
        growth = f", {cost.tunnel_s / before.tunnel_s:.2f} times a tunnel of {before.slices}" if before != cost else ""
        print(f"{cost}{growth}", flush=True)


if __name__ == "__main__":
    main()
