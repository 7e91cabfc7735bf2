"""The controller of other releases: 0.6 makes less; next joins hubs with spokes and tells when that is done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from kubeslice_sim import manifest
from kubeslice_sim.apiserver import Step
from kubeslice_sim.controlplane.hub.topology_condition import converged
from kubeslice_sim.controlplane.rehearsal import Moment, rehearse
from kubeslice_sim.controlplane.worker.connection_report import connection_state
from kubeslice_sim.errors import BadInput
from kubeslice_sim.model.document import ObjectMeta
from kubeslice_sim.model.slice_gateway import GatewayPodStatus, GatewayTunnelStatus, SliceGateway, SliceGatewayStatus
from kubeslice_sim.model.timing import FAST
from kubeslice_sim.planner import manifests, plan
from tests.admit.standing import patch
from tests.admit.test_releases import NEW, OLD
from tests.controlplane.fixed_point import differences
from tests.controlplane.hand import Hand

THIRD = """
---
apiVersion: controller.kubeslice.io/v1alpha1
kind: Cluster
metadata: {name: worker-3, namespace: kubeslice-demo}
spec: {nodeIPs: [203.0.113.3], networkInterface: eth0}
"""
HUBS = NEW.replace("clusters: [worker-1, worker-2]", "clusters: [worker-1, worker-2, worker-3]\n"
                   "  topology: {mode: HubAndSpoke, hubs: [worker-2]}") + THIRD  # fmt: skip


def of_kind(moment: Moment, kind: str) -> dict[str, Mapping[str, Any]]:
    return {item["metadata"]["name"]: item for item in moment.objects if item["kind"] == kind}


def topology(mode: str, *hubs: str) -> Step:
    return patch("SliceConfig", "red", {"spec": {"topology": {"mode": mode, "hubs": list(hubs)}}})


def test_the_oldest_release_makes_no_rotation_and_no_default_profile_and_stores_no_later_field() -> None:
    world = manifest.load_text(OLD)
    (moment,) = rehearse(world, []).moments
    assert moment.settled
    assert sorted(of_kind(moment, "WorkerSliceGateway")) == ["red-worker-1-worker-2", "red-worker-2-worker-1"]
    assert not {"VpnKeyRotation", "SliceQoSConfig"} & {str(item["kind"]) for item in moment.objects}
    for item in (*moment.objects, *manifests(plan(world))):
        assert not {"gatewayConnectivityType", "gatewayProtocol", "overlayNetworkDeploymentMode"} & set(
            item.get("spec", {})
        ), item
    status = of_kind(moment, "Cluster")["worker-1"]["status"]
    assert not {"registrationStatus", "networkPresent", "nodeIPs"} & set(status)
    planned = {(item["kind"], item["metadata"]["name"]) for item in manifests(plan(world))}
    assert planned <= {(str(item["kind"]), item["metadata"]["name"]) for item in moment.objects}


def test_the_oldest_release_comes_to_its_plan_all_the_same() -> None:
    world = manifest.load_text(OLD)
    hand = Hand(world, FAST)
    hand.until_up(600)
    assert differences(hand.fleet, hand.plane.effects, plan(world)) == []


def test_a_world_made_in_python_uses_only_what_its_release_has() -> None:
    world = manifest.load_text(HUBS.replace("next", '"1.9"'), admit=False)
    with pytest.raises(BadInput, match=r"SliceConfig/red.spec.topology: KubeSlice 1.9 has no topology.*since next"):
        plan(world)


def test_flags_and_pairs_follow_the_mode_and_the_hub() -> None:
    steps = [("mesh", [topology("FullMesh")]), ("back", [topology("HubAndSpoke", "worker-2")]),
             ("other", [topology("HubAndSpoke", "worker-1")])]  # fmt: skip
    found = rehearse(manifest.load_text(HUBS), steps)
    assert not found.refused
    told = []
    for moment in found.moments:
        gateways = {name: item["spec"] for name, item in of_kind(moment, "WorkerSliceGateway").items()}
        told.append({
            name.removeprefix("red-"): (spec["gatewayHostType"], spec.get("routeEntireSliceSubnet", False))
            for name, spec in gateways.items()
        })  # fmt: skip
    hub = {"worker-2-worker-1": ("Server", False), "worker-1-worker-2": ("Client", True),
           "worker-2-worker-3": ("Server", False), "worker-3-worker-2": ("Client", True)}  # fmt: skip
    assert told[0] == told[2] == hub
    assert told[1] == {
        **{name: (role, False) for name, (role, _) in hub.items()},
        "worker-1-worker-3": ("Server", False), "worker-3-worker-1": ("Client", False),
    }  # fmt: skip
    assert told[3] == {
        # The pair of the two hubs keeps its roles; its flags do not stay behind.
        "worker-2-worker-1": ("Server", True), "worker-1-worker-2": ("Client", False),
        "worker-1-worker-3": ("Server", False), "worker-3-worker-1": ("Client", True),
    }  # fmt: skip


def test_a_link_that_breaks_stops_the_next_change_of_the_topology() -> None:
    broken = Step(
        id="1", operation="merge-patch status", kind="WorkerSliceGateway", name="red-worker-3-worker-2",
        namespace="kubeslice-demo", body=patch("", "", {"status": {"connectionState": "NotConnected"}}).body,
    )  # fmt: skip
    found = rehearse(manifest.load_text(HUBS), [("broken", [broken]), ("mesh", [topology("FullMesh")])])
    world, after, refused = found.moments
    (before,) = of_kind(world, "SliceConfig")["red"]["status"]["conditions"]
    assert (before["status"], before["reason"], before["message"]) == (
        "True", "AllEdgesReady", "all 4 gateway links connected",
    )  # fmt: skip
    (condition,) = of_kind(after, "SliceConfig")["red"]["status"]["conditions"]
    assert (condition["status"], condition["message"]) == (
        "False", "3/4 gateway links connected; red-worker-3-worker-2 is NotConnected",
    )  # fmt: skip
    (answer,) = refused.answers
    assert (answer.allowed, answer.rule) == (False, "slice-topology-settled")


def test_the_condition_names_the_first_link_that_is_missing() -> None:
    states = {"b": "Pending", "a": "NotConnected", "c": "Connected"}
    condition = converged(states, 3, "2026-01-01T00:00:00Z")
    assert condition.message == "1/3 gateway links connected; a is NotConnected"
    assert converged({}, 1, "2026-01-01T00:00:00Z").reason == "NoGatewaysRequired"


@pytest.mark.parametrize(
    ("tunnels", "state"),
    [((), "Pending"), (("UP", "UP"), "Connected"), (("DOWN", "UP"), "Connected"), (("DOWN", "DOWN"), "NotConnected"),
     (("UNKNOWN",), "NotConnected")],
)  # fmt: skip
def test_one_tunnel_that_is_up_connects_a_gateway(tunnels: tuple[str, ...], state: str) -> None:
    pods = tuple(GatewayPodStatus(tunnel_status=GatewayTunnelStatus(tunnel_state=item)) for item in tunnels)
    gateway = SliceGateway(metadata=ObjectMeta(name="g"), status=SliceGatewayStatus(gateway_pod_status=pods))
    assert connection_state(gateway) == state
    assert connection_state(None) == "Pending"
