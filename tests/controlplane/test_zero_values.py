"""Zero values that somebody wrote out: what stands afterwards, as a real API server and controller left it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.controlplane.rehearsing import QOS, create, delete, names, patch, played, slice_of, spec_of

SWITCHED_OFF = [{"ingress": {"enabled": False}, "egress": {"enabled": True}, "gatewayType": "istio", "clusters": ["*"]}]


def test_what_is_written_out_stays_until_a_controller_writes_the_object() -> None:
    off = patch("SliceConfig", "red", {"spec": {"externalGatewayConfig": SWITCHED_OFF}})
    other = patch("SliceConfig", "red", {"spec": {"rotationInterval": 45}})
    made, written, after = played(slice_of("w1", "w2", externalGatewayConfig=SWITCHED_OFF), off, other)
    found = [
        spec_of(item, "SliceConfig", "red")["externalGatewayConfig"][0]["ingress"] for item in (made, written, after)
    ]
    assert found == [{}, {"enabled": False}, {"enabled": False}], "of a new slice, the finalizer's writer left it out"
    share = spec_of(after, "WorkerSliceConfig", "red-w1")["externalGatewayConfig"]
    assert (share["ingress"], share["egress"]) == ({}, {"enabled": True})


def test_a_later_patch_meets_what_was_written_out() -> None:
    off = patch("SliceConfig", "red", {"spec": {"externalGatewayConfig": SWITCHED_OFF, "standardQosProfileName": ""}})
    gone = patch("SliceConfig", "red", {"spec": {"standardQosProfileName": None}})
    _, written, after = played(slice_of("w1", "w2"), off, gone)
    assert spec_of(written, "SliceConfig", "red")["standardQosProfileName"] == ""
    assert "standardQosProfileName" not in spec_of(after, "SliceConfig", "red")
    assert [item.fields for item in after.differences] == [(("spec.standardQosProfileName", "", None),)]


@pytest.mark.parametrize(
    ("kind", "name", "change", "stays"),
    [
        ("Cluster", "w1", {"nodeIPs": [], "networkInterface": "", "enableAutoEviction": False}, True),
        ("VpnKeyRotation", "red", {"rotationCount": 0}, True),
        ("Project", "demo", {"defaultSliceCreation": False}, False),
        ("WorkerSliceConfig", "red-w1", {"ipamClusterOctet": 0}, False),
        ("WorkerSliceGateway", "red-w1-w2", {"gatewayNumber": 0}, False),
    ],
)
def test_some_controllers_write_at_every_look(kind: str, name: str, change: dict[str, Any], stays: bool) -> None:
    _, moment = played(slice_of("w1", "w2"), patch(kind, name, {"spec": change}))
    found = {field: spec_of(moment, kind, name).get(field) for field in change}
    assert found == (change if stays else dict.fromkeys(change))


def test_a_controller_cannot_write_an_empty_queue_type() -> None:
    _, moment = played(slice_of("w1"), patch("SliceConfig", "red", {"spec": {"qosProfileDetails": {"queueType": ""}}}))
    assert spec_of(moment, "SliceConfig", "red")["qosProfileDetails"]["queueType"] == ""
    assert spec_of(moment, "WorkerSliceConfig", "red-w1")["qosProfileDetails"]["queueType"] == "HTB"


def test_a_slice_of_an_empty_type_is_stuck() -> None:
    """The controller would write the CRD's default with its finalizer, and the webhook lets no type change."""
    made, again = played(slice_of("w1", sliceType=""), patch("SliceConfig", "red", {"spec": {"rotationInterval": 40}}))
    for moment in (made, again):
        assert moment.refused == ()
        assert spec_of(moment, "SliceConfig", "red")["sliceType"] == ""
        assert names(moment, "WorkerSliceConfig") == set()


def test_labels_without_a_value_do_not_reach_the_shares() -> None:
    request = slice_of("w1")
    request["object"]["metadata"] |= {"labels": {"empty": "", "team": "a"}, "annotations": {"empty": "", "note": "b"}}
    (moment,) = played(request)
    (share,) = (item for item in moment.objects if item["kind"] == "WorkerSliceConfig")
    assert share["metadata"]["labels"]["team"] == "a"
    assert share["metadata"]["annotations"] == {"note": "b"}
    assert "empty" not in share["metadata"]["labels"]


def test_a_share_without_its_slices_name_is_left_alone() -> None:
    lost = patch("WorkerSliceConfig", "red-w1", {"spec": {"sliceName": None, "sliceType": "Other"}})
    touched = patch("SliceConfig", "red", {"metadata": {"annotations": {"poke": "1"}}})
    *_, moment = played(slice_of("w1", "w2"), lost, touched)
    assert "sliceName" not in spec_of(moment, "WorkerSliceConfig", "red-w1")
    assert spec_of(moment, "WorkerSliceConfig", "red-w1")["sliceType"] == "Other"


REFUSED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("metadata.resourceVersion", {"resourceVersion": None}),
    ("metadata.resourceVersion", {"resourceVersion": ""}),
    ("metadata.resourceVersion", {"resourceVersion": "new"}),
    ("metadata.deletionTimestamp", {"deletionTimestamp": "2026-01-01T00:00:00Z"}),
    ("metadata.deletionGracePeriodSeconds", {"deletionGracePeriodSeconds": 0}),
    ("metadata.creationTimestamp", {"creationTimestamp": "2020-01-01T00:00:00Z"}),
    ("metadata.uid", {"uid": "another"}),
    ("metadata.namespace", {"namespace": "another"}),
    ("metadata.ownerReferences.uid", {"ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": "x"}]}),
    ("metadata.ownerReferences", {"ownerReferences": [
        {"apiVersion": "v1", "kind": "Event", "name": "x", "uid": "y"},
    ]}),
    ("metadata.ownerReferences", {"ownerReferences": [
        {"apiVersion": "v1", "kind": "Pod", "name": name, "uid": name, "controller": True} for name in ("x", "y")
    ]}),
)  # fmt: skip
MISREAD: tuple[dict[str, Any], ...] = (
    {"uid": True}, {"annotations": {"a": 1}}, {"labels": ["a"]}, {"creationTimestamp": "nope"}, {"managedFields": 2},
    {"deletionTimestamp": ["2026-01-01T00:00:00Z"]}, {"generation": 2.5}, {"generation": 2**63}, {"finalizers": "a"},
    {"selfLink": []}, {"ownerReferences": 32}, {"ownerReferences": [{"name": 1}]}, {"namespace": ["a"]},
    {"ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": "x", "uid": "y", "controller": "yes"}]},
)  # fmt: skip
LET_BE: tuple[dict[str, Any], ...] = (
    {"namespace": None}, {"uid": None}, {"uid": ""}, {"creationTimestamp": None}, {"generation": 0},
    {"finalizers": ["controller.kubeslice.io/slice-configuration-finalizer"]}, {"ownerReferences": None},
)  # fmt: skip


@pytest.mark.parametrize(("field", "change"), REFUSED)
def test_metadata_of_the_api_server_cannot_be_patched(field: str, change: dict[str, Any]) -> None:
    _, moment = played(slice_of("w1"), patch("SliceConfig", "red", {"metadata": change}))
    (answer,) = moment.refused
    assert answer.field == field


@pytest.mark.parametrize("change", MISREAD)
@pytest.mark.parametrize("op", ["merge-patch", "merge-patch status"])
def test_metadata_that_go_cannot_read_are_refused(op: str, change: dict[str, Any]) -> None:
    _, moment = played(slice_of("w1"), patch("SliceConfig", "red", {"metadata": change}, op))
    (answer,) = moment.refused
    assert (answer.rule, answer.field) == ("readable", "patch")


def test_a_new_object_of_unreadable_metadata_is_refused() -> None:
    request = slice_of("w1")
    request["object"]["metadata"]["annotations"] = {"a": 1}
    (moment,) = played(request)
    assert moment.refused[0].field == "metadata.annotations"


def test_a_status_request_leaves_metadata_alone() -> None:
    """Whatever of it a real API server can read; only name, namespace and resourceVersion are looked at."""
    change = {"metadata": {"labels": {"a": "b"}, "deletionTimestamp": "2026-01-01T00:00:00Z", "ownerReferences": [{}]}}
    _, moment = played(slice_of("w1"), patch("SliceConfig", "red", change, "merge-patch status"))
    assert (moment.refused, moment.differences) == ((), ())


def test_a_kind_without_a_status_keeps_none() -> None:
    (moment,) = played(patch("Project", "demo", {"status": {"anything": 1}}, "merge-patch status"))
    (project,) = (item for item in moment.objects if item["kind"] == "Project")
    assert moment.refused == ()
    assert not project.get("status")


@pytest.mark.parametrize("change", LET_BE)
def test_metadata_that_says_nothing_changes_nothing(change: dict[str, Any]) -> None:
    _, moment = played(slice_of("w1"), patch("SliceConfig", "red", {"metadata": change}))
    assert (moment.refused, moment.differences) == ((), ())


def test_an_object_without_metadata_is_no_object() -> None:
    _, moment = played(slice_of("w1"), patch("SliceConfig", "red", {"metadata": None}))
    assert moment.refused[0].field == "metadata.name"


def test_an_object_under_deletion_keeps_its_deletion() -> None:
    back = patch("SliceConfig", "red", {"metadata": {"deletionTimestamp": None}})
    held = patch("SliceConfig", "red", {"metadata": {"finalizers": ["example.com/mine"]}})
    *_, moment = played(slice_of("w1"), held, delete("SliceConfig", "red"), back)
    (item,) = (item for item in moment.objects if item["kind"] == "SliceConfig")
    assert moment.refused == ()
    assert item["metadata"]["deletionTimestamp"]


def test_nulls_of_a_new_object_are_as_if_they_were_not_there() -> None:
    nothing = dict.fromkeys(("vpnConfig", "renewBefore", "rotationInterval", "sliceType", "externalGatewayConfig"))
    plain, with_nulls = (played(slice_of("w1", **spec))[0] for spec in ({}, nothing))
    assert spec_of(with_nulls, "SliceConfig", "red") == spec_of(plain, "SliceConfig", "red")
    (moment,) = played(create("SliceQoSConfig", "gold", {**QOS, "priority": 0, "bandwidthGuaranteedKbps": 0}))
    assert spec_of(moment, "SliceQoSConfig", "gold")["bandwidthGuaranteedKbps"] == 0
