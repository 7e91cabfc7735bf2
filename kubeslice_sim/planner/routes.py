"""Routes: the overlay's routing tables: in pods, slice routers and gateway pods."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network
from typing import Literal

from kubeslice_sim.planner.plan import (
    GatewayPairPlan,
    GatewayPlan,
    MemberPlan,
    PodPlan,
    RoutePlan,
    RouterPlan,
    TunnelEnd,
)


def vpn_interface(gateway_type: str) -> Literal["wg0", "tun0"]:
    """The tunnel interface inside a gateway pod."""
    return "wg0" if gateway_type == "Wireguard" else "tun0"


def plan_routes(
    subnet: IPv4Network, members: Sequence[MemberPlan], pairs: Iterable[GatewayPairPlan], pods: Iterable[PodPlan]
) -> tuple[RoutePlan, ...]:
    """Every route of a slice: routers first, then gateways pair by pair, then pods.

    - router: a remote cluster's CIDR over the NSM addresses of all local gateways towards it, ECMP by 5-tuple
      (router-sidecar pkg/server/slicerouter_config.go); a spoke's has the slice subnet over those to its hub instead;
    - gateway: the remote CIDR over the peer's VPN address (gateway-sidecar pkg/sidecar/sidecarpb), the slice subnet
      over the router (given by NSM); a spoke's has the slice subnet over the tunnel (the sidecar replaces NSM's route
      by halves of it, gateway-sidecar pull request 64) and only its own cluster's CIDR over the router;
    - pod: the slice subnet over the router (cmd-nse-vl3); its default route stays on the CNI.
    """
    pairs = tuple(pairs)
    routers = {member.cluster: member.router for member in members if member.router is not None}
    cidrs = {member.cluster: member.cidr for member in members}
    return (
        *_router_routes(subnet, routers, cidrs, pairs),
        *(route for pair in pairs for route in _gateway_routes(pair, subnet, routers, cidrs)),
        *_pod_routes(subnet, routers, pods),
    )


def tunnelled(gateway: GatewayPlan, subnet: IPv4Network, remote: IPv4Network) -> IPv4Network:
    """What a gateway sends through its tunnels: the remote cluster's CIDR, or all of the slice from a spoke.

    (worker-operator controllers/slicegateway remoteNsmSubnetForRoute, pull request 496)
    """
    return subnet if gateway.routes_entire_slice else remote


def _router_routes(
    subnet: IPv4Network,
    routers: Mapping[str, RouterPlan],
    cidrs: Mapping[str, IPv4Network],
    pairs: Iterable[GatewayPairPlan],
) -> Iterator[RoutePlan]:
    hops: dict[str, dict[IPv4Network, list[IPv4Address]]] = {cluster: defaultdict(list) for cluster in routers}
    for pair in pairs:
        for gateway in (pair.server, pair.client):
            destination = tunnelled(gateway, subnet, cidrs[gateway.peer])
            hops[gateway.cluster][destination] += [
                end.nsm_ip for tunnel in pair.tunnels for end in tunnel.ends if end.cluster == gateway.cluster
            ]
    for cluster, router in routers.items():
        for destination, via in hops[cluster].items():
            yield RoutePlan(
                slice=router.slice,
                cluster=cluster,
                device=router.name,
                destination=destination,
                via=tuple(via),
                interface="nsm0",
            )


def _gateway_routes(
    pair: GatewayPairPlan,
    subnet: IPv4Network,
    routers: Mapping[str, RouterPlan],
    cidrs: Mapping[str, IPv4Network],
) -> Iterator[RoutePlan]:
    interface = vpn_interface(pair.gateway_type)
    for tunnel in pair.tunnels:
        for gateway, end, other in (
            (pair.server, tunnel.server, tunnel.client),
            (pair.client, tunnel.client, tunnel.server),
        ):
            inward = cidrs[end.cluster] if gateway.routes_entire_slice else subnet
            yield _gateway_route(end, tunnelled(gateway, subnet, cidrs[end.peer]), other.vpn_ip, interface)
            yield _gateway_route(end, inward, routers[end.cluster].address, "nsm0")


def _gateway_route(
    end: TunnelEnd, destination: IPv4Network, via: IPv4Address, interface: Literal["nsm0", "wg0", "tun0"]
) -> RoutePlan:
    return RoutePlan(
        slice=end.slice,
        cluster=end.cluster,
        device=end.deployment,
        destination=destination,
        via=(via,),
        interface=interface,
    )


def _pod_routes(subnet: IPv4Network, routers: Mapping[str, RouterPlan], pods: Iterable[PodPlan]) -> Iterator[RoutePlan]:
    for pod in pods:
        router = routers[pod.cluster]
        yield RoutePlan(
            slice=router.slice,
            cluster=pod.cluster,
            device=pod.reference,
            destination=subnet,
            via=(router.address,),
            interface="nsm0",
        )
