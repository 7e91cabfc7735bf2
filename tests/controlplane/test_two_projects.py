"""Two projects on one controller cluster: whose object a request means, and what they see of each other."""

from __future__ import annotations

from typing import Any

import pytest

from kubeslice_sim.controlplane.rehearsal import Moment
from tests.controlplane.rehearsing import HUB, QOS, Request, played

OTHER = "kubeslice-other"
STATUS = {
    "registrationStatus": "Registered", "networkPresent": True, "nodeIPs": ["192.0.2.20"],
    "cniSubnet": ["192.168.9.0/24"], "clusterHealth": {"clusterHealthStatus": "Normal"},
}  # fmt: skip


def other(op: str, kind: str, name: str, **said: Any) -> Request:
    """A request to the other project; ``said`` is the object's spec or the patch."""
    if op == "create":
        metadata = {"name": name, "namespace": "kubeslice-controller" if kind == "Project" else OTHER}
        return {"op": op, "object": {"apiVersion": HUB, "kind": kind, "metadata": metadata, "spec": said}}
    return {"op": op, "target": [kind, name, OTHER], **({"patch": said} if op != "delete" else {})}


def slice_in(space: str, *clusters: str) -> Request:
    spec = {
        "sliceSubnet": "10.7.0.0/16", "maxClusters": 4, "clusters": list(clusters), "qosProfileDetails": QOS,
        "sliceGatewayProvider": {"sliceGatewayType": "OpenVPN", "sliceCaType": "Local"},
    }  # fmt: skip
    return {"op": "create", "object": {
        "apiVersion": HUB, "kind": "SliceConfig", "metadata": {"name": "red", "namespace": space}, "spec": spec,
    }}  # fmt: skip


SETTING = (
    other("create", "Project", "other"),
    *(request for name in ("w1", "w2", "w3") for request in (
        other("create", "Cluster", name), other("merge-patch status", "Cluster", name, status=STATUS)
    )),
)  # fmt: skip


def held(moment: Moment, kind: str, space: str, name: str) -> Any:
    found = [
        item["spec"] for item in moment.objects
        if (item["kind"], item["metadata"].get("namespace"), item["metadata"]["name"]) == (kind, space, name)
    ]  # fmt: skip
    return found[0] if found else None


@pytest.mark.parametrize("request_", [
    {"op": "merge-patch", "target": ["Cluster", "w1"], "patch": {"spec": {"networkInterface": "eth9"}}},
    {"op": "merge-patch status", "target": ["Cluster", "w1"], "patch": {"status": {"nodeIPs": ["192.0.2.77"]}}},
    {"op": "delete", "target": ["Cluster", "w1"]},
])  # fmt: skip
def test_a_request_that_may_mean_either_is_asked_back(request_: Request) -> None:
    *_, moment = played(*SETTING, request_)
    (answer,) = moment.refused
    assert (answer.rule, answer.field) == ("target-unique", "target")
    assert answer.message == (
        "there are 2 objects Cluster w1, in kubeslice-demo and in kubeslice-other "
        "(say which: target: [Cluster, w1, kubeslice-demo])"
    )
    assert moment.differences == ()


def test_a_request_that_names_its_namespace_changes_that_project_alone() -> None:
    *_, patched, gone = played(
        *SETTING, other("merge-patch", "Cluster", "w1", spec={"networkInterface": "eth9"}),
        other("delete", "Cluster", "w1"),
    )  # fmt: skip
    assert held(patched, "Cluster", OTHER, "w1")["networkInterface"] == "eth9"
    assert "networkInterface" not in held(patched, "Cluster", "kubeslice-demo", "w1")
    assert held(gone, "Cluster", OTHER, "w1") is None
    assert held(gone, "Cluster", "kubeslice-demo", "w1") is not None


def test_rotations_of_slices_of_one_name_list_both_projects_gateways() -> None:
    """Recorded: the controller looks for gateways by the slice's name alone, and lists one of each project."""
    *_, moment = played(
        *SETTING, slice_in("kubeslice-demo", "w1", "w2", "w3"), slice_in(OTHER, "w1", "w2", "w3"),
        other("merge-patch", "SliceConfig", "red", spec={"clusters": ["w2", "w3"]}),
    )  # fmt: skip
    lists = held(moment, "VpnKeyRotation", OTHER, "red")["clusterGatewayMapping"]
    assert lists == {
        "w2": ["red-w2-w1", "red-w2-w3", "red-w2-w3"], "w3": ["red-w3-w1", "red-w3-w2", "red-w3-w2"],
    }  # fmt: skip
