"""The CRDs made from the model are those that KubeSlice ships."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from kubeslice_sim import manifest
from kubeslice_sim.model.release import KubeSliceVersion

SHARED = Path(__file__).parents[3] / "shared" / "crds"
SHIPPED = sorted(SHARED.glob("*/*.yaml"))


def structure(value: Any, inside: str = "") -> Any:
    """A CRD without its prose and without the order of what is a set."""
    if isinstance(value, dict):
        prose = ("description",) if inside != "properties" else ()
        return {key: structure(item, key) for key, item in value.items() if key not in prose}
    if isinstance(value, list):
        return sorted(value) if inside == "required" else [structure(item) for item in value]
    return value


def differences(ours: Any, theirs: Any, path: str = "") -> list[str]:
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return [
            line for key in sorted({*ours, *theirs})
            for line in differences(ours.get(key, "<absent>"), theirs.get(key, "<absent>"), f"{path}.{key}")
        ]  # fmt: skip
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        return [
            line for index, (mine, other) in enumerate(zip(ours, theirs, strict=True))
            for line in differences(mine, other, f"{path}[{index}]")
        ]  # fmt: skip
    return [] if ours == theirs else [f"{path}: ours {ours!r}, KubeSlice's {theirs!r}"]


def test_every_crd_has_the_structure_of_the_shipped_one(capsys: pytest.CaptureFixture[str]) -> None:
    if not SHIPPED:
        pytest.skip("no copies of KubeSlice's CRDs beside this checkout")
    ours = {crd["metadata"]["name"]: crd for crd in manifest.crds()}
    equal, wrong = 0, []
    for file in SHIPPED:
        theirs = yaml.safe_load(file.read_text())
        name = theirs["metadata"]["name"]
        found = differences(structure(ours[name]["spec"]), structure(theirs["spec"]), name)
        equal += not found
        wrong += found
    with capsys.disabled():
        print(f"\n{equal} of {len(SHIPPED)} CRDs structurally equal")
    assert not wrong, "\n".join(wrong)
    assert len(SHIPPED) == len(ours) == 14


def test_the_comparison_sees_a_wrong_bound_a_wrong_default_and_a_lost_field() -> None:
    right = structure(manifest.crds()[3])
    spec = right["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    broken = structure(manifest.crds()[3])
    other = broken["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    other["properties"]["maxClusters"]["maximum"] = 33
    other["properties"]["sliceType"]["default"] = "application"
    del other["properties"]["clusters"]
    assert spec["properties"]["maxClusters"]["maximum"] == 32
    assert [line.split(":")[0].rsplit(".", 1)[-1] for line in differences(broken, right)] == [
        "clusters", "maximum", "default",
    ]  # fmt: skip


def paths(part: Any, at: str) -> set[str]:
    """Every field and enum value of a schema, as ``SliceConfig.spec.clusters`` or ``….gatewayType=envoy``."""
    found = {at, *(f"{at}={value}" for value in part.get("enum", ()))}
    for name, inner in part.get("properties", {}).items():
        found |= paths(inner, f"{at}.{name}")
    for word in ("items", "additionalProperties"):
        found |= paths(part[word], f"{at}[]") if isinstance(part.get(word), dict) else set()
    return found


def of_release(version: KubeSliceVersion) -> set[str]:
    found: set[str] = set()
    for crd in manifest.crds(version):
        schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
        found |= paths(schema, crd["spec"]["names"]["kind"])
    return found


def test_the_oldest_release_has_what_its_tag_has() -> None:
    """Counted at kubeslice-controller v0.6.10 and worker-operator v0.17.1."""
    gone = of_release("1.9") - of_release("0.6")
    assert len(manifest.crds("0.6")) == 13
    assert {name.partition(".")[0] for name in gone} == {
        "Cluster", "Project", "ServiceExport", "ServiceExportConfig", "ServiceImport", "Slice", "SliceConfig",
        "SliceGateway", "VpnKeyRotation", "WorkerServiceImport", "WorkerSliceConfig", "WorkerSliceGateway",
        "WorkerSliceGwRecycler",
    }  # fmt: skip
    assert {"SliceConfig.spec.vpnConfig", "Cluster.status.nodeIPs", "ServiceExport.spec.aliases",
            "SliceConfig.spec.externalGatewayConfig[].gatewayType=envoy"} <= gone  # fmt: skip
    kept = {"SliceConfig.spec.maxClusters", "Cluster.status.clusterHealth", "Cluster.spec.nodeIPs",
            "SliceConfig.spec.externalGatewayConfig[].gatewayType=istio"}  # fmt: skip
    assert kept <= of_release("0.6")
    spec = manifest.crds("0.6")[3]["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    assert spec["required"] == ["sliceGatewayProvider"]
    assert "enum" not in spec["properties"]["sliceGatewayProvider"]["properties"]["sliceGatewayType"]


def test_the_next_release_adds_topologies_and_what_is_told_of_links() -> None:
    assert of_release("1.9") <= of_release("next")
    top = {name for name in of_release("next") - of_release("1.9") if name.count(".") == 2 and "[]" not in name}
    assert {name for name in top if "=" not in name} == {
        "SliceConfig.spec.topology", "SliceConfig.status.conditions", "WorkerSliceGateway.spec.routeEntireSliceSubnet",
        "WorkerSliceGateway.status.connectionState", "WorkerSliceGateway.status.lastTransitionTime",
        "WorkerSliceGateway.status.message", "WorkerSliceGateway.status.reason",
    }  # fmt: skip


def test_each_call_gives_copies_that_may_be_changed() -> None:
    manifest.crds()[0]["spec"]["group"] = "changed"
    assert manifest.crds()[0]["spec"]["group"] == "controller.kubeslice.io"
