"""Where the CIDRs of a slice with dynamic IPAM come from."""

from __future__ import annotations

from kubeslice_sim.planner.ipam import RECLAIM_AFTER_S, IpamPlan
from kubeslice_sim.planner.plan import MemberPlan
from kubeslice_sim.planner.question import Asked, Input, Provenance

_SOURCE = "kubeslice-controller #284 and KubeSlice 1.5's documentation; no release has it"


def block_size(asked: Asked, ipam: IpamPlan, path: str) -> Provenance:
    """The prefix length of every block."""
    return Provenance(
        path=path,
        value=f"/{ipam.subnet_size}",
        inputs=(asked.shaped("spec.ipam.subnetSize", ipam.subnet_size),),
        formula=f"2^({ipam.subnet_size} - {ipam.subnet.prefixlen}) = {ipam.total} blocks in {ipam.subnet}",
        source=_SOURCE,
    )


def block_of(asked: Asked, ipam: IpamPlan, member: MemberPlan, path: str) -> Provenance:
    """The block that one cluster has."""
    own = next(item for item in ipam.allocations if item.active and item.cluster == member.cluster)
    return Provenance(
        path=path,
        value=str(member.cidr),
        inputs=(
            asked.field("spec.sliceSubnet", asked.slice.subnet),
            asked.known("prefix", f"/{ipam.subnet_size}"),
            asked.field("spec.clusters", ", ".join(asked.listed)),
            Input(name="allocated", value=f"{own.allocated_at_s:g} s after the slice was made"),
        ),
        formula="the block that the cluster has or had last, else the lowest that was given back more than "
        f"{RECLAIM_AFTER_S / 3600:g} h ago, else the lowest that nobody ever had; in the order of the list",
        source=_SOURCE,
    )
