"""Slice mirror: the WorkerSliceConfig of this cluster becomes its Slice (worker-operator pkg/hub/controllers)."""

from __future__ import annotations

from dataclasses import replace

from kubeslice_sim.controlplane import finalizer
from kubeslice_sim.controlplane.controller import ControllerSpec, Watch, itself
from kubeslice_sim.controlplane.hub import labels
from kubeslice_sim.controlplane.reconciler import (
    NOTHING,
    Create,
    Delete,
    Note,
    Outcome,
    Update,
    UpdateStatus,
    View,
    Write,
)
from kubeslice_sim.controlplane.store import Change
from kubeslice_sim.model.document import ObjectKey, ObjectMeta, key_of
from kubeslice_sim.model.worker_slice import Slice, SliceIpam, SliceQosProfile, SliceSettings, SliceStatus
from kubeslice_sim.model.worker_slice_config import WorkerQosProfile, WorkerSliceConfig
from kubeslice_sim.planner.names import SYSTEM_NAMESPACE


def reconcile(key: ObjectKey, view: View, now_s: float) -> Outcome:
    """Create the Slice and keep ``status.sliceConfig`` true; delete it when the hub's object is going."""
    config = view.hub.get(WorkerSliceConfig, key.namespace, key.name)
    if config is None:
        return NOTHING
    there = view.local.get(Slice, SYSTEM_NAMESPACE, config.spec.slice_name)
    if finalizer.deleting(config):
        return _let_go(config, there)
    first: tuple[Write, ...] = ()
    if not finalizer.held(config, finalizer.HUB_SLICE):
        first = (Update(item=finalizer.added(config, finalizer.HUB_SLICE), at="hub"),)
    settings = mirror(config)
    if there is None:
        item = Slice(
            metadata=ObjectMeta(
                name=config.spec.slice_name, namespace=SYSTEM_NAMESPACE, labels=config.metadata.labels,
                finalizers=(finalizer.SLICE,),
            ),
            status=SliceStatus(slice_config=settings),
        )  # fmt: skip
        return Outcome(
            writes=(*first, Create(item=item), UpdateStatus(item=item)),
            events=(Note(name="SliceCreated", subject=key_of(item)),),
        )
    if finalizer.deleting(there):
        return Outcome(writes=first, requeue_after_s=view.timing.slice_reconcile_s)
    if there.status.slice_config == settings:
        return Outcome(writes=first)
    return Outcome(
        writes=(*first, UpdateStatus(item=replace(there, status=replace(there.status, slice_config=settings)))),
        events=(Note(name="SliceUpdated", subject=key_of(there)),),
    )


def mirror(config: WorkerSliceConfig) -> SliceSettings:
    """What the operator copies of a WorkerSliceConfig."""
    spec, qos = config.spec, config.spec.qos_profile_details
    provider = spec.slice_gateway_provider
    return SliceSettings(
        slice_display_name=spec.slice_name,
        slice_subnet=spec.slice_subnet,
        slice_type=spec.slice_type,
        qos_profile_details=_copy_of(qos) if qos is not None else None,
        slice_ipam=SliceIpam(slice_ipam_type=spec.slice_ipam_type, ipam_cluster_octet=spec.ipam_cluster_octet),
        external_gateway_config=spec.external_gateway_config,
        namespace_isolation_profile=spec.namespace_isolation_profile,
        cluster_subnet_cidr=spec.cluster_subnet_cidr,
        slice_gateway_service_type=provider.slice_gateway_service_type if provider else "",
        slice_gateway_protocol=provider.slice_gateway_protocol if provider else "",
        slice_overlay_network_deployment_mode=spec.overlay_network_deployment_mode,
    )


def _copy_of(qos: WorkerQosProfile) -> SliceQosProfile:
    return SliceQosProfile(
        queue_type=qos.queue_type,
        priority=qos.priority,
        tc_type=qos.tc_type,
        bandwidth_ceiling_kbps=qos.bandwidth_ceiling_kbps,
        bandwidth_guaranteed_kbps=qos.bandwidth_guaranteed_kbps,
        dscp_class=qos.dscp_class or "",
    )


def _let_go(config: WorkerSliceConfig, there: Slice | None) -> Outcome:
    """Delete the Slice first; the hub's object may go when it is gone."""
    if there is not None:
        return NOTHING if finalizer.deleting(there) else Outcome(writes=(Delete(key=key_of(there)),))
    if not finalizer.held(config, finalizer.HUB_SLICE):
        return NOTHING
    return Outcome(writes=(Update(item=finalizer.removed(config, finalizer.HUB_SLICE), at="hub"),))


def _config_of_slice(change: Change, view: View) -> tuple[ObjectKey, ...]:
    found = view.hub.list(WorkerSliceConfig, labels={labels.SLICE: change.key.name})
    return tuple(key_of(item) for item in found)


SLICE_MIRROR = ControllerSpec(
    name="slice-mirror",
    reconcile=reconcile,
    watches=(Watch(kind="WorkerSliceConfig", keys=itself, at="hub"), Watch(kind="Slice", keys=_config_of_slice)),
)
