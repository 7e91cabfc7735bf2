"""The table of rules: complete, in order, every one of them alive."""

from __future__ import annotations

from pathlib import Path

import pytest

from kubeslice_sim import manifest
from kubeslice_sim.admission import RULES, check
from kubeslice_sim.errors import BadInput, Problem
from kubeslice_sim.model.kinds import NOUNS

ROOT = Path(__file__).parents[2]
GOLDEN = sorted((ROOT / "tests" / "golden" / "errors").glob("*.yaml"))
SCENARIOS = sorted(folder for folder in (ROOT / "scenarios").iterdir() if folder.is_dir())
ELSEWHERE = {  # shown to be alive by test_oracle.py, test_hub_objects.py and test_http_traffic.py
    "export-config-slice-exists", "export-config-cluster-registered", "export-config-cluster-in-slice",
    "export-config-endpoints", "rotation-named-as-slice", "rotation-slice-exists", "traffic-service-time",
    "traffic-open-loop", "traffic-workers-agree",
}  # fmt: skip
ADVICE = """
apiVersion: controller.kubeslice.io/v1alpha1
kind: Project
metadata: {name: demo, namespace: kubeslice-controller}
---
apiVersion: controller.kubeslice.io/v1alpha1
kind: Cluster
metadata: {name: a-cluster-of-a-long-name, namespace: kubeslice-demo}
---
apiVersion: controller.kubeslice.io/v1alpha1
kind: SliceConfig
metadata: {name: a-slice-of-a-long-name, namespace: kubeslice-demo}
spec:
  sliceSubnet: 10.1.0.0/16
  sliceIpamType: Dynamic
  clusters: [a-cluster-of-a-long-name]
  sliceGatewayProvider: {sliceGatewayType: OpenVPN, sliceCaType: Local}
  qosProfileDetails: {priority: 4, bandwidthCeilingKbps: 1, bandwidthGuaranteedKbps: 0, dscpClass: AF13}
---
apiVersion: networking.kubeslice.io/v1beta1
kind: ServiceExport
metadata: {name: cart, namespace: shop}
spec: {slice: a-slice-of-a-long-name, selector: {matchLabels: {app: cart}}, ports: [{containerPort: 80}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: front, namespace: shop}
spec:
  selector: {matchLabels: {app: front}}
  template: {metadata: {labels: {app: front}}, spec: {containers: [{name: c, image: i}]}}
---
apiVersion: kubeslice-sim.io/v1alpha1
kind: Scenario
metadata: {name: late}
spec:
  duration: 10s
  traffic:
  - {name: late, kind: ping, from: shop/front, to: 10.1.0.1, start: 10s}
  - {name: long, kind: ping, from: shop/front, to: 10.1.0.1, duration: 11s}
  timeline:
  - {at: 11s, restore: all}
  - {at: 1s, delete: {kind: SliceConfig, metadata: {name: a-slice-of-a-long-nam}}}
  - at: 2s
    patch:
      kind: SliceConfig
      metadata: {name: bare}
      spec: {overlayNetworkDeploymentMode: single-network, clusters: [a-cluster-of-a-long-name, aside, third]}
---
apiVersion: controller.kubeslice.io/v1alpha1
kind: SliceConfig
metadata: {name: bare, namespace: kubeslice-demo}
spec: {overlayNetworkDeploymentMode: no-network, maxClusters: 2, clusters: [aside]}
---
apiVersion: controller.kubeslice.io/v1alpha1
kind: Cluster
metadata: {name: aside, namespace: kubeslice-demo}
---
apiVersion: kubeslice-sim.io/v1alpha1
kind: SliceTopology
metadata: {name: later}
spec:
  slice: a-slice-of-a-long-name
  edges: [{between: [a-cluster-of-a-long-name, aside]}]
"""


def test_ids_are_unique_and_every_rule_says_what_it_promises_and_who_says_so() -> None:
    assert len({(rule.id, rule.kind) for rule in RULES}) == len(RULES)
    kinds = {noun.RESOURCE.kind for noun in NOUNS} | {"*"}
    for rule in RULES:
        assert rule.kind in kinds
        assert rule.promise.endswith((".", ")")), rule.id
        assert rule.source, rule.id
        assert rule.operations, rule.id


def test_every_rule_is_broken_by_some_golden_world() -> None:
    seen = {problem.rule for problem in warnings_of_advice()}
    for file in GOLDEN:
        with pytest.raises(BadInput) as caught:
            manifest.load_text(file.read_text(), file.name)
        seen |= {problem.rule for problem in caught.value.problems}
    of_worlds = {rule.id for rule in RULES if "create" in rule.operations}
    assert of_worlds - seen - ELSEWHERE == set()


def warnings_of_advice() -> tuple[Problem, ...]:
    return manifest.read_text(ADVICE).warnings


def test_advice_stands_at_its_line_and_refuses_nothing() -> None:
    assert [str(problem).removeprefix("<text>:") for problem in warnings_of_advice()] == [
        "6: the world has no Underlay, so KubeSlice 1.9, one gateway node and pod network 192.168.0.0/16 in every"
        " cluster, and links of 1 ms round trip, 10 Gbit/s, no loss are assumed"
        " (an Underlay gives every cluster and link its own)",
        "8: metadata.name: the cluster's name has 24 characters; KubeSlice's documentation allows 15"
        " (longer names can make service exports fail on label lengths)",
        "12: metadata.name: the slice's name has 22 characters; KubeSlice's documentation allows 15"
        " (longer names can make service exports fail on label lengths)",
        "15: spec.sliceIpamType: KubeSlice 1.9 stores Dynamic, but gives every cluster its CIDR by slot all the same"
        " (for dynamic address management add a SliceTopology with ipam: {type: Dynamic})",
        "16: spec.clusters: the slice has one cluster, a-cluster-of-a-long-name: it has no gateways and no tunnels"
        " (fine where the slice is meant to stay inside the cluster)",
        "18: spec.qosProfileDetails.bandwidthGuaranteedKbps: 0 kbit/s cannot be shaped (a positive number)",
        "18: spec.qosProfileDetails.dscpClass: gateways do not mark AF13: packets go out unmarked"
        " (AF11 and AF12 are marked)",
        "18: spec.qosProfileDetails.priority: priority 4 is outside 0 to 3, which KubeSlice documents",
        "22: metadata.namespace: shop on a-cluster-of-a-long-name is no application namespace of"
        " a-slice-of-a-long-name: the export stays PENDING"
        " (list it under spec.namespaceIsolationProfile.applicationNamespaces of the slice)",
        "23: spec.selector: no workload of shop there has app=cart (did you mean app=front?)",
        "38: spec.traffic[0].start: starts after the scenario's end: it never runs",
        "39: spec.traffic[1].duration: is cut off at the scenario's end",
        "41: spec.timeline[0].at: is after the scenario's end: it never happens",
        "42: spec.timeline[1].delete.metadata.name: there is no SliceConfig a-slice-of-a-long-nam: the API server will"
        " not find it (did you mean a-slice-of-a-long-name?)",
        "47: spec.timeline[2].patch.spec.clusters: KubeSlice lets 3 clusters in where maxClusters is 2, as the mode"
        " changes too (it would give some of them blocks such as 10.1.256.0/17, which are no networks: list fewer)",
        "63: spec.edges[0].between[1]: aside is not in the slice a-slice-of-a-long-name: this means nothing until it"
        " joins (there is a-cluster-of-a-long-name)",
    ]


@pytest.mark.parametrize("folder", SCENARIOS, ids=lambda folder: folder.name)
def test_our_own_scenarios_break_no_rule_and_need_no_advice(folder: Path) -> None:
    assert check(manifest.load(folder)) == ()


def test_a_violation_reads_as_a_sentence() -> None:
    violation = check(manifest.load_text(ADVICE))[0]
    assert str(violation).startswith("Cluster kubeslice-demo/a-cluster-of-a-long-name: metadata.name: the cluster's")
