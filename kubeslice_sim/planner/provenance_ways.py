"""Where routes and network policies come from, and the addresses that pods have on the CNI."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from kubeslice_sim.planner.plan import NetworkPolicyPlan, PodPlan, RoutePlan
from kubeslice_sim.planner.pods import FIRST_POD_HOST
from kubeslice_sim.planner.policies import ALWAYS_ALLOWED
from kubeslice_sim.planner.question import Asked, Input, Provenance, Question


def way_questions(asked: Asked) -> Iterator[Question]:
    """The routes of routers and gateways, the isolation of namespaces, the pods' addresses on the CNI."""
    base = asked.slice.name
    owners = {member.cidr: member.cluster for member in asked.slice.members}
    routers = {member.router.name for member in asked.slice.members if member.router is not None}
    for route in asked.slice.routes:
        peer, end = owners.get(route.destination), asked.ends.get((route.cluster, route.device))
        if end is not None and route.interface == "nsm0":
            continue  # NSM's own route to the router
        if route.destination == asked.slice.subnet and (end is not None or route.device in routers):
            path = f"{base}/{route.cluster}/" + (
                f"gateways/{end.peer}/{end.instance}/route" if end is not None else "router/routes/slice"
            )
            yield Question(path=path, answer=partial(_spoke_route, asked, route))
        elif end is not None and peer is not None:
            path = f"{base}/{route.cluster}/gateways/{end.peer}/{end.instance}/route"
            yield Question(path=path, answer=partial(_gateway_route, asked, route, peer))
        elif peer is not None:
            path = f"{base}/{route.cluster}/router/routes/{peer}"
            yield Question(path=path, answer=partial(_router_route, asked, route, peer))
    for policy in asked.slice.policies:
        path = f"{base}/{policy.cluster}/isolation/{policy.namespace}"
        yield Question(path=path, answer=partial(_policy, asked, policy))
    for pod in asked.plan.pods:
        if pod.slice == base:
            path = f"{base}/{pod.cluster}/pods/{pod.namespace}/{pod.name}/pod-ip"
            yield Question(path=path, answer=partial(_pod_ip, asked, pod))


def _spoke_route(asked: Asked, route: RoutePlan, path: str) -> Provenance:
    """Of a spoke's router or gateway."""
    hubs = ", ".join(asked.slice.hubs)
    return Provenance(
        path=path,
        value=f"{route.destination} via {', '.join(map(str, route.via))} dev {route.interface}",
        inputs=(
            asked.field("spec.topology.mode", "HubAndSpoke"),
            asked.field("spec.topology.hubs", hubs),
            asked.field("spec.sliceSubnet", str(route.destination)),
        ),
        formula=f"{route.cluster} is a spoke: its gateways to {hubs} have routeEntireSliceSubnet, so the whole slice "
        "goes there and not the hub's CIDR alone; the hub relays it",
        source="worker-operator controllers/slicegateway remoteNsmSubnetForRoute (pull request 496)",
    )


def _router_route(asked: Asked, route: RoutePlan, peer: str, path: str) -> Provenance:
    ends = [asked.ends_by_address[address] for address in route.via]
    return Provenance(
        path=path,
        value=f"{route.destination} via {', '.join(map(str, route.via))} dev {route.interface}",
        inputs=(
            asked.known(f"{peer}/cidr", route.destination),
            *(asked.known(f"{end.cluster}/gateways/{end.peer}/{end.instance}/nsm-address", end.nsm_ip) for end in ends),
        ),
        formula=f"the CIDR of {peer} over all own gateways towards it whose tunnel is up: ECMP by 5-tuple, so a flow "
        "keeps to one tunnel",
        source="router-sidecar pkg/server/slicerouter_config.go",
    )


def _gateway_route(asked: Asked, route: RoutePlan, peer: str, path: str) -> Provenance:
    return Provenance(
        path=path,
        value=f"{route.destination} via {', '.join(map(str, route.via))} dev {route.interface}",
        inputs=(
            asked.known(f"{peer}/cidr", route.destination),
            asked.known(f"{peer}/gateways/{route.cluster}/vpn-address", route.via[0]),
        ),
        formula=f"the CIDR of {peer} over the other end of the tunnel",
        source="gateway-sidecar pkg/sidecar/sidecarpb/gw_sidecar.go",
    )


def _policy(asked: Asked, policy: NetworkPolicyPlan, path: str) -> Provenance:
    member = asked.slice.member(policy.cluster)
    return Provenance(
        path=path,
        value=", ".join(policy.allowed_namespaces),
        inputs=(
            asked.field("spec.namespaceIsolationProfile.isolationEnabled", "true"),
            asked.known(f"{policy.cluster}/namespaces", ", ".join(member.application_namespaces)),
            asked.field(
                "spec.namespaceIsolationProfile.allowedNamespaces", ", ".join(member.allowed_namespaces) or "none"
            ),
        ),
        formula="the slice's application namespaces on that cluster, its allowed namespaces and "
        f"{', '.join(ALWAYS_ALLOWED)}; in and out, on eth0 only",
        source="worker-operator pkg/networkpolicy/reconciler.go",
    )


def _pod_ip(asked: Asked, pod: PodPlan, path: str) -> Provenance:
    network = asked.plan.cluster(pod.cluster).pod_cidr
    return Provenance(
        path=path,
        value=str(pod.pod_ip),
        inputs=(Input(name=f"Underlay: clusters.{pod.cluster}.podCIDR", value=str(network)),),
        formula=f"the address that it had before, else the lowest free one from .{FIRST_POD_HOST} on, in world order",
        source="ours: in a cluster the CNI chooses",
    )
