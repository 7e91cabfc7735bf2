"""A world of four clusters, requests to its controller cluster, and what stands there after each."""

from __future__ import annotations

from typing import Any

from kubeslice_sim.apiserver import step_of
from kubeslice_sim.controlplane.rehearsal import Moment, rehearse
from kubeslice_sim.manifest import load_text
from kubeslice_sim.model.world import World

PROJECT = """
apiVersion: controller.kubeslice.io/v1alpha1
kind: Project
metadata: {{name: demo, namespace: kubeslice-controller}}
spec: {{serviceAccount: {{readOnly: [ann, bob]}}, defaultSliceCreation: {default}}}
"""
CLUSTER = """---
apiVersion: controller.kubeslice.io/v1alpha1
kind: Cluster
metadata: {{name: w{0}, namespace: kubeslice-demo}}
status:
  registrationStatus: Registered
  networkPresent: true
  nodeIPs: [192.0.2.1{0}]
  cniSubnet: [192.168.{0}.0/24]
  clusterHealth: {{clusterHealthStatus: Normal}}
  namespaces: [{{name: shop}}]
"""
HUB, WORKER = "controller.kubeslice.io/v1alpha1", "worker.kubeslice.io/v1alpha1"
QOS = {
    "queueType": "HTB", "priority": 1, "tcType": "BANDWIDTH_CONTROL", "bandwidthCeilingKbps": 5120,
    "bandwidthGuaranteedKbps": 2560, "dscpClass": "AF11",
}  # fmt: skip
Request = dict[str, Any]


def world(*, default_slice: bool = False) -> World:
    clusters = "".join(CLUSTER.format(number) for number in range(1, 5))
    return load_text(PROJECT.format(default=str(default_slice).lower()) + clusters)


def played(*requests: Request, on: World | None = None) -> tuple[Moment, ...]:
    """One moment a request, without the world's own."""
    acts = [(str(number), (step_of(request),)) for number, request in enumerate(requests)]
    moments = rehearse(on or world(), acts).moments[1:]
    assert all(moment.settled for moment in moments)
    return moments


def create(kind: str, name: str, spec: dict[str, Any]) -> Request:
    metadata = {"name": name, "namespace": "kubeslice-demo"}
    return {"op": "create", "object": {"apiVersion": HUB, "kind": kind, "metadata": metadata, "spec": spec}}


def slice_of(*clusters: str, **spec: Any) -> Request:
    gateways = {"sliceGatewayType": "OpenVPN", "sliceCaType": "Local"}
    given = {
        "sliceSubnet": "10.7.0.0/16", "maxClusters": 16, "clusters": list(clusters), "qosProfileDetails": QOS,
        "sliceGatewayProvider": gateways, **spec,
    }  # fmt: skip
    return create("SliceConfig", "red", given)


def patch(kind: str, name: str, change: dict[str, Any], op: str = "merge-patch") -> Request:
    return {"op": op, "target": [kind, name], "patch": change}


def members(*clusters: str) -> Request:
    return patch("SliceConfig", "red", {"spec": {"clusters": list(clusters)}})


def delete(kind: str, name: str) -> Request:
    return {"op": "delete", "target": [kind, name]}


def spec_of(moment: Moment, kind: str, name: str) -> Any:
    found = [item for item in moment.objects if (item["kind"], item["metadata"]["name"]) == (kind, name)]
    return found[0]["spec"] if found else None


def slots(moment: Moment) -> dict[str, int]:
    return {
        item["metadata"]["labels"]["worker-cluster"]: item["spec"]["octet"]
        for item in moment.objects if item["kind"] == "WorkerSliceConfig"
    }  # fmt: skip


def names(moment: Moment, kind: str) -> set[str]:
    return {item["metadata"]["name"] for item in moment.objects if item["kind"] == kind}


def pairs(*joined: str) -> set[str]:
    """``"12"``: both gateways of w1 and w2."""
    return {f"red-w{pair[near]}-w{pair[1 - near]}" for pair in joined for near in (0, 1)}


def finalizers(kind: str, name: str, *held: str) -> Request:
    return patch(kind, name, {"metadata": {"finalizers": list(held)}})
