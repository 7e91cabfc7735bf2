"""The two answers to a world must agree: the plan, and what the reconcilers come to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from kubeslice_sim.controlplane.request import Apply
from kubeslice_sim.manifest import load
from kubeslice_sim.model.document import key_of
from kubeslice_sim.model.slice_config import SliceConfig
from kubeslice_sim.model.timing import FAST, KUBESLICE, Timing
from kubeslice_sim.model.world import World
from kubeslice_sim.planner import plan
from kubeslice_sim.planner.objects import hub_objects
from kubeslice_sim.planner.stored import stored
from tests.controlplane.fixed_point import differences
from tests.controlplane.hand import Hand
from tests.planner.worlds import hub_and_spoke, with_member, worlds

SCENARIOS = ("01-two-clusters", "02-bookinfo", "03-gateway-failure")
ONLY_ON_A_RUNNING_HUB = ("uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp")


@pytest.mark.parametrize("timing", [KUBESLICE, FAST], ids=["kubeslice", "fast"])
@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenarios_world_comes_to_its_plan(root: Path, name: str, timing: Timing) -> None:
    world = load(root / "scenarios" / name)
    hand = Hand(world, timing)
    hand.until_up(600)
    assert differences(hand.fleet, hand.plane.effects, plan(world)) == []


def test_east_west_gateways_come_to_their_plan(root: Path) -> None:
    world = load(root / "tests" / "golden" / "plans" / "east-west.yaml")
    hand = Hand(world, FAST)
    hand.until_up(600)
    assert differences(hand.fleet, hand.plane.effects, plan(world)) == []


def comes_to_its_plan(world: World) -> None:
    hand = Hand(world, FAST)
    hand.until_up(600)
    assert differences(hand.fleet, hand.plane.effects, plan(world)) == []


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(worlds())
def test_every_world_comes_to_its_plan(world: World) -> None:
    comes_to_its_plan(world)


@pytest.mark.long
@pytest.mark.timeout(3600)
@settings(max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(worlds())
def test_a_thousand_worlds_come_to_their_plans(world: World) -> None:
    comes_to_its_plan(world)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(worlds(), st.integers(0, 9))
def test_a_world_that_grows_comes_to_the_plan_that_remembers(before: World, chance: int) -> None:
    """Members keep their slots, pairs their roles: the fixed point is the plan with the past."""
    after = with_member(before, "late")
    assume(all(len(item.spec.clusters) <= item.spec.max_clusters for item in after.slices))
    before = replace(after, slices=before.slices)
    hand = Hand(before, FAST)
    hand.until_up(600)
    for document in after.slices:
        hand.fleet.submit(Apply(document=document), hand.now_s)
    hand.run_for(20 + chance)
    hand.until_up(600)
    assert [line for line in differences(hand.fleet, hand.plane.effects, plan(after, plan(before)))
            if not line.startswith(("pods", "policies"))] == []  # fmt: skip


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(hub_and_spoke())
def test_every_world_with_hubs_comes_to_its_plan_and_converges(world: World) -> None:
    hand = Hand(world, FAST)
    hand.until_up(600)
    hand.run_for(2 * FAST.connection_report_s + 2 * FAST.gateway_reconcile_s)
    assert differences(hand.fleet, hand.plane.effects, plan(world)) == []
    for config in hand.fleet.hub.store.view.list(SliceConfig):
        (condition,) = config.status.conditions
        assert (condition.type, condition.status) == ("TopologyConverged", "True"), condition.message


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(worlds())
def test_the_hub_holds_what_the_planner_derives(world: World) -> None:
    hand = Hand(world, FAST)
    hand.until_up(600)
    hand.run_for(10)
    view = hand.fleet.hub.store.view
    for wanted in hub_objects(plan(world)):
        held = view.at(key_of(wanted))
        assert held is not None, f"{key_of(wanted)} is missing"
        assert _comparable(held) == _comparable(wanted)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(worlds(), st.randoms(use_true_random=False))
def test_any_order_of_facts_ends_the_same(world: World, chance: Any) -> None:
    """Every answer of the data plane comes at a moment of its own."""
    hand = Hand(world, FAST, delays=lambda delay_s: delay_s * chance.uniform(0.0, 4.0))
    hand.until_up(600)
    assert differences(hand.fleet, hand.plane.effects, plan(world)) == []


def _comparable(item: Any) -> Mapping[str, Any]:
    """A hub object without what only a running hub knows: times, uids, node ports, what workers report."""
    data = stored(item)
    meta = data["metadata"]
    for field in ONLY_ON_A_RUNNING_HUB:
        meta.pop(field, None)
    for owner in meta.get("ownerReferences", ()):
        owner.pop("uid", None)
    # Each worker adds its own finalizer to what it mirrors; the planner knows the controller's.
    meta["finalizers"] = sorted(set(meta.get("finalizers", ())) & set(CONTROLLERS))
    for side in ("localGatewayConfig", "remoteGatewayConfig"):
        data.get("spec", {}).get(side, {}).pop("nodePorts", None)
    if data["kind"] == "VpnKeyRotation":
        data["spec"].pop("certificateCreationTime", None)
        data["spec"].pop("certificateExpiryTime", None)
    if data["kind"] in ("WorkerSliceConfig", "Secret", "VpnKeyRotation"):
        data.pop("status", None)
        data.pop("type", None)
    if data["kind"] == "Cluster":
        data["status"]["clusterHealth"] = data["status"]["clusterHealth"]["clusterHealthStatus"]
        data["status"]["namespaces"] = sorted(data["status"].get("namespaces", []), key=lambda item: item["name"])
    return data


CONTROLLERS = (
    "controller.kubeslice.io/project-finalizer",
    "controller.kubeslice.io/cluster-finalizer",
    "controller.kubeslice.io/slice-configuration-finalizer",
    "controller.kubeslice.io/service-export-finalizer",
    "controller.kubeslice.io/slice-qos-config-finalizer",
    "worker.kubeslice.io/worker-slice-configuration-finalizer",
    "worker.kubeslice.io/worker-slice-gateway-finalizer",
    "worker.kubeslice.io/worker-service-import-finalizer",
)
