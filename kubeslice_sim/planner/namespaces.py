"""Namespaces: which ones a worker cluster has, and what its operator reports of them to the hub."""

from __future__ import annotations

from collections.abc import Iterator

from kubeslice_sim.model.cluster import NamespaceOwnership
from kubeslice_sim.model.world import World
from kubeslice_sim.planner.members import namespaces_on

UNREPORTED = frozenset({"kube-system", "default", "kubeslice-system", "kube-node-lease", "kube-public", "istio-system"})
"""Left out of the report (worker-operator, EXCLUDED_NS in the chart)."""


def reported_namespaces(world: World, cluster: str) -> tuple[NamespaceOwnership, ...]:
    """Every namespace of the cluster with the slice that holds it, as ``Cluster.status.namespaces`` would say.

    Those of the world's Namespaces and of what stands on the cluster, and the application namespaces of its slices,
    which the operator makes where they are missing.
    """
    owners = {
        namespace: config.metadata.name
        for config in reversed(world.slices)
        if cluster in config.spec.clusters
        for namespace in namespaces_on(config.spec.namespace_isolation_profile.application_namespaces, cluster)
    }
    found = dict.fromkeys((*_standing(world, cluster), *owners))
    return tuple(
        NamespaceOwnership(name=name, slice_name=owners.get(name, "")) for name in found if name not in UNREPORTED
    )


def standing_namespaces(world: World, cluster: str) -> tuple[str, ...]:
    """The namespaces that the cluster has before any slice: the world's Namespaces and those of what stands on it."""
    return tuple(name for name in dict.fromkeys(_standing(world, cluster)) if name not in UNREPORTED)


def _standing(world: World, cluster: str) -> Iterator[str]:
    for item in world.objects:
        if cluster in world.placed(item.metadata):
            yield item.metadata.name if item.kind == "Namespace" else item.metadata.namespace or "default"
    for export in world.exports:
        if cluster in world.placed(export.metadata):
            yield export.metadata.namespace
