"""External gateways: which clusters of a slice get an Istio ingress or egress gateway, and where each one stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

from kubeslice_sim.model.slice_config import ExternalGatewayConfig, SliceConfig, Switch
from kubeslice_sim.planner import names
from kubeslice_sim.planner.addresses import AddressPool
from kubeslice_sim.planner.east_west import Direction, EastWestGateway, GatewayPort
from kubeslice_sim.planner.plan import ClusterPlan, MemberPlan, RoutePlan

GATEWAY_TYPE = "istio"
"""The only ``gatewayType`` that worker-operator acts upon."""
PROGRAM = "istio-proxy"
"""What a gateway's pod runs."""
HTTP_PORT = 8080
"""On which a gateway's pod takes HTTP."""
_COMMON = (
    GatewayPort(name="http2", port=80, target_port=HTTP_PORT),
    GatewayPort(name="https", port=443, target_port=8443),
    GatewayPort(name="tls", port=15443, target_port=15443),
)
PORTS: Mapping[Direction, tuple[GatewayPort, ...]] = {
    "egress": _COMMON,
    "ingress": (
        GatewayPort(name="status-port", port=15021, target_port=15021),
        *_COMMON,
        GatewayPort(name="tcp-istiod", port=15012, target_port=15012),
    ),
}
"""Of each gateway's Service (worker-operator files/manifests)."""
DIRECTIONS: tuple[Direction, ...] = ("egress", "ingress")
"""In the order in which the operator installs them (worker-operator controllers/slice/reconciler.go)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A gateway that a slice asks for on one of its clusters."""

    slice: str
    cluster: str
    direction: Direction
    slot: int

    @property
    def name(self) -> str:
        """Of the Deployment and its pod."""
        return gateway_name(self.slice, self.direction)

    @property
    def reference(self) -> str:
        """Under which it holds an address on the pod network."""
        return f"{names.SYSTEM_NAMESPACE}/{self.name}@{self.cluster}"


def gateway_name(slice_: str, direction: Direction) -> str:
    """The Deployment, Service and Gateway of one direction."""
    return names.egress_gateway(slice_) if direction == "egress" else names.ingress_gateway(slice_)


def external_gateway_of(config: SliceConfig, cluster: str) -> ExternalGatewayConfig:
    """The entry for a cluster: the first that names it, else the last ``*``, else nothing."""
    chosen = ExternalGatewayConfig()
    for entry in config.spec.external_gateway_config:
        if cluster in entry.clusters:
            return entry
        if "*" in entry.clusters:
            chosen = entry
    return chosen


def directions(gateway_type: str | None, egress: Switch | None, ingress: Switch | None) -> tuple[Direction, ...]:
    """What a cluster's entry installs: nothing unless its type is Istio."""
    switches = {"egress": egress, "ingress": ingress}
    asked = tuple(name for name in DIRECTIONS if (switch := switches[name]) is not None and switch.enabled)
    return asked if gateway_type == GATEWAY_TYPE else ()


def want_gateways(config: SliceConfig, members: Sequence[MemberPlan]) -> Iterator[Wanted]:
    """Cluster by cluster, egress first; a slice without an overlay gives them nothing to join."""
    for member in members:
        entry = external_gateway_of(config, member.cluster)
        if member.router is not None:
            for direction in directions(entry.gateway_type, entry.egress, entry.ingress):
                yield Wanted(slice=member.slice, cluster=member.cluster, direction=direction, slot=member.slot)


def east_west_place(slot: int, direction: Direction, nodes: int) -> int:
    """Which of its cluster's application nodes, counted from 0, a gateway runs on (gateway nodes if no others).

    Kubernetes may take any: the Deployments ask for no node.
    """
    return (slot + DIRECTIONS.index(direction)) % nodes


def place_gateways(
    wanted: Sequence[Wanted],
    clusters: Mapping[str, ClusterPlan],
    pools: Mapping[tuple[str, str], AddressPool[str]],
    networks: Mapping[str, AddressPool[str]],
) -> tuple[EastWestGateway, ...]:
    """The gateways with their nodes and addresses. Raises :exc:`AddressesExhausted`.

    They ask the router after the application pods that are there, and before slice gateways: the operator deploys them
    as soon as the router runs, while certificates are still being made.
    """
    return tuple(
        EastWestGateway(
            name=item.name,
            slice=item.slice,
            cluster=item.cluster,
            direction=item.direction,
            node=_node(item, clusters[item.cluster]),
            pod_ip=networks[item.cluster].allocate(item.reference),
            nsm_ip=pools[item.slice, item.cluster].allocate(item.name),
            ports=PORTS[item.direction],
        )
        for item in wanted
    )


def overlay_routes(
    subnet: IPv4Network, members: Iterable[MemberPlan], gateways: Iterable[EastWestGateway]
) -> Iterator[RoutePlan]:
    """What every client of a slice router gets: the slice subnet over the router (cmd-nse-vl3)."""
    routers = {member.cluster: member.router for member in members}
    for gateway in gateways:
        router = routers[gateway.cluster]
        if router is not None:
            yield RoutePlan(
                slice=gateway.slice,
                cluster=gateway.cluster,
                device=gateway.reference,
                destination=subnet,
                via=(router.address,),
                interface="nsm0",
            )


def _node(item: Wanted, cluster: ClusterPlan) -> str:
    nodes = [node.name for node in cluster.nodes if not node.gateway] or [node.name for node in cluster.gateway_nodes]
    return nodes[east_west_place(item.slot, item.direction, len(nodes))]
