"""Warnings: KubeSlice's quirks that bite this world, and our own advice. Each has an id of its own."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from ipaddress import IPv4Address
from itertools import chain

from kubeslice_sim.model.underlay import Underlay, defaults_told
from kubeslice_sim.planner import qos, slots
from kubeslice_sim.planner.plan import Plan, PlanWarning, SlicePlan
from kubeslice_sim.planner.services import Export
from kubeslice_sim.planner.warnings_east_west import external_gateway_warnings
from kubeslice_sim.planner.warnings_policies import policy_warnings

LONGEST_NAME = 15
"""For clusters and slices; beyond it label values of exports get too long (KubeSlice's documentation)."""
_IROUTE_HOSTS = 256


def warn(plan: Plan, exports: Sequence[Export]) -> tuple[PlanWarning, ...]:
    """Everything worth knowing before this world is deployed; ordered by kind, then as in the world."""
    per_slice = (_vpn_in_last_slot, _dynamic_ipam, _unmarked, _wireguard_tcp, _idle_cipher, _few_clusters,
                 _load_balancer, _hub_dials, external_gateway_warnings)  # fmt: skip
    return (
        *_no_underlay(plan),
        *_long_names(plan),
        *chain.from_iterable(rule(item, plan) for rule in per_slice for item in plan.slices),
        *_iroutes(plan),
        *_pending_exports(exports),
        *_aliases(plan),
        *_clashing_imports(plan),
        *_same_pod_names(plan),
        *_too_many_classes(plan),
        *_shared_node_ips(plan),
        *_shared_pod_networks(plan),
        *policy_warnings(plan),
    )


def _no_underlay(plan: Plan) -> Iterator[PlanWarning]:
    if not any(isinstance(item, Underlay) for item in plan.world.documents()):
        yield PlanWarning(
            id="world-without-underlay",
            subject=plan.world.name,
            message=f"the world has no Underlay, so {defaults_told()} are assumed",
        )


def _dynamic_ipam(item: SlicePlan, plan: Plan) -> Iterator[PlanWarning]:
    """The flaw of kubeslice-controller #284, which we do not share."""
    for member in item.members if item.ipam is not None and item.pairs else ():
        by_slot = f"{IPv4Address(int(member.cidr.network_address) & 0xFFFF0000 | max(member.slot, 0) << 8)}/24"
        if by_slot != str(member.cidr):
            yield PlanWarning(
                id="dynamic-ipam-gateway-subnet",
                subject=item.name,
                message=f"{member.cluster} has {member.cidr}, and its gateways say so; kubeslice-controller #284 would "
                f"tell its peers {by_slot}, by its slot, and they would send to nobody",
            )


def _long_names(plan: Plan) -> Iterator[PlanWarning]:
    slices = (config.metadata.name for config in plan.world.slices)
    for kind, item in (
        *(("cluster", name) for name in plan.world.cluster_names),
        *(("slice", name) for name in slices),
    ):
        if len(item) > LONGEST_NAME:
            yield PlanWarning(
                id="long-name",
                subject=item,
                message=f"the {kind} name has {len(item)} characters; over {LONGEST_NAME}, service export may fail",
            )


def _vpn_in_last_slot(item: SlicePlan, plan: Plan) -> Iterator[PlanWarning]:
    if item.subnet is None or not item.pairs:
        return
    network = slots.vpn_network(item.subnet)
    for member in item.members:
        if network.subnet_of(member.cidr):
            yield PlanWarning(
                id="vpn-network-in-last-slot",
                subject=item.name,
                message=f"all tunnels use {network}, which lies inside {member.cidr} of {member.cluster}: "
                "harmless until its router hands out an address of that range",
            )


def _unmarked(item: SlicePlan, plan: Plan) -> Iterator[PlanWarning]:
    if item.qos and item.qos.dscp_class in qos.UNMARKED and item.qos.dscp_class != "Default":
        yield PlanWarning(
            id="dscp-not-marked",
            subject=item.name,
            message=f"gateways do not know {item.qos.dscp_class} and mark nothing; AF11 or AF12 are marked",
        )


def _iroutes(plan: Plan) -> Iterator[PlanWarning]:
    pods = Counter((pod.slice, pod.cluster) for pod in plan.pods)
    for item in plan.slices:
        clients = {pair.client.cluster for pair in item.pairs}
        for member in item.members if item.gateway_type == "OpenVPN" else ():
            # Pods ask first and take the lowest addresses, so their number says how far they reach.
            if member.cluster not in clients or pods[item.name, member.cluster] < _IROUTE_HOSTS:
                continue
            yield PlanWarning(
                id="openvpn-iroute-24",
                subject=item.name,
                message=f"OpenVPN servers route only the first /24 of {member.cidr} to {member.cluster}: "
                "pods with higher addresses get no answers; WireGuard has no such limit",
            )


def _wireguard_tcp(item: SlicePlan, plan: Plan) -> Iterator[PlanWarning]:
    if item.gateway_type == "Wireguard" and any(pair.protocol == "TCP" for pair in item.pairs):
        yield PlanWarning(
            id="wireguard-tcp",
            subject=item.name,
            message="WireGuard speaks UDP only, yet sliceGatewayServiceType asks for TCP: no tunnel will come up",
        )


def _idle_cipher(item: SlicePlan, plan: Plan) -> Iterator[PlanWarning]:
    given = any(config.spec.vpn_config for config in plan.world.slices if config.metadata.name == item.name)
    if item.gateway_type == "Wireguard" and given:
        yield PlanWarning(
            id="wireguard-cipher", subject=item.name, message="vpnConfig.cipher means nothing to WireGuard"
        )


def _hub_dials(item: SlicePlan, plan: Plan) -> Iterator[PlanWarning]:
    for pair in item.pairs:
        server, hub = pair.server.cluster, pair.client.cluster
        if hub in item.hubs and server not in item.hubs:
            cost = (
                f"; as OpenVPN's server {server} knows only {hub}'s addresses, so no other spoke reaches it"
                if item.gateway_type == "OpenVPN" else ""
            )  # fmt: skip
            yield PlanWarning(
                id="hub-dials",
                subject=item.name,
                message=f"{server} serves its hub {hub}: a pair that exists keeps its roles{cost}. Make the slice anew "
                "to move a hub",
            )


def _few_clusters(item: SlicePlan, plan: Plan) -> Iterator[PlanWarning]:
    if not item.members:
        yield PlanWarning(id="empty-slice", subject=item.name, message="the slice has no clusters: nothing is made")


def _load_balancer(item: SlicePlan, plan: Plan) -> Iterator[PlanWarning]:
    for cluster in dict.fromkeys(pair.server.cluster for pair in item.pairs if pair.connectivity == "LoadBalancer"):
        yield PlanWarning(
            id="load-balancer-address",
            subject=item.name,
            message=f"the load balancer of {cluster} gets its address from the cloud; the plan shows node IPs",
        )


def _pending_exports(exports: Iterable[Export]) -> Iterator[PlanWarning]:
    for export in exports:
        if not export.ready:
            document = export.document
            yield PlanWarning(
                id="export-pending",
                subject=f"{document.metadata.namespace}/{document.metadata.name}@{export.cluster}",
                message=f"{document.metadata.namespace} is no application namespace of slice {document.spec.slice} on "
                f"{export.cluster}: the export stays PENDING and nobody can resolve it",
            )


def _aliases(plan: Plan) -> Iterator[PlanWarning]:
    for service in (service for item in plan.slices for service in item.services):
        for alias in service.aliases:
            if alias != alias.lower():
                yield PlanWarning(
                    id="alias-capitals",
                    subject=f"{service.namespace}/{service.name}",
                    message=f"alias {alias} never resolves: the DNS server lowers the question but not the record",
                )


def _clashing_imports(plan: Plan) -> Iterator[PlanWarning]:
    seen: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for item in plan.slices:
        for member in item.members:
            for service in item.services:
                seen[service.namespace, service.name, member.cluster].add(item.name)
    for (namespace, name, cluster), names in seen.items():
        if len(names) > 1:
            yield PlanWarning(
                id="service-in-two-slices",
                subject=f"{namespace}/{name}@{cluster}",
                message=f"slices {', '.join(sorted(names))} share one ServiceImport there: the last writer wins",
            )


def _same_pod_names(plan: Plan) -> Iterator[PlanWarning]:
    counts = Counter((pod.slice, pod.cluster, pod.name) for pod in plan.pods if pod.slice is not None)
    for (slice_, cluster, name), count in counts.items():
        if count > 1:
            yield PlanWarning(
                id="same-pod-name",
                subject=f"{name}@{cluster}",
                message=f"{count} namespaces of slice {slice_} have a pod {name}: the operator tells pods apart by "
                "name only and may publish the wrong address",
            )


def _too_many_classes(plan: Plan) -> Iterator[PlanWarning]:
    for item in plan.slices:
        if item.qos and item.qos.number > qos.MAX_SLICES:
            yield PlanWarning(
                id="qos-classes-exhausted",
                subject=item.name,
                message=f"netops shapes at most {qos.MAX_SLICES} slices a node; this one would be the "
                f"{item.qos.number}th where all slices meet",
            )


def _shared_node_ips(plan: Plan) -> Iterator[PlanWarning]:
    owners: dict[str, list[str]] = defaultdict(list)
    for cluster in plan.clusters:
        for ip in cluster.node_ips:
            owners[ip].append(cluster.name)
    for ip, names in owners.items():
        if len(names) > 1:
            yield PlanWarning(
                id="shared-node-ip",
                subject=ip,
                message=f"{', '.join(names)} share this node IP: clients cannot tell their gateways apart",
            )


def _shared_pod_networks(plan: Plan) -> Iterator[PlanWarning]:
    for item in plan.slices:
        for member in item.members:
            network = plan.cluster(member.cluster).pod_cidr
            if item.subnet is not None and network.overlaps(item.subnet):
                yield PlanWarning(
                    id="subnet-overlap",
                    subject=item.name,
                    message=f"slice subnet {item.subnet} overlaps the pod network {network} of {member.cluster}",
                )
