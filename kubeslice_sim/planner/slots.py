"""Slots and CIDRs: how a slice's subnet is cut into one block per cluster (static IPAM)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network

VPN_THIRD_OCTET = 255


def prefix_length(max_clusters: int) -> int:
    """The prefix length of one cluster's block: 16 + ceil(log2(max_clusters)).

    As kubeslice-controller util/common.go FindCIDRByMaxClusters does for 2 to 32 clusters; 1 gives /16 here, where
    KubeSlice has no answer (its own minimum is 2).
    """
    return 16 + (max_clusters - 1).bit_length()


def slot_count(max_clusters: int) -> int:
    """How many blocks the subnet holds: ``max_clusters`` rounded up to a power of two."""
    return 1 << (prefix_length(max_clusters) - 16)


def cluster_cidr(subnet: IPv4Network, max_clusters: int, slot: int) -> IPv4Network:
    """The block of a slot. Raises :exc:`ValueError` for a slot that the subnet does not hold."""
    return IPv4Network(written_cidr(subnet, max_clusters, slot))


def written_cidr(subnet: IPv4Network, max_clusters: int, slot: int) -> str:
    """The block as the controller writes it: a.b.(slot x step).0/prefix (util/common.go GetClusterPrefixPool).

    It joins texts and never looks: beyond the last slot the third octet passes 255. A slice gets there when it leaves
    ``no-network`` with more clusters than ``maxClusters``, which the webhook does not count then.
    """
    prefix = prefix_length(max_clusters)
    first, second = subnet.network_address.packed[:2]
    return f"{first}.{second}.{slot << (24 - prefix)}.0/{prefix}"


def slot_of(subnet: IPv4Network, cidr: IPv4Network) -> int:
    """The slot of a block: the reverse of :func:`cluster_cidr`."""
    return (int(cidr.network_address) - int(subnet.network_address)) >> (32 - cidr.prefixlen)


def assign_slots(clusters: Sequence[str], held: Mapping[str, int], leaving: Collection[int] = ()) -> dict[str, int]:
    """The slot of each cluster, counted from 0.

    Clusters in ``held`` keep theirs; the others take, in the given order, the lowest that is free below the number of
    clusters (kubeslice-controller service/worker_slice_config_service.go ComputeClusterMap). ``held`` holds
    present members only; ``leaving`` are slots of clusters that are not quite gone. Raises :exc:`LookupError` where
    these leave too few, over which KubeSlice panics, and tries again.
    """
    kept = {cluster: held[cluster] for cluster in clusters if cluster in held}
    used = {*kept.values(), *leaving}
    new = [cluster for cluster in clusters if cluster not in kept]
    free = [slot for slot in range(len(clusters)) if slot not in used]
    if len(free) < len(new):
        raise LookupError(f"no slot is free yet for {', '.join(new[len(free) :])}")
    given = dict(zip(new, free, strict=False))
    return {cluster: kept[cluster] if cluster in kept else given[cluster] for cluster in clusters}


def vpn_network(subnet: IPv4Network) -> IPv4Network:
    """The network of every VPN tunnel of a slice: a.b.255.0/24.

    All pairs share it (each tunnel has a network namespace of its own), and it lies inside the block of the last slot:
    kubeslice-controller service/worker_slice_gateway_service.go BuildNetworkAddresses.
    """
    return IPv4Network((int(subnet.network_address) + (VPN_THIRD_OCTET << 8), 24))


def vpn_addresses(subnet: IPv4Network) -> tuple[IPv4Address, IPv4Address]:
    """The tunnel address of any server (a.b.255.1) and of any client (a.b.255.2)."""
    network = vpn_network(subnet)
    return network[1], network[2]


def gateway_number(slot: int, other_slot: int) -> int:
    """KubeSlice's gatewayNumber of a pair: (max-1)(max-2)/2 + min.

    Written for slots counted from 1 but fed slots counted from 0, hence not unique
    (kubeslice-controller service/worker_slice_gateway_service.go calculateGatewayNumber).
    """
    low, high = sorted((slot, other_slot))
    return (high - 1) * (high - 2) // 2 + low
