"""Worker objects on the hub: how they go.

As kubeslice-controller does with WorkerSliceConfig, WorkerSliceGateway and WorkerServiceImport under deletion: its own
finalizer goes when the worker's is gone; a worker that does not answer for three minutes is not waited for.
"""

from __future__ import annotations

from typing import Any

from kubeslice_sim.controlplane import finalizer
from kubeslice_sim.controlplane.controller import ControllerSpec, Watch, itself
from kubeslice_sim.controlplane.reconciler import NOTHING, Outcome, Update, View
from kubeslice_sim.controlplane.status import with_metadata
from kubeslice_sim.controlplane.timestamp import seconds
from kubeslice_sim.model.document import ObjectKey
from kubeslice_sim.model.worker_service_import import WorkerServiceImport
from kubeslice_sim.model.worker_slice_config import WorkerSliceConfig
from kubeslice_sim.model.worker_slice_gateway import WorkerSliceGateway
from kubeslice_sim.planner.objects_metadata import (
    WORKER_SERVICE_IMPORT_FINALIZER,
    WORKER_SLICE_CONFIG_FINALIZER,
    WORKER_SLICE_GATEWAY_FINALIZER,
)

OWN = {
    "WorkerSliceConfig": (WorkerSliceConfig, WORKER_SLICE_CONFIG_FINALIZER, finalizer.HUB_SLICE),
    "WorkerSliceGateway": (WorkerSliceGateway, WORKER_SLICE_GATEWAY_FINALIZER, finalizer.HUB_GATEWAY),
    "WorkerServiceImport": (WorkerServiceImport, WORKER_SERVICE_IMPORT_FINALIZER, finalizer.HUB_SERVICE_IMPORT),
}
"""Kind → noun, the controller's finalizer, the worker's finalizer."""


def reconcile(key: ObjectKey, view: View, now_s: float) -> Outcome:
    """Let an object under deletion go once its worker has, or when the worker's time is up."""
    noun, own, _ = OWN[key.kind]
    item: Any = view.hub.get(noun, key.namespace, key.name)
    if item is None or not finalizer.deleting(item):
        return NOTHING
    if set(item.metadata.finalizers) <= {own}:
        return Outcome(writes=(Update(item=finalizer.removed(item, own)),))
    patience_s = view.timing.worker_finalizer_patience_s - (now_s - seconds(item.metadata.deletion_timestamp))
    if patience_s > 0:
        return Outcome(requeue_after_s=patience_s)
    return Outcome(writes=(Update(item=with_metadata(item, finalizers=())),))


WORKER_OBJECTS = ControllerSpec(
    name="worker-objects", reconcile=reconcile, watches=tuple(Watch(kind=kind, keys=itself) for kind in OWN)
)
