"""Cluster: a worker's registration on the controller cluster (kubeslice-controller service/cluster_service.go)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from kubeslice_sim.controlplane import finalizer
from kubeslice_sim.controlplane.controller import ControllerSpec, Watch, itself
from kubeslice_sim.controlplane.hub import labels
from kubeslice_sim.controlplane.hub.default_slice import follow_cluster, leave_default_slice
from kubeslice_sim.controlplane.hub.project import missing_of
from kubeslice_sim.controlplane.reconciler import NOTHING, Delete, Note, Outcome, Update, UpdateStatus, View, Write
from kubeslice_sim.controlplane.timestamp import seconds
from kubeslice_sim.model.cluster import Cluster, ClusterStatus
from kubeslice_sim.model.document import ObjectKey, key_of
from kubeslice_sim.model.project import CONTROLLER_NAMESPACE, Project
from kubeslice_sim.model.worker_slice_gateway import WorkerSliceGateway
from kubeslice_sim.planner import names
from kubeslice_sim.planner.nodes import project_of, settled_spec
from kubeslice_sim.planner.objects_access import worker_account
from kubeslice_sim.planner.objects_gateway import Side
from kubeslice_sim.planner.objects_metadata import CLUSTER_FINALIZER, propagated

DEREGISTER_MARGIN_S = 10.0
"""So much later than the timeout KubeSlice looks whether the worker has let go."""
WORKER_SAYS = {"DeregisterFailed": "ClusterDeregisterFailed", "Deregistered": "ClusterDeregistered"}
"""What a worker that takes itself apart comes to, by its Cluster's status, and what the controller then tells."""
TOKEN_WAIT_S = 30.0
"""Until a new service account is looked at again, for its token."""


def reconcile(key: ObjectKey, view: View, now_s: float) -> Outcome:
    """Give the worker an account and name its secret, tell its gateways its node IPs, feed the default slice.

    A deleted cluster goes once its worker let go of it.
    """
    cluster = view.hub.get(Cluster, key.namespace, key.name)
    if cluster is None:
        return NOTHING
    project = view.hub.get(Project, CONTROLLER_NAMESPACE, project_of(key.namespace))
    account = worker_account(key.name, key.namespace)
    if finalizer.deleting(cluster):
        return _leave(cluster, project, account, view, now_s)
    missing = missing_of(account, view)
    wanted = _registered(cluster, view.hub.find("Namespace", "", key.namespace) or project)
    writes: list[Write] = [] if wanted == cluster else [Update(item=wanted)]
    if missing.writes:
        # Where the cluster itself is written, its own event comes back at once.
        wait_s = TOKEN_WAIT_S if not writes else None
        return replace(missing, writes=(*missing.writes, *writes), requeue_after_s=wait_s)
    status = wanted.status or ClusterStatus()
    if not status.secret_name:
        status = replace(status, secret_name=names.worker_service_account(key.name))
        writes.append(UpdateStatus(item=replace(wanted, status=status)))
    if status.network_present:
        writes.extend(_node_ips(wanted, view))
    writes.extend(follow_cluster(wanted, project, view))
    return Outcome(writes=tuple(writes), events=missing.events)


def _registered(cluster: Cluster, source: Any | None) -> Cluster:
    """The Cluster with its finalizer, its node IPs mended, and what its project's namespace passes on."""
    meta = cluster.metadata
    inherited = (propagated(source.metadata.labels), propagated(source.metadata.annotations)) if source else ({}, {})
    finalizers = meta.finalizers if CLUSTER_FINALIZER in meta.finalizers else (CLUSTER_FINALIZER, *meta.finalizers)
    return replace(
        cluster,
        metadata=replace(
            meta, labels=meta.labels.with_items(inherited[0]), annotations=meta.annotations.with_items(inherited[1]),
            finalizers=finalizers,
        ),
        spec=settled_spec(cluster.spec),
    )  # fmt: skip


def _node_ips(cluster: Cluster, view: View) -> Iterator[Write]:
    """Every gateway of the cluster is reached where the cluster is."""
    ips, old_ip = Side(cluster, 0).node_ips, cluster.spec.node_ip
    for gateway in view.hub.list(
        WorkerSliceGateway, cluster.metadata.namespace, {labels.WORKER_CLUSTER: cluster.metadata.name}
    ):
        local = gateway.spec.local_gateway_config
        if (local.node_ips, local.node_ip) != (ips, old_ip):
            local = replace(local, node_ips=ips, node_ip=old_ip)
            yield Update(item=replace(gateway, spec=replace(gateway.spec, local_gateway_config=local)))


def _leave(
    cluster: Cluster, project: Project | None, account: tuple[Any, ...], view: View, now_s: float
) -> Outcome:  # fmt: skip
    """Wait until the worker has taken itself apart, ten minutes at most; then take its account away."""
    apart = leave_default_slice(cluster, project, view)
    status, subject = cluster.status or ClusterStatus(), key_of(cluster)
    events = [Note(name="ClusterDeleted", subject=subject)]
    if finalizer.held(cluster, finalizer.CLUSTER_DEREGISTER):
        left_s = seconds(str(cluster.metadata.deletion_timestamp)) + view.timing.deregister_timeout_s - now_s
        if left_s > 0:
            return _awaited(cluster, status, apart, left_s)
        events.insert(0, Note(name="ClusterDeregisterTimeout", subject=subject))
        cluster = finalizer.removed(cluster, finalizer.CLUSTER_DEREGISTER)
    if not finalizer.held(cluster, CLUSTER_FINALIZER):
        return Outcome(writes=apart)  # somebody else holds it
    return Outcome(
        writes=(
            *apart,
            *(Delete(key=key_of(item)) for item in reversed(account)),
            Update(item=finalizer.removed(cluster, CLUSTER_FINALIZER)),
        ),
        events=tuple(events),
    )


def _awaited(cluster: Cluster, status: ClusterStatus, apart: tuple[Write, ...], left_s: float) -> Outcome:
    """Tell what the worker says of taking itself apart; before it says anything, note that it is at it."""
    said = WORKER_SAYS.get(status.registration_status or "")
    wait_s = left_s + DEREGISTER_MARGIN_S
    if said is not None:
        notes = (Note(name=said, subject=key_of(cluster)),)
        return Outcome(writes=apart, events=notes, requeue_after_s=wait_s)
    begun = replace(status, is_deregister_in_progress=True)
    if begun == status:
        return Outcome(writes=apart, requeue_after_s=wait_s)
    return Outcome(
        writes=(*apart, UpdateStatus(item=replace(cluster, status=begun))),
        events=(Note(name="ClusterDeregistrationInProgress", subject=key_of(cluster)),),
        requeue_after_s=wait_s,
    )


CLUSTER = ControllerSpec(name="cluster", reconcile=reconcile, watches=(Watch(kind="Cluster", keys=itself),))
