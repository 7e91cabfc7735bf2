"""Members: each cluster's part of a slice: its slot, its CIDR, its router, its namespaces."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Network

from kubeslice_sim.model.slice_config import NamespaceSelection, SliceConfig
from kubeslice_sim.planner import names, slots
from kubeslice_sim.planner.addresses import router_address
from kubeslice_sim.planner.history import SliceHistory
from kubeslice_sim.planner.network_policy import NO_ADDRESSES
from kubeslice_sim.planner.plan import ClusterPlan, MemberPlan, RouterPlan


def has_network(config: SliceConfig) -> bool:
    """Whether the slice has an overlay at all."""
    return config.spec.overlay_network_deployment_mode != "no-network"


def injects_pods(config: SliceConfig) -> bool:
    """Whether pods of its namespaces join the overlay (worker-operator pkg/webhook/pod: single-network only)."""
    return config.spec.overlay_network_deployment_mode == "single-network"


def member_clusters(config: SliceConfig) -> tuple[str, ...]:
    """The slice's clusters in the order in which they are listed, each once."""
    return tuple(dict.fromkeys(config.spec.clusters))


def slice_subnet(config: SliceConfig) -> IPv4Network | None:
    """The slice's /16; None for a slice without a network."""
    return IPv4Network(config.spec.slice_subnet) if has_network(config) else None


def namespaces_on(selections: Iterable[NamespaceSelection], cluster: str) -> tuple[str, ...]:
    """The namespaces that a list gives to one cluster, by name or by ``*``, in the list's order.

    As kubeslice-controller service/worker_slice_config_service.go does when it fills a WorkerSliceConfig.
    """
    return tuple(item.namespace for item in selections if "*" in item.clusters or cluster in item.clusters)


def join_clusters(
    config: SliceConfig,
    clusters: Mapping[str, ClusterPlan],
    history: SliceHistory,
    blocks: Mapping[str, IPv4Network] | None = None,
) -> tuple[MemberPlan, ...]:
    """Every member of the slice, in the order in which the SliceConfig lists them.

    ``blocks``: the CIDRs that dynamic IPAM gave them; None: those of their slots.
    """
    listed = member_clusters(config)
    if not has_network(config):
        return tuple(_member(config, cluster, -1, NO_ADDRESSES, None) for cluster in listed)
    assigned = slots.assign_slots(listed, history.slots)
    subnet = IPv4Network(config.spec.slice_subnet)
    members = []
    for cluster in listed:
        slot = assigned[cluster]
        cidr = blocks[cluster] if blocks else slots.cluster_cidr(subnet, config.spec.max_clusters, slot)
        router = _router(config, clusters[cluster], slots.slot_of(subnet, cidr), cidr)
        members.append(_member(config, cluster, slot, cidr, router))
    return tuple(members)


def _member(config: SliceConfig, cluster: str, slot: int, cidr: IPv4Network, router: RouterPlan | None) -> MemberPlan:
    profile = config.spec.namespace_isolation_profile
    return MemberPlan(
        slice=config.metadata.name,
        cluster=cluster,
        slot=slot,
        cidr=cidr,
        router=router,
        application_namespaces=namespaces_on(profile.application_namespaces, cluster),
        allowed_namespaces=namespaces_on(profile.allowed_namespaces, cluster),
    )


def router_place(block: int, nodes: int) -> int:
    """Which of its cluster's gateway nodes, counted from 0, the slice router runs on.

    ``block``: the place of the cluster's CIDR in the slice's subnet, which under static IPAM is its slot.
    """
    return block % nodes


def _router(config: SliceConfig, cluster: ClusterPlan, block: int, cidr: IPv4Network) -> RouterPlan:
    nodes = cluster.gateway_nodes
    return RouterPlan(
        name=names.router(config.metadata.name),
        slice=config.metadata.name,
        cluster=cluster.name,
        node=nodes[router_place(block, len(nodes))].name,
        address=router_address(cidr),
    )
