"""Default slices: what a project with ``defaultSliceCreation`` gets without asking."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kubeslice_sim.model.cluster import Cluster
from kubeslice_sim.model.document import ObjectMeta
from kubeslice_sim.model.frozen import FrozenMap
from kubeslice_sim.model.project import Project
from kubeslice_sim.model.slice_config import (
    NamespaceIsolationProfile,
    NamespaceSelection,
    SliceConfig,
    SliceConfigSpec,
)
from kubeslice_sim.model.world import World
from kubeslice_sim.planner import names
from kubeslice_sim.planner.members import member_clusters
from kubeslice_sim.planner.namespaces import standing_namespaces

MAX_CLUSTERS = 8


def default_slices(world: World) -> tuple[SliceConfig, ...]:
    """The default slice of each project that wants one, unless the world holds it already."""
    written = {(item.metadata.namespace, item.metadata.name) for item in world.slices}
    return tuple(
        slice_
        for project in world.projects
        if project.spec.default_slice_creation
        if (project.project_namespace, names.default_slice(project.metadata.name)) not in written
        if (slice_ := default_slice(project, _with_namespaces(world), world.slices)) is not None
    )


def default_slice(
    project: Project, clusters: Iterable[tuple[Cluster, tuple[str, ...]]], slices: Iterable[SliceConfig]
) -> SliceConfig | None:
    """A no-network slice of all clusters that report namespaces, with every namespace that no other slice has.

    As kubeslice-controller service/default_slice_service.go: the first cluster makes it, a later one joins when it
    brings a namespace. ``clusters``: each with the namespaces that it reports as no slice's. They are there before any
    slice is, so a cluster stays a member when slices take them all. None for a project without clusters.
    """
    namespace = project.project_namespace
    own = [(item.metadata.name, free) for item, free in clusters if item.metadata.namespace == namespace]
    if not own:
        return None
    taken = {pair for item in slices if item.metadata.namespace == namespace for pair in _onboarded(item)}
    homes: dict[str, list[str]] = {}
    joined = [own[0][0]]
    for name, free in own:
        if free and name not in joined:
            joined.append(name)
        for item in free:
            homes.setdefault(item, [])
            if (item, name) not in taken:
                homes[item].append(name)
    return SliceConfig(
        metadata=ObjectMeta(
            name=names.default_slice(project.metadata.name),
            namespace=namespace,
            annotations=FrozenMap(
                {
                    "slice-managed-by": project.metadata.name,
                    "desc": f"This is the default slice created for project {project.metadata.name}",
                }
            ),
        ),
        spec=SliceConfigSpec(
            overlay_network_deployment_mode="no-network",
            clusters=tuple(joined),
            max_clusters=MAX_CLUSTERS,
            namespace_isolation_profile=NamespaceIsolationProfile(
                application_namespaces=tuple(
                    NamespaceSelection(namespace=item, clusters=tuple(on)) for item, on in homes.items() if on
                )
            ),
        ),
    )


def _with_namespaces(world: World) -> Iterator[tuple[Cluster, tuple[str, ...]]]:
    for cluster in world.clusters:
        if cluster.status is not None:
            yield cluster, tuple(item.name for item in cluster.status.namespaces if not item.slice_name)
        else:
            yield cluster, standing_namespaces(world, cluster.metadata.name)


def _onboarded(config: SliceConfig) -> Iterable[tuple[str, str]]:
    for item in config.spec.namespace_isolation_profile.application_namespaces:
        for cluster in member_clusters(config) if "*" in item.clusters else item.clusters:
            yield item.namespace, cluster
