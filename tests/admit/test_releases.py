"""What API servers of other releases say: 0.6, which knows less, and next, which knows topologies."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kubeslice_sim import manifest
from kubeslice_sim.apiserver import Answer, ApiServer, Step, standing_objects
from kubeslice_sim.model.slice_config import Condition, SliceConfig, SliceConfigStatus
from tests.admit.standing import NOW, create, patch, spec
from tests.project import project

OLD = (
    project(
        cluster_specs={
            "worker-1": "{nodeIPs: [203.0.113.1], networkInterface: eth0}",
            "worker-2": "{nodeIPs: [203.0.113.2], networkInterface: eth0}",
        }
    )
    + """
apiVersion: controller.kubeslice.io/v1alpha1
kind: SliceConfig
metadata: {name: red, namespace: kubeslice-demo}
spec:
  sliceSubnet: 10.1.0.0/16
  clusters: [worker-1, worker-2]
  sliceGatewayProvider: {sliceGatewayType: OpenVPN, sliceCaType: Local}
  qosProfileDetails: {priority: 1, bandwidthCeilingKbps: 9, bandwidthGuaranteedKbps: 1, dscpClass: AF11}
---
apiVersion: kubeslice-sim.io/v1alpha1
kind: Underlay
metadata: {name: then}
spec: {kubesliceVersion: "0.6"}
"""
)
NEW = OLD.replace('"0.6"', "next").replace("  sliceSubnet", "  maxClusters: 4\n  sliceSubnet", 1)
HUBS = {"mode": "HubAndSpoke", "hubs": ["worker-2"]}


def asked(text: str, step: Step, status: SliceConfigStatus | None = None) -> Answer:
    world = manifest.load_text(text)
    objects = [
        replace(item, status=status) if isinstance(item, SliceConfig) and status is not None else item
        for item in standing_objects(world)
    ]  # fmt: skip
    return ApiServer(objects, now=NOW, version=world.underlay.spec.kubeslice_version).answer(step)


def test_the_oldest_release_drops_what_came_later_and_gives_no_cipher() -> None:
    answer = asked(OLD, spec("SliceConfig", "red", rotationInterval=10, topology=HUBS))
    assert answer.allowed, str(answer)
    assert answer.message == "unknown, and so dropped: spec.rotationInterval, spec.topology"
    assert answer.stored is not None
    assert not {"rotationInterval", "topology", "vpnConfig", "overlayNetworkDeploymentMode"} & set(answer.stored)


def test_the_oldest_release_has_no_key_rotations() -> None:
    answer = asked(OLD, create("VpnKeyRotation", "red", {"sliceName": "red"}))
    assert (answer.allowed, answer.rule, answer.field) == (False, "kind-exists", "kind")
    assert "1.1.0" in answer.message


@pytest.mark.parametrize(
    ("changes", "rule", "field"),
    [
        ({"networkInterface": "eth1"}, "cluster-network-interface-kept", "spec.networkInterface"),
        ({"networkInterface": None}, "cluster-network-interface-kept", "spec.networkInterface"),
    ],
)
def test_the_oldest_release_keeps_network_interfaces(changes: dict[str, Any], rule: str, field: str) -> None:
    answer = asked(OLD, spec("Cluster", "worker-1", **changes))
    assert (answer.allowed, answer.rule, answer.field) == (False, rule, field)
    assert asked(NEW, spec("Cluster", "worker-1", **changes)).allowed


@pytest.mark.parametrize(
    ("lost", "field"),
    [("nodeIPs", "Spec.Clusters.NodeIPs"), ("networkInterface", "Spec.Clusters.NetworkInterface")],
)
def test_the_oldest_release_detects_no_node_ips(lost: str, field: str) -> None:
    bare = {"nodeIPs": ["203.0.113.3"], "networkInterface": "eth0"}
    del bare[lost]
    world = manifest.load_text(OLD)
    third = manifest.decode({
        "apiVersion": "controller.kubeslice.io/v1alpha1", "kind": "Cluster",
        "metadata": {"name": "worker-3", "namespace": "kubeslice-demo"}, "spec": bare,
        "status": {"cniSubnet": ["192.168.0.0/16"]},
    })  # fmt: skip
    server = ApiServer([*standing_objects(world), third], now=NOW, version="0.6")
    answer = server.answer(spec("SliceConfig", "red", clusters=["worker-1", "worker-2", "worker-3"]))
    assert (answer.allowed, answer.field) == (False, field)


def test_the_next_release_stores_a_topology_and_1_9_drops_it() -> None:
    answer = asked(NEW, spec("SliceConfig", "red", topology=HUBS))
    assert answer.allowed, str(answer)
    assert answer.stored is not None
    assert answer.stored["topology"] == {"mode": "HubAndSpoke", "hubs": ("worker-2",)}
    answer = asked(NEW.replace("next", '"1.9"'), spec("SliceConfig", "red", topology=HUBS))
    assert answer.allowed, str(answer)
    assert answer.message == "unknown, and so dropped: spec.topology"


@pytest.mark.parametrize(
    ("topology", "rule", "field"),
    [
        ({"mode": "HubAndSpoke"}, "slice-topology-hubs", "Spec.Topology.Hubs"),
        ({"mode": "HubAndSpoke", "hubs": ["worker-9"]}, "slice-topology-hubs", "Spec.Topology.Hubs"),
        ({"mode": "HubAndSpoke", "hubs": ["worker-1", "worker-2"]}, "slice-topology-hubs", "Spec.Topology.Hubs"),
        ({"mode": "FullMesh", "hubs": ["worker-1"]}, "slice-topology-mode", "Spec.Topology.Hubs"),
        ({"hubs": ["worker-1"]}, "slice-topology-mode", "Spec.Topology"),
        ({"mode": "Ring"}, "schema-enum", "spec.topology.mode"),
        ({"mode": "HubAndSpoke", "hubs": ["a", "b", "c"]}, "schema-maxItems", "spec.topology.hubs"),
    ],
)
def test_the_next_release_refuses_topologies(topology: dict[str, Any], rule: str, field: str) -> None:
    answer = asked(NEW, spec("SliceConfig", "red", topology=topology))
    assert (answer.allowed, answer.rule, answer.field) == (False, rule, field), str(answer)


@pytest.mark.parametrize(("status", "allowed"), [("False", False), ("True", True)])
def test_a_topology_changes_once_the_last_change_has_converged(status: Any, allowed: bool) -> None:
    condition = Condition(
        type="TopologyConverged", status=status, last_transition_time="2026-05-31T00:00:00Z", reason="EdgesNotReady",
        message="1/2 gateway links connected; red-worker-1-worker-2 is Pending",
    )  # fmt: skip
    told = SliceConfigStatus(conditions=(condition,))
    answer = asked(NEW, spec("SliceConfig", "red", topology=HUBS), told)
    assert answer.allowed is allowed, str(answer)
    assert allowed or (answer.rule, answer.field) == ("slice-topology-settled", "Spec.Topology")
    other = patch("SliceConfig", "red", {"spec": {"topology": {"mode": "FullMesh"}}})
    assert asked(NEW, other, told).allowed  # no topology and FullMesh are the same
