"""What a worker's operator reports of its cluster's and its slices' health, as worker-operator counts it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kubeslice_sim.controlplane.built_in import built_in
from kubeslice_sim.controlplane.refusal import Denied
from kubeslice_sim.controlplane.request import Apply, Patch
from kubeslice_sim.model.cluster import Cluster
from kubeslice_sim.model.document import CLUSTERS_ANNOTATION, ObjectKey
from kubeslice_sim.model.slice_config import ExternalGatewayConfig, SliceConfig, Switch
from kubeslice_sim.model.worker_slice_config import WorkerSliceConfig
from tests.controlplane.hand import Hand
from tests.planner.worlds import slice_config, world

SPACE, REPORT_S = "kubeslice-demo", 125.0
ALL_NORMAL = dict.fromkeys(
    ("nsmgr", "forwarder", "admission-webhook", "netop", "spire-agent", "spire-server", "node-ips", "cni-subnets"),
    "Normal",
)


@pytest.fixture
def hand() -> Hand:
    """A slice of two clusters, up, and a third cluster without a slice."""
    made = Hand(world(("c0", "c1", "c2"), [slice_config("red", ("c0", "c1"), namespace="app")]))
    made.until_up(600)
    made.run_for(REPORT_S)
    return made


def cluster_health(hand: Hand, name: str) -> tuple[str | None, dict[str, str]]:
    cluster = hand.fleet.hub.store.view.get(Cluster, SPACE, name)
    assert cluster is not None
    assert cluster.status is not None
    health = cluster.status.cluster_health
    assert health is not None
    return health.cluster_health_status, {
        item.component: str(item.component_health_status) for item in health.component_statuses
    }


def slice_health(hand: Hand, name: str = "red-c0") -> tuple[str | None, dict[str, str]]:
    share = hand.fleet.hub.store.view.get(WorkerSliceConfig, SPACE, name)
    assert share is not None
    health = share.status.slice_health
    assert health is not None
    return health.slice_health_status, {
        item.component: str(item.component_health_status) for item in health.component_statuses
    }


def told(hand: Hand, name: str) -> list[str]:
    return [event.name for event in hand.fleet.events if event.subject == f"Cluster {SPACE}/{name}"]


def test_a_sound_cluster_tells_of_its_parts_in_the_operators_order(hand: Hand) -> None:
    status, parts = cluster_health(hand, "c0")
    assert (status, parts) == ("Normal", ALL_NORMAL)
    assert list(parts) == list(ALL_NORMAL)


def part(hand: Hand, cluster: str, namespace: str, name: str, **labels: str) -> None:
    """A pod of a part that is not simulated, as a user's world may have it."""
    marks = {CLUSTERS_ANNOTATION: cluster}
    pod = built_in("Pod", namespace, name, labels=labels, annotations=marks, body={"spec": {"containers": [{}]}})
    hand.fleet.submit(Apply(document=pod), hand.now_s)
    hand.run_for(REPORT_S)


def test_a_part_whose_pod_does_not_run_is_a_warning_that_keeps_slices_away(hand: Hand) -> None:
    part(hand, "c2", "spire", "spire-server-0", app="spire-server")
    assert cluster_health(hand, "c2") == ("Normal", ALL_NORMAL)
    hand.plane.kill("c2", "spire", "spire-server-0")
    hand.run_for(REPORT_S)
    assert cluster_health(hand, "c2") == ("Warning", {**ALL_NORMAL, "spire-server": "Error"})
    assert told(hand, "c2").count("ClusterUnhealthy") == 1

    def joined(item: SliceConfig) -> SliceConfig:
        return replace(item, spec=replace(item.spec, clusters=("c0", "c1", "c2")))

    join = Patch(key=ObjectKey("SliceConfig", SPACE, "red"), change=joined)
    with pytest.raises(Denied, match="the health of c2 is not normal: it is Warning"):
        hand.fleet.submit(join, hand.now_s)
    hand.plane.restore("c2", "spire", "spire-server-0")
    hand.run_for(REPORT_S)
    assert cluster_health(hand, "c2")[0] == "Normal"
    assert told(hand, "c2").count("ClusterHealthy") == 2
    hand.fleet.submit(join, hand.now_s)


def test_istiod_is_spoken_of_where_it_stands(hand: Hand) -> None:
    part(hand, "c0", "istio-system", "istiod-0", app="istiod", istio="pilot")
    status, parts = cluster_health(hand, "c0")
    assert status == "Normal"
    assert list(parts)[-3:] == ["istiod", "node-ips", "cni-subnets"]


def test_a_sound_slice_tells_of_its_parts(hand: Hand) -> None:
    assert slice_health(hand) == (
        "Normal", dict.fromkeys(("dns", "slice-gateway", "slice-router", "gateway-tunnel"), "Normal")
    )  # fmt: skip


def test_a_sidecar_that_does_not_answer_is_a_tunnel_less(hand: Hand) -> None:
    pod = next(iter(sorted(hand.fleet.workers["c0"].sidecars)))
    hand.fleet.tunnel_ends.silence("c0", pod)
    hand.run_for(REPORT_S)
    status, parts = slice_health(hand)
    assert (status, parts["gateway-tunnel"], parts["slice-gateway"]) == ("Warning", "Warning", "Normal")
    assert slice_health(hand, "red-c1")[0] == "Normal"
    for other in sorted(hand.fleet.workers["c0"].sidecars):
        hand.fleet.tunnel_ends.silence("c0", other)
    hand.run_for(REPORT_S)
    assert slice_health(hand)[1]["gateway-tunnel"] == "Error"


def test_a_slice_of_one_cluster_has_no_gateways_to_tell_of() -> None:
    alone = Hand(world(("c0",), [slice_config("red", ("c0",), namespace="app")]))
    alone.until_up(600)
    alone.run_for(REPORT_S)
    assert slice_health(alone) == ("Normal", {"dns": "Normal", "slice-router": "Normal"})


def test_east_west_gateways_are_parts_of_their_slice() -> None:
    config = slice_config("red", ("c0", "c1"), namespace="app")
    both = ExternalGatewayConfig(
        ingress=Switch(enabled=True), egress=Switch(enabled=True), gateway_type="istio", clusters=("c0",)
    )
    config = replace(config, spec=replace(config.spec, external_gateway_config=(both,)))
    hand = Hand(world(("c0", "c1"), [config]))
    hand.until_up(900)
    hand.run_for(REPORT_S)
    status, parts = slice_health(hand)
    assert (status, parts["egress"], parts["ingress"]) == ("Normal", "Normal", "Normal")
    assert list(parts) == ["dns", "slice-gateway", "slice-router", "egress", "ingress", "gateway-tunnel"]
    assert "egress" not in slice_health(hand, "red-c1")[1]
