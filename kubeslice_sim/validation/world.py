"""The world of KubeSlice's targets: a few clusters, a sleeping client, an iperf3 server; and its parts, played."""

from __future__ import annotations

from dataclasses import dataclass

from kubeslice_sim import manifest, planner
from kubeslice_sim.controlplane.effects import Effect, SetNextHops
from kubeslice_sim.controlplane.fleet import Fleet
from kubeslice_sim.model.timing import Timing
from kubeslice_sim.model.world import World
from kubeslice_sim.observe.run import Run
from kubeslice_sim.simulator.assembly import Assembly, assemble
from kubeslice_sim.simulator.backend import Simulator, gateway_types
from kubeslice_sim.simulator.costs import Costs
from kubeslice_sim.simulator.driver import Driver
from kubeslice_sim.simulator.rows import Rows

_CLUSTER = """
apiVersion: controller.kubeslice.io/v1alpha1
kind: Cluster
metadata: {{name: {name}, namespace: kubeslice-demo}}
---"""
_ONE_TUNNEL = """
apiVersion: kubeslice-sim.io/v1alpha1
kind: SliceTopology
metadata: {name: red}
spec: {slice: red, gatewaysPerPair: 1}
---"""
_WORLD = """
apiVersion: controller.kubeslice.io/v1alpha1
kind: Project
metadata: {{name: demo, namespace: kubeslice-controller}}
---{clusters}
apiVersion: controller.kubeslice.io/v1alpha1
kind: SliceConfig
metadata: {{name: red, namespace: kubeslice-demo}}
spec:
  sliceSubnet: 10.1.0.0/16
  maxClusters: 4
  sliceType: Application
  sliceIpamType: Local
  sliceGatewayProvider: {{sliceGatewayType: {vpn}, sliceCaType: Local}}
  clusters: [{names}]{topology}
  qosProfileDetails: {{queueType: HTB, priority: 1, tcType: BANDWIDTH_CONTROL, bandwidthCeilingKbps: {ceiling_kbps},
    bandwidthGuaranteedKbps: {guaranteed_kbps}, dscpClass: AF11}}
  namespaceIsolationProfile:
    applicationNamespaces: [{{namespace: shop, clusters: ["*"]}}]
---
apiVersion: v1
kind: Pod
metadata:
  name: client
  namespace: shop
  annotations: {{kubeslice-sim.io/clusters: one, kubeslice-sim.io/emulate: sleep}}
spec: {{containers: [{{name: c, image: busybox}}]}}
---
apiVersion: v1
kind: Pod
metadata:
  name: server
  namespace: shop
  annotations: {{kubeslice-sim.io/clusters: {last}, kubeslice-sim.io/emulate: iperf3}}
spec: {{containers: [{{name: s, image: iperf, ports: [{{containerPort: 5201}}]}}]}}
---{shape}
apiVersion: kubeslice-sim.io/v1alpha1
kind: Underlay
metadata: {{name: wires}}
spec:
  kubesliceVersion: "{release}"
  links: [{links}]
---
apiVersion: kubeslice-sim.io/v1alpha1
kind: Scenario
metadata: {{name: iperf}}
spec:
  duration: {duration_s}s
  timing: fast
  traffic:
  - {{name: iperf, kind: tcp, from: shop/client@one, to: "shop/server@{last}:5201", duration: {duration_s}s,
      streams: {streams}, engine: {engine}}}
"""


def world(
    *, names: tuple[str, ...] = ("one", "two"), vpn: str = "Wireguard", ceiling_kbps: int = 30_000, rtt_ms: int = 60,
    bandwidth: str = "1Gbit", hub: str = "", one_tunnel: bool = False, streams: int = 1, duration_s: int = 20,
    engine: str = "fluid",
) -> World:  # fmt: skip
    """Clusters, the client in the first and the server in the last; ``hub``: hub-and-spoke; else a full mesh."""
    pairs = [(a, b) for place, a in enumerate(names) for b in names[place + 1 :]]
    text = _WORLD.format(
        clusters="".join(_CLUSTER.format(name=name) for name in names),
        names=", ".join(names), last=names[-1], vpn=vpn, ceiling_kbps=ceiling_kbps,
        guaranteed_kbps=min(ceiling_kbps, 1000), streams=streams, duration_s=duration_s, engine=engine,
        topology=f"\n  topology: {{mode: HubAndSpoke, hubs: [{hub}]}}" if hub else "",
        shape=_ONE_TUNNEL if one_tunnel else "",
        release="next" if hub else "1.9",
        links=", ".join(f"{{between: [{a}, {b}], rtt: {rtt_ms}ms, bandwidth: {bandwidth}}}" for a, b in pairs),
    )  # fmt: skip
    return manifest.load_text(text)


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


def rate_bps(run: Run, after_s: float) -> float:
    """The mean payload rate of its iperf after some seconds."""
    found = [row.value for row in run.observations if row.metric == "rate_bps" and row.at_s > after_s]
    return sum(found) / len(found)
