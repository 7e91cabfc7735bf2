"""What happens to the data of a request before any rule looks at it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubeslice_sim.apiserver.merge_patch import merged
from kubeslice_sim.apiserver.structural import defaulted, pruned, schemas, unknown
from kubeslice_sim.manifest.kinds import encode
from kubeslice_sim.model.frozen import thaw
from tests.admit.standing import create, patch, server, spec, stored, world

SLICE: dict[str, Any] = {
    "sliceSubnet": "10.3.0.0/16", "clusters": ["worker-1"], "standardQosProfileName": "gold",
    "sliceGatewayProvider": {},
}  # fmt: skip


def test_defaults_zero_values_and_the_cipher_are_stored() -> None:
    assert stored(server().answer(create("SliceConfig", "new", SLICE))) == {
        **SLICE,
        "overlayNetworkDeploymentMode": "single-network", "sliceType": "Application", "sliceIpamType": "Local",
        "maxClusters": 16, "rotationInterval": 30, "vpnConfig": {"cipher": "AES-256-CBC"},
        "namespaceIsolationProfile": {"isolationEnabled": False},
        "sliceGatewayProvider": {"sliceGatewayType": "OpenVPN", "sliceCaType": "Local"},
    }  # fmt: skip
    assert stored(server().answer(create("Cluster", "new", None))) == {
        "clusterProperty": {"telemetry": {}, "geoLocation": {}, "monitoring": {"kubernetesDashboard": {}}}
    }


def test_what_was_sent_stays_even_where_go_would_leave_it_out() -> None:
    sent = {**SLICE, "clusters": [], "namespaceIsolationProfile": {"applicationNamespaces": []}}
    kept = stored(server().answer(create("SliceConfig", "new", sent)))
    assert kept["clusters"] == []
    assert kept["namespaceIsolationProfile"] == {"isolationEnabled": False, "applicationNamespaces": []}


def test_a_slice_without_a_network_has_no_cipher() -> None:
    sent = {"overlayNetworkDeploymentMode": "no-network", "vpnConfig": {"cipher": "AES-128-CBC"}}
    assert "vpnConfig" not in stored(server().answer(create("SliceConfig", "new", sent)))


def test_times_are_written_in_utc_and_whole_seconds() -> None:
    kept = stored(
        server().answer(create("SliceConfig", "new", {**SLICE, "renewBefore": "2026-01-01T01:00:00.5+01:00"}))
    )
    assert kept["renewBefore"] == "2026-01-01T00:00:00Z"


def test_unknown_fields_are_dropped_and_named() -> None:
    answer = server().answer(create("SliceConfig", "new", {**SLICE, "topology": "ring"}))
    assert "topology" not in stored(answer)
    assert answer.message == "unknown, and so dropped: spec.topology"


@pytest.mark.parametrize(
    ("field", "value", "rule", "where"),
    [
        ("maxClusters", "16", "readable", "spec.maxClusters"),
        ("maxClusters", 2.5, "readable", "spec.maxClusters"),
        ("maxClusters", True, "readable", "spec.maxClusters"),
        ("maxClusters", 1, "schema-minimum", "spec.maxClusters"),
        ("maxClusters", 33, "schema-maximum", "spec.maxClusters"),
        ("clusters", "worker-1", "readable", "spec.clusters"),
        ("sliceSubnet", None, "slice-subnet-given", "Spec.SliceSubnet"),
        ("overlayNetworkDeploymentMode", "", "schema-enum", "spec.overlayNetworkDeploymentMode"),
        ("renewBefore", "soon", "readable", "spec.renewBefore"),
        ("qosProfileDetails", {}, "schema-enum", "spec.qosProfileDetails.dscpClass"),
        ("externalGatewayConfig", [{}, {"gatewayType": "x"}], "schema-enum",
         "spec.externalGatewayConfig[1].gatewayType"),
        ("sliceSubnet", "fd00::/16", "slice-subnet-form", "Spec.sliceSubnet"),
    ],
)  # fmt: skip
def test_data_that_does_not_fit(field: str, value: Any, rule: str, where: str) -> None:
    answer = server().answer(create("SliceConfig", "new", {**SLICE, field: value}))
    assert (answer.allowed, answer.rule, answer.field) == (False, rule, where), str(answer)


def test_kinds_without_a_mutating_webhook_must_bring_what_is_required() -> None:
    sent = {"slice": "blue", "selector": {}}
    answer = server().answer(create("ServiceExport", "new", sent, "shop"))
    assert (answer.rule, answer.field) == ("schema-required", "spec.ports")


def test_whole_numbers_may_be_written_with_a_point_and_null_means_the_default() -> None:
    kept = stored(
        server().answer(create("SliceConfig", "new", {**SLICE, "maxClusters": 8.0, "rotationInterval": None}))
    )
    assert (kept["maxClusters"], kept["rotationInterval"]) == (8, 30)
    assert isinstance(kept["maxClusters"], int)


def test_the_status_is_a_subresource() -> None:
    asked = server()
    ignored = asked.answer(patch("Cluster", "worker-1", {"status": {"registrationStatus": "Bad"}}))
    assert ignored.allowed
    answer = asked.answer(patch("Cluster", "worker-1", {"status": {"registrationStatus": "Bad"}}, status=True))
    assert (answer.rule, answer.field) == ("schema-enum", "status.registrationStatus")
    kept = asked.answer(patch("Cluster", "worker-1", {"spec": {"nodeIPs": ["x"]}, "status": {}}, status=True))
    assert stored(kept) == stored(asked.answer(spec("Cluster", "worker-1")))
    assert asked.answer(create("SliceConfig", "new", SLICE, status={"kubesliceEvents": [{"type": "x"}]})).allowed


def test_merge_patch_by_the_examples_of_its_rfc() -> None:
    for target, change, result in (
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        (["a"], {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ):
        assert merged(target, change) == result


def test_our_own_world_has_nothing_to_prune_and_defaults_are_filled_in_once() -> None:
    for document in world().documents():
        data = encode(document)
        schema = schemas()[data["kind"]]["properties"]["spec"]
        sent = data.get("spec", {})
        assert list(unknown(sent, schema, "spec")) == []
        assert pruned(sent, schema) == sent
        assert defaulted(defaulted(sent, schema), schema) == defaulted(sent, schema)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 99) | st.floats(-9, 9) | st.sampled_from(["", "*", "worker-1", "x/y"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["cluster", "namespace"]), inner),
    max_leaves=4,
)
ASKED = server()


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(schemas()["SliceConfig"]["properties"]["spec"]["properties"])), JSON)
def test_no_value_of_any_field_of_a_slice_upsets_the_server(field: str, value: Any) -> None:
    created = create("SliceConfig", "new", {**SLICE, field: value})
    for step in (created, spec("SliceConfig", "red", **{field: value})):
        answer = ASKED.answer(step)
        assert answer.allowed or (answer.rule and answer.message)
        assert thaw(answer.stored) == answer.row()["stored"]
