"""What the controller does with requests that nobody recorded, as its source says it would."""

from __future__ import annotations

import pytest

from kubeslice_sim.controlplane.timestamp import seconds
from tests.controlplane.rehearsing import (
    QOS,
    create,
    delete,
    finalizers,
    members,
    names,
    patch,
    played,
    slice_of,
    slots,
    spec_of,
    world,
)


def test_a_joiner_takes_the_slot_of_a_leaver_in_the_same_request() -> None:
    first, second, third, fourth = played(slice_of("w1", "w2"), members("w2", "w3"), members("w3", "w4"), members("w4"))
    assert [slots(item) for item in (first, second, third)] == [
        {"w1": 0, "w2": 1},
        {"w2": 1, "w3": 0},
        {"w3": 0, "w4": 1},
    ]
    assert slots(fourth) == {"w4": 1}
    assert names(fourth, "WorkerSliceGateway") == set()


def test_who_loses_its_share_in_a_shrunk_slice_gets_the_lowest_slot_and_new_gateways() -> None:
    *_, shrunk, forced = played(
        slice_of("w1", "w2", "w3"), members("w2", "w3"), delete("WorkerSliceConfig", "red-w3")
    )  # fmt: skip
    assert (slots(shrunk), slots(forced)) == ({"w2": 1, "w3": 2}, {"w2": 1, "w3": 0})
    assert spec_of(shrunk, "WorkerSliceGateway", "red-w2-w3")["gatewayNumber"] == 1
    gateway = spec_of(forced, "WorkerSliceGateway", "red-w2-w3")
    assert gateway.get("gatewayNumber", 0) == 0
    assert gateway["remoteGatewayConfig"]["gatewaySubnet"] == "10.7.0.0/20"
    assert {"WorkerSliceConfigDeletedForcefully", "WorkerSliceGatewayDeletedForcefully"} <= {
        event.split()[0] for event in forced.events
    }


def test_a_changed_share_is_put_right_but_for_its_cidr() -> None:
    change = {"spec": {"sliceType": "Other", "clusterSubnetCIDR": "10.9.9.0/24", "qosProfileDetails": {"priority": 3}}}
    _, edited, touched = played(
        slice_of("w1", "w2"), patch("WorkerSliceConfig", "red-w1", change),
        patch("SliceConfig", "red", {"metadata": {"labels": {"touched": "yes"}}}),
    )  # fmt: skip
    spec = spec_of(edited, "WorkerSliceConfig", "red-w1")
    assert (spec["sliceType"], spec["qosProfileDetails"]["priority"]) == ("Application", 1)
    assert spec["clusterSubnetCIDR"] == "10.9.9.0/24"
    assert spec_of(touched, "WorkerSliceConfig", "red-w1")["clusterSubnetCIDR"] == "10.7.0.0/20"


def test_labels_of_a_slice_arrive_once_and_never_change() -> None:
    request = slice_of("w1")
    request["object"]["metadata"]["labels"] = {"colour": "red"}
    _, moment = played(
        request, patch("SliceConfig", "red", {"metadata": {"labels": {"colour": "blue", "more": "yes"}}})
    )
    share = next(item for item in moment.objects if item["metadata"]["name"] == "red-w1")
    assert (share["metadata"]["labels"]["colour"], share["metadata"]["labels"]["more"]) == ("red", "yes")


def test_a_client_that_says_load_balancer_ips_alone_is_not_mirrored() -> None:
    ips = {"spec": {"localGatewayConfig": {"loadBalancerIps": ["203.0.113.9"]}}}
    port = {"spec": {"localGatewayConfig": {"nodePort": 31000}}}
    _, alone, together = played(
        slice_of("w1", "w2"),
        patch("WorkerSliceGateway", "red-w2-w1", ips),
        patch("WorkerSliceGateway", "red-w2-w1", port),
    )
    assert "loadBalancerIps" not in spec_of(alone, "WorkerSliceGateway", "red-w1-w2")["remoteGatewayConfig"]
    seen = spec_of(together, "WorkerSliceGateway", "red-w1-w2")["remoteGatewayConfig"]
    assert (seen["nodePort"], seen["loadBalancerIps"]) == (31000, ["203.0.113.9"])


def test_a_rotation_that_somebody_changed_is_put_right() -> None:
    change = {"spec": {"clusters": ["w1"], "clusterGatewayMapping": {"w1": [], "w2": None}, "rotationInterval": 77}}
    first, second = played(slice_of("w1", "w2"), patch("VpnKeyRotation", "red", change))
    assert spec_of(second, "VpnKeyRotation", "red") == spec_of(first, "VpnKeyRotation", "red")


def test_a_longer_interval_moves_the_renewal() -> None:
    _, moment = played(slice_of("w1", "w2"), patch("SliceConfig", "red", {"spec": {"rotationInterval": 60}}))
    spec = spec_of(moment, "VpnKeyRotation", "red")
    made, expires = (seconds(spec[field]) for field in ("certificateCreationTime", "certificateExpiryTime"))
    assert expires - made == 60 * 86400 - 3600


def test_imports_are_made_again_and_follow_the_slice() -> None:
    export = {"serviceName": "web", "serviceNamespace": "shop", "sourceCluster": "w1", "sliceName": "red"}
    _, made, forced, edited, moved = played(
        slice_of("w1", "w2"), create("ServiceExportConfig", "web-shop-w1", export),
        delete("WorkerServiceImport", "web-shop-red-w2"),
        patch("WorkerServiceImport", "web-shop-red-w1", {"spec": {"aliases": ["mine"]}}), members("w1", "w3"),
    )  # fmt: skip
    both = {"web-shop-red-w1", "web-shop-red-w2"}
    assert names(made, "WorkerServiceImport") == names(forced, "WorkerServiceImport") == both
    assert "aliases" not in spec_of(edited, "WorkerServiceImport", "web-shop-red-w1")
    assert names(moved, "WorkerServiceImport") == {"web-shop-red-w1", "web-shop-red-w3"}


def test_a_slice_without_a_network_does_not_bring_imports_to_new_clusters() -> None:
    bare = create("SliceConfig", "red", {
        "overlayNetworkDeploymentMode": "no-network", "clusters": ["w1"], "maxClusters": 4
    })  # fmt: skip
    export = {"serviceName": "web", "serviceNamespace": "shop", "sourceCluster": "w1", "sliceName": "red"}
    *_, grown, touched = played(
        bare, create("ServiceExportConfig", "web-shop-w1", export), members("w1", "w2"),
        patch("ServiceExportConfig", "web-shop-w1", {"metadata": {"labels": {"touched": "yes"}}}),
    )  # fmt: skip
    assert names(grown, "WorkerServiceImport") == {"web-shop-red-w1"}
    assert names(touched, "WorkerServiceImport") == {"web-shop-red-w1", "web-shop-red-w2"}


def test_a_profile_that_comes_after_its_slice_calls_nobody() -> None:
    bare = create("SliceConfig", "red", {
        "overlayNetworkDeploymentMode": "no-network", "clusters": ["w1"], "maxClusters": 4,
        "standardQosProfileName": "late", "namespaceIsolationProfile": {
            "applicationNamespaces": [{"namespace": "front", "clusters": ["*"]}]
        },
    })  # fmt: skip
    bare["object"]["metadata"]["labels"] = {"colour": "red"}
    made, profile, edited, touched = played(
        bare, create("SliceQoSConfig", "late", QOS),
        patch("SliceQoSConfig", "late", {"spec": {"priority": 2}}),
        patch("SliceConfig", "red", {"metadata": {"annotations": {"touched": "yes"}}}),
    )  # fmt: skip
    first = spec_of(made, "WorkerSliceConfig", "red-w1")
    assert "applicationNamespaces" not in first["namespaceIsolationProfile"]
    assert first["qosProfileDetails"] == {"queueType": "HTB"}
    share = next(item for item in made.objects if item["metadata"]["name"] == "red-w1")
    assert not {"colour", "standard-qos-profile"} & set(share["metadata"]["labels"])
    assert first == spec_of(profile, "WorkerSliceConfig", "red-w1") == spec_of(edited, "WorkerSliceConfig", "red-w1")
    spec = spec_of(touched, "WorkerSliceConfig", "red-w1")
    assert spec["namespaceIsolationProfile"]["applicationNamespaces"] == ["front"]
    assert spec["qosProfileDetails"]["priority"] == 2


def test_clusters_beyond_the_last_slot_get_blocks_that_are_no_networks() -> None:
    bare = create("SliceConfig", "red", {
        "overlayNetworkDeploymentMode": "no-network", "clusters": ["w1"], "maxClusters": 2
    })  # fmt: skip
    network = slice_of("w1", "w2", "w3", maxClusters=2)["object"]["spec"]
    change = {"spec": {**network, "overlayNetworkDeploymentMode": "single-network"}}
    moment = played(bare, patch("SliceConfig", "red", change))[-1]
    assert spec_of(moment, "WorkerSliceConfig", "red-w3")["clusterSubnetCIDR"] == "10.7.256.0/17"
    gateway = spec_of(moment, "WorkerSliceGateway", "red-w1-w3")
    assert gateway["remoteGatewayConfig"]["gatewaySubnet"] == "10.7.256.0/17"


def test_accounts_go_with_users_and_clusters_and_what_is_left_with_the_project() -> None:
    users = patch("Project", "demo", {"spec": {"serviceAccount": {"readOnly": ["ann"], "readWrite": ["zoe"]}}})
    named, apart, gone = played(users, delete("Cluster", "w1"), delete("Project", "demo"))
    accounts = {f"kubeslice-rbac-{name}" for name in ("ro-ann", "rw-zoe", "worker-w2", "worker-w3", "worker-w4")}
    assert names(named, "ServiceAccount") == names(named, "RoleBinding") == accounts | {"kubeslice-rbac-worker-w1"}
    assert names(apart, "ServiceAccount") == accounts
    assert names(gone, "Project") == names(gone, "Cluster") == names(gone, "SliceQoSConfig") == set()
    # Nobody empties a deleted namespace where no kube-controller-manager runs.
    assert names(gone, "ServiceAccount") == {"kubeslice-rbac-ro-ann", "kubeslice-rbac-rw-zoe"}
    assert "kubeslice-demo" in names(gone, "Namespace")


def test_a_new_cluster_may_join_when_it_has_reported() -> None:
    report = {"registrationStatus": "Registered", "networkPresent": True, "nodeIPs": ["192.0.2.19"]}
    status = {"status": {**report, "cniSubnet": ["192.168.9.0/24"], "clusterHealth": {"clusterHealthStatus": "Normal"}}}
    first, early, _, later = played(
        create("Cluster", "w9", {}), slice_of("w1", "w9"), patch("Cluster", "w9", status, "merge-patch status"),
        slice_of("w1", "w9"),
    )  # fmt: skip
    assert "kubeslice-rbac-worker-w9" in names(first, "ServiceAccount")
    assert not early.answers[0].allowed
    assert early.differences == ()
    assert spec_of(later, "WorkerSliceGateway", "red-w9-w1")["localGatewayConfig"]["nodeIps"] == ["192.0.2.19"]


@pytest.mark.parametrize("said", ["Deregistered", "DeregisterFailed"])
def test_a_worker_that_never_lets_go_is_heard_and_then_given_up(said: str) -> None:
    """What it says is told when it says it; one that says so first never counts as being at it."""
    event = {"Deregistered": "ClusterDeregistered", "DeregisterFailed": "ClusterDeregisterFailed"}[said]
    own, worker = "controller.kubeslice.io/cluster-finalizer", "worker.kubeslice.io/cluster-deregister-finalizer"
    status = patch("Cluster", "w4", {"status": {"registrationStatus": said}}, "merge-patch status")
    _, asked, heard, early, late = played(
        finalizers("Cluster", "w4", own, worker), delete("Cluster", "w4"), status,
        finalizers("Cluster", "w4", own), create("Cluster", "w4", {}),
    )  # fmt: skip
    told = [[line.split()[0] for line in moment.events] for moment in (asked, heard, early)]
    assert told == [["ClusterDeregistrationInProgress"], [event], ["ClusterDeleted"]]
    assert "Cluster" in {item["kind"] for item in late.objects if item["metadata"]["name"] == "w4"}


def test_the_default_slice_gives_up_what_another_slice_takes() -> None:
    takes = {"namespaceIsolationProfile": {"applicationNamespaces": [{"namespace": "shop", "clusters": ["*"]}]}}
    touch = {"metadata": {"labels": {"touched": "yes"}}}
    *_, before, after = played(
        patch("Cluster", "w1", touch), patch("Cluster", "w2", touch), patch("Cluster", "w3", touch),
        slice_of("w1", "w2", **takes), on=world(default_slice=True),
    )  # fmt: skip
    held = [spec_of(item, "SliceConfig", "demo-default-slice") for item in (before, after)]
    homes = [item["namespaceIsolationProfile"]["applicationNamespaces"] for item in held]
    assert homes == [
        [{"namespace": "shop", "clusters": ["w1", "w2", "w3"]}],
        [{"namespace": "shop", "clusters": ["w3"]}],
    ]


@pytest.mark.parametrize("version", ["7", "999999"])
def test_a_request_about_an_older_object_is_refused(version: str) -> None:
    change = {"metadata": {"resourceVersion": version}, "spec": {"clusters": ["w1"]}}
    _, moment = played(slice_of("w1", "w2"), patch("SliceConfig", "red", change))
    assert moment.answers[0].rule == "http-409"
    assert moment.differences == ()
