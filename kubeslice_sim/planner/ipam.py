"""Dynamic IPAM: which cluster of a slice gets which block of its subnet, with time and history as arguments.

As KubeSlice 1.5 documents it and kubeslice-controller #284 does; no release has the code. One flaw of that pull request
is not reproduced: it still takes a gateway's ``gatewaySubnet`` from the slot (a.b.<slot>.0/24), which may be another
cluster's block or nobody's; here a gateway's subnet is the block of its cluster.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Network

from kubeslice_sim.errors import BadInput, Problem
from kubeslice_sim.model.slice_ipam import AllocationStatus

RECLAIM_AFTER_S = 24 * 3600.0
"""For so long a block that was given back waits for the cluster that had it; then it is anybody's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """One block and the cluster that has it, or (``Released``) had it last. Times are seconds of the slice's life."""

    cluster: str
    subnet: IPv4Network
    status: AllocationStatus = "Allocated"
    allocated_at_s: float = 0.0
    released_at_s: float | None = None

    @property
    def active(self) -> bool:
        """Whether the cluster has it now."""
        return self.status != "Released"


@dataclass(frozen=True, slots=True, kw_only=True)
class IpamPlan:
    """A slice's dynamic IPAM at one moment: ``at_s`` seconds after its first plan."""

    subnet: IPv4Network
    subnet_size: int
    at_s: float
    allocations: tuple[Allocation, ...]

    @property
    def blocks(self) -> dict[str, IPv4Network]:
        """Cluster → the block that it has."""
        return {item.cluster: item.subnet for item in self.allocations if item.active}

    @property
    def total(self) -> int:
        """How many blocks there are."""
        return total_subnets(self.subnet, self.subnet_size)

    @property
    def available(self) -> int:
        """How many of them nobody has; those that are still held back are among them."""
        return self.total - len(self.blocks)

    @property
    def held_back(self) -> tuple[Allocation, ...]:
        """The blocks of clusters that left, which nobody else gets within a day."""
        return tuple(held_back(self.allocations, self.at_s))


def total_subnets(subnet: IPv4Network, subnet_size: int) -> int:
    """How many blocks of ``/subnet_size`` the slice's subnet holds: 2^(subnetSize - prefix)."""
    return 1 << (subnet_size - subnet.prefixlen)


def allocate(
    subnet: IPv4Network, subnet_size: int, clusters: Sequence[str], held: Iterable[Allocation], now_s: float
) -> tuple[Allocation, ...]:
    """Every block that is or was somebody's, in the order of addresses, once ``clusters`` are the slice's members.

    A cluster that left gives its block back (Released, at ``now_s``). A member keeps the block that it has (from now on
    InUse); one that comes back gets the one that it had, whenever that was; another gets the lowest that was given back
    more than 24 hours ago, else the lowest that nobody ever had (Allocated). Each in the order of ``clusters``.

    Raises :exc:`BadInput` when there is no such block: "no available subnets".
    """
    known = {item.subnet: _seen(item, clusters, now_s) for item in held}
    base, step = int(subnet.network_address), 1 << (32 - subnet_size)
    for cluster in dict.fromkeys(clusters):
        own = sorted((item for item in known.values() if item.cluster == cluster), key=_last_had)
        if own and own[-1].active:
            continue
        block = own[-1].subnet if own else _reclaimable(known.values(), now_s)
        if block is None:
            fresh = (IPv4Network((base + number * step, subnet_size)) for number in range(1 << (subnet_size - 16)))
            block = next((item for item in fresh if item not in known), None)
        if block is None:
            raise BadInput([_exhausted(subnet, subnet_size, cluster, known.values(), now_s)])
        known[block] = Allocation(cluster=cluster, subnet=block, allocated_at_s=now_s)
    return tuple(known[item] for item in sorted(known))


def settled(allocations: Iterable[Allocation]) -> tuple[Allocation, ...]:
    """The same once every member uses what it was given."""
    return tuple(replace(item, status="InUse") if item.active else item for item in allocations)


def available_subnets(subnet: IPv4Network, subnet_size: int, held: Iterable[Allocation]) -> int:
    """How many blocks nobody has now; those of clusters that left less than 24 hours ago are among them."""
    return total_subnets(subnet, subnet_size) - sum(item.active for item in held)


def held_back(held: Iterable[Allocation], now_s: float) -> Iterator[Allocation]:
    """The blocks that wait for the clusters that had them."""
    for item in held:
        if item.released_at_s is not None and now_s - item.released_at_s <= RECLAIM_AFTER_S:
            yield item


def _seen(item: Allocation, clusters: Sequence[str], now_s: float) -> Allocation:
    if not item.active:
        return item
    if item.cluster in clusters:
        return replace(item, status="InUse")
    return replace(item, status="Released", released_at_s=now_s)


def _last_had(item: Allocation) -> tuple[bool, float]:
    return item.active, item.allocated_at_s


def _reclaimable(known: Iterable[Allocation], now_s: float) -> IPv4Network | None:
    waiting = set(held_back(known := tuple(known), now_s))
    return min((item.subnet for item in known if not item.active and item not in waiting), default=None)


def _exhausted(
    subnet: IPv4Network, subnet_size: int, cluster: str, known: Iterable[Allocation], now_s: float
) -> Problem:
    known = tuple(known)
    in_use, waiting = sum(item.active for item in known), tuple(held_back(known, now_s))
    whole = total_subnets(subnet, subnet_size)
    told = f"no available subnets for {cluster}: of {whole} of /{subnet_size} in {subnet}, {in_use} are in use"
    if not waiting:
        return Problem(message=told, hint="make a slice with a larger subnetSize: it cannot change")
    first = min(waiting, key=lambda item: (item.released_at_s, item.subnet))
    left_h = (RECLAIM_AFTER_S - now_s + (first.released_at_s or 0.0)) / 3600
    return Problem(
        message=f"{told} and {len(waiting)} still held for clusters that left ({first.cluster}: {first.subnet})",
        hint=f"in {left_h:.1f} h the first of them is free; or make a slice with a larger subnetSize",
    )
