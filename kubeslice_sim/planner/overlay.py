"""Overlay: the address pool of every slice router, with what its clients had before given back to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kubeslice_sim.planner.addresses import AddressPool
from kubeslice_sim.planner.external_gateways import Wanted
from kubeslice_sim.planner.history import History
from kubeslice_sim.planner.pairings import Pairing
from kubeslice_sim.planner.plan import MemberPlan
from kubeslice_sim.planner.pods import Seat

Pools = Mapping[tuple[str, str], AddressPool[str]]
"""(slice, cluster) → the pool of its router."""


def open_pools(
    members: Iterable[MemberPlan],
    seats: Iterable[Seat],
    external: Iterable[Wanted],
    pairings: Iterable[Pairing],
    history: History,
    fields: Mapping[str, str],
) -> Pools:
    """A pool per member that has a router. ``fields``: what says how large the CIDRs of a slice are.

    Pods and gateways that were there before get their addresses back before anybody new asks.
    """
    pools: dict[tuple[str, str], AddressPool[str]] = {}
    past = {}
    for member in members:
        if member.router is not None:
            key = (member.slice, member.cluster)
            pools[key] = AddressPool(member.cidr, field=fields.get(member.slice, ""))
            past[key] = history.slice(member.slice).clients.get(member.cluster, {})
    for seat in seats:
        if seat.slice is not None:
            key = (seat.slice, seat.cluster)
            if seat.reference in past[key]:
                pools[key].reserve([(seat.reference, past[key][seat.reference])])
    for wanted in external:
        key = (wanted.slice, wanted.cluster)
        if wanted.name in past[key]:
            pools[key].reserve([(wanted.name, past[key][wanted.name])])
    for pairing in pairings:
        for cluster in (pairing.server, pairing.client):
            key = (pairing.slice, cluster)
            kept = [(name, past[key][name]) for name in pairing.deployments(cluster) if name in past[key]]
            pools[key].reserve(kept)
    return pools
