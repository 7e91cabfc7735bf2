"""Rules on updates and deletions: each is broken by a request here, and named by the field the webhook names."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kubeslice_sim.admission import RULES
from kubeslice_sim.apiserver import ApiServer, Step, standing_objects
from kubeslice_sim.model.cluster import Cluster
from kubeslice_sim.model.document import key_of
from kubeslice_sim.model.frozen import FrozenMap
from kubeslice_sim.model.vpn_key_rotation import KeyRotationState, VpnKeyRotationStatus
from kubeslice_sim.model.worker_slice_config import OnboardedNamespace, WorkerSliceConfig, WorkerSliceConfigStatus
from tests.admit.standing import NOW, create, delete, patch, server, spec, stored, world

TYPES = "Spec.SliceGatewayProvider.SliceGatewayServiceType"
EXPORT = {"slice": "blue", "selector": {"matchLabels": {"app": "a"}}, "ports": [{"containerPort": 80}]}


def service(cluster: str, kind: str, protocol: str) -> dict[str, Any]:
    entry = {"cluster": cluster, "type": kind, "protocol": protocol}
    return {"sliceGatewayServiceType": [entry]}


REFUSED: list[tuple[Step, str, str]] = [
    (spec("SliceConfig", "red", overlayNetworkDeploymentMode="no-network"), "slice-mode-kept",
     "Spec.OverlayNetworkDeploymentMode"),
    (spec("SliceConfig", "red", sliceSubnet="10.9.0.0/16"), "slice-fields-kept", "Spec.SliceSubnet"),
    (spec("SliceConfig", "red", sliceType="x"), "slice-fields-kept", "Spec.SliceType"),
    (spec("SliceConfig", "red", sliceIpamType="x"), "slice-fields-kept", "Spec.SliceIpamType"),
    (spec("SliceConfig", "red", sliceGatewayProvider={"sliceCaType": "x"}), "slice-fields-kept",
     "Spec.SliceGatewayProvider.SliceCaType"),
    (spec("SliceConfig", "red", vpnConfig={"cipher": "AES-128-CBC"}), "slice-fields-kept", "Spec.VPNConfig.Cipher"),
    (spec("SliceConfig", "red", sliceGatewayProvider=service("worker-1", "NodePort", "TCP")),
     "slice-gateway-services-kept", TYPES),
    (spec("SliceConfig", "red", sliceGatewayProvider=service("worker-1", "LoadBalancer", "UDP")),
     "slice-gateway-services-kept", TYPES),
    (spec("SliceConfig", "red", sliceGatewayProvider=service("worker-2", "NodePort", "TCP")),
     "slice-gateway-services-kept", TYPES),
    (spec("SliceConfig", "red", sliceGatewayProvider=None), "slice-gateway-provider-given",
     "Spec.SliceGatewayProvider"),
    (spec("SliceConfig", "red", clusters=["worker-1", "worker-1"]), "slice-clusters-once", "Spec.Clusters"),
    (spec("SliceConfig", "red", clusters=["worker-1", "nope"]), "slice-new-clusters-ready", "Spec.Clusters"),
    (spec("SliceConfig", "red", maxClusters=8), "slice-size-kept", "Spec.MaxClusterCount"),
    (spec("SliceConfig", "red", renewBefore="2026-06-02T00:00:00Z"), "slice-renewal-due", "Field: RenewBefore"),
    (delete("SliceConfig", "blue"), "slice-namespaces-deboarded", "Field: ApplicationNamespaces"),
    (delete("Cluster", "worker-1"), "cluster-in-no-slice", "Cluster"),
    (delete("Project", "demo"), "project-without-slices", "Project"),
    (delete("SliceQoSConfig", "gold"), "qos-profile-unused", "SliceQoSConfig"),
    (delete("VpnKeyRotation", "red"), "rotation-outlives-its-slice", ""),
    (spec("WorkerSliceConfig", "red-worker-2", octet=3), "worker-slice-octet-kept", "Spec.Octet"),
    (spec("WorkerSliceConfig", "red-worker-2", octet=None), "worker-slice-octet-kept", "Spec.Octet"),
    (spec("WorkerSliceGateway", "red-worker-1-worker-2", gatewayNumber=7), "worker-gateway-number-kept",
     "Spec.GatewayNumber"),
    (spec("Project", "demo", serviceAccount={"readOnly": ["a"]}), "project-users", "spec.serviceAccount.readOnly"),
    (create("ServiceExport", "other", {**EXPORT, "aliases": ["Cart.Example"]}, "shop"), "export-alias-unique",
     "spec.aliases[0]"),
    (create("SliceConfig", "red", {"sliceSubnet": "10.3.0.0/16", "standardQosProfileName": "gold",
                                   "sliceGatewayProvider": {}}), "object-unique", "metadata.name"),
    (create("VpnKeyRotation", "more", {"sliceName": "red"}), "rotation-named-as-slice", "metadata.name"),
    (patch("Project", "demo", {"spec": []}), "readable", "spec"),
    (patch("WorkerSliceGateway", "red-worker-1-worker-2", {"spec": 0}), "readable", "spec"),
    (create("SliceConfig", "new", {}, "nowhere"), "namespace-exists", "metadata.namespace"),
    (delete("SliceConfig", "green"), "object-exists", ""),
    (patch("SliceConfig", "red", {"metadata": {"name": "green"}}), "identity-kept", "metadata.name"),
]  # fmt: skip
ALLOWED: list[Step] = [
    spec("SliceConfig", "red", clusters=["worker-2", "worker-3", "worker-1"]),
    spec("SliceConfig", "blue", clusters=[]),
    spec("SliceConfig", "red", sliceGatewayProvider=service("worker-2", "LoadBalancer", "UDP")),
    spec("SliceConfig", "red", renewBefore="2026-05-31T00:00:00Z"),
    spec("SliceConfig", "red", rotationInterval=60),
    spec("SliceConfig", "flat", overlayNetworkDeploymentMode="single-network", sliceSubnet="10.4.0.0/16", sliceType="x",
         sliceGatewayProvider={}, standardQosProfileName="gold"),
    spec("Project", "demo", serviceAccount={"readOnly": ["ann", "bob"]}),
    spec("WorkerSliceConfig", "red-worker-2", octet=1),
    patch("ServiceExport", "cart", {"metadata": {"labels": {"a": "b"}}}),
    delete("SliceConfig", "red"),
    delete("Cluster", "worker-3"),
    delete("ServiceExportConfig", "cart-shop-worker-1"),
    delete("WorkerSliceGateway", "red-worker-1-worker-2"),
]  # fmt: skip


@pytest.mark.parametrize(("step", "rule", "field"), REFUSED, ids=lambda part: str(part)[:60])
def test_refused(step: Step, rule: str, field: str) -> None:
    answer = server().answer(step)
    assert (answer.allowed, answer.rule, answer.field) == (False, rule, field), str(answer)
    assert answer.message
    assert answer.stored is None


@pytest.mark.parametrize("step", ALLOWED, ids=lambda step: f"{step.operation} {step.kind} {dict(step.body)}"[:60])
def test_allowed(step: Step) -> None:
    answer = server().answer(step)
    assert answer.allowed, str(answer)


@pytest.mark.parametrize(("metadata", "rule", "field"), [
    ({"labels": {"bad key!": "a"}}, "object-labels", "metadata.labels"),
    ({"labels": {"a": "-"}}, "object-labels", "metadata.labels"),
    ({"labels": {"a": "x" * 64}}, "object-labels", "metadata.labels"),
    ({"labels": {"Not.A.Domain/a": "x"}}, "object-labels", "metadata.labels"),
    ({"annotations": {"a/b/c": ""}}, "object-annotations", "metadata.annotations"),
    ({"annotations": {"a": "x" * 262_144}}, "object-annotations", "metadata.annotations"),
    ({"finalizers": ["no one's"]}, "object-finalizers", "metadata.finalizers"),
])  # fmt: skip
def test_metadata_is_judged_as_kubernetes_does(metadata: dict[str, Any], rule: str, field: str) -> None:
    answer = server().answer(patch("SliceConfig", "red", {"metadata": metadata}))
    assert (answer.allowed, answer.rule, answer.field) == (False, rule, field), str(answer)


@pytest.mark.parametrize("metadata", [
    {"labels": {"a": "", "example.com/A_b.c": "x" * 63}}, {"annotations": {"Example.COM/a": "any thing!"}},
    {"finalizers": ["example.com/mine"]},
])  # fmt: skip
def test_sound_metadata_passes(metadata: dict[str, Any]) -> None:
    answer = server().answer(patch("SliceConfig", "red", {"metadata": metadata}))
    assert answer.allowed, str(answer)


def test_an_object_keeps_its_uid() -> None:
    named = [
        replace(item, metadata=replace(item.metadata, uid="of-red")) if key_of(item)[::2] == ("SliceConfig", "red")
        else item
        for item in standing_objects(world())
    ]  # fmt: skip
    asked = ApiServer(named, now=NOW)
    answer = asked.answer(patch("SliceConfig", "red", {"metadata": {"uid": "another"}}))
    assert (answer.rule, answer.field) == ("identity-kept", "metadata.uid")
    assert asked.answer(patch("SliceConfig", "red", {"metadata": {"uid": "of-red"}})).allowed


def test_nothing_new_comes_into_a_namespace_that_ends() -> None:
    ending = [
        replace(item, metadata=replace(item.metadata, deletion_timestamp="2026-05-31T00:00:00Z"))
        if key_of(item)[0] == "Namespace" else item
        for item in standing_objects(world())
    ]  # fmt: skip
    answer = ApiServer(ending, now=NOW).answer(create("SliceQoSConfig", "late", {}))
    assert (answer.allowed, answer.rule) == (False, "namespace-exists")
    assert "being terminated" in answer.message


def test_no_rule_for_updates_or_deletions_alone_is_dead() -> None:
    elsewhere = {"slice-topology-settled", "cluster-network-interface-kept"}  # test_releases.py
    below = {"slice-exports-gone", "project-accounts-its-own", "slice-rotation-begun"}
    below |= {"object-labels", "object-annotations", "object-finalizers"}
    broken = {rule for _, rule, _ in REFUSED} | below | elsewhere
    assert {rule.id for rule in RULES if "create" not in rule.operations} - broken == set()


def test_one_request_changes_nothing_for_the_next() -> None:
    asked = server()
    before = asked.answer(delete("Cluster", "worker-1"))
    for step in ALLOWED:
        asked.answer(step)
    assert asked.answer(delete("Cluster", "worker-1")) == before


def test_a_slice_outlives_its_exports_and_the_deboarding_of_its_namespaces() -> None:
    objects = standing_objects(world())
    emptied = [
        replace(
            item,
            spec=replace(item.spec, namespace_isolation_profile=type(item.spec.namespace_isolation_profile)()),
            status=WorkerSliceConfigStatus(onboarded_app_namespaces=(OnboardedNamespace(name="shop"),)),
        )
        if isinstance(item, WorkerSliceConfig) else item
        for item in objects
    ]  # fmt: skip
    answer = ApiServer(emptied, now=NOW).answer(delete("SliceConfig", "blue"))
    assert (answer.rule, answer.field) == ("slice-namespaces-deboarded", "Field: OnboardedAppNamespaces")
    bare = [
        replace(item, status=WorkerSliceConfigStatus()) if isinstance(item, WorkerSliceConfig) else item
        for item in emptied
    ]  # fmt: skip
    answer = ApiServer(bare, now=NOW).answer(delete("SliceConfig", "blue"))
    assert (answer.rule, answer.field) == ("slice-exports-gone", "ServiceExportConfig")


def test_keys_are_not_renewed_while_they_are_being_renewed() -> None:
    step = spec("SliceConfig", "red", renewBefore="2026-05-31T00:00:00Z")
    for status, allowed in (("COMPLETE", True), ("IN_PROGRESS", False)):
        state = VpnKeyRotationStatus(current_rotation_state=FrozenMap({"red-a-b": KeyRotationState(status=status)}))
        objects = [
            replace(item, status=state) if key_of(item)[0] == "VpnKeyRotation" else item
            for item in standing_objects(world())
        ]  # fmt: skip
        assert ApiServer(objects, now=NOW).answer(step).allowed is allowed


def test_a_slice_without_gateways_has_no_rotation_to_change() -> None:
    step = spec("SliceConfig", "red", rotationInterval=60)
    alone = [
        replace(item, spec=replace(item.spec, cluster_gateway_mapping=FrozenMap({"worker-1": ()})))
        if key_of(item)[:1] + key_of(item)[2:] == ("VpnKeyRotation", "red") else item
        for item in standing_objects(world())
    ]  # fmt: skip
    answer = ApiServer(alone, now=NOW).answer(step)
    assert (answer.allowed, answer.rule) == (False, "slice-rotation-begun"), str(answer)


def test_an_account_of_another_owner_stops_a_project() -> None:
    objects = [
        replace(item, metadata=replace(item.metadata, labels=FrozenMap()))
        if key_of(item)[::2] == ("ServiceAccount", "kubeslice-rbac-ro-ann") else item
        for item in standing_objects(world())
    ]  # fmt: skip
    answer = ApiServer(objects, now=NOW).answer(patch("Project", "demo", {"metadata": {"labels": {"a": "b"}}}))
    assert (answer.rule, answer.field) == ("project-accounts-its-own", "spec.serviceAccount.readOnly")


def test_an_object_that_is_being_deleted_lets_its_rotation_go_and_takes_no_finalizers() -> None:
    objects = [
        replace(item, metadata=replace(item.metadata, deletion_timestamp="2026-05-31T00:00:00Z"))
        if key_of(item)[::2] == ("SliceConfig", "red") else item
        for item in standing_objects(world())
    ]  # fmt: skip
    asked = ApiServer(objects, now=NOW)
    assert asked.answer(delete("VpnKeyRotation", "red")).allowed
    answer = asked.answer(patch("SliceConfig", "red", {"metadata": {"finalizers": ["a/b"]}}))
    assert (answer.rule, answer.field) == ("finalizers-while-deleting", "metadata.finalizers")
    assert asked.answer(patch("SliceConfig", "red", {"metadata": {"finalizers": []}})).allowed


def test_clusters_that_report_nothing_join_no_slice_where_others_report() -> None:
    step = create(
        "SliceConfig", "new", {
            "sliceSubnet": "10.3.0.0/16", "clusters": ["worker-3"], "standardQosProfileName": "gold",
            "sliceGatewayProvider": {},
        },
    )  # fmt: skip
    assert stored(server().answer(step))["clusters"] == ["worker-3"]
    reported = {item.metadata.name: item for item in standing_objects(world()) if isinstance(item, Cluster)}
    some = replace(world(), clusters=(
        reported["worker-1"], reported["worker-2"], replace(reported["worker-3"], status=None),
    ))  # fmt: skip
    answer = ApiServer(standing_objects(some), now=NOW).answer(step)
    assert (answer.rule, answer.field) == ("slice-clusters-registration-complete", "Spec.Clusters[0]")
