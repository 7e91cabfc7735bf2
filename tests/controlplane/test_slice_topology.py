"""The reconcilers come to the plan of slices that no KubeSlice has: custom edges, gateway counts, dynamic IPAM."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings

from kubeslice_sim.controlplane.request import Apply
from kubeslice_sim.manifest import load
from kubeslice_sim.model.document import ObjectMeta, key_of
from kubeslice_sim.model.slice_ipam import SliceIpam
from kubeslice_sim.model.slice_topology import SliceTopology, SliceTopologySpec, TopologyEdge
from kubeslice_sim.model.timing import FAST
from kubeslice_sim.model.world import World
from kubeslice_sim.planner import plan
from kubeslice_sim.planner.objects import hub_objects
from tests.controlplane.fixed_point import differences
from tests.controlplane.hand import Hand
from tests.planner.test_slice_topology import CLUSTERS, shaped, specs


def chain(root: Path) -> World:
    return load(root / "tests" / "golden" / "plans" / "chain.yaml")


def with_clusters(world: World, *clusters: str) -> World:
    (config,) = world.slices
    return replace(world, slices=(replace(config, spec=replace(config.spec, clusters=clusters)),))


def test_a_chain_comes_to_its_plan(root: Path) -> None:
    world = chain(root)
    hand = Hand(world, FAST)
    hand.until_up(600)
    assert differences(hand.fleet, hand.plane.effects, plan(world)) == []
    held = {item.metadata.name for item in gateways(hand)}
    assert held == {"red-left-middle", "red-middle-left", "red-middle-right", "red-right-middle"}


def test_the_hub_keeps_the_sliceipam_of_the_plan(root: Path) -> None:
    world = chain(root)
    hand = Hand(world, FAST)
    hand.until_up(600)
    hand.run_for(10)
    (wanted,) = (item for item in hub_objects(plan(world)) if isinstance(item, SliceIpam))
    held: Any = hand.fleet.hub.store.view.at(key_of(wanted))
    assert held is not None
    assert held.spec == wanted.spec
    assert [replace(item, allocated_at=None) for item in held.status.allocated_subnets] == [
        replace(item, allocated_at=None) for item in wanted.status.allocated_subnets
    ]
    assert (held.status.available_subnets, held.status.total_subnets) == (253, 256)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(specs())
def test_every_shape_comes_to_its_plan(spec: SliceTopologySpec) -> None:
    world = shaped(spec)
    hand = Hand(world, FAST)
    hand.until_up(600)
    assert differences(hand.fleet, hand.plane.effects, plan(world)) == []


def test_a_leavers_block_stays_its_own_for_a_day(root: Path) -> None:
    world = chain(root)
    hand = Hand(world, FAST)
    hand.until_up(600)
    before = plan(world)
    hand.fleet.submit(Apply(document=with_clusters(world, "middle", "right").slices[0]), hand.now_s)
    hand.run_for(600)
    after = plan(with_clusters(world, "middle", "right"), previous=before, elapsed_s=600)
    assert blocks(hand) == {item.cluster: (str(item.subnet), item.status) for item in allocations(after)}
    assert blocks(hand)["left"] == ("10.1.0.0/24", "Released")
    assert {item.metadata.name for item in gateways(hand)} == {"red-middle-right", "red-right-middle"}
    hand.fleet.submit(Apply(document=world.slices[0]), hand.now_s)
    hand.run_for(600)
    assert blocks(hand)["left"] == ("10.1.0.0/24", "InUse")
    assert len(gateways(hand)) == 4


def test_edges_and_counts_change_while_it_runs() -> None:
    first = SliceTopologySpec(slice="red", edges=(TopologyEdge(between=("a", "b"), gateways=1),))
    then = SliceTopologySpec(
        slice="red",
        edges=(TopologyEdge(between=("a", "b"), gateways=3), TopologyEdge(between=("b", "c"), gateways=1)),
    )
    hand = Hand(shaped(first), FAST)
    hand.until_up(600)
    assert pods(hand, "a") == {"red-a-b-0-0"}
    for spec in (then, first):
        shape = SliceTopology(metadata=ObjectMeta(name="shape"), spec=spec)
        hand.fleet.submit(Apply(document=shape), hand.now_s)
        hand.run_for(600)
        assert hand.fleet.readiness().up
        found = plan(shaped(spec))
        for cluster in CLUSTERS:
            assert pods(hand, cluster) == {
                end.deployment for tunnel in found.slice("red").tunnels for end in tunnel.ends if end.cluster == cluster
            }
    names = [event.name for event in hand.fleet.events]
    assert "WorkerSliceGatewayDeletedForcefully" not in names, "nobody forced what the document asks for"


def allocations(found: Any) -> Any:
    ipam = found.slice("red").ipam
    assert ipam is not None
    return ipam.allocations


def blocks(hand: Hand) -> dict[str, tuple[str, str]]:
    (item,) = hand.fleet.hub.store.view.list(SliceIpam)
    return {entry.cluster_name: (entry.subnet, entry.status) for entry in item.status.allocated_subnets}


def gateways(hand: Hand) -> list[Any]:
    view = hand.fleet.hub.store.view
    return [view.at(key) for key in view.keys("WorkerSliceGateway")]


def pods(hand: Hand, cluster: str) -> set[str]:
    view = hand.fleet.workers[cluster].store.view
    found = view.objects("Pod", "kubeslice-system", {"kubeslice.io/pod-type": "slicegateway"})
    return {item.metadata.name for item in found}
