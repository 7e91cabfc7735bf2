"""ServiceExportConfig: all exports of a service become one WorkerServiceImport for each cluster of the slice.

As kubeslice-controller service/service_export_config_service.go and worker_service_import_service.go do: endpoints
and source clusters of all exports in the order of their names, ports and aliases of the first only.
"""

from __future__ import annotations

from dataclasses import replace

from kubeslice_sim.controlplane import finalizer
from kubeslice_sim.controlplane.controller import ControllerSpec, Watch, itself
from kubeslice_sim.controlplane.hub import labels
from kubeslice_sim.controlplane.hub.worker_objects import rewritten
from kubeslice_sim.controlplane.reconciler import NOTHING, Create, Delete, Note, Outcome, Update, View, Write
from kubeslice_sim.controlplane.status import with_metadata
from kubeslice_sim.controlplane.store import Change
from kubeslice_sim.model.document import ObjectKey, key_of
from kubeslice_sim.model.service_export_config import ServiceExportConfig, ServiceExportConfigSpec
from kubeslice_sim.model.slice_config import SliceConfig
from kubeslice_sim.model.worker_service_import import WorkerServiceImport, WorkerServiceImportSpec
from kubeslice_sim.planner.members import has_network, member_clusters
from kubeslice_sim.planner.objects_metadata import SERVICE_EXPORT_FINALIZER
from kubeslice_sim.planner.objects_service import worker_service_import


def reconcile(key: ObjectKey, view: View, now_s: float) -> Outcome:
    """Make the imports of the export's service say what its living exports say; none are left without an export."""
    export = view.hub.get(ServiceExportConfig, key.namespace, key.name)
    if export is None:
        return NOTHING
    if finalizer.deleting(export):
        imports = _imports(export, view)
        return replace(
            imports,
            writes=(*imports.writes, Update(item=finalizer.removed(export, SERVICE_EXPORT_FINALIZER))),
            events=(*imports.events, Note(name="ServiceExportConfigDeleted", subject=key)),
        )
    wanted = finalizer.added(export, SERVICE_EXPORT_FINALIZER)
    if view.hub.get(SliceConfig, key.namespace, export.spec.slice_name) is not None:
        wanted = with_metadata(wanted, labels=wanted.metadata.labels.with_items(_labels(export.spec)))
    if wanted != export:
        return Outcome(writes=(Update(item=wanted),))  # which brings it back here, under its labels
    return _imports(export, view)


def _labels(spec: ServiceExportConfigSpec) -> dict[str, str]:
    return {
        labels.SLICE: spec.slice_name,
        labels.WORKER_CLUSTER: spec.source_cluster,
        labels.SERVICE: spec.service_name,
        labels.SERVICE_NAMESPACE: spec.service_namespace,
    }


def _imports(export: ServiceExportConfig, view: View) -> Outcome:
    spec, namespace = export.spec, export.metadata.namespace
    config = view.hub.get(SliceConfig, namespace, spec.slice_name)
    exports = [item for item in exports_of(spec, namespace, view) if not finalizer.deleting(item)]
    held = {
        item.metadata.name: item
        for item in view.hub.list(WorkerServiceImport, namespace, {labels.SLICE: spec.slice_name})
        if (item.spec.service_name, item.spec.service_namespace) == (spec.service_name, spec.service_namespace)
    }
    writes: list[Write] = []
    events: list[Note] = []
    items = () if config is None or not exports else tuple(
        worker_service_import(exports, cluster) for cluster in member_clusters(config)
    )  # fmt: skip
    for item in items:
        there = held.pop(item.metadata.name, None)
        if there is None:
            writes.append(Create(item=item))
            events.append(Note(name="WorkerServiceImportCreated", subject=key_of(item)))
        elif there.spec != item.spec and not finalizer.deleting(there):
            writes.append(Update(item=replace(there, spec=item.spec)))
            events.append(Note(name="WorkerServiceImportUpdated", subject=key_of(item)))
    for gone in held.values():
        if not finalizer.deleting(gone):
            writes.append(Delete(key=key_of(gone)))
            events.append(Note(name="WorkerServiceImportDeleted", subject=key_of(gone)))
    return Outcome(writes=tuple(writes), events=tuple(events))


def exports_of(
    spec: ServiceExportConfigSpec | WorkerServiceImportSpec, namespace: str, view: View
) -> tuple[ServiceExportConfig, ...]:
    """Every export of the same service in the same slice, even those that are just going."""
    return view.hub.list(ServiceExportConfig, namespace, {
        labels.SERVICE: spec.service_name,
        labels.SERVICE_NAMESPACE: spec.service_namespace,
        labels.SLICE: spec.slice_name,
    })  # fmt: skip


def _exports_of_slice(change: Change, view: View) -> tuple[ObjectKey, ...]:
    """The slice's exports are imported by its new clusters; a slice without a network does not look after them."""
    if not has_network(change.item):
        return ()
    found = view.hub.list(ServiceExportConfig, change.key.namespace, {labels.SLICE: change.key.name})
    return tuple(key_of(item) for item in found)


def _siblings(change: Change, view: View) -> tuple[ObjectKey, ...]:
    """An export that is gone leaves the others to speak for the service."""
    if change.action != "DELETED":
        return ()
    return tuple(key_of(item) for item in exports_of(change.item.spec, change.key.namespace, view))


def _service_of_import(change: Change, view: View) -> tuple[ObjectKey, ...]:
    """An import that somebody changed or deleted is made again by the first of its service's exports."""
    if change.action == "ADDED" or (change.action == "MODIFIED" and not rewritten(change)):
        return ()
    found = exports_of(change.item.spec, change.key.namespace, view)
    return tuple(key_of(item) for item in found if not finalizer.deleting(item))[:1]


SERVICE_EXPORT_CONFIG = ControllerSpec(
    name="service-export-config",
    reconcile=reconcile,
    watches=(
        Watch(kind="ServiceExportConfig", keys=itself),
        Watch(kind="ServiceExportConfig", keys=_siblings),
        Watch(kind="SliceConfig", keys=_exports_of_slice),
        Watch(kind="WorkerServiceImport", keys=_service_of_import),
    ),
)
