"""WorkerServiceImport: a service as one cluster imports it (controller service/worker_service_import_service.go)."""

from __future__ import annotations

from dataclasses import replace

from kubeslice_sim.controlplane import finalizer
from kubeslice_sim.controlplane.controller import ControllerSpec, Watch
from kubeslice_sim.controlplane.hub import labels
from kubeslice_sim.controlplane.hub.service_export_config import exports_of
from kubeslice_sim.controlplane.hub.worker_objects import release, rewritten
from kubeslice_sim.controlplane.reconciler import NOTHING, Note, Outcome, Update, View
from kubeslice_sim.controlplane.store import Change
from kubeslice_sim.model.document import ObjectKey, key_of
from kubeslice_sim.model.slice_config import SliceConfig
from kubeslice_sim.model.worker_service_import import WorkerServiceImport
from kubeslice_sim.planner.objects_metadata import WORKER_SERVICE_IMPORT_FINALIZER


def reconcile(key: ObjectKey, view: View, now_s: float) -> Outcome:
    """Let one under deletion go once its worker has; what it says is the business of its service's exports."""
    item = view.hub.get(WorkerServiceImport, key.namespace, key.name)
    if item is None:
        return NOTHING
    if not finalizer.deleting(item):
        mended = finalizer.added(item, WORKER_SERVICE_IMPORT_FINALIZER)
        return NOTHING if mended == item else Outcome(writes=(Update(item=mended),))
    gone = release(item, WORKER_SERVICE_IMPORT_FINALIZER, view, now_s)
    return replace(gone, events=_forced(item, view)) if gone.writes else gone


def _forced(item: WorkerServiceImport, view: View) -> tuple[Note, ...]:
    """What KubeSlice says when somebody deletes an import that a living export still asks for."""
    config = view.hub.get(SliceConfig, item.metadata.namespace, item.spec.slice_name)
    wanted = config is not None and item.metadata.labels.get(labels.WORKER_CLUSTER) in config.spec.clusters
    if not wanted or all(finalizer.deleting(export) for export in exports_of(item.spec, item.metadata.namespace, view)):
        return ()
    names = ("WorkerServiceImportDeletedForcefully", "WorkerServiceImportRecreated")
    return tuple(Note(name=name, subject=key_of(item)) for name in names)


def _itself(change: Change, _: View) -> tuple[ObjectKey, ...]:
    return (change.key,) if rewritten(change) else ()


WORKER_SERVICE_IMPORT = ControllerSpec(
    name="worker-service-import", reconcile=reconcile, watches=(Watch(kind="WorkerServiceImport", keys=_itself),)
)
