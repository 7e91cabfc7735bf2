"""A controller cluster on which two slices stand, and a way to ask it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kubeslice_sim import manifest
from kubeslice_sim.apiserver import Answer, ApiServer, Step, standing_objects
from kubeslice_sim.model.frozen import freeze
from kubeslice_sim.model.world import World
from tests.project import project

WORLD = (
    project("worker-1", "worker-2", "worker-3", spec="{serviceAccount: {readOnly: [ann], readWrite: [john]}}")
    + """
apiVersion: controller.kubeslice.io/v1alpha1
kind: SliceQoSConfig
metadata: {name: gold, namespace: kubeslice-demo}
spec: {queueType: HTB, priority: 1, tcType: BANDWIDTH_CONTROL, bandwidthCeilingKbps: 9, bandwidthGuaranteedKbps: 1,
       dscpClass: AF11}
---
apiVersion: controller.kubeslice.io/v1alpha1
kind: SliceConfig
metadata: {name: red, namespace: kubeslice-demo}
spec:
  sliceSubnet: 10.1.0.0/16
  maxClusters: 4
  clusters: [worker-1, worker-2]
  sliceGatewayProvider:
    sliceGatewayType: OpenVPN
    sliceCaType: Local
    sliceGatewayServiceType: [{cluster: worker-1, type: LoadBalancer, protocol: TCP}]
  standardQosProfileName: gold
---
apiVersion: controller.kubeslice.io/v1alpha1
kind: SliceConfig
metadata: {name: blue, namespace: kubeslice-demo}
spec:
  sliceSubnet: 10.2.0.0/16
  clusters: [worker-1, worker-2]
  sliceGatewayProvider: {sliceGatewayType: OpenVPN, sliceCaType: Local}
  standardQosProfileName: default
  namespaceIsolationProfile: {applicationNamespaces: [{namespace: shop, clusters: ["*"]}]}
---
apiVersion: controller.kubeslice.io/v1alpha1
kind: SliceConfig
metadata: {name: flat, namespace: kubeslice-demo}
spec: {overlayNetworkDeploymentMode: no-network, clusters: [worker-1]}
---
apiVersion: networking.kubeslice.io/v1beta1
kind: ServiceExport
metadata: {name: cart, namespace: shop, annotations: {kubeslice-sim.io/clusters: worker-1}}
spec: {slice: blue, selector: {matchLabels: {app: cart}}, ports: [{containerPort: 80}], aliases: [cart.example]}
"""
)
NOW = datetime(2026, 6, 1, tzinfo=UTC)


def world() -> World:
    return manifest.load_text(WORLD)


def server(*derived: Any) -> ApiServer:
    return ApiServer(standing_objects(world(), derived), now=NOW)


def patch(kind: str, name: str, body: dict[str, Any], *, status: bool = False) -> Step:
    operation: Any = "merge-patch status" if status else "merge-patch"
    return Step(id="1", operation=operation, kind=kind, name=name, body=freeze(body))


def spec(kind: str, name: str, **fields: Any) -> Step:
    """A merge-patch of the spec."""
    return patch(kind, name, {"spec": fields})


def delete(kind: str, name: str) -> Step:
    return Step(id="1", operation="delete", kind=kind, name=name)


def create(kind: str, name: str, fields: dict[str, Any] | None, namespace: str = "kubeslice-demo", **more: Any) -> Step:
    group = "networking.kubeslice.io/v1beta1" if kind == "ServiceExport" else "controller.kubeslice.io/v1alpha1"
    data = {"apiVersion": group, "kind": kind, "metadata": {"name": name, "namespace": namespace}, **more}
    if fields is not None:
        data["spec"] = fields
    return Step(id="1", operation="create", kind=kind, name=name, namespace=namespace, body=freeze(data))


def stored(answer: Answer) -> Any:
    """The spec as it would be stored. The answer must allow it."""
    assert answer.allowed, str(answer)
    return answer.row()["stored"]


def write(folder: Path, name: str, text: str) -> str:
    file = folder / name
    file.write_text(text)
    return str(file)
