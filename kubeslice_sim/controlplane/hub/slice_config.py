"""SliceConfig: a user's slice becomes members, gateway pairs, certificate jobs and a key rotation.

As kubeslice-controller service/slice_config_service.go does. What its webhook would refuse (a cluster that is not
registered yet) waits here instead, because a world is handed in all at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import replace

from kubeslice_sim.controlplane import finalizer
from kubeslice_sim.controlplane.controller import ControllerSpec, Watch, itself, labelled
from kubeslice_sim.controlplane.hub import labels
from kubeslice_sim.controlplane.hub.certificate_job import certificate_job, job_of, rotation_count
from kubeslice_sim.controlplane.hub.default_slice import spare_default_slice
from kubeslice_sim.controlplane.hub.slice_ipam import (
    Blocks,
    keep_ipam,
    shape_of,
    slice_of_ipam,
    slice_of_shape,
    without_ipam,
)
from kubeslice_sim.controlplane.hub.vpn_key_rotation import keep_rotation
from kubeslice_sim.controlplane.hub.worker_slice_config import settled as settled_share
from kubeslice_sim.controlplane.hub.worker_slice_gateway import without_gateway
from kubeslice_sim.controlplane.reconciler import NOTHING, Create, Delete, Note, Outcome, Update, View, Write
from kubeslice_sim.controlplane.status import with_metadata
from kubeslice_sim.controlplane.store import Change
from kubeslice_sim.controlplane.table import D
from kubeslice_sim.model.cluster import Cluster, ClusterStatus
from kubeslice_sim.model.document import ObjectKey, key_of
from kubeslice_sim.model.project import CONTROLLER_NAMESPACE, Project
from kubeslice_sim.model.slice_config import SliceConfig
from kubeslice_sim.model.slice_qos_config import SliceQosConfig
from kubeslice_sim.model.slice_topology import SliceTopology
from kubeslice_sim.model.worker_slice_config import WorkerSliceConfig
from kubeslice_sim.model.worker_slice_gateway import WorkerSliceGateway
from kubeslice_sim.planner import names
from kubeslice_sim.planner.history import SliceHistory
from kubeslice_sim.planner.members import has_network, member_clusters
from kubeslice_sim.planner.nodes import project_of
from kubeslice_sim.planner.objects_gateway import Side, gateway_count, worker_slice_gateways
from kubeslice_sim.planner.objects_metadata import QOS_PROFILE_LABEL, SLICE_CONFIG_FINALIZER
from kubeslice_sim.planner.objects_slice import registered_slice, worker_slice_config
from kubeslice_sim.planner.pairings import pair_clusters
from kubeslice_sim.planner.qos import lacks_profile, profile_of
from kubeslice_sim.planner.slots import assign_slots, gateway_number


def reconcile(key: ObjectKey, view: View, now_s: float) -> Outcome:
    """Make what the slice derives be as it should: create what is missing, update what differs, delete the rest."""
    config = view.hub.get(SliceConfig, key.namespace, key.name)
    if config is None:
        return NOTHING
    if finalizer.deleting(config):
        return _tear_down(config, view)
    clusters = {item.metadata.name: item for item in view.hub.list(Cluster, key.namespace)}
    inside = {item.metadata.labels[labels.WORKER_CLUSTER] for item in _of_slice(config, view, WorkerSliceConfig)}
    waiting = [
        name for name in member_clusters(config) if name not in inside and not _registered(config, clusters.get(name))
    ]
    if waiting:
        return Outcome(retry=f"{', '.join(waiting)}: not registered yet")
    project = view.hub.get(Project, CONTROLLER_NAMESPACE, project_of(key.namespace))
    settled = registered_slice(config, project)
    first: tuple[Write, ...] = () if settled == config else (Update(item=settled),)
    first = (*first, *spare_default_slice(settled, project, view))
    shape = shape_of(settled, view)
    blocks, ipam = keep_ipam(settled, shape, view, now_s)
    if ipam.retry:
        return replace(ipam, writes=first)
    first = (*first, *ipam.writes)
    members = _members(settled, blocks, view)
    if not has_network(settled) or members.retry or not all(name in clusters for name in member_clusters(settled)):
        return replace(members, writes=(*first, *members.writes))
    gateways = _gateways(settled, shape, blocks, clusters, view)
    rotation = keep_rotation(settled, view)
    return Outcome(
        writes=(*first, *members.writes, *gateways.writes, *rotation.writes),
        events=(*ipam.events, *members.events, *gateways.events, *rotation.events),
    )


def held_slots(config: SliceConfig, view: View) -> dict[str, int]:
    """The slots of the clusters that have a WorkerSliceConfig, even of those that are just leaving."""
    return {
        item.metadata.labels[labels.WORKER_CLUSTER]: item.spec.octet
        for item in _of_slice(config, view, WorkerSliceConfig)
        if item.spec.octet is not None
    }


def _members(config: SliceConfig, blocks: Blocks, view: View) -> Outcome:
    qos = profile_of(config, view.hub.list(SliceQosConfig, config.metadata.namespace))
    listed = member_clusters(config)
    slot_of: Mapping[str, int] = assign_slots(listed, held_slots(config, view)) if has_network(config) else {}
    held = {item.metadata.name: item for item in _of_slice(config, view, WorkerSliceConfig)}
    names_listed = {names.worker_slice_config(config.metadata.name, cluster) for cluster in listed}
    leaving = {item.spec.octet for name, item in held.items() if name not in names_listed}
    writes: list[Write] = []
    events: list[Note] = []
    retry = ""
    for cluster in listed:
        slot = slot_of.get(cluster)
        there = held.pop(names.worker_slice_config(config.metadata.name, cluster), None)
        if there is None and slot is not None and slot in leaving:
            # KubeSlice panics here and is called again; the slot is free once the leaver's object is gone.
            retry = f"slot {slot} is still in use"
        elif there is None:
            made = worker_slice_config(config, cluster, slot, qos, blocks.get(cluster))
            writes.append(Create(item=made))
            events.append(Note(name="WorkerSliceConfigCreated", subject=key_of(made)))
        elif (
            not finalizer.deleting(there)
            and not lacks_profile(config, qos)
            and (wanted := settled_share(there, config, slot, qos, blocks.get(cluster))) != there
        ):
            writes.append(Update(item=wanted))
            events.append(Note(name="WorkerSliceConfigUpdated", subject=key_of(wanted)))
    for gone in held.values():
        if not finalizer.deleting(gone):
            writes.append(Delete(key=key_of(gone)))
            events.append(Note(name="WorkerSliceConfigDeleted", subject=key_of(gone)))
    return Outcome(writes=tuple(writes), events=tuple(events), retry=retry)


def _gateways(
    config: SliceConfig, shape: SliceTopology | None, blocks: Blocks, clusters: Mapping[str, Cluster], view: View
) -> Outcome:
    """Delete gateways of pairs that are wanted no more or whose number is another; make the pairs that are missing.

    A pair of which one end is still on its way out waits until that is gone.
    """
    slot_of = assign_slots(member_clusters(config), held_slots(config, view))
    held = {item.metadata.name: item for item in _of_slice(config, view, WorkerSliceGateway)}
    namespace, number = config.metadata.namespace, rotation_count(config.metadata.name, config.metadata.namespace, view)
    pairings = pair_clusters(config, SliceHistory(servers=_servers(held.values())), shape)
    wanted = {frozenset((pairing.server, pairing.client)) for pairing in pairings}
    obsolete = [item for item in held.values() if not finalizer.deleting(item) and _obsolete(item, slot_of, wanted)]
    writes: list[Write] = []
    events: list[Note] = []
    for gone in obsolete:
        writes.extend(without_gateway(gone, view))
        events.append(Note(name="WorkerSliceGatewayDeleted", subject=key_of(gone)))
    dying = {item.metadata.name for item in (*obsolete, *(item for item in held.values() if finalizer.deleting(item)))}
    for pairing in pairings:
        server_side, client_side = (
            Side(clusters[name], slot_of[name], blocks.get(name)) for name in (pairing.server, pairing.client)
        )
        sides = worker_slice_gateways(config, server_side, client_side, pairing.gateways)
        if any(side.metadata.name in dying for side in sides):
            continue
        for side in sides:
            if side.metadata.name not in held:
                writes.append(Create(item=side))
                events.append(Note(name="WorkerSliceGatewayCreated", subject=key_of(side)))
            elif (kept := _kept(held[side.metadata.name], side)) != held[side.metadata.name]:
                writes.append(Update(item=kept))
        server = sides[0].metadata.name
        # A finished job is deleted after a day; what it made stays.
        if job_of(server, number, view) is None and view.hub.find("Secret", namespace, server) is None:
            writes.append(Create(item=certificate_job(config, *sides, number)))
            events.append(Note(name="SliceGatewayJobCreated", subject=key_of(sides[0])))
    return Outcome(writes=tuple(writes), events=tuple(events))


def _kept(there: WorkerSliceGateway, wanted: WorkerSliceGateway) -> WorkerSliceGateway:
    """A gateway that stays, with the number of its pods and the way it routes as the slice now wants them."""
    if gateway_count(there.metadata) != gateway_count(wanted.metadata):
        there = with_metadata(there, annotations=wanted.metadata.annotations)
    wide = wanted.spec.route_entire_slice_subnet
    return replace(there, spec=replace(there.spec, route_entire_slice_subnet=wide))


def _obsolete(gateway: WorkerSliceGateway, slot_of: Mapping[str, int], wanted: Set[frozenset[str]]) -> bool:
    ends = [side.cluster_name for side in (gateway.spec.local_gateway_config, gateway.spec.remote_gateway_config)]
    near, far = (slot_of.get(name) for name in ends)
    if frozenset(ends) not in wanted:
        return True
    return near is None or far is None or gateway_number(near, far) != gateway.spec.gateway_number


def _tear_down(config: SliceConfig, view: View) -> Outcome:
    """Delete gateways, then members, and let go of the slice without waiting for them."""
    gateways = _of_slice(config, view, WorkerSliceGateway)
    members = _of_slice(config, view, WorkerSliceConfig)
    return Outcome(
        writes=(
            *(write for gateway in gateways for write in without_gateway(gateway, view)),
            *(Delete(key=key_of(member)) for member in members),
            *without_ipam(config, view),
            Update(item=finalizer.removed(config, SLICE_CONFIG_FINALIZER)),
        ),
        events=(
            *(Note(name="WorkerSliceGatewayDeleted", subject=key_of(gateway)) for gateway in gateways),
            *(Note(name="WorkerSliceConfigDeleted", subject=key_of(member)) for member in members),
            Note(name="SliceConfigDeleted", subject=key_of(config)),
        ),
    )


def _servers(gateways: Iterable[WorkerSliceGateway]) -> dict[frozenset[str], str]:
    """Who serves in the pairs that exist, if only by one end."""
    servers = {}
    for item in gateways:
        if not finalizer.deleting(item):
            local, remote = item.spec.local_gateway_config.cluster_name, item.spec.remote_gateway_config.cluster_name
            servers[frozenset((local, remote))] = local if item.spec.gateway_host_type == "Server" else remote
    return servers


def _registered(config: SliceConfig, cluster: Cluster | None) -> bool:
    """Whether a cluster may become a member; a slice without a network needs no address of it."""
    status = cluster.status if cluster is not None else None
    if cluster is None or status is None or status.registration_status != "Registered":
        return False
    return bool(status.node_ips or cluster.spec.node_ips) or not has_network(config)


def _standing(cluster: Cluster) -> tuple[object, ...]:
    """What :func:`_registered` asks of a cluster."""
    status = cluster.status or ClusterStatus()
    return (status.registration_status, status.node_ips, cluster.spec.node_ips)


def _of_slice(config: SliceConfig, view: View, noun: type[D]) -> tuple[D, ...]:
    return view.hub.list(noun, config.metadata.namespace, {labels.SLICE: config.metadata.name})


def _left(change: Change, view: View) -> Iterable[ObjectKey]:
    """The slice of a derived object that is gone: its slot is free now, or it must be made again."""
    return labelled("SliceConfig", labels.SLICE)(change, view) if change.action == "DELETED" else ()


def _slices_of_new_cluster(change: Change, view: View) -> tuple[ObjectKey, ...]:
    """The slices that wait for a cluster which has just been registered."""
    if change.previous is not None and _standing(change.previous) == _standing(change.item):
        return ()
    return tuple(
        key_of(config)
        for config in view.hub.list(SliceConfig, change.key.namespace)
        if change.key.name in config.spec.clusters
        and _registered(config, change.item)
        and not _registered(config, change.previous)
    )


def _slices_of_profile(change: Change, view: View) -> tuple[ObjectKey, ...]:
    """Those with a share that has the profile: one that came too late for its slice calls nobody."""
    shares = view.hub.list(WorkerSliceConfig, change.key.namespace, {QOS_PROFILE_LABEL: change.key.name})
    slices = dict.fromkeys(share.spec.slice_name for share in shares)
    return tuple(ObjectKey("SliceConfig", change.key.namespace, name) for name in slices)


SLICE_CONFIG = ControllerSpec(
    name="slice-config",
    reconcile=reconcile,
    watches=(
        Watch(kind="SliceConfig", keys=itself),
        Watch(kind="WorkerSliceConfig", keys=_left),
        Watch(kind="WorkerSliceGateway", keys=_left),
        Watch(kind="Cluster", keys=_slices_of_new_cluster),
        Watch(kind="SliceQoSConfig", keys=_slices_of_profile),
        Watch(kind="SliceTopology", keys=slice_of_shape),
        Watch(kind="SliceIpam", keys=slice_of_ipam),
    ),
)
