"""Where each document of a world goes: KubeSlice's own to the controller cluster, workloads and exports to workers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kubeslice_sim.manifest import encode
from kubeslice_sim.model.document import ObjectMeta
from kubeslice_sim.model.world import World
from real.contexts import ClusterContexts
from real.defaults import defaults_of
from real.placement import Placement


def worker_clusters(world: World) -> tuple[str, ...]:
    """The worker clusters that something is sent to, in the world's order: those that need a context."""
    used = {name for _, metadata in _worker_documents(world) for name in world.placed(metadata)}
    return tuple(name for name in world.cluster_names if name in used)


def place(world: World, contexts: ClusterContexts) -> tuple[Placement, ...]:
    """One placement for each document and cluster. Underlay and scenarios are not sent anywhere."""
    hub = (*world.projects, *world.clusters, *world.qos_profiles, *world.slices)
    placements = [
        Placement(context=contexts.controller, manifest=encode(document), defaults=defaults_of(document))
        for document in hub
    ]
    for document, metadata in _worker_documents(world):
        manifest, defaults = _with_namespace(encode(document)), defaults_of(document)
        placements += [
            Placement(context=contexts.workers[name], manifest=manifest, defaults=defaults)
            for name in world.placed(metadata)
        ]
    return tuple(placements)


def _worker_documents(world: World) -> Iterator[tuple[Any, ObjectMeta]]:
    for item in world.objects:
        yield item, item.metadata
    for export in world.exports:
        yield export, export.metadata


def _with_namespace(manifest: dict[str, Any]) -> dict[str, Any]:
    """As kubectl: what names no namespace goes to ``default``."""
    metadata = manifest["metadata"]
    if manifest["kind"] == "Namespace" or metadata.get("namespace"):
        return manifest
    return {**manifest, "metadata": {**metadata, "namespace": "default"}}
