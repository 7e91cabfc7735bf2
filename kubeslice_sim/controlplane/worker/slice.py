"""Slice: namespaces, QoS, router and application pods of a slice on one cluster (worker-operator controllers/slice)."""

from __future__ import annotations

from dataclasses import replace

from kubeslice_sim.controlplane import finalizer
from kubeslice_sim.controlplane.built_in import DNS, POD_TYPE_LABEL, SLICE_LABEL
from kubeslice_sim.controlplane.controller import ControllerSpec, Watch, itself, labelled, only
from kubeslice_sim.controlplane.effects import SetQos
from kubeslice_sim.controlplane.hub import labels
from kubeslice_sim.controlplane.reconciler import NOTHING, Ask, Delete, Note, Outcome, Update, UpdateStatus, View, Write
from kubeslice_sim.controlplane.status import with_metadata
from kubeslice_sim.controlplane.store import Change
from kubeslice_sim.controlplane.timestamp import unix_s
from kubeslice_sim.controlplane.worker import app_pods, east_west, edge, namespaces, qos, router
from kubeslice_sim.controlplane.worker.allowed_namespaces import marked_for
from kubeslice_sim.model.cluster import Cluster
from kubeslice_sim.model.document import ObjectKey, key_of
from kubeslice_sim.model.membership import AppPod
from kubeslice_sim.model.service_export import ServiceExport
from kubeslice_sim.model.service_import import ServiceImport
from kubeslice_sim.model.slice_gateway import SliceGateway
from kubeslice_sim.model.worker_slice import Slice, SliceStatus
from kubeslice_sim.model.worker_slice_config import OnboardedNamespace, WorkerSliceConfig
from kubeslice_sim.planner import names


def reconcile(key: ObjectKey, view: View, now_s: float) -> Outcome:
    """Onboard, isolate, shape, deploy the router, connect pods, and say so in the Slice and on the hub."""
    slice_ = view.local.get(Slice, key.namespace, key.name)
    if slice_ is None or slice_.status.slice_config is None:
        return NOTHING
    if finalizer.deleting(slice_):
        return _tear_down(slice_, view)
    numbered = _numbered(slice_, view)
    onboarding = namespaces.onboard(slice_, view)
    injection = app_pods.inject(slice_, view)
    has_router = bool(slice_.status.slice_config.cluster_subnet_cidr)
    pods = app_pods.connected(slice_, view)
    status = _status(slice_, pods, view, now_s)
    report = _report(key.name, status, view)
    writes: list[Write] = [*onboarding.writes, *injection.writes, *(router.deploy(slice_, view) if has_router else ())]
    if has_router and router.router_runs(key.name, view):
        writes.extend((*edge.deploy(slice_, view), *east_west.deploy(slice_, view)))
    if numbered is not slice_:
        writes.append(Update(item=numbered))
    if status != slice_.status:
        writes.append(UpdateStatus(item=replace(slice_, status=status)))
    waiting = has_router and not router.router_runs(key.name, view)
    return Outcome(
        writes=(*writes, *report.writes),
        first=injection.effects,
        effects=(
            *onboarding.effects,
            *app_pods.connect(slice_, pods, view),
            *qos.shape(numbered, view),
        ),
        events=report.events,
        requeue_after_s=view.timing.wait_for_router_s if waiting else view.timing.slice_reconcile_s,
    )


def asks(key: ObjectKey, view: View) -> tuple[Ask, ...]:
    """What every look at a slice with namespaces asks the hub: how this cluster labels them.

    So no pod, policy, namespace or class is kept true while the hub does not answer.
    """
    slice_ = view.local.get(Slice, key.namespace, key.name)
    if slice_ is None or slice_.status.slice_config is None or finalizer.deleting(slice_):
        return ()
    if slice_.status.slice_config.namespace_isolation_profile is None:
        return ()
    return tuple(Ask(key=key_of(cluster)) for cluster in view.hub.named(Cluster, view.cluster))


def _numbered(slice_: Slice, view: View) -> Slice:
    """The Slice with its class number at netops."""
    annotations = slice_.metadata.annotations
    settings = slice_.status.slice_config
    if qos.NUMBER_ANNOTATION in annotations or settings is None or settings.qos_profile_details is None:
        return slice_
    number = {qos.NUMBER_ANNOTATION: str(qos.free_number(view))}
    return with_metadata(slice_, annotations=annotations.with_items(number))


def _status(slice_: Slice, pods: tuple[AppPod, ...], view: View, now_s: float) -> SliceStatus:
    held = slice_.status
    profile = held.slice_config.namespace_isolation_profile if held.slice_config else None
    isolated = profile is not None and profile.isolation_enabled
    dns = view.local.find("Service", names.SYSTEM_NAMESPACE, DNS)
    wanted = namespaces.application_namespaces(slice_)
    return replace(
        held,
        dns_ip=str(dns.spec.get("clusterIP") or "") if dns is not None else "",
        app_pods=pods,
        app_pods_updated_on=held.app_pods_updated_on if pods == held.app_pods else unix_s(now_s),
        network_policies_installed=isolated,
        application_namespaces=tuple(name for name in wanted if view.local.find("Namespace", "", name) is not None),
        allowed_namespaces=marked_for(slice_.metadata.name, view) if isolated else (),
    )


def _report(name: str, status: SliceStatus, view: View) -> Outcome:
    """Tell the hub which pods and namespaces the slice has here."""
    for config in view.hub.list(WorkerSliceConfig, labels={labels.SLICE: name}):
        told = replace(
            config.status,
            connected_app_pods=status.app_pods,
            onboarded_app_namespaces=tuple(OnboardedNamespace(name=item) for item in status.application_namespaces),
        )
        if told != config.status and not finalizer.deleting(config):
            return Outcome(
                writes=(UpdateStatus(item=replace(config, status=told), at="hub"),),
                events=(Note(name="WorkerSliceConfigUpdated", subject=key_of(config)),),
            )
    return NOTHING


def _tear_down(slice_: Slice, view: View) -> Outcome:
    """Take QoS, namespaces, exports and imports away; what the Slice owns goes with it."""
    name = slice_.metadata.name
    leaving = namespaces.offboard(slice_, view)
    ejected = app_pods.inject(replace(slice_, status=SliceStatus()), view)
    imports = [key_of(item) for item in view.local.list(ServiceImport) if item.spec.slice == name]
    exports = [key_of(item) for item in view.local.list(ServiceExport) if item.spec.slice == name]
    return Outcome(
        writes=(
            *leaving.writes,
            *ejected.writes,
            *(Delete(key=key) for key in (*imports, *exports)),
            Update(item=finalizer.removed(slice_, finalizer.SLICE)),
        ),
        first=(
            *leaving.effects,
            *ejected.effects,
            SetQos(cluster=view.cluster, slice=name, qos=None, source_ports=(), destination_ports=()),
        ),
        events=(Note(name="SliceDeleted", subject=key_of(slice_)),),
    )


def _slices_of_namespace(change: Change, view: View) -> tuple[ObjectKey, ...]:
    """The slices that have the changed object's namespace."""
    namespace = change.key.namespace or change.key.name
    if namespace == names.SYSTEM_NAMESPACE:
        return ()  # no slice's, and where most pods are
    found = view.local.list(Slice)
    return tuple(key_of(item) for item in found if namespace in namespaces.application_namespaces(item))


def _dials(gateway: SliceGateway) -> tuple[int, ...]:
    """What shaping asks of a gateway: the node ports that a client dials."""
    config = gateway.status.config
    return config.slice_gateway_remote_node_ports if config.slice_gateway_host_type == "Client" else ()


def _dials_otherwise(change: Change, _: View) -> bool:
    """Whether the gateway's packets are to be selected by other ports than before."""
    before = () if change.previous is None or change.action == "ADDED" else _dials(change.previous)
    return before != (() if change.action == "DELETED" else _dials(change.item))


def _no_gateway(change: Change, _: View) -> bool:
    return bool(change.item.metadata.labels.get(POD_TYPE_LABEL) != "slicegateway")


def _slice_of_config(change: Change, view: View) -> tuple[ObjectKey, ...]:
    return (ObjectKey("Slice", names.SYSTEM_NAMESPACE, change.item.spec.slice_name),)


SLICE = ControllerSpec(
    name="slice",
    reconcile=reconcile,
    asks=asks,
    watches=(
        Watch(kind="Slice", keys=itself),
        Watch(kind="WorkerSliceConfig", keys=_slice_of_config, at="hub"),
        Watch(kind="Pod", keys=only(_no_gateway, labelled("Slice", SLICE_LABEL, names.SYSTEM_NAMESPACE))),
        Watch(kind="Pod", keys=_slices_of_namespace),
        Watch(kind="Namespace", keys=_slices_of_namespace),
        Watch(kind="NetworkPolicy", keys=_slices_of_namespace),
        Watch(kind="SliceGateway", keys=only(_dials_otherwise, labelled("Slice", SLICE_LABEL))),
        Watch(kind="Service", keys=labelled("Slice", SLICE_LABEL)),
    ),
)
