"""What a user sends while a fleet runs is stored as the webhooks made it, and no controller is refused for it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kubeslice_sim.controlplane.fleet import REFUSED
from kubeslice_sim.controlplane.refusal import Denied
from kubeslice_sim.controlplane.request import Apply, Patch
from kubeslice_sim.model.document import ObjectKey
from kubeslice_sim.model.slice_config import SliceConfig, VpnConfig
from kubeslice_sim.model.timing import FAST
from kubeslice_sim.model.worker_slice_config import WorkerSliceConfig
from tests.controlplane.hand import Hand
from tests.planner.worlds import slice_config, world

CLUSTERS = ("c0", "c1", "c2")
SPACE = "kubeslice-demo"
WITH_NETWORK = slice_config("s0", CLUSTERS, namespace="app-s0")


def held(hand: Hand) -> SliceConfig:
    found = hand.fleet.hub.store.view.get(SliceConfig, SPACE, "s0")
    assert found is not None
    return found


def without_network(max_clusters: int) -> SliceConfig:
    spec = replace(
        WITH_NETWORK.spec, overlay_network_deployment_mode="no-network", max_clusters=max_clusters, slice_subnet="",
        slice_gateway_provider=None, qos_profile_details=None, vpn_config=None,
    )  # fmt: skip
    return replace(WITH_NETWORK, spec=spec)


def test_a_slice_that_is_applied_has_its_cipher_from_the_webhook() -> None:
    hand = Hand(world(CLUSTERS, []), FAST)
    hand.run_for(5)
    asked = replace(WITH_NETWORK, spec=replace(WITH_NETWORK.spec, vpn_config=None))
    hand.fleet.submit(Apply(document=asked), hand.now_s)
    assert held(hand).spec.vpn_config == VpnConfig()


def test_a_slice_without_a_network_loses_the_cipher_that_it_brings() -> None:
    hand = Hand(world(CLUSTERS, []), FAST)
    hand.run_for(5)
    asked = without_network(4)
    hand.fleet.submit(Apply(document=replace(asked, spec=replace(asked.spec, vpn_config=VpnConfig()))), hand.now_s)
    assert held(hand).spec.vpn_config is None


def test_what_the_webhooks_are_against_changes_nothing() -> None:
    hand = Hand(world(CLUSTERS, [WITH_NETWORK]), FAST)
    hand.until_up(60)
    before = held(hand)

    def other_subnet(item: SliceConfig) -> SliceConfig:
        return replace(item, spec=replace(item.spec, slice_subnet="10.99.0.0/16"))

    with pytest.raises(Denied):
        hand.fleet.submit(Patch(key=ObjectKey("SliceConfig", SPACE, "s0"), change=other_subnet), hand.now_s)
    assert held(hand) == before


def test_a_slice_that_gets_a_network_with_too_many_clusters_is_up_on_those_whose_blocks_are_networks() -> None:
    hand = Hand(world(CLUSTERS, [without_network(2)]), FAST)
    hand.run_for(20)

    def change(item: SliceConfig) -> SliceConfig:
        return replace(item, spec=replace(WITH_NETWORK.spec, max_clusters=2))

    hand.fleet.submit(Patch(key=ObjectKey("SliceConfig", SPACE, "s0"), change=change), hand.now_s)
    hand.run_for(200)
    assert [event for event in hand.fleet.events if event.name == REFUSED] == []
    blocks = {item.metadata.name: item.spec.cluster_subnet_cidr for item in
              hand.fleet.hub.store.view.list(WorkerSliceConfig)}  # fmt: skip
    assert blocks["s0-c2"].split(".")[2:] == ["256", "0/17"], "what KubeSlice writes there"
    tunnels = {(item.cluster, item.name): item.up for item in hand.fleet.readiness().of("tunnel")}
    up = {name for (cluster, name), works in tunnels.items() if works}
    assert up == {f"s0-{one}-{other}-{n}-0" for one, other in (("c0", "c1"), ("c1", "c0")) for n in (0, 1)}
    assert any("c2" in name for name in {name for _, name in tunnels} - up), "its gateways are there, and down"
