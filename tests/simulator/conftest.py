"""A simulated world laid out straight from a plan: every device there, no control plane to change it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from kubeslice_sim import manifest, planner
from kubeslice_sim.controlplane.effects import (
    ConnectPod,
    ServeNames,
    SetNetworkPolicy,
    SetNextHops,
    SetQos,
    StartAppPod,
    StartGateway,
    StartRouter,
)
from kubeslice_sim.controlplane.facts import Fact
from kubeslice_sim.model.timing import FAST
from kubeslice_sim.model.world import World
from kubeslice_sim.observe.observation import Observation
from kubeslice_sim.observe.probe import Probe
from kubeslice_sim.planner.plan import GatewayPairPlan, Plan, SlicePlan, TunnelEnd, TunnelPlan
from kubeslice_sim.simulator.assembly import Assembly, assemble
from kubeslice_sim.simulator.costs import Costs
from kubeslice_sim.simulator.play import play_probe
from kubeslice_sim.simulator.rows import Rows
from tests.project import project
from tests.simulator.played import SCENARIOS

WORLD = """
apiVersion: controller.kubeslice.io/v1alpha1
kind: SliceConfig
metadata: {{name: red, namespace: kubeslice-demo}}
spec:
  sliceSubnet: 10.1.0.0/16
  maxClusters: 4
  sliceType: Application
  sliceIpamType: Local
  sliceGatewayProvider: {{sliceGatewayType: {vpn}, sliceCaType: Local}}
  clusters: [east, west]
  qosProfileDetails: {{queueType: HTB, priority: 1, tcType: BANDWIDTH_CONTROL,
    bandwidthCeilingKbps: {ceiling}, bandwidthGuaranteedKbps: 1000, dscpClass: AF11}}
  namespaceIsolationProfile:
    isolationEnabled: true
    applicationNamespaces: [{{namespace: app, clusters: ["*"]}}]
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: client
  namespace: app
  annotations: {{kubeslice-sim.io/clusters: east, kubeslice-sim.io/emulate: sleep}}
spec:
  replicas: 2
  selector: {{matchLabels: {{app: client}}}}
  template: {{metadata: {{labels: {{app: client}}}}, spec: {{containers: [{{name: c, image: busybox}}]}}}}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: server
  namespace: app
  annotations: {{kubeslice-sim.io/clusters: west, kubeslice-sim.io/emulate: iperf3}}
spec:
  replicas: 2
  selector: {{matchLabels: {{app: server}}}}
  template:
    metadata: {{labels: {{app: server}}}}
    spec: {{containers: [{{name: s, image: iperf, ports: [{{containerPort: 5201}}]}}]}}
---
apiVersion: networking.kubeslice.io/v1beta1
kind: ServiceExport
metadata: {{name: server, namespace: app, annotations: {{kubeslice-sim.io/clusters: west}}}}
spec:
  slice: red
  selector: {{matchLabels: {{app: server}}}}
  ports: [{{name: tcp, containerPort: 5201, protocol: TCP}}]
---
apiVersion: v1
kind: Pod
metadata:
  name: stranger
  namespace: other
  annotations: {{kubeslice-sim.io/clusters: east, kubeslice-sim.io/emulate: iperf3}}
spec: {{containers: [{{name: s, image: busybox}}]}}
---
apiVersion: kubeslice-sim.io/v1alpha1
kind: Underlay
metadata: {{name: wan}}
spec:
  clusters:
    east: {{podCIDR: 192.168.0.0/16, gatewayNodes: {nodes}}}
    west: {{podCIDR: 192.168.0.0/16, gatewayNodes: {nodes}}}
  links: [{{between: [east, west], rtt: {rtt}, jitter: {jitter}, loss: {loss}, bandwidth: {bandwidth}}}]
"""


@dataclass
class Facts:
    """A sink that only remembers."""

    seen: list[Fact] = field(default_factory=list)

    def report(self, fact: Fact) -> None:
        self.seen.append(fact)

    def of(self, kind: type) -> list[Fact]:
        return [fact for fact in self.seen if isinstance(fact, kind)]


@dataclass
class Laid:
    plan: Plan
    parts: Assembly
    facts: Facts
    rows: Rows

    def play(self, *probes: Probe, until_s: float) -> list[Observation]:
        """Start the probes at second 0 of the scenario, run, and give all rows so far."""
        for probe in probes:
            self.parts.env.process(play_probe(self.parts.scene, probe))
        self.parts.env.run(until=self.rows.zero_s + until_s + 1e-6)
        return self.rows.made

    def gateway(self, cluster: str, instance: int) -> str:
        """The gateway pod of that instance on a cluster."""
        ends = (end for tunnel in self.plan.slices[0].tunnels for end in tunnel.ends)
        return next(end.deployment for end in ends if (end.cluster, end.instance) == (cluster, instance))


@pytest.fixture(scope="module")
def three() -> World:
    return manifest.load(SCENARIOS / "03-gateway-failure")


LayOut = Callable[..., Laid]


@pytest.fixture
def lay_out() -> LayOut:
    def lay(
        *, seed: int = 1, settle_s: float = 5.0, vpn: str = "Wireguard", ceiling: int = 30000, nodes: int = 1,
        rtt: str = "60ms", jitter: str = "0ms", loss: str = "0%", bandwidth: str = "1Gbit",
        packets: bool = False, by_packet: bool = False, costs: Costs | None = None,
    ) -> Laid:  # fmt: skip
        text = project("east", "west") + WORLD.format(
            vpn=vpn, ceiling=ceiling, nodes=nodes, rtt=rtt, jitter=jitter, loss=loss, bandwidth=bandwidth
        )
        plan = planner.plan(manifest.load_text(text))
        rows, facts = Rows(run_id="test", backend="sim"), Facts()
        parts = assemble(plan, FAST, seed, rows, costs or Costs(), {"red": vpn},  # type: ignore[dict-item]
                         packets=packets, by_packet=by_packet)  # fmt: skip
        parts.report_to(facts)
        for slice_ in plan.slices:
            _lay_slice(plan, slice_, parts)
        parts.env.run(until=settle_s)
        rows.zero_s = parts.env.now
        return Laid(plan=plan, parts=parts, facts=facts, rows=rows)

    return lay


def _lay_slice(plan: Plan, slice_: SlicePlan, parts: Assembly) -> None:
    apply = parts.data_plane.apply
    assert slice_.subnet is not None
    for member in slice_.members:
        assert member.router is not None
        apply(StartRouter(cluster=member.cluster, slice=slice_.name, pod=member.router.name, node=member.router.node,
                          address=member.router.address, cidr=member.cidr, slice_subnet=slice_.subnet))  # fmt: skip
        ports = [t.node_port for t in slice_.tunnels if member.cluster in (t.server.cluster, t.client.cluster)]
        apply(SetQos(cluster=member.cluster, slice=slice_.name, qos=slice_.qos, source_ports=tuple(ports),
                     destination_ports=tuple(ports)))  # fmt: skip
    for pod in plan.pods:
        apply(StartAppPod(cluster=pod.cluster, namespace=pod.namespace, pod=pod.name, node=pod.node,
                          pod_ip=pod.pod_ip, emulate=pod.emulate, command=pod.command))  # fmt: skip
        if pod.slice and pod.nsm_ip:
            router = slice_.member(pod.cluster).router
            assert router is not None
            apply(ConnectPod(cluster=pod.cluster, slice=pod.slice, namespace=pod.namespace, pod=pod.name,
                             nsm_ip=pod.nsm_ip, router_address=router.address, slice_subnet=slice_.subnet))  # fmt: skip
    for pair in slice_.pairs:
        for tunnel in pair.tunnels:
            for end, other in (tunnel.ends, tunnel.ends[::-1]):
                apply(_start(slice_, pair, tunnel, end, other))
    for route in slice_.routes:
        if route.via and route.device.startswith("vl3"):
            apply(SetNextHops(cluster=route.cluster, slice=slice_.name, destination=route.destination, via=route.via))
    for policy in slice_.policies:
        apply(SetNetworkPolicy(cluster=policy.cluster, namespace=policy.namespace, name=policy.name,
                               allowed_namespaces=policy.allowed_namespaces))  # fmt: skip
    for cluster in plan.clusters:
        apply(ServeNames(cluster=cluster.name, records=cluster.dns))


def _start(
    slice_: SlicePlan, pair: GatewayPairPlan, tunnel: TunnelPlan, end: TunnelEnd, other: TunnelEnd
) -> StartGateway:
    router = slice_.member(end.cluster).router
    assert router is not None and slice_.subnet is not None
    return StartGateway(
        cluster=end.cluster, slice=slice_.name, pod=end.deployment, gateway=end.gateway, remote_gateway=other.gateway,
        remote_cluster=other.cluster, instance=end.instance, rotation=1, host_type=end.host_type,
        protocol=pair.protocol, node=end.node, node_port=tunnel.node_port, remote_node_ips=pair.server.node_ips,
        nsm_ip=end.nsm_ip, router_address=router.address, vpn_ip=end.vpn_ip, remote_vpn_ip=other.vpn_ip,
        slice_subnet=slice_.subnet, remote_cidr=slice_.member(other.cluster).cidr,
        tunnel_rate_bps=slice_.qos.ceiling_bps if slice_.qos else None,
    )  # fmt: skip
