"""Undertakings: what a slice's owner asks of a fleet that runs, and what is in its way, judged by what stood then.

A join is over when the newcomer's share of the slice, all its tunnels and its names work, on its side and on every
other member's; a leave when nothing of the leaver is left, on the controller cluster, there and at its peers; a
rotation when every gateway is COMPLETE with the keys of that number and the old ones are gone; a deregistration when
the controller cluster has forgotten the cluster. Nothing is taken from what was asked: only from what came of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from kubeslice_sim.controlplane import departure, renewal
from kubeslice_sim.controlplane.finalizer import deleting
from kubeslice_sim.controlplane.hub.slice_ipam import shape_of
from kubeslice_sim.controlplane.past import Past
from kubeslice_sim.controlplane.readiness import gateways_of, judge_export, member_reasons, tunnel_end, unserved
from kubeslice_sim.model.service_export import ServiceExport
from kubeslice_sim.model.slice_config import SliceConfig
from kubeslice_sim.planner.members import member_clusters
from kubeslice_sim.planner.objects_gateway import gateway_count
from kubeslice_sim.planner.topology import edges_of

Sort = Literal["join", "return", "leave", "teardown", "rotation", "deregistration"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Undertaking:
    """One of them. ``namespace``: the project's. ``cluster``: whose it is; empty for a whole slice's.

    ``members``: of a teardown, the clusters that the slice had. ``number``: of a rotation, that of the new keys.
    """

    sort: Sort
    namespace: str
    slice: str = ""
    cluster: str = ""
    members: tuple[str, ...] = ()
    number: int = 0

    @property
    def title(self) -> str:
        """What it is called: ``worker-3 joins red``."""
        match self.sort:
            case "join":
                return f"{self.cluster} joins {self.slice}"
            case "return":
                return f"{self.cluster} comes back to {self.slice}"
            case "leave":
                return f"{self.cluster} leaves {self.slice}"
            case "teardown":
                return f"{self.slice} is torn down"
            case "rotation":
                return f"rotation {self.number} of {self.slice}"
            case "deregistration":
                return f"{self.cluster} is deregistered"

    def obstacle(self, past: Past, now_s: float) -> str:
        """What is in its way; empty when it is over."""
        match self.sort:
            case "join" | "return":
                reasons = _join(self, past)
            case "leave":
                reasons = departure.of_member(self.namespace, self.slice, self.cluster, past)
            case "teardown":
                reasons = departure.of_slice(self.namespace, self.slice, self.members, past)
            case "rotation":
                reasons = renewal.left_to_do(self.namespace, self.slice, self.number, past, now_s)
            case "deregistration":
                reasons = departure.of_cluster(self.namespace, self.cluster, past)
        return next(reasons, "")

    def given_up(self, past: Past) -> bool:
        """Whether nobody wants it any more: who was to join is no member, who was to leave is one again."""
        if self.sort in ("teardown", "deregistration"):
            return False
        config = past.hub.objects.get(SliceConfig, self.namespace, self.slice)
        stands = config is not None and not deleting(config)
        member = config is not None and self.cluster in member_clusters(config)
        match self.sort:
            case "join" | "return":
                return not stands or not member
            case "leave":
                return stands and member
            case _:
                return not stands


def _join(what: Undertaking, past: Past) -> Iterator[str]:
    config = past.hub.objects.get(SliceConfig, what.namespace, what.slice)
    if config is None:
        yield "the slice is gone"
        return
    share = past.hub.objects.at(departure.share_of(what.namespace, what.slice, what.cluster))
    if share is None or deleting(share):
        yield "the controller cluster has no WorkerSliceConfig for it"
    yield from member_reasons(config, past.workers[what.cluster], past.ledger)
    yield from _tunnels(config, what.cluster, past)
    yield from _names(config, what.cluster, past)


def _tunnels(config: SliceConfig, cluster: str, past: Past) -> Iterator[str]:
    """Why one member's tunnels, both ends of each, are not all up."""
    edges = edges_of(config, shape_of(config, past.hub.present))
    wanted = sum(2 * edge.gateways for edge in edges if cluster in (edge.server, edge.client))
    own = [
        gateway for gateway in gateways_of(config, past.hub) if not deleting(gateway)
        and cluster in (gateway.spec.local_gateway_config.cluster_name, gateway.spec.remote_gateway_config.cluster_name)
    ]  # fmt: skip
    if sum(gateway_count(gateway.metadata) for gateway in own) < wanted:
        yield "its gateways are not made yet"
    for gateway in own:
        for instance in range(gateway_count(gateway.metadata)):
            end = tunnel_end(gateway, instance, past.workers, past.ledger)
            if not end.up:
                yield f"tunnel {end.name} on {end.cluster}: {end.reason}"


def _names(config: SliceConfig, cluster: str, past: Past) -> Iterator[str]:
    """Why one member does not resolve what the others told, or they not what it exports."""
    for member in member_clusters(config):
        for export in past.workers[member].objects.list(ServiceExport):
            if export.spec.slice != config.metadata.name or deleting(export):
                continue
            name = f"{export.metadata.namespace}/{export.metadata.name}"
            if member == cluster:
                item = judge_export(export, member, past.hub, past.workers, past.ledger)
                reason = item.reason if item.possible else ""
            else:
                reason = unserved(export, cluster, past.ledger) if export.status.last_sync else ""
            if reason:
                yield f"export {name} of {member}: {reason}"
