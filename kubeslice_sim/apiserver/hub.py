"""The objects on a controller cluster on which a world stands: its own, and all that KubeSlice derives from them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from kubeslice_sim.model.cluster import Cluster, ClusterStatus
from kubeslice_sim.model.document import key_of
from kubeslice_sim.model.frozen import FrozenMap
from kubeslice_sim.model.service_export import ServiceExport
from kubeslice_sim.model.service_export_config import ServiceExportConfig
from kubeslice_sim.model.world import World
from kubeslice_sim.planner import plan
from kubeslice_sim.planner.objects import hub_objects
from kubeslice_sim.planner.objects_metadata import SERVICE_EXPORT_FINALIZER
from kubeslice_sim.planner.objects_service import worker_service_import


def standing_objects(world: World, derived: Iterable[Any] = ()) -> tuple[Any, ...]:
    """Every object on the hub, and the ServiceExports of the workers, once KubeSlice has worked on the world.

    ``derived``: objects that KubeSlice made, as somebody saw them; they stand in place of ours of the same name, and
    exports among them are imported by their slice's clusters. Where some Clusters of a world say what they report and
    others do not, these have reported nothing, unless the Underlay describes them. Raises :exc:`BadInput` for a world
    that has no plan.
    """
    silent = _silent(world)
    exports = [_registered_export(item) for item in derived if isinstance(item, ServiceExportConfig)]
    others = [item for item in derived if not isinstance(item, ServiceExportConfig)]
    found = {key_of(item): item for item in hub_objects(plan(world))}
    for item in (*_imports(world, exports), *exports, *others):
        found[key_of(item)] = item
    own = tuple(
        replace(item, status=ClusterStatus()) if isinstance(item, Cluster) and item.metadata.name in silent else item
        for item in found.values()
    )
    return (*own, *(item for item in world.exports if isinstance(item, ServiceExport)))


def _silent(world: World) -> frozenset[str]:
    if not any(cluster.status is not None for cluster in world.clusters):
        return frozenset()
    described = world.underlay.spec.clusters
    return frozenset(
        cluster.metadata.name for cluster in world.clusters
        if cluster.status is None and cluster.metadata.name not in described
    )  # fmt: skip


def _registered_export(export: ServiceExportConfig) -> ServiceExportConfig:
    """As the controller leaves it: labelled, with its finalizer (service/service_export_config_service.go)."""
    spec = export.spec
    labels = {
        **export.metadata.labels,
        "original-slice-name": spec.slice_name,
        "service-name": spec.service_name,
        "service-namespace": spec.service_namespace,
        "worker-cluster": spec.source_cluster,
    }
    finalizers = export.metadata.finalizers or (SERVICE_EXPORT_FINALIZER,)
    return replace(export, metadata=replace(export.metadata, labels=FrozenMap(labels), finalizers=finalizers))


def _imports(world: World, exports: Iterable[ServiceExportConfig]) -> Iterator[Any]:
    members = {(item.metadata.namespace, item.metadata.name): item.spec.clusters for item in world.slices}
    services: dict[tuple[str, str, str, str], list[ServiceExportConfig]] = defaultdict(list)
    for export in sorted(exports, key=lambda item: item.metadata.name):
        spec = export.spec
        key = (export.metadata.namespace, spec.slice_name, spec.service_namespace, spec.service_name)
        services[key].append(export)
    for (namespace, slice_, *_), group in services.items():
        for cluster in members.get((namespace, slice_), ()):
            yield worker_service_import(group, cluster)
