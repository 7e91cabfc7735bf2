"""Prints how long and how much memory it takes to plan 1, 10 and 100 slices of 32 clusters, 100 pods a cluster each.

Run it by hand: ``python tests/benchmarks/plan.py [slices ...]``. It asserts nothing: figures are a machine's.
"""

from __future__ import annotations

import sys
import time
import tracemalloc

from kubeslice_sim.model.cluster import Cluster, ClusterSpec
from kubeslice_sim.model.document import CLUSTERS_ANNOTATION, ObjectMeta
from kubeslice_sim.model.frozen import FrozenMap, freeze
from kubeslice_sim.model.kubernetes import KubernetesObject
from kubeslice_sim.model.project import Project
from kubeslice_sim.model.service_export import LabelSelector, ServiceExport, ServiceExportSpec, ServicePort
from kubeslice_sim.model.slice_config import (
    NamespaceIsolationProfile,
    NamespaceSelection,
    QosProfile,
    SliceConfig,
    SliceConfigSpec,
    SliceGatewayProvider,
)
from kubeslice_sim.model.world import World
from kubeslice_sim.planner import plan

CLUSTERS_A_SLICE = 32
PODS_A_CLUSTER = 100
EVERYWHERE = FrozenMap({CLUSTERS_ANNOTATION: "*"})


def build_world(slices: int) -> World:
    """``slices`` slices over the same 32 clusters, each with one exported Deployment of 100 pods on every cluster.

    Beyond 10 slices every 10 slices stand on clusters of their own: a cluster's NodePorts hold no more.
    """
    groups = range((slices + 9) // 10)
    clusters = {g: tuple(f"c{g}-{i}" for i in range(CLUSTERS_A_SLICE)) for g in groups}
    return World(
        projects=(Project(metadata=ObjectMeta(name="demo", namespace="kubeslice-controller")),),
        clusters=tuple(
            Cluster(metadata=ObjectMeta(name=name, namespace="kubeslice-demo"), spec=ClusterSpec())
            for g in groups
            for name in clusters[g]
        ),
        slices=tuple(_slice(index, clusters[index // 10]) for index in range(slices)),
        objects=tuple(_deployment(index, clusters[index // 10]) for index in range(slices)),
        exports=tuple(_export(index, clusters[index // 10]) for index in range(slices)),
    )


def _slice(index: int, clusters: tuple[str, ...]) -> SliceConfig:
    return SliceConfig(
        metadata=ObjectMeta(name=f"s{index}", namespace="kubeslice-demo"),
        spec=SliceConfigSpec(
            slice_subnet=f"10.{index + 1}.0.0/16",
            max_clusters=32,
            clusters=clusters,
            slice_gateway_provider=SliceGatewayProvider(),
            qos_profile_details=QosProfile(
                priority=1, bandwidth_ceiling_kbps=5120, bandwidth_guaranteed_kbps=2560, dscp_class="AF11"
            ),
            namespace_isolation_profile=NamespaceIsolationProfile(
                application_namespaces=(NamespaceSelection(namespace=f"app{index}", clusters=("*",)),)
            ),
        ),
    )


def _on(clusters: tuple[str, ...]) -> FrozenMap[str]:
    return FrozenMap({CLUSTERS_ANNOTATION: ",".join(clusters)})


def _deployment(index: int, clusters: tuple[str, ...]) -> KubernetesObject:
    return KubernetesObject(
        api_version="apps/v1",
        kind="Deployment",
        metadata=ObjectMeta(name="web", namespace=f"app{index}", annotations=_on(clusters)),
        body=freeze({"spec": {"replicas": PODS_A_CLUSTER, "template": {"metadata": {"labels": {"app": "web"}}}}}),
    )


def _export(index: int, clusters: tuple[str, ...]) -> ServiceExport:
    return ServiceExport(
        metadata=ObjectMeta(name="web", namespace=f"app{index}", annotations=_on(clusters)),
        spec=ServiceExportSpec(
            slice=f"s{index}",
            selector=LabelSelector(match_labels=FrozenMap({"app": "web"})),
            ports=(ServicePort(name="http", container_port=8080),),
        ),
    )


def main(sizes: tuple[int, ...]) -> None:
    """Print a line for each size."""
    print(f"{'slices':>7} {'pairs':>8} {'tunnels':>8} {'pods':>8} {'seconds':>8} {'CPU s':>8} {'peak MB':>8}")
    for size in sizes:
        world = build_world(size)
        started, worked = time.perf_counter(), time.process_time()
        found = plan(world)
        seconds, cpu_s = time.perf_counter() - started, time.process_time() - worked
        pairs = sum(len(item.pairs) for item in found.slices)
        tunnels, pods = sum(len(item.tunnels) for item in found.slices), len(found.pods)
        del found
        tracemalloc.start()
        plan(world)
        peak = tracemalloc.get_traced_memory()[1] / 1e6
        tracemalloc.stop()
        print(f"{size:>7} {pairs:>8} {tunnels:>8} {pods:>8} {seconds:>8.2f} {cpu_s:>8.2f} {peak:>8.0f}")


if __name__ == "__main__":
    main(tuple(int(text) for text in sys.argv[1:]) or (1, 10, 100))
