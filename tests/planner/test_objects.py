"""Hub objects beyond what the oracle's cases show: propagation, long names, exports, default slices."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from kubeslice_sim.model.document import ObjectMeta
from kubeslice_sim.model.frozen import FrozenMap
from kubeslice_sim.model.project import Project, ProjectServiceAccounts, ProjectSpec
from kubeslice_sim.model.slice_config import ExternalGatewayConfig, Switch
from kubeslice_sim.model.world import World
from kubeslice_sim.planner import manifests, plan
from kubeslice_sim.planner.external_gateways import external_gateway_of
from kubeslice_sim.planner.objects_metadata import OWNER_LABEL, owner_labels, propagated
from tests.planner import worlds

PAIR = ["a", "b"]


def hub(world: World) -> dict[tuple[str, str], dict[str, Any]]:
    return {(item["kind"], item["metadata"]["name"]): item for item in manifests(plan(world))}


def test_owner_labels_are_cut_into_pieces_of_63() -> None:
    assert owner_labels("SliceConfig", "red")[OWNER_LABEL] == "SliceConfig-red"
    for length in (40, 63, 64, 100, 126, 127, 189, 200):
        text = f"K-{'x' * (length - 2)}"
        labels = owner_labels("K", text[2:])
        pieces = [labels[OWNER_LABEL], *(labels.get(f"{OWNER_LABEL}-{i}") for i in range(1, len(labels) - 1))]
        assert "".join(piece or "" for piece in pieces) == text
        assert all(len(piece or "") <= 63 for piece in pieces)
    assert owner_labels("K", "x" * 124)[f"{OWNER_LABEL}-2"] == ""  # 126 characters: the real one adds an empty piece


def test_kubeslices_and_kubernetes_keys_are_not_passed_on() -> None:
    keys = {"team": "x", "kubeslice-y": "1", "app.kubernetes.io/name": "2"}
    assert propagated(keys) == {"team": "x"}


def test_a_projects_labels_reach_its_clusters_and_its_annotations_all() -> None:
    world = worlds.world(PAIR, [worlds.slice_config("red", PAIR)])
    metadata = replace(
        world.projects[0].metadata, labels=FrozenMap({"team": "x"}), annotations=FrozenMap({"cost": "42"})
    )
    found = hub(replace(world, projects=(replace(world.projects[0], metadata=metadata),)))
    assert found["Project", "demo"]["metadata"]["labels"] == {"kubeslice-project-namespace": worlds.HUB}
    assert found["Namespace", worlds.HUB]["metadata"]["labels"]["team"] == "x"
    assert found["Cluster", "a"]["metadata"]["labels"] == {"team": "x"}
    assert "team" not in found["WorkerSliceConfig", "red-a"]["metadata"]["labels"]
    for key in (("Cluster", "a"), ("SliceConfig", "red"), ("WorkerSliceConfig", "red-a")):
        assert found[key]["metadata"]["annotations"] == {"cost": "42"}


def test_users_are_lowered_and_bound_to_their_role() -> None:
    world = worlds.world([])
    users = ProjectServiceAccounts(read_only=("Ann",), read_write=("john",))
    found = hub(replace(world, projects=(replace(world.projects[0], spec=ProjectSpec(service_account=users)),)))
    assert found["RoleBinding", "kubeslice-rbac-ro-ann"]["roleRef"]["name"] == "kubeslice-read-only"
    assert found["RoleBinding", "kubeslice-rbac-rw-john"]["roleRef"]["name"] == "kubeslice-read-write"
    assert "data" not in found["Secret", "kubeslice-rbac-ro-ann"]


def test_exports_become_configs_and_an_import_for_each_member() -> None:
    world = worlds.world(
        [*PAIR, "c"],
        [worlds.slice_config("red", PAIR)],
        [worlds.deployment("web", PAIR)],
        [worlds.export("web", PAIR, slice_="red", aliases=["w"])],
    )
    found = hub(world)
    export = found["ServiceExportConfig", "web-app-b"]
    assert export["metadata"]["labels"] == {
        "original-slice-name": "red", "service-name": "web", "service-namespace": "app", "worker-cluster": "b",
    }  # fmt: skip
    (endpoint,) = export["spec"]["serviceDiscoveryEndpoints"]
    assert endpoint == {
        "podName": "web-0", "cluster": "b", "nsmIp": "10.1.16.1", "dnsName": "web-0.b.web.app.svc.slice.local",
        "port": 8080,
    }  # fmt: skip
    imports = {name: item for (kind, name), item in found.items() if kind == "WorkerServiceImport"}
    assert imports.keys() == {"web-app-red-a", "web-app-red-b"}
    spec = imports["web-app-red-a"]["spec"]
    assert spec["sourceClusters"] == PAIR
    assert spec["aliases"] == ["w"]
    assert [item["cluster"] for item in spec["serviceDiscoveryEndpoints"]] == PAIR


def test_the_default_slice_takes_what_no_slice_has() -> None:
    world = worlds.world(
        PAIR,
        [worlds.slice_config("red", ["a"])],
        [worlds.deployment("web", PAIR), worlds.deployment("other", ["a"], namespace="free")],
    )
    project = Project(
        metadata=ObjectMeta(name="demo", namespace="kubeslice-controller"),
        spec=ProjectSpec(default_slice_creation=True),
    )
    found = hub(replace(world, projects=(project,)))
    spec = found["SliceConfig", "demo-default-slice"]["spec"]
    assert (spec["clusters"], spec["maxClusters"], spec["overlayNetworkDeploymentMode"]) == (PAIR, 8, "no-network")
    assert spec["namespaceIsolationProfile"]["applicationNamespaces"] == [
        {"namespace": "app", "clusters": ["b"]},
        {"namespace": "free", "clusters": ["a"]},
    ]
    worker = found["WorkerSliceConfig", "demo-default-slice-a"]["spec"]
    assert worker["namespaceIsolationProfile"]["applicationNamespaces"] == ["free"]
    assert "octet" not in worker
    assert ("VpnKeyRotation", "demo-default-slice") not in found


def test_the_first_entry_that_names_a_cluster_beats_any_star() -> None:
    star = ExternalGatewayConfig(clusters=("*",), egress=Switch(enabled=True), gateway_type="istio")
    own = ExternalGatewayConfig(clusters=("a",), ingress=Switch(enabled=True))
    config = worlds.slice_config("red", PAIR)
    config = replace(config, spec=replace(config.spec, external_gateway_config=(star, own)))
    assert external_gateway_of(config, "a") == own
    assert external_gateway_of(config, "b") == star
    found = hub(worlds.world(PAIR, [config]))
    empty = {"ingress": {}, "egress": {}}
    assert found["WorkerSliceConfig", "red-b"]["spec"]["externalGatewayConfig"] == {
        "ingress": {}, "egress": {"enabled": True}, "nsIngress": {}, "gatewayType": "istio", "vpcServiceAccess": empty,
    }  # fmt: skip
    stored = found["SliceConfig", "red"]["spec"]["externalGatewayConfig"][1]
    assert stored == {
        "ingress": {"enabled": True}, "egress": {}, "nsIngress": {}, "clusters": ["a"], "vpcServiceAccess": empty,
    }  # fmt: skip


def test_a_cluster_says_what_its_worker_reported() -> None:
    world = worlds.world(PAIR, [worlds.slice_config("red", PAIR)], [worlds.deployment("x", ["a"], namespace="free")])
    status = hub(world)["Cluster", "a"]["status"]
    assert status["nodeIPs"] == ["198.18.0.11"]
    assert status["cniSubnet"] == ["192.168.0.0/16", "10.96.0.0/12"]
    assert status["registrationStatus"] == "Registered"
    assert status["secretName"] == "kubeslice-rbac-worker-a"
    assert status["namespaces"] == [{"name": "free"}, {"name": "app", "sliceName": "red"}]
