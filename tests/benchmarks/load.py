"""How fast worlds are read, checked and written, in lines a second: ``python tests/benchmarks/load.py [slices]``.

The world: as many slices of 32 clusters, each with a client, a server and an export in every cluster. It asserts
nothing: figures are a machine's.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TypeVar

from kubeslice_sim import admission, manifest
from kubeslice_sim.manifest.yaml_text import parse

T = TypeVar("T")
CLUSTERS = 32
HEAD = """apiVersion: controller.kubeslice.io/v1alpha1
kind: Project
metadata: {name: demo, namespace: kubeslice-controller}
"""
CLUSTER = """apiVersion: controller.kubeslice.io/v1alpha1
kind: Cluster
metadata:
  name: worker-%(cluster)d
  namespace: kubeslice-demo
spec:
  clusterProperty:
    geoLocation:
      cloudProvider: AWS
      cloudRegion: us-east-1
"""
SLICE = """apiVersion: controller.kubeslice.io/v1alpha1
kind: SliceConfig
metadata:
  name: slice-%(slice)d
  namespace: kubeslice-demo
spec:
  sliceSubnet: 172.%(second)d.0.0/16
  maxClusters: 32
  sliceGatewayProvider:
    sliceGatewayType: Wireguard
    sliceCaType: Local
  standardQosProfileName: default
  clusters:
%(members)s
  namespaceIsolationProfile:
    applicationNamespaces:
    - namespace: app-%(slice)d
      clusters:
      - "*"
"""
WORKLOAD = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: %(role)s-%(cluster)d
  namespace: app-%(slice)d
  annotations:
    kubeslice-sim.io/clusters: worker-%(cluster)d
spec:
  replicas: 50
  selector:
    matchLabels:
      app: %(role)s-%(cluster)d
  template:
    metadata:
      labels:
        app: %(role)s-%(cluster)d
    spec:
      containers:
      - name: main
        image: busybox
        command:
        - sleep
        - "3600"
"""
EXPORT = """apiVersion: networking.kubeslice.io/v1beta1
kind: ServiceExport
metadata:
  name: server-%(cluster)d
  namespace: app-%(slice)d
  annotations:
    kubeslice-sim.io/clusters: worker-%(cluster)d
spec:
  slice: slice-%(slice)d
  selector:
    matchLabels:
      app: server-%(cluster)d
  ports:
  - name: tcp
    containerPort: 5201
    protocol: TCP
"""
UNDERLAY = """apiVersion: kubeslice-sim.io/v1alpha1
kind: Underlay
metadata:
  name: wan
spec:
  defaultLink:
    rtt: 35ms
"""


def text_of(slices: int) -> str:
    """The world as a person would write it."""
    members = "\n".join(f"  - worker-{number}" for number in range(CLUSTERS))
    documents = [HEAD, UNDERLAY, *(CLUSTER % {"cluster": number} for number in range(CLUSTERS))]
    for slice_ in range(slices):
        documents.append(SLICE % {"slice": slice_, "second": 16 + slice_ % 16, "members": members})
        for cluster in range(CLUSTERS):
            place = {"slice": slice_, "cluster": cluster}
            documents += [WORKLOAD % {**place, "role": role} for role in ("client", "server")]
            documents.append(EXPORT % place)
    return "---\n".join(documents)


def timed(what: str, lines: int, work: Callable[[], T]) -> T:
    """Do it once, tell how fast."""
    start_s = time.perf_counter()
    result = work()
    took_s = time.perf_counter() - start_s
    print(f"  {what:<28}{took_s:8.2f} s {lines / took_s:12,.0f} lines/s")
    return result


def main() -> None:
    """One table a size."""
    manifest.load_text(text_of(0))  # pydantic builds its readers once
    for slices in [int(argument) for argument in sys.argv[1:]] or [1, 10, 100]:
        text = text_of(slices)
        lines = text.count("\n")
        print(f"{slices} slices of {CLUSTERS} clusters: {lines:,} lines")
        timed("parse", lines, lambda text=text: parse(text, "world.yaml"))  # type: ignore[misc]
        world = timed("parse and decode", lines, lambda text=text: manifest.load_text(text, admit=False))  # type: ignore[misc]
        timed("check every rule", lines, lambda world=world: admission.check(world))  # type: ignore[misc]
        timed("load (all of the above)", lines, lambda text=text: manifest.load_text(text))  # type: ignore[misc]
        timed("dump", lines, lambda world=world: manifest.dump(world))  # type: ignore[misc]


if __name__ == "__main__":
    main()
