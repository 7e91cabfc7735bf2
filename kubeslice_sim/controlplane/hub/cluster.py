"""Cluster: a worker's registration on the controller cluster (kubeslice-controller service/cluster_service.go)."""

from __future__ import annotations

from dataclasses import replace

from kubeslice_sim.controlplane import finalizer
from kubeslice_sim.controlplane.controller import ControllerSpec, Watch, itself
from kubeslice_sim.controlplane.hub.project import missing_of
from kubeslice_sim.controlplane.reconciler import NOTHING, Delete, Note, Outcome, Update, UpdateStatus, View, Write
from kubeslice_sim.controlplane.status import with_metadata
from kubeslice_sim.model.cluster import Cluster, ClusterStatus
from kubeslice_sim.model.document import ObjectKey, key_of
from kubeslice_sim.model.project import CONTROLLER_NAMESPACE, Project
from kubeslice_sim.planner import names
from kubeslice_sim.planner.nodes import project_of
from kubeslice_sim.planner.objects_access import worker_account
from kubeslice_sim.planner.objects_cluster import registered_cluster
from kubeslice_sim.planner.objects_metadata import CLUSTER_FINALIZER


def reconcile(key: ObjectKey, view: View, now_s: float) -> Outcome:
    """Give the worker an account and name its secret; a deleted cluster goes once its worker let go of it."""
    cluster = view.hub.get(Cluster, key.namespace, key.name)
    if cluster is None:
        return NOTHING
    account = worker_account(key.name, key.namespace)
    if finalizer.deleting(cluster):
        if cluster.metadata.finalizers != (CLUSTER_FINALIZER,):
            return NOTHING
        return Outcome(
            writes=(
                *(Delete(key=key_of(item)) for item in reversed(account)),
                Update(item=finalizer.removed(cluster, CLUSTER_FINALIZER)),
            ),
            events=(Note(name="ClusterDeleted", subject=key),),
        )
    missing = missing_of(account, view)
    writes: list[Write] = []
    status = cluster.status or ClusterStatus()
    if not finalizer.held(cluster, CLUSTER_FINALIZER):
        project = view.hub.get(Project, CONTROLLER_NAMESPACE, project_of(key.namespace))
        wanted = registered_cluster(cluster, project, status)
        registered = with_metadata(
            replace(cluster, spec=wanted.spec), labels=wanted.metadata.labels,
            annotations=wanted.metadata.annotations, finalizers=(CLUSTER_FINALIZER, *cluster.metadata.finalizers),
        )  # fmt: skip
        writes.append(Update(item=registered))
    if not status.secret_name:
        status = replace(
            status, secret_name=names.worker_service_account(key.name),
            registration_status=status.registration_status or "Pending",
        )  # fmt: skip
        writes.append(UpdateStatus(item=replace(cluster, status=status)))
    return Outcome(writes=(*missing.writes, *writes), events=missing.events)


CLUSTER = ControllerSpec(name="cluster", reconcile=reconcile, watches=(Watch(kind="Cluster", keys=itself),))
