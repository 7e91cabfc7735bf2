"""The SliceIpam of a slice with dynamic IPAM, as kubeslice-controller #284 would keep it."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network

from kubeslice_sim.model.document import ObjectMeta
from kubeslice_sim.model.frozen import FrozenMap
from kubeslice_sim.model.slice_config import SliceConfig
from kubeslice_sim.model.slice_ipam import ClusterSubnet, SliceIpam, SliceIpamSpec, SliceIpamStatus
from kubeslice_sim.model.timestamp import seconds, timestamp
from kubeslice_sim.planner.ipam import Allocation, IpamPlan, total_subnets
from kubeslice_sim.planner.objects_metadata import owner_labels

SLICE_IPAM_FINALIZER = "controller.kubeslice.io/slice-ipam-finalizer"


def slice_ipam(config: SliceConfig, ipam: IpamPlan) -> SliceIpam:
    """The object with every block that the plan knows."""
    return SliceIpam(
        metadata=ObjectMeta(
            name=config.metadata.name,
            namespace=config.metadata.namespace,
            labels=FrozenMap(owner_labels("SliceConfig", config.metadata.name)),
            finalizers=(SLICE_IPAM_FINALIZER,),
        ),
        spec=SliceIpamSpec(
            slice_name=config.metadata.name, slice_subnet=config.spec.slice_subnet, subnet_size=ipam.subnet_size
        ),
        status=slice_ipam_status(ipam.subnet, ipam.subnet_size, ipam.allocations),
    )


def slice_ipam_status(subnet: IPv4Network, subnet_size: int, allocations: Iterable[Allocation]) -> SliceIpamStatus:
    """The status that says so; ``availableSubnets`` counts all that nobody has now."""
    known = tuple(allocations)
    whole = total_subnets(subnet, subnet_size)
    return SliceIpamStatus(
        allocated_subnets=tuple(map(_written, known)),
        available_subnets=whole - sum(item.active for item in known),
        total_subnets=whole,
    )


def allocations(status: SliceIpamStatus) -> tuple[Allocation, ...]:
    """The blocks that a status tells of; times in seconds of the slice's life."""
    return tuple(
        Allocation(
            cluster=item.cluster_name,
            subnet=IPv4Network(item.subnet),
            status=item.status,
            allocated_at_s=seconds(item.allocated_at) if item.allocated_at else 0.0,
            released_at_s=seconds(item.released_at) if item.released_at else None,
        )
        for item in status.allocated_subnets
    )


def _written(item: Allocation) -> ClusterSubnet:
    return ClusterSubnet(
        cluster_name=item.cluster,
        subnet=str(item.subnet),
        allocated_at=timestamp(item.allocated_at_s),
        status=item.status,
        released_at=timestamp(item.released_at_s) if item.released_at_s is not None else None,
    )
