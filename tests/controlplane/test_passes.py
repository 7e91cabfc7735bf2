"""What a pass of the controller over a slice leaves behind, as the real controller was seen to leave it."""

from __future__ import annotations

from tests.controlplane.rehearsing import (
    WORKER,
    delete,
    finalizers,
    members,
    names,
    pairs,
    patch,
    played,
    slice_of,
    slots,
    spec_of,
)


def test_a_pass_that_adds_a_member_leaves_the_gateways_of_those_who_left() -> None:
    """The newest member's name stands among the labels by which obsolete gateways are looked for."""
    *_, replaced, poked = played(
        slice_of("w1", "w2", "w3"), members("w1", "w2", "w4"),
        patch("SliceConfig", "red", {"metadata": {"annotations": {"touched": "yes"}}}),
    )  # fmt: skip
    assert names(replaced, "WorkerSliceConfig") == {"red-w1", "red-w2", "red-w4"}
    assert names(replaced, "WorkerSliceGateway") == pairs("12", "14", "24", "13", "23")
    assert {"red-w1-w3", "red-w3-w1", "red-w2-w3", "red-w3-w2"} <= names(replaced, "Secret")
    assert names(poked, "WorkerSliceGateway") == pairs("12", "14", "24")
    assert not {"red-w1-w3", "red-w3-w1", "red-w2-w3", "red-w3-w2"} & names(poked, "Secret")


def test_a_member_that_comes_back_brings_the_whole_slice_to_order() -> None:
    """It sees its own gateways that are obsolete; what becomes of them calls the slice again."""
    *_, twice, back = played(slice_of("w1", "w2"), members("w2", "w3"), members("w3", "w4"), members("w4", "w1"))
    assert names(twice, "WorkerSliceGateway") == pairs("12", "23", "34")
    assert names(back, "WorkerSliceGateway") == pairs("14")


def test_a_rotation_names_the_gateways_that_stood_when_it_was_looked_at() -> None:
    touch = {"metadata": {"annotations": {"touched": "yes"}}}
    *_, replaced, poked, shrunk = played(
        slice_of("w1", "w2", "w3"), members("w1", "w2", "w4"), patch("SliceConfig", "red", touch), members("w1", "w2")
    )  # fmt: skip
    lists = [spec_of(moment, "VpnKeyRotation", "red")["clusterGatewayMapping"] for moment in (replaced, poked, shrunk)]
    assert lists[0]["w1"] == ["red-w1-w2", "red-w1-w3", "red-w1-w4"]
    assert lists[1] == lists[0], "nobody has it looked at when they go"
    assert lists[2] == {"w1": ["red-w1-w2"], "w2": ["red-w2-w1"]}


def test_a_rotation_never_names_a_gateway_that_never_was() -> None:
    *_, moment = played(slice_of("w1", "w2"), members("w3", "w4"))
    lists = spec_of(moment, "VpnKeyRotation", "red")["clusterGatewayMapping"]
    assert lists == {"w3": ["red-w3-w4"], "w4": ["red-w4-w3"]}


def test_a_certificate_job_outlives_its_pair_and_its_slice() -> None:
    made, _, again, gone = played(
        slice_of("w1", "w2"), delete("WorkerSliceGateway", "red-w1-w2"),
        patch("SliceConfig", "red", {"metadata": {"annotations": {"touched": "yes"}}}), delete("SliceConfig", "red"),
    )  # fmt: skip
    assert [len(names(moment, "Job")) for moment in (made, again, gone)] == [1, 2, 2]
    assert {"red-w1-w2", "red-w2-w1"} <= names(again, "Secret")
    assert not {"red-w1-w2", "red-w2-w1"} & names(gone, "Secret")


def test_recyclers_go_with_the_slice_and_not_with_a_gateway() -> None:
    recycler = {
        "apiVersion": WORKER, "kind": "WorkerSliceGwRecycler",
        "metadata": {"name": "by-hand", "namespace": "kubeslice-demo", "labels": {"slice_name": "red"}},
        "spec": {"sliceName": "red", "sliceGwServer": "red-w1-w2", "sliceGwClient": "red-w2-w1", "state": "init"},
    }  # fmt: skip
    *_, forced, gone = played(
        slice_of("w1", "w2"), {"op": "create", "object": recycler}, delete("WorkerSliceGateway", "red-w1-w2"),
        delete("SliceConfig", "red"),
    )  # fmt: skip
    assert names(forced, "WorkerSliceGwRecycler") == {"by-hand"}
    assert names(gone, "WorkerSliceGwRecycler") == set()


def test_a_pair_with_one_end_stops_the_pass_until_that_end_is_gone() -> None:
    own, other = "worker.kubeslice.io/worker-slice-gateway-finalizer", "controller.kubeslice.io/sliceGw-finalizer"
    *_, stuck, freed = played(
        slice_of("w1", "w2", "w3"), finalizers("WorkerSliceGateway", "red-w1-w2", own, other), members("w1", "w3"),
        members("w1", "w3", "w2"), finalizers("WorkerSliceGateway", "red-w1-w2"),
    )  # fmt: skip
    assert names(stuck, "WorkerSliceConfig") == {"red-w1", "red-w2", "red-w3"}
    assert names(stuck, "WorkerSliceGateway") == pairs("13") | {"red-w1-w2"}
    assert spec_of(stuck, "VpnKeyRotation", "red")["clusters"] == ["w1", "w3"]
    assert names(freed, "WorkerSliceGateway") == pairs("12", "13", "23")
    assert spec_of(freed, "VpnKeyRotation", "red")["clusters"] == ["w1", "w3", "w2"]


def test_a_leaver_that_lingers_keeps_its_slot_from_a_joiner_until_nobody_holds_it() -> None:
    own, other = (
        "worker.kubeslice.io/worker-slice-configuration-finalizer",
        "controller.kubeslice.io/hubSpokeSlice-finalizer",
    )
    *_, waiting, free = played(
        slice_of("w1", "w2"), finalizers("WorkerSliceConfig", "red-w2", own, other), members("w1", "w3"),
        finalizers("WorkerSliceConfig", "red-w2", other),
    )  # fmt: skip
    assert names(waiting, "WorkerSliceConfig") == {"red-w1", "red-w2"}
    # Without the controller's own finalizer all others go at once.
    assert slots(free) == {"w1": 0, "w3": 1}


def test_worker_objects_get_their_finalizers_back_even_without_a_slice() -> None:
    lone = {"apiVersion": WORKER, "kind": "WorkerSliceConfig", "spec": {"sliceName": "lost"}}
    lone["metadata"] = {"name": "lost-w1", "namespace": "kubeslice-demo"}
    mine = {**lone, "metadata": {"name": "red-w3", "namespace": "kubeslice-demo"}, "spec": {"sliceName": "red"}}
    *_, moment = played(
        slice_of("w1", "w2"), finalizers("WorkerSliceConfig", "red-w1"), finalizers("WorkerSliceGateway", "red-w1-w2"),
        {"op": "create", "object": lone}, {"op": "create", "object": mine},
    )  # fmt: skip
    held = {
        item["metadata"]["name"]: item["metadata"].get("finalizers")
        for item in moment.objects if item["kind"] in ("WorkerSliceConfig", "WorkerSliceGateway")
    }  # fmt: skip
    share = ["worker.kubeslice.io/worker-slice-configuration-finalizer"]
    assert [held[name] for name in ("red-w1", "red-w3", "lost-w1")] == [share, share, share]
    assert held["red-w1-w2"] == ["worker.kubeslice.io/worker-slice-gateway-finalizer"]
    filled = spec_of(moment, "WorkerSliceConfig", "red-w3")
    assert (filled["sliceSubnet"], filled["qosProfileDetails"]["priority"]) == ("10.7.0.0/16", 1)
    assert "octet" not in filled


def test_a_slice_knows_its_objects_by_their_owner_label() -> None:
    strange = {"metadata": {"labels": {"worker-cluster": "w2", "original-slice-name": "x"}}}
    nobody = {"metadata": {"labels": {"worker-cluster": None}}}
    touch = patch("SliceConfig", "red", {"metadata": {"annotations": {"touched": "yes"}}})
    _, _, kept, _, made = played(
        slice_of("w1", "w2"), patch("WorkerSliceConfig", "red-w2", strange), touch,
        patch("WorkerSliceConfig", "red-w1", nobody),
        patch("SliceConfig", "red", {"metadata": {"annotations": {"touched": "again"}}}),
    )  # fmt: skip
    shares = [item["metadata"] for item in kept.objects if item["kind"] == "WorkerSliceConfig"]
    assert [item["annotations"]["touched"] for item in shares] == ["yes", "yes"]
    assert slots(made) == {"w1": 0, "w2": 1}
