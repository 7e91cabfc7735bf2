"""SliceConfig: a user's slice becomes members, gateway pairs, certificate jobs and a key rotation.

As kubeslice-controller service/slice_config_service.go does. What its webhook would refuse (a cluster that is not
registered yet) waits here instead, because a world is handed in all at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from kubeslice_sim.controlplane import finalizer
from kubeslice_sim.controlplane.controller import ControllerSpec, Watch, itself
from kubeslice_sim.controlplane.hub import labels
from kubeslice_sim.controlplane.hub.default_slice import spare_default_slice
from kubeslice_sim.controlplane.hub.slice_gateways import Members, keep_gateways
from kubeslice_sim.controlplane.hub.slice_ipam import (
    Blocks,
    keep_ipam,
    shape_of,
    slice_of_ipam,
    slice_of_shape,
    without_ipam,
)
from kubeslice_sim.controlplane.hub.vpn_key_rotation import keep_rotation
from kubeslice_sim.controlplane.hub.worker_objects import owned_by
from kubeslice_sim.controlplane.hub.worker_slice_config import settled as settled_share
from kubeslice_sim.controlplane.hub.worker_slice_gateway import recyclers_of_slice
from kubeslice_sim.controlplane.reconciler import NOTHING, Create, Delete, Note, Outcome, Update, View, Write
from kubeslice_sim.controlplane.store import Change
from kubeslice_sim.model.cluster import Cluster, ClusterStatus
from kubeslice_sim.model.document import ObjectKey, key_of
from kubeslice_sim.model.project import CONTROLLER_NAMESPACE, Project
from kubeslice_sim.model.slice_config import SliceConfig
from kubeslice_sim.model.slice_qos_config import SliceQosConfig
from kubeslice_sim.model.worker_slice_config import WorkerSliceConfig
from kubeslice_sim.model.worker_slice_gateway import WorkerSliceGateway
from kubeslice_sim.planner import names
from kubeslice_sim.planner.members import has_network, member_clusters
from kubeslice_sim.planner.nodes import project_of
from kubeslice_sim.planner.objects_metadata import QOS_PROFILE_LABEL, SLICE_CONFIG_FINALIZER
from kubeslice_sim.planner.objects_slice import registered_slice, worker_slice_config
from kubeslice_sim.planner.qos import lacks_profile, profile_of
from kubeslice_sim.planner.slots import assign_slots


def reconcile(key: ObjectKey, view: View, now_s: float) -> Outcome:
    """Make what the slice derives be as it should: create what is missing, update what differs, delete the rest."""
    config = view.hub.get(SliceConfig, key.namespace, key.name)
    if config is None:
        return NOTHING
    if finalizer.deleting(config):
        return _tear_down(config, view)
    clusters = {item.metadata.name: item for item in view.hub.list(Cluster, key.namespace)}
    waiting = [
        name for name in member_clusters(config)
        if _share(config, name, view) is None and not _registered(config, clusters.get(name))
    ]  # fmt: skip
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
    done = replace(members.outcome, writes=(*first, *members.outcome.writes))
    if not has_network(settled) or done.retry or not all(name in clusters for name in member_clusters(settled)):
        return done
    gateways = keep_gateways(settled, shape, blocks, clusters, members, view)
    rotation = keep_rotation(settled, view) if not gateways.retry else NOTHING
    return Outcome(
        writes=(*done.writes, *gateways.writes, *rotation.writes),
        events=(*ipam.events, *done.events, *gateways.events, *rotation.events),
        retry=gateways.retry,
    )


def _members(config: SliceConfig, blocks: Blocks, view: View) -> Members:
    """Delete the shares of clusters that left, write those of the others, make those that are missing."""
    qos = profile_of(config, view.hub.list(SliceQosConfig, config.metadata.namespace))
    listed = member_clusters(config)
    writes: list[Write] = []
    events: list[Note] = []
    held: dict[str, int] = {}
    leaving: list[int] = []
    for item in owned_by(config, view, WorkerSliceConfig):
        cluster, slot = item.metadata.labels.get(labels.WORKER_CLUSTER, ""), item.spec.octet
        if cluster in listed:
            held.update({} if slot is None else {cluster: slot})
            continue
        leaving.extend(() if slot is None else (slot,))
        if not finalizer.deleting(item):
            writes.append(Delete(key=key_of(item)))
            events.append(Note(name="WorkerSliceConfigDeleted", subject=key_of(item)))
    try:
        slot_of: Mapping[str, int] = assign_slots(listed, held, leaving) if has_network(config) else {}
    except LookupError as error:
        return Members(outcome=Outcome(writes=tuple(writes), events=tuple(events), retry=str(error)))
    newest = ""
    for cluster in listed:
        slot, there = slot_of.get(cluster), _share(config, cluster, view)
        if there is None:
            made, newest = worker_slice_config(config, cluster, slot, qos, blocks.get(cluster)), cluster
            writes.append(Create(item=made))
            events.append(Note(name="WorkerSliceConfigCreated", subject=key_of(made)))
        elif (
            not finalizer.deleting(there)
            and not lacks_profile(config, qos)
            and (wanted := settled_share(there, config, slot, qos, blocks.get(cluster))) != there
        ):
            writes.append(Update(item=wanted))
            events.append(Note(name="WorkerSliceConfigUpdated", subject=key_of(wanted)))
    return Members(outcome=Outcome(writes=tuple(writes), events=tuple(events)), slot_of=slot_of, newest=newest)


def _share(config: SliceConfig, cluster: str, view: View) -> WorkerSliceConfig | None:
    name = names.worker_slice_config(config.metadata.name, cluster)
    return view.hub.get(WorkerSliceConfig, config.metadata.namespace, name)


def _tear_down(config: SliceConfig, view: View) -> Outcome:
    """Delete gateways, then members and recyclers, and let go of the slice without waiting for them."""
    gateways = owned_by(config, view, WorkerSliceGateway)
    members = owned_by(config, view, WorkerSliceConfig)
    recyclers = [
        item for item in recyclers_of_slice(config.metadata.name, view)
        if item.metadata.namespace == config.metadata.namespace
    ]  # fmt: skip
    return Outcome(
        writes=(
            *(Delete(key=key_of(item)) for item in (*gateways, *members, *recyclers)),
            *without_ipam(config, view),
            Update(item=finalizer.removed(config, SLICE_CONFIG_FINALIZER)),
        ),
        events=(
            *(Note(name="WorkerSliceGatewayDeleted", subject=key_of(gateway)) for gateway in gateways),
            *(Note(name="WorkerSliceConfigDeleted", subject=key_of(member)) for member in members),
            Note(name="SliceConfigDeleted", subject=key_of(config)),
        ),
    )


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


def _left(change: Change, view: View) -> Iterable[ObjectKey]:
    """The slice of a derived object that is gone though its cluster is a member: it must be made again.

    Nothing else calls the slice, as in KubeSlice: what one pass left behind waits for its next event.
    """
    if change.action != "DELETED":
        return ()
    meta = change.item.metadata
    config = view.hub.get(SliceConfig, meta.namespace, change.item.spec.slice_name)
    if config is None or meta.labels.get(labels.WORKER_CLUSTER) not in config.spec.clusters:
        return ()
    return (key_of(config),)


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
