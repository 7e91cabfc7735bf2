"""A real API server takes our CRDs as structural schemas, fills in their defaults and refuses what they refuse."""

from __future__ import annotations

from typing import Any

import pytest

from kubeslice_sim import manifest
from kubeslice_sim.errors import BadInput
from real.client import Transport, read_kubeconfig
from real.connection import Connection, Kind
from real.failures import ApiFailure
from tests.apiserver.server import ApiServers
from tests.real.conftest import install, make_namespace

pytestmark = pytest.mark.needs_apiserver
CRD = Kind(
    api_version="apiextensions.k8s.io/v1", kind="CustomResourceDefinition", plural="customresourcedefinitions",
    namespaced=False,
)  # fmt: skip
SLICES = Kind(
    api_version="controller.kubeslice.io/v1alpha1", kind="SliceConfig", plural="sliceconfigs", namespaced=True
)


def slice_config(**spec: Any) -> dict[str, Any]:
    metadata = {"name": "red", "namespace": "kubeslice-demo"}
    return {"apiVersion": SLICES.api_version, "kind": SLICES.kind, "metadata": metadata, "spec": spec}


def refused_fields(connection: Connection, document: dict[str, Any]) -> set[str]:
    with pytest.raises(ApiFailure) as caught:
        connection.apply(SLICES, document, dry_run=True)
    return {cause.field for cause in caught.value.causes}


def test_all_14_are_established_and_hold(own_apiserver: ApiServers) -> None:
    connection = Connection(Transport(read_kubeconfig(own_apiserver.kubeconfig), own_apiserver.contexts[0]))
    install(connection, manifest.crds())
    for crd in manifest.crds():
        live = connection.get(CRD, "", crd["metadata"]["name"]) or {}
        conditions = {item["type"]: item["status"] for item in live["status"]["conditions"]}
        assert conditions["Established"] == conditions["NamesAccepted"] == "True"
        assert conditions.get("NonStructuralSchema", "False") == "False"
    make_namespace(connection, "kubeslice-demo")

    wish = slice_config(sliceGatewayProvider={}, renewBefore="2026-01-31T12:00:00Z")
    stored = connection.apply(SLICES, wish, dry_run=True)
    assert stored["spec"] == {
        "maxClusters": 16, "overlayNetworkDeploymentMode": "single-network", "renewBefore": "2026-01-31T12:00:00Z",
        "rotationInterval": 30, "sliceGatewayProvider": {"sliceCaType": "Local", "sliceGatewayType": "OpenVPN"},
        "sliceIpamType": "Local", "sliceType": "Application",
    }  # fmt: skip
    assert manifest.decode(stored).spec == manifest.decode(wish).spec

    wrong = slice_config(
        maxClusters=33, rotationInterval=29, renewBefore="tomorrow", qosProfileDetails={"dscpClass": "CS1"},
        sliceGatewayProvider={"sliceGatewayType": "IPSec"},
    )  # fmt: skip
    theirs = refused_fields(connection, wrong)
    with pytest.raises(BadInput) as caught:
        manifest.decode(wrong)
    assert theirs == {problem.path for problem in caught.value.problems}
    assert len(theirs) == 8
