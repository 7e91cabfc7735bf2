"""Import mirror: a WorkerServiceImport of this cluster becomes a ServiceImport in the service's namespace.

As worker-operator pkg/hub/controllers/serviceimport_controller.go does.
"""

from __future__ import annotations

from dataclasses import replace

from kubeslice_sim.controlplane import finalizer
from kubeslice_sim.controlplane.built_in import SLICE_LABEL
from kubeslice_sim.controlplane.controller import ControllerSpec, Watch, itself
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
from kubeslice_sim.model.frozen import FrozenMap
from kubeslice_sim.model.service_export import ServicePort
from kubeslice_sim.model.service_import import ServiceEndpoint, ServiceImport, ServiceImportSpec
from kubeslice_sim.model.worker_service_import import WorkerServiceImport
from kubeslice_sim.model.worker_slice import Slice
from kubeslice_sim.planner.names import SYSTEM_NAMESPACE, service_dns


def reconcile(key: ObjectKey, view: View, now_s: float) -> Outcome:
    """Create the ServiceImport and keep its spec and endpoints true; delete it when the hub's object is going."""
    told = view.hub.get(WorkerServiceImport, key.namespace, key.name)
    if told is None:
        return NOTHING
    there = view.local.get(ServiceImport, told.spec.service_namespace, told.spec.service_name)
    if there is not None and there.spec.slice != told.spec.slice_name and finalizer.deleting(told):
        there = None  # another slice's service of the same name has taken its place
    if finalizer.deleting(told):
        return _let_go(told, there)
    first: tuple[Write, ...] = ()
    if not finalizer.held(told, finalizer.HUB_SERVICE_IMPORT):
        first = (Update(item=finalizer.added(told, finalizer.HUB_SERVICE_IMPORT), at="hub"),)
    if view.local.get(Slice, SYSTEM_NAMESPACE, told.spec.slice_name) is None:
        return Outcome(writes=first, requeue_after_s=view.timing.wait_for_import_slice_s)
    wanted = _import(told)
    if there is None:
        return Outcome(
            writes=(*first, Create(item=wanted), UpdateStatus(item=wanted)),
            events=(Note(name="WorkerServiceImportCreated", subject=key),),
        )
    endpoints = wanted.status.endpoints
    if (there.spec, there.status.endpoints) == (wanted.spec, endpoints) or finalizer.deleting(there):
        return Outcome(writes=first)
    metadata = replace(there.metadata, labels=wanted.metadata.labels)
    updated = replace(there, metadata=metadata, spec=wanted.spec, status=replace(there.status, endpoints=endpoints))
    return Outcome(
        writes=(*first, Update(item=updated), UpdateStatus(item=updated)),
        events=(Note(name="SliceServiceImportUpdated", subject=key_of(there)),),
    )


def _import(told: WorkerServiceImport) -> ServiceImport:
    spec = told.spec
    item = ServiceImport(
        metadata=ObjectMeta(
            name=spec.service_name,
            namespace=spec.service_namespace,
            labels=FrozenMap({SLICE_LABEL: spec.slice_name}),
            finalizers=(finalizer.SERVICE_IMPORT,),
        ),
        spec=ServiceImportSpec(
            slice=spec.slice_name,
            dns_name=service_dns(spec.service_name, spec.service_namespace),
            ports=tuple(
                ServicePort(
                    name=port.name,
                    container_port=port.port,
                    protocol=port.protocol,
                    service_port=port.service_port,
                    service_protocol="HTTPS" if port.service_protocol == "HTTPS" else "HTTP",
                )
                for port in spec.service_discovery_ports
            ),
            aliases=spec.aliases,
        ),
    )
    endpoints = tuple(
        ServiceEndpoint(
            name=endpoint.pod_name, ip=endpoint.nsm_ip, port=endpoint.port, cluster_id=endpoint.cluster,
            dns_name=endpoint.dns_name,
        )
        for endpoint in spec.service_discovery_endpoints
    )  # fmt: skip
    return replace(item, status=replace(item.status, endpoints=endpoints))


def _let_go(told: WorkerServiceImport, there: ServiceImport | None) -> Outcome:
    if there is not None:
        return NOTHING if finalizer.deleting(there) else Outcome(writes=(Delete(key=key_of(there)),))
    if not finalizer.held(told, finalizer.HUB_SERVICE_IMPORT):
        return NOTHING
    return Outcome(
        writes=(Update(item=finalizer.removed(told, finalizer.HUB_SERVICE_IMPORT), at="hub"),),
        events=(Note(name="SliceServiceImportDeleted", subject=key_of(told)),),
    )


def _same_service_on_hub(change: Change, view: View) -> tuple[ObjectKey, ...]:
    service = (change.key.namespace, change.key.name)
    return tuple(
        key_of(item)
        for item in view.hub.list(WorkerServiceImport)
        if (item.spec.service_namespace, item.spec.service_name) == service
    )


IMPORT_MIRROR = ControllerSpec(
    name="import-mirror",
    reconcile=reconcile,
    watches=(
        Watch(kind="WorkerServiceImport", keys=itself, at="hub"),
        Watch(kind="ServiceImport", keys=_same_service_on_hub),
    ),
)
