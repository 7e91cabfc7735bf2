"""World: everything that a user hands in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from kubeslice_sim.model.cluster import Cluster
from kubeslice_sim.model.document import ObjectMeta, placement
from kubeslice_sim.model.kubernetes import WORKLOAD_KINDS, KubernetesObject
from kubeslice_sim.model.project import Project
from kubeslice_sim.model.scenario import Scenario
from kubeslice_sim.model.service_export import ServiceExport
from kubeslice_sim.model.slice_config import SliceConfig
from kubeslice_sim.model.slice_qos_config import SliceQosConfig
from kubeslice_sim.model.slice_topology import SliceTopology
from kubeslice_sim.model.underlay import Underlay


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """One world: KubeSlice's objects, Kubernetes' objects, the underlay and scenarios. Order is the file's.

    ``name`` is what people call it (the folder's name), ``read_from`` the files and folders that it was read from; two
    worlds that differ in these alone are equal.
    """

    name: str = field(default="world", compare=False)
    projects: tuple[Project, ...] = ()
    clusters: tuple[Cluster, ...] = ()
    slices: tuple[SliceConfig, ...] = ()
    topologies: tuple[SliceTopology, ...] = ()
    qos_profiles: tuple[SliceQosConfig, ...] = ()
    exports: tuple[ServiceExport, ...] = ()
    objects: tuple[KubernetesObject, ...] = ()
    underlay: Underlay = field(default_factory=lambda: Underlay(metadata=ObjectMeta(name="default")))
    scenarios: tuple[Scenario, ...] = ()
    read_from: tuple[str, ...] = field(default=(), compare=False)

    def __repr__(self) -> str:
        parts = (
            (self.clusters, "cluster"), (self.slices, "slice"), (self.exports, "export"), (self.objects, "object"),
            (self.scenarios, "scenario"),
        )  # fmt: skip
        counts = (f"{len(found)} {noun}{'' if len(found) == 1 else 's'}" for found, noun in parts)
        return f"<World {self.name}: {', '.join(counts)}>"

    def documents(self) -> Iterator[Any]:
        """Every document in the order in which a person would write them (the default underlay is left out)."""
        yield from self.projects
        yield from self.clusters
        yield from self.qos_profiles
        yield from self.slices
        yield from self.topologies
        yield from self.objects
        yield from self.exports
        if self.underlay != Underlay(metadata=ObjectMeta(name="default")):
            yield self.underlay
        yield from self.scenarios

    @property
    def workloads(self) -> tuple[KubernetesObject, ...]:
        """The Pods, Deployments and StatefulSets."""
        return tuple(item for item in self.objects if item.kind in WORKLOAD_KINDS)

    @property
    def cluster_names(self) -> tuple[str, ...]:
        """The worker clusters, in the file's order."""
        return tuple(cluster.metadata.name for cluster in self.clusters)

    def slice(self, name: str) -> SliceConfig:
        """The slice of that name. Raises :exc:`KeyError`."""
        for item in self.slices:
            if item.metadata.name == name:
                return item
        raise KeyError(name)

    def topology(self, slice_: str) -> SliceTopology | None:
        """What the slice has beyond KubeSlice, None for an ordinary one."""
        return next((item for item in self.topologies if item.spec.slice == slice_), None)

    def scenario(self, name: str = "") -> Scenario:
        """The scenario of that name, or the only (else the first) one. Raises :exc:`KeyError`."""
        for item in self.scenarios:
            if not name or item.metadata.name == name:
                return item
        raise KeyError(name or "the world holds no Scenario")

    def placed(self, metadata: ObjectMeta) -> tuple[str, ...]:
        """The worker clusters on which a document with this metadata stands, in the world's order."""
        wanted = placement(metadata)
        return self.cluster_names if "*" in wanted else tuple(name for name in self.cluster_names if name in wanted)
