"""What breaks in the control plane itself, and how the loops come back: by the times that client-go has for it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kubeslice_sim.controlplane.lease import takeover_s
from kubeslice_sim.controlplane.loops import LOG_LENGTH
from kubeslice_sim.controlplane.refusal import Denied
from kubeslice_sim.controlplane.request import Apply, Patch, Remove
from kubeslice_sim.controlplane.site import HUB
from kubeslice_sim.model.document import ObjectKey
from kubeslice_sim.model.timing import KUBESLICE
from kubeslice_sim.model.worker_slice import Slice
from kubeslice_sim.model.world import World
from kubeslice_sim.planner import plan
from tests.controlplane.fixed_point import differences
from tests.controlplane.hand import Hand
from tests.planner import worlds as make

NAMESPACE = ObjectKey("SliceConfig", make.HUB, "red")


@pytest.fixture
def world() -> World:
    return make.world(
        ["a", "b"], [make.slice_config("red", ["a", "b"])],
        [make.deployment("client", ["a"]), make.deployment("server", ["b"], replicas=2)],
        [make.export("server", ["b"], slice_="red")],
    )  # fmt: skip


@pytest.fixture
def hand(world: World) -> Hand:
    hand = Hand(world, KUBESLICE)
    hand.until_up(300)
    hand.run_for(120)
    return hand


def isolate(hand: Hand) -> float:
    """Turn isolation on; when."""
    hand.fleet.submit(Patch(key=NAMESPACE, change=isolated), hand.now_s)
    return hand.now_s


def isolated(config):  # type: ignore[no-untyped-def]
    profile = replace(config.spec.namespace_isolation_profile, isolation_enabled=True)
    return replace(config, spec=replace(config.spec, namespace_isolation_profile=profile))


def arrived_s(hand: Hand, cluster: str, within_s: float = 200.0) -> float:
    """When a cluster's Slice says that it is isolated."""
    until_s = hand.now_s + within_s
    while hand.now_s < until_s:
        (item,) = hand.fleet.workers[cluster].store.view.list(Slice)
        if item.status.slice_config and item.status.slice_config.namespace_isolation_profile.isolation_enabled:
            return hand.now_s
        hand.run_for(0.1)
    raise AssertionError(f"{cluster} never heard of it")


def at_rest(hand: Hand, world: World) -> None:
    hand.run_for(300)
    assert differences(hand.fleet, hand.plane.effects, plan(world)) == []
    before = hand.writes()
    hand.run_for(60)
    written = {key for key, count in hand.writes().items() if count != before[key]}
    assert {name for _, name in written} <= {"cluster-report", "slice-health"}


def test_a_dead_controller_is_missed_only_when_something_changes(hand: Hand, world: World) -> None:
    hand.fleet.disturbances.crash(HUB, now_s=hand.now_s)
    hand.run_for(60)
    assert hand.fleet.readiness().up, "the data plane works on"
    isolate(hand)
    hand.run_for(100)
    (item,) = hand.fleet.workers["a"].store.view.list(Slice)
    assert not item.status.slice_config.namespace_isolation_profile.isolation_enabled  # type: ignore[union-attr]
    again_s = hand.now_s
    hand.fleet.disturbances.restart(HUB, hand.now_s)
    leads_s = takeover_s(again_s, KUBESLICE)
    assert leads_s - again_s == 16.0, "the lease of 15 s runs out between two looks"
    assert leads_s <= arrived_s(hand, "a") < leads_s + 2.0
    changed = replace(world, slices=(isolated(world.slices[0]),))
    at_rest(hand, changed)


def test_a_standby_takes_over_by_itself(hand: Hand) -> None:
    crashed_s = hand.now_s
    hand.fleet.disturbances.crash(HUB, standby=True, now_s=hand.now_s)
    isolate(hand)
    assert crashed_s + 16.0 <= arrived_s(hand, "b") < crashed_s + 18.0


def test_a_worker_cut_off_hears_of_it_at_its_next_attempt(hand: Hand, world: World) -> None:
    cut_s = hand.now_s
    hand.fleet.disturbances.cut("b", hand.now_s)
    isolate(hand)
    assert arrived_s(hand, "a") < cut_s + 2.0
    hand.run(cut_s + 100.0)
    (item,) = hand.fleet.workers["b"].store.view.list(Slice)
    assert not item.status.slice_config.namespace_isolation_profile.isolation_enabled  # type: ignore[union-attr]
    hand.fleet.disturbances.join("b", hand.now_s)
    assert cut_s + 100.0 < arrived_s(hand, "b") <= cut_s + 100.0 + KUBESLICE.watch_retry_limit_s + 1.0
    at_rest(hand, replace(world, slices=(isolated(world.slices[0]),)))


def test_a_short_cut_costs_no_more_than_it_lasts(hand: Hand) -> None:
    hand.fleet.disturbances.cut("b", hand.now_s)
    isolate(hand)
    hand.run_for(10.0)
    hand.fleet.disturbances.join("b", hand.now_s)
    joined_s = hand.now_s
    assert arrived_s(hand, "b") < joined_s + 1.0


def test_an_api_server_that_is_down_refuses_and_its_controllers_lead_again_later(hand: Hand, world: World) -> None:
    stopped_s = hand.now_s
    hand.fleet.disturbances.stop_api(HUB, hand.now_s)
    hand.run_for(5.0)
    assert hand.fleet.hub.running
    hand.run_for(6.0)
    assert not hand.fleet.hub.running, "10 s without renewing the lease"
    hand.run(stopped_s + 60.0)
    hand.fleet.disturbances.start_api(HUB, hand.now_s)
    isolate(hand)
    assert stopped_s + 76.0 <= arrived_s(hand, "a") < stopped_s + 60.0 + 16.0 + 32.0
    at_rest(hand, replace(world, slices=(isolated(world.slices[0]),)))


def test_a_log_that_was_compacted_meanwhile_makes_a_watch_list_again(hand: Hand) -> None:
    worker = hand.fleet.workers["b"]
    hand.fleet.disturbances.cut("b", hand.now_s)
    hand.run_for(60.0)
    store = hand.fleet.hub.store
    for number in range(LOG_LENGTH + 10):
        item = store.view.at(NAMESPACE)
        labels = item.metadata.labels.with_items(n=str(number))  # type: ignore[union-attr]
        store.update(replace(item, metadata=replace(item.metadata, labels=labels)), hand.now_s)  # type: ignore[union-attr,type-var]
        store.compact(store.sequence - LOG_LENGTH)
    before = worker.informers["hub"].relists
    hand.fleet.disturbances.join("b", hand.now_s)
    hand.run_for(40.0)
    assert worker.informers["hub"].relists == before + 1
    listed = {kind for (server, client, verb, kind) in hand.fleet.load.totals() if (server, client, verb) == (
        HUB, "b", "list")}  # fmt: skip
    assert "WorkerSliceConfig" in listed
    for key in worker.informers["hub"].view.all_keys():
        assert worker.informers["hub"].view.at(key) == store.view.at(key)


def test_an_operator_that_restarts_looks_at_everything_and_writes_nothing(hand: Hand, world: World) -> None:
    told = len(hand.plane.effects)
    writes = hand.writes()
    hand.fleet.disturbances.crash("a", now_s=hand.now_s)
    hand.fleet.disturbances.restart("a", hand.now_s)
    reconciles = hand.reconciles()["a", "slice"]
    hand.run_for(30.0)
    assert hand.reconciles()["a", "slice"] > reconciles
    written = {key for key, count in hand.writes().items() if count != writes[key]}
    assert {name for _, name in written} <= {"cluster-report", "slice-health"}
    assert hand.plane.effects[told:] == []


def test_a_request_that_a_webhook_refuses_changes_nothing_and_is_told(hand: Hand) -> None:
    before = hand.fleet.hub.store.sequence
    with pytest.raises(Denied, match="slice-namespaces-deboarded"):
        hand.fleet.submit(Remove(key=NAMESPACE), hand.now_s)
    with pytest.raises(Denied, match="cannot be changed"):
        held = hand.fleet.hub.store.view.at(NAMESPACE)
        hand.fleet.submit(
            Apply(document=replace(held, spec=replace(held.spec, slice_subnet="10.99.0.0/16"))), hand.now_s  # type: ignore[union-attr,type-var]
        )  # fmt: skip
    assert hand.fleet.hub.store.sequence == before
    refused = [event for event in hand.fleet.events if event.name == "RequestRefused"]
    assert [event.subject for event in refused] == [str(NAMESPACE)] * 2
    assert "[slice-namespaces-deboarded]" in refused[0].message


def test_requests_are_counted_and_kept_to_the_clients_pace(world: World) -> None:
    slices = tuple(make.slice_config(f"s{n}", ["a", "b"], subnet=f"10.{n}.0.0/16", namespace=f"n{n}") for n in range(8))
    hand = Hand(replace(world, slices=slices, objects=(), exports=()), KUBESLICE)
    hand.run_for(60.0)
    slots: dict[str, dict[int, int]] = {}
    for count in hand.fleet.load.requests():
        if count.server == HUB and count.client == HUB:
            of_kind = slots.setdefault(count.kind, {})
            of_kind[int(count.at_s)] = of_kind.get(int(count.at_s), 0) + count.requests
    assert max(sum(of_kind.values()) for of_kind in slots.values()) > 50, "more than a bucket holds at once"
    for kind, of_kind in slots.items():
        for begin in of_kind:
            for end in (slot for slot in of_kind if slot >= begin):
                sent = sum(count for slot, count in of_kind.items() if begin <= slot <= end)
                assert sent <= 30 + 20 * (end - begin + 1) + 1, f"{kind}: no more than its bucket holds"
    assert sum(item.depth for item in hand.fleet.load.depths()) > 0
    totals = hand.fleet.load.totals()
    assert totals[HUB, HUB, "create", "WorkerSliceGateway"] >= 16
