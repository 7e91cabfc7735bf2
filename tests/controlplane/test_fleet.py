"""What a driver and a user may count on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kubeslice_sim.controlplane.effects import DisconnectPod, ServeNames, SetNetworkPolicy, StartAppPod, StopPod
from kubeslice_sim.controlplane.refusal import Conflict, NotFound
from kubeslice_sim.controlplane.request import Apply, Patch, Remove
from kubeslice_sim.controlplane.site import HUB
from kubeslice_sim.manifest import load
from kubeslice_sim.model.document import ObjectKey, ObjectMeta
from kubeslice_sim.model.frozen import FrozenMap, freeze
from kubeslice_sim.model.kubernetes import KubernetesObject
from kubeslice_sim.model.timing import FAST, KUBESLICE
from kubeslice_sim.model.underlay import ClusterUnderlay, Link, Underlay, UnderlaySpec
from kubeslice_sim.model.world import World
from kubeslice_sim.planner import plan
from tests.controlplane.fixed_point import differences
from tests.controlplane.hand import Hand
from tests.controlplane.loopback import SYSTEM
from tests.planner import worlds as make


@pytest.fixture
def world() -> World:
    """A slice of two clusters; a client on one, three servers on the other, exported."""
    return make.world(
        ["a", "b"],
        [make.slice_config("red", ["a", "b"])],
        [make.deployment("client", ["a"]), make.deployment("server", ["b"], replicas=3)],
        [make.export("server", ["b"], slice_="red")],
    )


def test_the_same_inputs_give_the_same_run(root: Path) -> None:
    def run() -> Hand:
        hand = Hand(load(root / "scenarios" / "03-gateway-failure"), FAST)
        hand.until_up(60)
        hand.plane.kill("worker-1", SYSTEM, "red-worker-1-worker-2-0-0")
        hand.run_for(30)
        return hand

    one, two = run(), run()
    assert one.fleet.events == two.fleet.events
    assert one.fleet.transitions == two.fleet.transitions
    assert one.plane.effects == two.plane.effects
    assert one.reconciles() == two.reconciles()


def test_events_are_told_in_order_of_time(world: World) -> None:
    hand = Hand(world, KUBESLICE)
    hand.until_up(300)
    moments = [event.at_s for event in hand.fleet.events]
    assert moments == sorted(moments)
    assert {"SliceCreated", "SliceGWCreated", "WorkerSliceConfigCreated"} <= {item.name for item in hand.fleet.events}


def test_a_worker_far_away_hears_of_the_hub_a_crossing_later(world: World) -> None:
    far = Link(between=(HUB, "b"), rtt_s=4.0)
    nodes = FrozenMap({"a": ClusterUnderlay(), "b": ClusterUnderlay()})
    underlay = Underlay(metadata=ObjectMeta(name="u"), spec=UnderlaySpec(clusters=nodes, links=(far,)))
    hand = Hand(replace(world, underlay=underlay), KUBESLICE)
    hand.until_up(300)
    made = {event.cluster: event.at_s for event in hand.fleet.events if event.name == "SliceCreated"}
    # A crossing takes 2 s. b hears of its Cluster (1 crossing), wants to put its finalizer on it and finds that the
    # controller has written there meanwhile (2), does it again (2) and reports (1): then the slice can be made.
    # b hears of that (1) and puts a finalizer there too (2).
    assert 12.0 <= made["a"] < 12.2
    assert 18.0 <= made["b"] < 18.2
    assert differences(hand.fleet, hand.plane.effects, plan(replace(world, underlay=underlay))) == []


def test_a_fleet_stepped_late_comes_to_the_same(world: World) -> None:
    """A driver that sleeps too long finds everything due at once."""
    hand = Hand(world, FAST)
    while not hand.fleet.readiness().up:
        hand.now_s += 1.7
        assert hand.now_s < 300
        for fact in hand.plane.facts(hand.now_s):
            hand.fleet.report(fact, hand.now_s)
        hand.plane.now_s = hand.now_s
        hand.fleet.step(hand.now_s)
    assert differences(hand.fleet, hand.plane.effects, plan(world)) == []


def test_scaling_down_stops_the_highest_ordinals(world: World) -> None:
    hand = Hand(world, FAST)
    hand.until_up(60)
    told = len(hand.plane.effects)
    hand.fleet.submit(Apply(document=make.deployment("server", ["b"], replicas=1)), hand.now_s)
    hand.run_for(2)
    stopped = [effect.pod for effect in hand.plane.effects[told:] if isinstance(effect, StopPod)]
    assert stopped == ["server-2", "server-1"]
    assert hand.fleet.readiness().up
    (item,) = hand.fleet.readiness().of("export")
    assert item.up


def test_a_patch_changes_what_is_stored(world: World) -> None:
    hand = Hand(world, FAST)
    hand.until_up(60)
    key = ObjectKey("SliceConfig", make.HUB, "red")

    def isolate(config):  # type: ignore[no-untyped-def]
        profile = replace(config.spec.namespace_isolation_profile, isolation_enabled=True)
        return replace(config, spec=replace(config.spec, namespace_isolation_profile=profile))

    told = len(hand.plane.effects)
    hand.fleet.submit(Patch(key=key, change=isolate), hand.now_s)
    hand.run_for(2)
    policies = [effect for effect in hand.plane.effects[told:] if isinstance(effect, SetNetworkPolicy)]
    assert {(effect.cluster, effect.namespace, effect.name) for effect in policies} == {
        ("a", "app", "red-app"), ("b", "app", "red-app"),
    }  # fmt: skip
    held = hand.fleet.workers["a"].store.view.find("NetworkPolicy", "app", "red-app")
    assert held is not None
    assert held.spec["policyTypes"] == ("Ingress", "Egress")


def test_a_namespace_that_leaves_takes_its_pods_off_the_overlay(world: World) -> None:
    hand = Hand(world, FAST)
    hand.until_up(60)
    told = len(hand.plane.effects)
    hand.fleet.submit(Apply(document=make.slice_config("red", ["a", "b"], namespace="other")), hand.now_s)
    hand.run_for(5)
    left = {(e.cluster, e.pod) for e in hand.plane.effects[told:] if isinstance(e, DisconnectPod)}
    assert left == {("a", "client-0"), ("b", "server-0"), ("b", "server-1"), ("b", "server-2")}
    assert hand.fleet.readiness().up
    (export,) = hand.fleet.readiness().of("export")
    assert not export.possible


def test_an_excluded_pod_runs_but_joins_nothing(world: World) -> None:
    excluded = KubernetesObject(
        api_version="v1", kind="Pod",
        metadata=ObjectMeta(name="apart", namespace="app", labels=FrozenMap({"kubeslice.io/exclude": "true"})),
        body=freeze({"spec": {"containers": [{"name": "c", "image": "busybox"}]}}),
    )  # fmt: skip
    with_it = replace(world, objects=(*world.objects, excluded))
    hand = Hand(with_it, FAST)
    hand.until_up(60)
    hand.run_for(2)
    assert any(isinstance(effect, StartAppPod) and effect.pod == "apart" for effect in hand.plane.effects)
    assert differences(hand.fleet, hand.plane.effects, plan(with_it)) == []


def test_an_exported_pod_that_dies_is_not_answered_until_it_is_back(world: World) -> None:
    hand = Hand(world, FAST)
    hand.until_up(60)
    name = "server.app.svc.slice.local"
    before = answers(hand, "a", name)
    hand.plane.kill("b", "app", "server-1")
    hand.run_for(1)
    assert len(answers(hand, "a", name)) == 2
    hand.plane.restore("b", "app", "server-1")
    hand.run_for(2)
    assert answers(hand, "a", name) == before, "it keeps its address"
    assert hand.fleet.readiness().up


def test_a_dns_server_that_restarts_is_told_its_names_again(world: World) -> None:
    hand = Hand(world, FAST)
    hand.until_up(60)
    told = len(hand.plane.effects)
    hand.plane.kill("a", SYSTEM, "kubeslice-dns")
    hand.run_for(1)
    assert not hand.fleet.readiness().up
    assert hand.plane.effects[told:] == []
    hand.plane.restore("a", SYSTEM, "kubeslice-dns")
    hand.run_for(1)
    (again,) = hand.plane.effects[told:]
    assert isinstance(again, ServeNames)
    assert len(again.records["server.app.svc.slice.local"]) == 3
    assert hand.fleet.readiness().up


def answers(hand: Hand, cluster: str, name: str) -> set[object]:
    served = hand.fleet.ledger.newest("names", cluster)
    assert isinstance(served, ServeNames)
    return set(served.records.get(name, ()))


def test_requests_are_refused_with_what_to_do(world: World) -> None:
    hand = Hand(world, FAST)
    hand.until_up(60)
    with pytest.raises(NotFound, match="SliceConfig kubeslice-demo/blue: not found"):
        hand.fleet.submit(Remove(key=ObjectKey("SliceConfig", make.HUB, "blue")), hand.now_s)
    store = hand.fleet.hub.store
    config = store.view.at(ObjectKey("SliceConfig", make.HUB, "red"))
    assert config is not None
    stale = replace(config, metadata=replace(config.metadata, resource_version="1"))
    with pytest.raises(Conflict, match="read it again and retry"):
        store.update(stale, hand.now_s)
