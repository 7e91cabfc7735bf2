"""Whatever stands in any field of a built-in object or of the underlay: a plan, or BadInput at its file and line."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
import yaml

from kubeslice_sim import manifest, planner
from kubeslice_sim.errors import BadInput

WORLD = """
- {apiVersion: controller.kubeslice.io/v1alpha1, kind: Project, metadata: {name: demo, namespace: kubeslice-controller}}
- {apiVersion: controller.kubeslice.io/v1alpha1, kind: Cluster, metadata: {name: a, namespace: kubeslice-demo}}
- apiVersion: controller.kubeslice.io/v1alpha1
  kind: SliceConfig
  metadata: {name: red, namespace: kubeslice-demo}
  spec:
    sliceSubnet: 10.1.0.0/16
    maxClusters: 2
    sliceGatewayProvider: {sliceGatewayType: Wireguard, sliceCaType: Local}
    clusters: [a]
    standardQosProfileName: default
    namespaceIsolationProfile: {applicationNamespaces: [{namespace: shop, clusters: ["*"]}]}
- apiVersion: apps/v1
  kind: Deployment
  metadata: {name: front, namespace: shop, annotations: {kubeslice-sim.io/clusters: a}}
  spec:
    replicas: 1
    selector: {matchLabels: {app: front}}
    template:
      metadata: {labels: {app: front}, annotations: {kubeslice-sim.io/emulate: sleep}}
      spec: {containers: [{name: c, image: i, command: [x], args: [y], ports: [{name: web, containerPort: 80}]}]}
- apiVersion: networking.k8s.io/v1
  kind: NetworkPolicy
  metadata: {name: deny, namespace: shop, annotations: {kubeslice-sim.io/clusters: a}}
  spec:
    podSelector: {matchLabels: {app: front}, matchExpressions: [{key: app, operator: In, values: [front]}]}
    policyTypes: [Ingress, Egress]
    ingress: [{from: [{namespaceSelector: {matchLabels: {x: y}}}], ports: [{protocol: TCP, port: 80, endPort: 90}]}]
    egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.2.0.0/16]}}]}]
- apiVersion: kubeslice-sim.io/v1alpha1
  kind: Underlay
  metadata: {name: u}
  spec: {clusters: {a: {podCIDR: 192.168.0.0/16, serviceCIDR: 10.96.0.0/12, gatewayNodes: 2, nodeIPs: [198.18.0.9]}}}
"""
ANYTHING = (None, "", -1, 1.5, [], {}, [{}], ["x", "x"], {"a": ["b"]}, "10.0.0.1/32")
DOCUMENTS: list[Any] = yaml.safe_load(WORLD)
READ = ("Deployment", "NetworkPolicy", "Underlay")


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield (*path, key)
        yield from places(item, (*path, key))


def plan_with(index: int, path: tuple[Any, ...], value: Any) -> None:
    documents = deepcopy(DOCUMENTS)
    at = documents[index]
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    try:
        world = manifest.load_text(manifest.dump_documents(documents), "world.yaml")
    except BadInput as error:
        assert all(str(problem).startswith("world.yaml:") for problem in error.problems), (path, value)
        return
    try:
        assert planner.plan(world).clusters
    except BadInput as error:
        assert all(problem.path for problem in error.problems), (path, value)


def test_the_world_itself_has_a_plan() -> None:
    assert planner.plan(manifest.load_text(manifest.dump_documents(DOCUMENTS), "world.yaml")).network_policies


@pytest.mark.parametrize("kind", READ)
def test_any_value_in_any_field(kind: str) -> None:
    index = next(number for number, document in enumerate(DOCUMENTS) if document["kind"] == kind)
    for path in places(DOCUMENTS[index]):
        for value in ANYTHING:
            plan_with(index, path, value)
