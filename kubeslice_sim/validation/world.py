"""The world of KubeSlice's targets: a few clusters, a sleeping client, an iperf3 server; and its parts, played."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

from kubeslice_sim import build, planner
from kubeslice_sim.controlplane.effects import Effect, SetNextHops
from kubeslice_sim.controlplane.fleet import Fleet
from kubeslice_sim.model.slice_config import GatewayType
from kubeslice_sim.model.timing import Timing
from kubeslice_sim.model.world import World
from kubeslice_sim.observe.run import Run
from kubeslice_sim.simulator.assembly import Assembly, assemble
from kubeslice_sim.simulator.backend import Simulator, gateway_types
from kubeslice_sim.simulator.costs import Costs
from kubeslice_sim.simulator.driver import Driver
from kubeslice_sim.simulator.rows import Rows
from kubeslice_sim.simulator.tcp import Congestion


def world(
    *, names: tuple[str, ...] = ("one", "two"), vpn: GatewayType = "Wireguard", ceiling_kbps: int = 30_000,
    rtt_ms: int = 60, bandwidth: str = "1Gbit", hub: str = "", one_tunnel: bool = False, streams: int = 1,
    duration_s: int = 20, engine: str = "fluid", loss: str = "0%", jitter_ms: int = 0, pinged: bool = False,
    udp_kbps: int = 0, beside_kbps: int = 0, against_kbps: int = 0, congestion: Congestion = "cubic",
) -> World:  # fmt: skip
    """Clusters, the client in the first and the server in the last; ``hub``: hub-and-spoke; else a full mesh.

    ``pinged``: a ping beside the transfer, ten a second. ``udp_kbps``: datagrams at this rate instead of TCP.
    ``beside_kbps`` and ``against_kbps``: datagrams at these rates beside it, the same way and back.
    """
    made = build.world("world").project("demo").underlay("wires", version="next" if hub else "1.9")
    for name in names:
        made = made.cluster(name)
    for a, b in combinations(names, 2):
        made = made.link(a, b, rtt=f"{rtt_ms}ms", bandwidth=bandwidth, loss=loss, jitter=f"{jitter_ms}ms")
    made = made.slice(
        "red", "10.1.0.0/16", max_clusters=4, gateway=vpn, ceiling=f"{ceiling_kbps}kbit",
        guaranteed=f"{min(ceiling_kbps, 1000)}kbit", dscp="AF11", namespaces=["shop"], hubs=[hub] if hub else (),
    )  # fmt: skip
    if one_tunnel:
        made = made.topology("red", gateways_per_pair=1)
    made = (
        made.pod("shop/client", on=names[0], emulate="sleep", container="c")
        .pod("shop/server", on=names[-1], emulate="iperf3", image="iperf", ports=[5201], container="s")
        .scenario("iperf", f"{duration_s}s", timing="fast")
    )
    client, server = f"shop/client@{names[0]}", f"shop/server@{names[-1]}"
    more: dict[str, object] = {"engine": engine}
    if udp_kbps:
        made = made.udp("iperf", client, f"{server}:5201", rate=f"{udp_kbps}kbit", duration=f"{duration_s}s", more=more)
    else:
        made = made.tcp("iperf", client, f"{server}:5201", duration=f"{duration_s}s", streams=streams,
                        congestion=congestion, more=more)  # fmt: skip
    datagrams = (("beside", client, server, beside_kbps), ("against", server, client, against_kbps))
    for name, source, target, kbps in datagrams:
        if kbps:
            made = made.udp(name, source, f"{target}:5201", rate=f"{kbps}kbit", duration=f"{duration_s}s", more=more)
    if pinged:
        made = made.ping("ping", client, server, interval="100ms")
    return made.build()


@dataclass(slots=True, kw_only=True)
class Live:
    """A world that runs with its control plane; ``routes`` are the moments at which a cluster's routes were set."""

    parts: Assembly
    fleet: Fleet
    routes: list[tuple[float, str, int]]

    def run(self, until_s: float) -> None:
        """Let time pass."""
        self.parts.env.run(until=until_s)


class _Listening:
    """A data plane that remembers how many next hops were set when."""

    def __init__(self, parts: Assembly) -> None:
        self.routes: list[tuple[float, str, int]] = []
        self._parts = parts

    def apply(self, effect: Effect) -> None:
        if isinstance(effect, SetNextHops):
            self.routes.append((float(self._parts.env.now), effect.cluster, len(effect.via)))
        self._parts.data_plane.apply(effect)


def bring_up(what: World, timing: Timing, seed: int = 1) -> Live:
    """A world at second zero, all its slices still to come up."""
    plan = planner.plan(what)
    types = gateway_types(what, what.scenario())
    parts = assemble(plan, timing, seed, Rows(run_id="", backend="sim"), Costs(), types)
    plane = _Listening(parts)
    fleet = Fleet(what, timing, plane)
    parts.report_to(Driver(parts.env, fleet))
    return Live(parts=parts, fleet=fleet, routes=plane.routes)


def play(what: World, seed: int = 1) -> Run:
    """Its scenario on the simulator."""
    return Simulator().run(what, what.scenario(), seed=seed, run_id="validation", on_progress=lambda progress: None)


def rate_bps(run: Run, after_s: float, probe: str = "iperf") -> float:
    """The mean payload rate of its iperf, or of another of its traffics, after some seconds."""
    found = [
        row.value for row in run.observations if row.metric == "rate_bps" and row.probe == probe and row.at_s > after_s
    ]
    return sum(found) / len(found)


def round_trip_s(run: Run, after_s: float) -> float:
    """The mean round trip of the ping beside it after some seconds."""
    found = [row.value for row in run.observations if row.metric == "rtt_s" and row.at_s > after_s]
    return sum(found) / len(found)


def total(run: Run, metric: str) -> float:
    """What its iperf counted over the whole run."""
    return sum(row.value for row in run.observations if row.probe == "iperf" and row.metric == metric)
