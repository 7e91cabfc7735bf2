"""Rules for what workers and the controller write on the hub."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kubeslice_sim import manifest
from kubeslice_sim.admission import Request, WorldState, judge
from kubeslice_sim.model.discovery import ServiceDiscoveryEndpoint
from kubeslice_sim.model.document import ObjectMeta
from kubeslice_sim.model.service_export_config import ServiceExportConfig, ServiceExportConfigSpec
from kubeslice_sim.model.vpn_key_rotation import VpnKeyRotation, VpnKeyRotationSpec
from tests.project import project

WORLD = manifest.load_text(
    project("worker-1", "worker-2")
    + """
apiVersion: controller.kubeslice.io/v1alpha1
kind: SliceConfig
metadata: {name: red, namespace: kubeslice-demo}
spec:
  sliceSubnet: 10.1.0.0/16
  clusters: [worker-1]
  sliceGatewayProvider: {sliceGatewayType: OpenVPN, sliceCaType: Local}
  standardQosProfileName: default
"""
)
GOOD = ServiceExportConfigSpec(
    service_name="cart", service_namespace="shop", source_cluster="worker-1", slice_name="red"
)


def broken(document: Any) -> list[str]:
    return [item.rule for item in judge(Request(operation="create", document=document, state=WorldState(WORLD)))]


@pytest.mark.parametrize(
    ("spec", "namespace", "rules"),
    [
        (GOOD, "kubeslice-demo", []),
        (GOOD, "shop", ["in-project-namespace", "export-config-slice-exists", "export-config-cluster-registered"]),
        (replace(GOOD, slice_name="blue"), "kubeslice-demo", ["export-config-slice-exists"]),
        (replace(GOOD, source_cluster="worker-9"), "kubeslice-demo", ["export-config-cluster-registered"]),
        (replace(GOOD, source_cluster="worker-2"), "kubeslice-demo", ["export-config-cluster-in-slice"]),
        (
            replace(GOOD, service_discovery_endpoints=(
                ServiceDiscoveryEndpoint(cluster="worker-1"), ServiceDiscoveryEndpoint(cluster="worker-2"),
                ServiceDiscoveryEndpoint(),
            )),
            "kubeslice-demo",
            ["export-config-endpoints", "export-config-endpoints"],
        ),
    ],
)  # fmt: skip
def test_an_export_config_needs_its_slice_and_its_clusters(
    spec: ServiceExportConfigSpec, namespace: str, rules: list[str]
) -> None:
    document = ServiceExportConfig(metadata=ObjectMeta(name="cart-shop-worker-1", namespace=namespace), spec=spec)
    assert broken(document) == rules


@pytest.mark.parametrize(("name", "rules"), [("red", []), ("blue", ["rotation-slice-exists"])])
def test_a_key_rotation_needs_its_slice(name: str, rules: list[str]) -> None:
    metadata = ObjectMeta(name=name, namespace="kubeslice-demo")
    assert broken(VpnKeyRotation(metadata=metadata, spec=VpnKeyRotationSpec(slice_name=name))) == rules
