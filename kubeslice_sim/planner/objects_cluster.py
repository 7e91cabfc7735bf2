"""What the controller and the worker's operator make of a Cluster.

Source: kubeslice-controller service/cluster_service.go; worker-operator pkg/hub/controllers/cluster.
"""

from __future__ import annotations

from dataclasses import replace

from kubeslice_sim.model.cluster import Cluster, ClusterHealth, ClusterStatus
from kubeslice_sim.model.project import Project
from kubeslice_sim.model.world import World
from kubeslice_sim.planner import names
from kubeslice_sim.planner.history import History
from kubeslice_sim.planner.namespaces import reported_namespaces
from kubeslice_sim.planner.nodes import build_clusters, settled_spec
from kubeslice_sim.planner.objects_metadata import CLUSTER_FINALIZER, propagated
from kubeslice_sim.planner.plan import ClusterPlan


def reported_status(world: World, cluster: ClusterPlan) -> ClusterStatus:
    """What a healthy worker's operator reports, taken from the Underlay and from what stands on the cluster."""
    underlay = world.underlay.cluster(cluster.name)
    return ClusterStatus(
        cni_subnet=(underlay.pod_cidr, underlay.service_cidr),
        namespaces=reported_namespaces(world, cluster.name),
        cluster_health=ClusterHealth(cluster_health_status="Normal"),
        node_ips=cluster.node_ips,
        registration_status="Registered",
        network_present=True,
    )


def reporting_clusters(world: World) -> tuple[Cluster, ...]:
    """Every Cluster with the status that its worker reports: the world's own, else a healthy worker's.

    Where some Clusters of a world say what they report and others do not, these have reported nothing, unless the
    Underlay describes them.
    """
    told = any(cluster.status is not None for cluster in world.clusters)
    described = world.underlay.spec.clusters
    return tuple(
        cluster if cluster.status is not None or (told and plan.name not in described)
        else replace(cluster, status=reported_status(world, plan))
        for cluster, plan in zip(world.clusters, build_clusters(world, History()), strict=True)
    )  # fmt: skip


def registered_cluster(cluster: Cluster, project: Project | None, reported: ClusterStatus) -> Cluster:
    """The Cluster as it stands on the hub once its worker has reported.

    A status that the world gives is kept; it needs only the name of the worker's secret. Labels and annotations of the
    project's namespace, which has them from the Project, are passed on.
    """
    metadata = replace(cluster.metadata, finalizers=(CLUSTER_FINALIZER,))
    if project is not None:
        metadata = replace(
            metadata,
            labels=metadata.labels.with_items(propagated(project.metadata.labels)),
            annotations=metadata.annotations.with_items(propagated(project.metadata.annotations)),
        )
    status = replace(cluster.status or reported, secret_name=names.worker_service_account(cluster.metadata.name))
    return replace(cluster, metadata=metadata, spec=settled_spec(cluster.spec), status=status)
