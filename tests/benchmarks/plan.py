"""Prints time and peak memory to load, validate and plan 1, 10 and 100 slices of 32 clusters, 100 pods a cluster each.

Run it by hand: ``python tests/benchmarks/plan.py [slices ...]``. It asserts nothing: figures are a machine's.

What a line covers: the world is YAML text in memory, as ``ksim plan`` would read it from files. *load* is parsing it
and decoding every document (with the line of every value), *check* asks every rule of admission, *plan* makes the whole
Plan: slots, CIDRs, gateways, tunnels, addresses of every pod, routes, QoS, DNS, policies. Not covered: starting Python,
reading the files, printing. *things* counts what a plan holds (pairs, tunnels, pods, routes, DNS names); processor time
and bytes per thing stay the same from line to line where growth is linear in the output. Memory is measured in a second
pass, which is slower.
"""

from __future__ import annotations

import gc
import sys
import time
import tracemalloc
from collections.abc import Callable
from typing import TypeVar

from kubeslice_sim import admission, manifest
from kubeslice_sim.model.world import World
from kubeslice_sim.planner import Plan, plan

T = TypeVar("T")
CLUSTERS_A_SLICE = 32
PODS_A_CLUSTER = 100
SLICES_A_GROUP = 10
"""Beyond 10 slices every 10 slices stand on clusters of their own: a cluster's NodePorts hold no more."""
SUBNETS = 90
"""From 10.96.0.0 on are the clusters' own services; slices of other clusters may have the same."""

PROJECT = """apiVersion: controller.kubeslice.io/v1alpha1
kind: Project
metadata: {name: demo, namespace: kubeslice-controller}
"""
CLUSTER = """apiVersion: controller.kubeslice.io/v1alpha1
kind: Cluster
metadata: {name: %(cluster)s, namespace: kubeslice-demo}
"""
SLICE = """apiVersion: controller.kubeslice.io/v1alpha1
kind: SliceConfig
metadata: {name: s%(slice)d, namespace: kubeslice-demo}
spec:
  sliceSubnet: %(subnet)s
  maxClusters: 32
  clusters: [%(clusters)s]
  sliceGatewayProvider: {sliceGatewayType: Wireguard, sliceCaType: Local}
  standardQosProfileName: default
  namespaceIsolationProfile:
    applicationNamespaces: [{namespace: app%(slice)d, clusters: ["*"]}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: app%(slice)d, annotations: {kubeslice-sim.io/clusters: "%(clusters)s"}}
spec:
  replicas: %(pods)d
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: nginx, ports: [{containerPort: 8080}]}]}
---
apiVersion: networking.kubeslice.io/v1beta1
kind: ServiceExport
metadata: {name: web, namespace: app%(slice)d, annotations: {kubeslice-sim.io/clusters: "%(clusters)s"}}
spec:
  slice: s%(slice)d
  selector: {matchLabels: {app: web}}
  ports: [{name: http, containerPort: 8080, protocol: TCP}]
"""


def text_of(slices: int) -> str:
    """``slices`` slices over 32 clusters, each with one exported Deployment of 100 pods on every cluster."""
    groups = range((slices + SLICES_A_GROUP - 1) // SLICES_A_GROUP)
    clusters = {group: [f"c{group}-{number}" for number in range(CLUSTERS_A_SLICE)] for group in groups}
    documents = [PROJECT, *(CLUSTER % {"cluster": name} for group in groups for name in clusters[group])]
    for number in range(slices):
        names = ",".join(clusters[number // SLICES_A_GROUP])
        subnet = f"10.{number % SUBNETS + 1}.0.0/16"
        documents.append(SLICE % {"slice": number, "subnet": subnet, "clusters": names, "pods": PODS_A_CLUSTER})
    return "---\n".join(documents)


def timed(work: Callable[[], T]) -> tuple[T, float, float]:
    """What it gave, how long it took on the clock, and how long of the processor."""
    gc.collect()
    started_s, worked_s = time.perf_counter(), time.process_time()
    result = work()
    return result, time.perf_counter() - started_s, time.process_time() - worked_s


def things_of(found: Plan) -> int:
    """How much a plan holds."""
    names = sum(len(cluster.dns) for cluster in found.clusters)
    return len(found.pods) + names + sum(len(s.pairs) + len(s.tunnels) + len(s.routes) for s in found.slices)


def whole(text: str) -> Plan:
    """Everything that is measured, in one."""
    world: World = manifest.load_text(text)
    return plan(world)


def line(size: int) -> str:
    """The figures for so many slices."""
    text = text_of(size)
    world, load_s, load_cpu_s = timed(lambda: manifest.load_text(text, admit=False))
    _, validate_s, validate_cpu_s = timed(lambda: admission.check(world))
    found, plan_s, plan_cpu_s = timed(lambda: plan(world))
    pairs, tunnels = (sum(len(getattr(item, part)) for item in found.slices) for part in ("pairs", "tunnels"))
    pods, things = len(found.pods), things_of(found)
    del found
    tracemalloc.start()
    whole(text)
    peak_mb = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    all_s, all_cpu_s = load_s + validate_s + plan_s, load_cpu_s + validate_cpu_s + plan_cpu_s
    counts = f"{size:>6} {pairs:>7} {tunnels:>7} {pods:>7} {things:>8}"
    times = f"{load_s:>7.2f} {validate_s:>7.2f} {plan_s:>7.2f} {all_s:>7.2f} {all_cpu_s:>7.2f}"
    return f"{counts} {times} {peak_mb:>8.0f} {all_cpu_s / things * 1e6:>8.1f} {peak_mb / things * 1e6:>8.0f}"


def main(sizes: tuple[int, ...]) -> None:
    """Print a line for each size."""
    whole(text_of(1))  # pydantic builds its readers once
    counts = f"{'slices':>6} {'pairs':>7} {'tunnels':>7} {'pods':>7} {'things':>8}"
    times = f"{'load s':>7} {'check s':>7} {'plan s':>7} {'all s':>7} {'CPU s':>7}"
    print(f"{counts} {times} {'peak MB':>8} {'µs/thing':>8} {'B/thing':>8}")
    for size in sizes:
        print(line(size))


if __name__ == "__main__":
    main(tuple(int(text) for text in sys.argv[1:]) or (1, 10, 100))
