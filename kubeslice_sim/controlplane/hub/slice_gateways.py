"""A slice's gateway pairs: made where they are missing, deleted where nobody wants them.

As kubeslice-controller service/worker_slice_gateway_service.go CreateMinimumWorkerSliceGateways does, with two of its
oddities, which decide what stands there afterwards:

* While it makes shares for new members it writes the newest member's name into the labels by which it then looks for
  obsolete gateways. So a pass that adds a member sees that member's gateways alone; those of members who left in the
  same request stay, with their secrets, until the slice's next event.
* A pair of which one end is there and the other is not stops the pass: the end that is missing first in order is made,
  the other is refused (it exists), and nothing that comes after is done before that end is gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field

from kubeslice_sim.controlplane import finalizer
from kubeslice_sim.controlplane.hub import labels
from kubeslice_sim.controlplane.hub.certificate_job import certificate_job, complete, job_of, rotation_count
from kubeslice_sim.controlplane.hub.slice_ipam import Blocks
from kubeslice_sim.controlplane.hub.worker_objects import owned_by
from kubeslice_sim.controlplane.reconciler import Create, Delete, Note, Outcome, Update, View, Write
from kubeslice_sim.controlplane.status import with_metadata
from kubeslice_sim.model.changed import changed
from kubeslice_sim.model.cluster import Cluster
from kubeslice_sim.model.document import key_of
from kubeslice_sim.model.frozen import FrozenMap
from kubeslice_sim.model.slice_config import SliceConfig
from kubeslice_sim.model.slice_topology import SliceTopology
from kubeslice_sim.model.worker_slice_gateway import WorkerSliceGateway
from kubeslice_sim.planner.history import SliceHistory
from kubeslice_sim.planner.objects_gateway import Side, gateway_count, worker_slice_gateways
from kubeslice_sim.planner.objects_metadata import WORKER_SLICE_GATEWAY_FINALIZER
from kubeslice_sim.planner.pairings import pair_clusters
from kubeslice_sim.planner.slots import gateway_number


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """What a pass did for its members; ``slot_of``: their slots; ``newest``: the last of those that it added."""

    outcome: Outcome
    slot_of: Mapping[str, int] = field(default_factory=FrozenMap)
    newest: str = ""


def keep_gateways(
    config: SliceConfig,
    shape: SliceTopology | None,
    blocks: Blocks,
    clusters: Mapping[str, Cluster],
    members: Members,
    view: View,
) -> Outcome:
    """Delete gateways of pairs that are wanted no more or whose number is another; make the pairs that are missing.

    ``retry`` tells of a pair that has one end only.
    """
    namespace = config.metadata.namespace
    held = owned_by(config, view, WorkerSliceGateway)
    pairings = pair_clusters(config, SliceHistory(servers=_servers(held)), shape)
    wanted = {frozenset((pairing.server, pairing.client)) for pairing in pairings}
    obsolete = [item for item in _seen(held, members.newest) if _obsolete(item, members.slot_of, wanted)]
    writes: list[Write] = [Delete(key=key_of(gone)) for gone in obsolete]
    events = [Note(name="WorkerSliceGatewayDeleted", subject=key_of(gone)) for gone in obsolete]
    leaving = {item.metadata.name for item in obsolete}
    for pairing in pairings:
        server_side, client_side = (
            Side(clusters[name], members.slot_of[name], blocks.get(name)) for name in (pairing.server, pairing.client)
        )
        sides = worker_slice_gateways(config, server_side, client_side, pairing.gateways)
        ends = [view.hub.get(WorkerSliceGateway, namespace, side.metadata.name) for side in sides]
        if None in ends and any(item is not None and _going(item) for item in ends):
            # KubeSlice takes longer to come here than such an end takes to go.
            return Outcome(writes=tuple(writes), events=tuple(events), retry=f"{sides[0].metadata.name} is going")
        for side, there in zip(sides, ends, strict=True) if None in ends else ():
            if there is not None:
                return Outcome(
                    writes=tuple(writes), events=tuple(events),
                    retry=f"{side.metadata.name} is still there, without its peer",
                )  # fmt: skip
            writes.append(Create(item=side))
            events.append(Note(name="WorkerSliceGatewayCreated", subject=key_of(side)))
        standing = [item for item in ends if item is not None and not finalizer.deleting(item)]
        if None not in ends and (len(standing) < len(sides) or any(item.metadata.name in leaving for item in standing)):
            continue
        for side, item in zip(sides, standing, strict=False):
            if (kept := _kept(item, side)) != item:
                writes.append(Update(item=kept))
        jobs = tuple(_job(config, sides, new=not standing, view=view))
        writes.extend(jobs)
        events.extend(Note(name="SliceGatewayJobCreated", subject=key_of(sides[0])) for _ in jobs[:1])
    return Outcome(writes=tuple(writes), events=tuple(events))


def _seen(held: Iterable[WorkerSliceGateway], newest: str) -> Iterable[WorkerSliceGateway]:
    """The gateways that a pass looks at, if it added that member."""
    return (
        item for item in held
        if not finalizer.deleting(item) and newest in ("", item.metadata.labels.get(labels.WORKER_CLUSTER))
    )  # fmt: skip


def _going(gateway: WorkerSliceGateway) -> bool:
    """Whether it is on its way out and nobody but the controller holds it."""
    return finalizer.deleting(gateway) and set(gateway.metadata.finalizers) <= {WORKER_SLICE_GATEWAY_FINALIZER}


def _job(
    config: SliceConfig, sides: tuple[WorkerSliceGateway, WorkerSliceGateway], *, new: bool, view: View
) -> Iterable[Write]:
    """The certificate job that a pair still needs: a new pair, or one that never got any (a controller that died).

    A finished job is deleted after a day; what it made stays.
    """
    namespace, server = config.metadata.namespace, sides[0].metadata.name
    number = rotation_count(config.metadata.name, namespace, view)
    job, secret = job_of(server, number, view.hub), view.hub.find("Secret", namespace, server)
    if new or (secret is None and (job is None or complete(job))):
        yield Create(item=certificate_job(config, *sides, number, view))


def _kept(there: WorkerSliceGateway, wanted: WorkerSliceGateway) -> WorkerSliceGateway:
    """A gateway that stays, with the number of its pods and the way it routes as the slice now wants them."""
    if gateway_count(there.metadata) != gateway_count(wanted.metadata):
        there = with_metadata(there, annotations=wanted.metadata.annotations)
    wide = wanted.spec.route_entire_slice_subnet
    return changed(there, spec=changed(there.spec, route_entire_slice_subnet=wide))


def _obsolete(gateway: WorkerSliceGateway, slot_of: Mapping[str, int], wanted: Set[frozenset[str]]) -> bool:
    ends = [side.cluster_name for side in (gateway.spec.local_gateway_config, gateway.spec.remote_gateway_config)]
    near, far = (slot_of.get(name) for name in ends)
    if frozenset(ends) not in wanted:
        return True
    return near is None or far is None or gateway_number(near, far) != gateway.spec.gateway_number


def _servers(gateways: Iterable[WorkerSliceGateway]) -> dict[frozenset[str], str]:
    """Who serves in the pairs of which both ends stand; of any other, the member that is listed first will."""
    ends: dict[frozenset[str], list[str]] = {}
    for item in gateways:
        if not finalizer.deleting(item):
            local, remote = item.spec.local_gateway_config.cluster_name, item.spec.remote_gateway_config.cluster_name
            server = local if item.spec.gateway_host_type == "Server" else remote
            ends.setdefault(frozenset((local, remote)), []).append(server)
    return {pair: servers[-1] for pair, servers in ends.items() if len(servers) > 1}
