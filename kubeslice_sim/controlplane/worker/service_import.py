"""ServiceImport: what is said of an imported service (worker-operator controllers/serviceimport)."""

from __future__ import annotations

from dataclasses import replace

from kubeslice_sim.controlplane import finalizer
from kubeslice_sim.controlplane.controller import ControllerSpec, Watch, itself
from kubeslice_sim.controlplane.reconciler import NOTHING, Note, Outcome, Update, UpdateStatus, View
from kubeslice_sim.controlplane.worker.service_export import exposed_ports
from kubeslice_sim.model.document import ObjectKey
from kubeslice_sim.model.service_import import ServiceImport


def reconcile(key: ObjectKey, view: View, now_s: float) -> Outcome:
    """Count endpoints and name ports; READY whether or not there is an endpoint."""
    item = view.local.get(ServiceImport, key.namespace, key.name)
    if item is None:
        return NOTHING
    if finalizer.deleting(item):
        return Outcome(writes=(Update(item=finalizer.removed(item, finalizer.SERVICE_IMPORT)),))
    status = replace(
        item.status,
        import_status="READY",
        exposed_ports=exposed_ports(item.spec.ports),
        available_endpoints=len(item.status.endpoints),
    )
    if status == item.status:
        return Outcome(requeue_after_s=view.timing.service_import_reconcile_s)
    return Outcome(
        writes=(UpdateStatus(item=replace(item, status=status)),),
        events=(Note(name="SliceServiceImportUpdatePorts", subject=key),),
        requeue_after_s=view.timing.service_import_reconcile_s,
    )


SERVICE_IMPORT = ControllerSpec(
    name="service-import", reconcile=reconcile, watches=(Watch(kind="ServiceImport", keys=itself),)
)
