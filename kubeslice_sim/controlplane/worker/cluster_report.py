"""Cluster report: what an operator tells the hub of its cluster (worker-operator pkg/hub/controllers/cluster)."""

from __future__ import annotations

from dataclasses import replace

from kubeslice_sim.controlplane import finalizer
from kubeslice_sim.controlplane.built_in import SLICE_LABEL, built_in
from kubeslice_sim.controlplane.controller import ControllerSpec, Watch, itself
from kubeslice_sim.controlplane.reconciler import NOTHING, Create, Note, Outcome, Update, UpdateStatus, View, Write
from kubeslice_sim.controlplane.store import Change
from kubeslice_sim.controlplane.timestamp import micro_time, seconds, timestamp
from kubeslice_sim.controlplane.worker.cluster_health import cluster_health
from kubeslice_sim.model.cluster import (
    Cluster,
    ClusterHealth,
    ClusterStatus,
    NamespaceOwnership,
    RegistrationStatus,
)
from kubeslice_sim.model.document import ObjectKey
from kubeslice_sim.model.slice_gateway import SliceGateway
from kubeslice_sim.model.worker_slice import Slice
from kubeslice_sim.planner.names import GATEWAY_NODE_LABEL, SYSTEM_NAMESPACE

DEREGISTER_JOB = "cluster-deregisteration-job"
"""KubeSlice's own spelling."""
STARTED = "kubeslice-sim.io/started"
"""The annotation with the Job's moment: its creation is told in whole seconds only."""
_TICK_S = 1e-6
DEREGISTER_TRIES = 4
"""So often a worker that is to go looks for slices that are still there, before it says that it cannot."""
EXCLUDED_NAMESPACES = frozenset(
    {"kube-system", "default", "kubeslice-system", "kube-node-lease", "kube-public", "istio-system"}
)
"""Never reported (worker-operator, environment EXCLUDED_NS)."""


def reconcile(key: ObjectKey, view: View, now_s: float) -> Outcome:
    """Report node IPs, networks, namespaces and health, and that the cluster is registered.

    A cluster under deletion is let go when no slice is left on it: a Job uninstalls its operator, says so, and takes
    its finalizer away. A slice that stays makes that fail; it is looked for again every minute (KubeSlice gives up
    after three times). The Job stays here as the sign that there is no operator: nobody registers the cluster again.
    """
    cluster = view.hub.get(Cluster, key.namespace, key.name)
    if cluster is None:
        return NOTHING
    if finalizer.deleting(cluster):
        return _let_go(cluster, view, now_s)
    if view.local.find("Job", SYSTEM_NAMESPACE, DEREGISTER_JOB) is not None:
        return NOTHING  # who would report was uninstalled
    writes: list[Write] = []
    if not finalizer.held(cluster, finalizer.CLUSTER_DEREGISTER):
        writes.append(Update(item=finalizer.added(cluster, finalizer.CLUSTER_DEREGISTER), at="hub"))
    held = cluster.status or ClusterStatus()
    status = replace(
        held,
        registration_status="Registered",
        network_present=True,
        node_ips=_node_ips(view),
        cni_subnet=_networks(view),
        namespaces=_namespaces(view, held),
    )
    if _health_is_due(held.cluster_health, view, now_s):
        health = replace(cluster_health(cluster, status, view), last_updated=timestamp(now_s))
        status = replace(status, cluster_health=health)
    if status != held:
        writes.append(UpdateStatus(item=replace(cluster, status=status), at="hub"))
    return Outcome(
        writes=tuple(writes),
        events=_events(key, held, status),
        requeue_after_s=view.timing.health_report_s,
    )


def _let_go(cluster: Cluster, view: View, now_s: float) -> Outcome:
    if not finalizer.held(cluster, finalizer.CLUSTER_DEREGISTER):
        return NOTHING
    state = cluster.status.registration_status if cluster.status is not None else None
    if state not in ("DeregisterInProgress", "DeregisterFailed", "Deregistered"):
        # Told before anybody looks for slices; the change brings it back here at once.
        return _deregistering(cluster, "DeregisterInProgress", view.timing.wait_for_pods_s)
    slices, gateways = view.local.list(Slice), view.local.list(SliceGateway)
    if slices or gateways:
        pause_s, since_s = view.timing.wait_for_pods_s, now_s - seconds(str(cluster.metadata.deletion_timestamp))
        if since_s < DEREGISTER_TRIES * pause_s:
            return Outcome(requeue_after_s=pause_s)
        return _deregistering(cluster, "DeregisterFailed", view.timing.deregister_retry_s)
    if state == "DeregisterFailed":
        return _deregistering(cluster, "DeregisterInProgress", view.timing.wait_for_pods_s)
    return _uninstalling(cluster, view, now_s)


def _uninstalling(cluster: Cluster, view: View, now_s: float) -> Outcome:
    """The Job's own steps, each when it is due (worker-operator scripts/cleanup.sh)."""
    job = view.local.find("Job", SYSTEM_NAMESPACE, DEREGISTER_JOB)
    timing = view.timing
    if job is None:
        made = built_in("Job", SYSTEM_NAMESPACE, DEREGISTER_JOB, annotations={STARTED: micro_time(now_s)})
        return Outcome(writes=(Create(item=made),), requeue_after_s=timing.deregister_job_s)
    since_s = now_s - seconds(job.metadata.annotations[STARTED])
    if since_s < timing.deregister_job_s - _TICK_S:
        return Outcome(requeue_after_s=timing.deregister_job_s - since_s)
    told = cluster.status is not None and cluster.status.registration_status == "Deregistered"
    left_s = timing.deregister_job_s + timing.deregister_pause_s - since_s
    if not told or left_s > _TICK_S:
        return _deregistering(cluster, "Deregistered", max(left_s, _TICK_S))
    return Outcome(writes=(Update(item=finalizer.removed(cluster, finalizer.CLUSTER_DEREGISTER), at="hub"),))


def _deregistering(cluster: Cluster, state: RegistrationStatus, again_s: float) -> Outcome:
    """Tell the hub how far it is, and look again."""
    status = replace(cluster.status or ClusterStatus(), registration_status=state)
    write = () if status == cluster.status else (UpdateStatus(item=replace(cluster, status=status), at="hub"),)
    return Outcome(writes=write, requeue_after_s=again_s)


def _node_ips(view: View) -> tuple[str, ...]:
    """Of the nodes labelled as gateways: all external addresses, else all internal ones (pkg/cluster/node.go)."""
    nodes = view.local.objects("Node", labels={GATEWAY_NODE_LABEL: "gateway"})
    addresses = [address for node in nodes for address in node.status.get("addresses") or ()]
    for kind in ("ExternalIP", "InternalIP"):
        found = tuple(str(item["address"]) for item in addresses if item["type"] == kind)
        if found:
            return found
    return ()


def _networks(view: View) -> tuple[str, ...]:
    underlay = view.underlay.cluster(view.cluster)
    return (underlay.pod_cidr, underlay.service_cidr)


def _namespaces(view: View, held: ClusterStatus) -> tuple[NamespaceOwnership, ...]:
    """Every reported namespace with the slice that holds it; those that were there keep their place in the list."""
    found = {
        item.metadata.name: NamespaceOwnership(
            name=item.metadata.name, slice_name=item.metadata.labels.get(SLICE_LABEL, "")
        )
        for item in view.local.objects("Namespace")
        if item.metadata.name not in EXCLUDED_NAMESPACES
    }
    old = [item.name for item in held.namespaces if item.name in found]
    return tuple(found[name] for name in dict.fromkeys((*old, *found)))


def _health_is_due(held: ClusterHealth | None, view: View, now_s: float) -> bool:
    """Health is written again only when the last report of it is older than its period."""
    dated = held is not None and held.last_updated
    return not dated or now_s - seconds(str(dated)) >= view.timing.health_report_s


def _events(key: ObjectKey, held: ClusterStatus, status: ClusterStatus) -> tuple[Note, ...]:
    changed = (
        ("ClusterNodeIpAutoDetected", held.node_ips != status.node_ips),
        ("ClusterCNISubnetUpdateSuccessful", held.cni_subnet != status.cni_subnet),
        ("ClusterHealthy", _turned(held, status) == "Normal"),
        ("ClusterUnhealthy", _turned(held, status) == "Warning"),
        ("UpdatedNamespaceInfoToHub", held.namespaces != status.namespaces),
    )
    return tuple(Note(name=name, subject=key) for name, happened in changed if happened)


def _turned(held: ClusterStatus, status: ClusterStatus) -> str | None:
    """What the cluster's health is now, where it was something else."""
    before, now = (
        item.cluster_health.cluster_health_status if item.cluster_health else None for item in (held, status)
    )
    return now if now != before else None


def _own_cluster(change: Change, view: View) -> tuple[ObjectKey, ...]:
    """This cluster's own Cluster, wherever the change was."""
    return tuple(ObjectKey("Cluster", item.metadata.namespace, item.metadata.name) for item in view.hub.list(Cluster))


CLUSTER_REPORT = ControllerSpec(
    name="cluster-report",
    reconcile=reconcile,
    watches=(
        Watch(kind="Cluster", keys=itself, at="hub"),
        Watch(kind="Node", keys=_own_cluster),
        Watch(kind="Namespace", keys=_own_cluster),
        Watch(kind="Slice", keys=_own_cluster),
    ),
)
