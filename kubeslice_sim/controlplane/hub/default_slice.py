"""The default slice of a project, as its Clusters change (kubeslice-controller service/default_slice_service.go).

Quirk of KubeSlice, kept: a namespace that no slice has is taken in at one event of its Cluster and, while its worker
has not said that the default slice holds it, thrown out again at the next.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from kubeslice_sim.controlplane.reconciler import Create, Update, View, Write
from kubeslice_sim.model.cluster import Cluster, ClusterStatus
from kubeslice_sim.model.project import Project
from kubeslice_sim.model.slice_config import NamespaceSelection, SliceConfig
from kubeslice_sim.planner import names
from kubeslice_sim.planner.default_slice import default_slice
from kubeslice_sim.planner.members import member_clusters

Selections = tuple[NamespaceSelection, ...]


def follow_cluster(cluster: Cluster, project: Project | None, view: View) -> tuple[Write, ...]:
    """Make the default slice, or bring the cluster's namespaces into it, or take them out."""
    status = cluster.status or ClusterStatus()
    if project is None or not project.spec.default_slice_creation or status.is_deregister_in_progress:
        return ()
    name, free = cluster.metadata.name, [item.name for item in status.namespaces if not item.slice_name]
    held = _held(project, view)
    if (held is None or name not in held.spec.clusters) and not _welcome(cluster):
        return ()  # KubeSlice asks anyway, is refused by its own webhook and asks again
    if held is None:
        made = default_slice(project, ((cluster, tuple(free)),), ())
        return () if made is None else (Create(item=made),)
    entries = held.spec.namespace_isolation_profile.application_namespaces
    clusters = tuple(dict.fromkeys((*held.spec.clusters, name)))
    more = _with(entries, name, free)
    if more != entries:
        return (_update(held, clusters, more),)
    own = {item.name for item in status.namespaces if item.slice_name == held.metadata.name}
    fewer = _without(entries, name, keep=own)
    return (_update(held, clusters, fewer),) if fewer != entries else ()


def leave_default_slice(cluster: Cluster, project: Project | None, view: View) -> tuple[Write, ...]:
    """Take a cluster that goes out of the default slice. One of which it has no namespace stays in its list."""
    held = _held(project, view) if project is not None and project.spec.default_slice_creation else None
    if held is None:
        return ()
    name, entries = cluster.metadata.name, held.spec.namespace_isolation_profile.application_namespaces
    fewer = _without(entries, name, keep=())
    if fewer == entries:
        return ()
    return (_update(held, tuple(item for item in held.spec.clusters if item != name), fewer),)


def spare_default_slice(config: SliceConfig, project: Project | None, view: View) -> tuple[Write, ...]:
    """Take the namespaces that another slice gets out of the default slice."""
    held = _held(project, view) if project is not None and project.spec.default_slice_creation else None
    if held is None or held.metadata.name == config.metadata.name:
        return ()
    taken = {
        (item.namespace, cluster)
        for item in config.spec.namespace_isolation_profile.application_namespaces
        for cluster in (member_clusters(config) if item.clusters[:1] == ("*",) else item.clusters)
    }
    entries = held.spec.namespace_isolation_profile.application_namespaces
    # Where several clusters give up one namespace at once, KubeSlice changes the list that it walks along and skips
    # every other of them, or leaves an entry without clusters, which its own webhook refuses. We take out all.
    left = [
        replace(item, clusters=tuple(name for name in item.clusters if (item.namespace, name) not in taken))
        for item in entries
    ]
    fewer = tuple(item for item in left if item.clusters)
    return (_update(held, held.spec.clusters, fewer),) if fewer != entries else ()


def _welcome(cluster: Cluster) -> bool:
    """Whether the webhook would let the cluster into a slice without a network."""
    status = cluster.status or ClusterStatus()
    healthy = status.cluster_health is None or status.cluster_health.cluster_health_status in (None, "Normal")
    return status.registration_status == "Registered" and healthy and bool(status.node_ips or cluster.spec.node_ips)


def _held(project: Project, view: View) -> SliceConfig | None:
    return view.hub.get(SliceConfig, project.project_namespace, names.default_slice(project.metadata.name))


def _with(entries: Selections, cluster: str, namespaces: Collection[str]) -> Selections:
    there = {item.namespace: item for item in entries}
    for name in namespaces:
        item = there.get(name, NamespaceSelection(namespace=name))
        if cluster not in item.clusters:
            there[name] = replace(item, clusters=(*item.clusters, cluster))
    return tuple(there.values())


def _without(entries: Selections, cluster: str, keep: Collection[str]) -> Selections:
    left = [
        item if item.namespace in keep
        else replace(item, clusters=tuple(name for name in item.clusters if name != cluster))
        for item in entries
    ]  # fmt: skip
    return tuple(item for item in left if item.clusters)


def _update(held: SliceConfig, clusters: tuple[str, ...], entries: Selections) -> Update:
    profile = replace(held.spec.namespace_isolation_profile, application_namespaces=entries)
    return Update(item=replace(held, spec=replace(held.spec, clusters=clusters, namespace_isolation_profile=profile)))
