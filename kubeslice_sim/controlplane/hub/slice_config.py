"""SliceConfig: a user's slice becomes members, gateway pairs, certificate jobs and a key rotation.

As kubeslice-controller service/slice_config_service.go does. What its webhook would refuse (a cluster that is not
registered yet) waits here instead, because a world is handed in all at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from kubeslice_sim.controlplane import finalizer
from kubeslice_sim.controlplane.controller import ControllerSpec, Watch, itself, labelled
from kubeslice_sim.controlplane.effects import IssueCertificates
from kubeslice_sim.controlplane.hub import labels
from kubeslice_sim.controlplane.hub.certificate_job import certificate_job, complete, job_name
from kubeslice_sim.controlplane.reconciler import NOTHING, Create, Delete, Note, Outcome, Update, View, Write
from kubeslice_sim.controlplane.store import Change
from kubeslice_sim.controlplane.table import D
from kubeslice_sim.model.cluster import Cluster
from kubeslice_sim.model.document import ObjectKey, key_of
from kubeslice_sim.model.project import CONTROLLER_NAMESPACE, Project
from kubeslice_sim.model.slice_config import SliceConfig
from kubeslice_sim.model.slice_qos_config import SliceQosConfig
from kubeslice_sim.model.vpn_key_rotation import VpnKeyRotation
from kubeslice_sim.model.worker_slice_config import WorkerSliceConfig
from kubeslice_sim.model.worker_slice_gateway import WorkerSliceGateway
from kubeslice_sim.planner import names
from kubeslice_sim.planner.history import SliceHistory
from kubeslice_sim.planner.members import has_network, member_clusters
from kubeslice_sim.planner.nodes import project_of
from kubeslice_sim.planner.objects_gateway import Side, worker_slice_gateways
from kubeslice_sim.planner.objects_metadata import SLICE_CONFIG_FINALIZER
from kubeslice_sim.planner.objects_slice import (
    FIRST_ROTATION,
    registered_slice,
    vpn_key_rotation,
    worker_slice_config,
)
from kubeslice_sim.planner.pairings import pair_clusters
from kubeslice_sim.planner.qos import profile_of
from kubeslice_sim.planner.slots import assign_slots


def reconcile(key: ObjectKey, view: View, now_s: float) -> Outcome:
    """Make what the slice derives be as it should: create what is missing, update what differs, delete the rest."""
    config = view.hub.get(SliceConfig, key.namespace, key.name)
    if config is None:
        return NOTHING
    if finalizer.deleting(config):
        return _tear_down(config, view)
    clusters = {item.metadata.name: item for item in view.hub.list(Cluster, key.namespace)}
    waiting = [name for name in member_clusters(config) if not _registered(clusters.get(name))]
    if waiting:
        return Outcome(retry=f"{', '.join(waiting)}: not registered yet")
    first: tuple[Write, ...] = ()
    if not finalizer.held(config, SLICE_CONFIG_FINALIZER):
        config = registered_slice(config, view.hub.get(Project, CONTROLLER_NAMESPACE, project_of(key.namespace)))
        first = (Update(item=config),)
    members = _members(config, view)
    if not has_network(config) or members.retry:
        return Outcome(writes=(*first, *members.writes), events=members.events)
    gateways = _gateways(config, clusters, view)
    rotation = _rotation(config, view)
    return Outcome(
        writes=(*first, *members.writes, *gateways.writes, *rotation.writes),
        effects=gateways.effects,
        events=(*members.events, *gateways.events, *rotation.events),
    )


def held_slots(config: SliceConfig, view: View) -> dict[str, int]:
    """The slots of the clusters that have a WorkerSliceConfig, even of those that are just leaving."""
    return {
        item.metadata.labels[labels.WORKER_CLUSTER]: item.spec.octet
        for item in _of_slice(config, view, WorkerSliceConfig)
        if item.spec.octet is not None
    }


def _members(config: SliceConfig, view: View) -> Outcome:
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
        wanted = worker_slice_config(config, cluster, slot_of.get(cluster), qos)
        there = held.pop(wanted.metadata.name, None)
        if there is None and wanted.spec.octet is not None and wanted.spec.octet in leaving:
            # KubeSlice panics here and is called again; the slot is free once the leaver's object is gone.
            retry = f"slot {wanted.spec.octet} is still in use"
        elif there is None:
            writes.append(Create(item=wanted))
            events.append(Note(name="WorkerSliceConfigCreated", subject=key_of(wanted)))
        elif not finalizer.deleting(there) and (there.spec, there.metadata.labels) != (
            wanted.spec, wanted.metadata.labels,
        ):  # fmt: skip
            metadata = replace(there.metadata, labels=wanted.metadata.labels)
            writes.append(Update(item=replace(there, metadata=metadata, spec=wanted.spec)))
            events.append(Note(name="WorkerSliceConfigUpdated", subject=key_of(wanted)))
    for gone in held.values():
        if not finalizer.deleting(gone):
            writes.append(Delete(key=key_of(gone)))
            events.append(Note(name="WorkerSliceConfigDeleted", subject=key_of(gone)))
    return Outcome(writes=tuple(writes), events=tuple(events), retry=retry)


def _gateways(config: SliceConfig, clusters: Mapping[str, Cluster], view: View) -> Outcome:
    slot_of = assign_slots(member_clusters(config), held_slots(config, view))
    held = {item.metadata.name: item for item in _of_slice(config, view, WorkerSliceGateway)}
    writes: list[Write] = []
    effects: list[IssueCertificates] = []
    events: list[Note] = []
    for pairing in pair_clusters(config, SliceHistory(servers=_servers(held.values()))):
        server_side, client_side = (Side(clusters[name], slot_of[name]) for name in (pairing.server, pairing.client))
        sides = worker_slice_gateways(config, server_side, client_side)
        for side in sides:
            if held.pop(side.metadata.name, None) is None:
                writes.append(Create(item=side))
                events.append(Note(name="WorkerSliceGatewayCreated", subject=key_of(side)))
        server, client = (side.metadata.name for side in sides)
        job = view.hub.find("Job", CONTROLLER_NAMESPACE, job_name(server, FIRST_ROTATION))
        if job is None:
            job = certificate_job(config.metadata.name, server, client, FIRST_ROTATION, config.metadata.namespace)
            writes.append(Create(item=job))
            events.append(Note(name="SliceGatewayJobCreated", subject=key_of(sides[0])))
        if not complete(job):
            effects.append(IssueCertificates(
                slice=config.metadata.name, server=server, client=client, rotation=FIRST_ROTATION
            ))  # fmt: skip
    for gone in held.values():
        if not finalizer.deleting(gone):
            writes.extend(_without_gateway(gone, view))
            events.append(Note(name="WorkerSliceGatewayDeleted", subject=key_of(gone)))
    return Outcome(writes=tuple(writes), effects=tuple(effects), events=tuple(events))


def _rotation(config: SliceConfig, view: View) -> Outcome:
    """The slice's VpnKeyRotation: made once, then its clusters and gateways kept true."""
    slice_ = config.metadata.name
    gateways = {
        local: tuple(names.gateway(slice_, local, remote) for remote in member_clusters(config) if remote != local)
        for local in member_clusters(config)
    }
    wanted = vpn_key_rotation(config, gateways)
    if wanted is None:
        return NOTHING
    key = key_of(wanted)
    there = view.hub.get(VpnKeyRotation, key.namespace, key.name)
    if there is None:
        return Outcome(writes=(Create(item=wanted),), events=(Note(name="VPNKeyRotationConfigCreated", subject=key),))
    spec = replace(
        there.spec, clusters=wanted.spec.clusters, cluster_gateway_mapping=wanted.spec.cluster_gateway_mapping,
        rotation_interval=wanted.spec.rotation_interval,
    )  # fmt: skip
    if spec == there.spec:
        return NOTHING
    return Outcome(
        writes=(Update(item=replace(there, spec=spec)),),
        events=(Note(name="VPNKeyRotationConfigUpdated", subject=key),),
    )


def _tear_down(config: SliceConfig, view: View) -> Outcome:
    """Delete gateways, then members, and let go of the slice without waiting for them."""
    gateways = _of_slice(config, view, WorkerSliceGateway)
    members = _of_slice(config, view, WorkerSliceConfig)
    return Outcome(
        writes=(
            *(write for gateway in gateways for write in _without_gateway(gateway, view)),
            *(Delete(key=key_of(member)) for member in members),
            Update(item=finalizer.removed(config, SLICE_CONFIG_FINALIZER)),
        ),
        events=(
            *(Note(name="WorkerSliceGatewayDeleted", subject=key_of(gateway)) for gateway in gateways),
            *(Note(name="WorkerSliceConfigDeleted", subject=key_of(member)) for member in members),
            Note(name="SliceConfigDeleted", subject=key_of(config)),
        ),
    )


def _without_gateway(gateway: WorkerSliceGateway, view: View) -> tuple[Write, ...]:
    namespace, name = gateway.metadata.namespace, gateway.metadata.name
    secret = view.hub.find("Secret", namespace, name)
    job = view.hub.find("Job", CONTROLLER_NAMESPACE, job_name(name, FIRST_ROTATION))
    return (
        Delete(key=key_of(gateway)),
        *(Delete(key=key_of(item)) for item in (secret, job) if item is not None),
    )


def _servers(gateways: Iterable[WorkerSliceGateway]) -> dict[frozenset[str], str]:
    """Who serves in the pairs that exist."""
    return {
        frozenset((item.spec.local_gateway_config.cluster_name, item.spec.remote_gateway_config.cluster_name)):
        item.spec.local_gateway_config.cluster_name
        for item in gateways
        if item.spec.gateway_host_type == "Server" and not finalizer.deleting(item)
    }  # fmt: skip


def _registered(cluster: Cluster | None) -> bool:
    status = cluster.status if cluster is not None else None
    return status is not None and status.registration_status == "Registered" and bool(status.node_ips)


def _of_slice(config: SliceConfig, view: View, noun: type[D]) -> tuple[D, ...]:
    return view.hub.list(noun, config.metadata.namespace, {labels.SLICE: config.metadata.name})


def _left(change: Change, view: View) -> Iterable[ObjectKey]:
    """The slice of a derived object that is gone: its slot is free now, or it must be made again."""
    return labelled("SliceConfig", labels.SLICE)(change, view) if change.action == "DELETED" else ()


def _slices_of_new_cluster(change: Change, view: View) -> tuple[ObjectKey, ...]:
    """The slices that wait for a cluster which has just been registered."""
    if not _registered(change.item) or _registered(change.previous):
        return ()
    configs = view.hub.list(SliceConfig, change.key.namespace)
    return tuple(key_of(config) for config in configs if change.key.name in config.spec.clusters)


def _slices_of_profile(change: Change, view: View) -> tuple[ObjectKey, ...]:
    return tuple(
        key_of(config)
        for config in view.hub.list(SliceConfig, change.key.namespace)
        if config.spec.standard_qos_profile_name == change.key.name
    )


SLICE_CONFIG = ControllerSpec(
    name="slice-config",
    reconcile=reconcile,
    watches=(
        Watch(kind="SliceConfig", keys=itself),
        Watch(kind="WorkerSliceConfig", keys=_left),
        Watch(kind="WorkerSliceGateway", keys=_left),
        Watch(kind="Cluster", keys=_slices_of_new_cluster),
        Watch(kind="SliceQoSConfig", keys=_slices_of_profile),
    ),
)
