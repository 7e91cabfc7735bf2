"""Faults in whole scenarios: what breaks, who finds out when, what comes back."""

from __future__ import annotations

import pytest

from kubeslice_sim.model.scenario import Fault, LinkFault, TimelineStep, Traffic
from kubeslice_sim.model.timing import FAST
from kubeslice_sim.model.world import World
from tests.simulator.played import (
    CART,
    CART_0,
    FRONT,
    gateway,
    killed,
    lookup,
    outage_s,
    ping,
    play,
    rows,
    scenario,
)


def test_a_killed_gateway_is_found_out_by_ping_rounds(three: World) -> None:
    run = play(three, scenario(three, timeline=killed(**gateway())))  # type: ignore[arg-type]
    changes = [(row.at_s, row.src, row.value) for row in rows(run, "tunnel_up") if row.at_s > 0]
    near, far = "red-worker-1-worker-2-0-0", "red-worker-2-worker-1-0-0"
    assert changes[0] == (20.0, near, 0)  # kubelet tells its own operator at once
    down_s, who, value = changes[1]
    assert (who, value) == (far, 0)
    # The rounds are not in step with the kill: between 19 and 20 whole rounds later.
    rounds_s = FAST.rounds_until_down * FAST.ping_round_s
    assert 20.0 + rounds_s - FAST.ping_round_s <= down_s <= 20.0 + rounds_s + FAST.ping_round_s
    # The restored server knows nobody: the client dials every 5 s until it answers.
    assert {(who, value) for at_s, who, value in changes[2:]} == {(near, 1), (far, 1)}
    assert all(40.0 < at_s < 40.0 + FAST.pod_start_s + 5.0 + 1.0 for at_s, _, _ in changes[2:])
    faults = [(row.at_s, row.value, row.outcome, row.src) for row in rows(run, "fault")]
    assert faults == [(20.0, 1, "ok", near), (40.0, 0, "ok", near)]
    assert all(row.detail for row in rows(run, "fault"))


def test_a_dead_gateway_cuts_some_flows_until_both_operators_withdrew_it(three: World) -> None:
    bulk = Traffic(name="bulk", kind="tcp", from_=FRONT, to=f"{CART}:5201", streams=8)
    run = play(three, scenario(three, bulk, timeline=killed(**gateway())))  # type: ignore[arg-type]
    rates = {row.at_s: row.value for row in rows(run, "rate_bps")}
    before, during, after = rates[19.0], rates[22.0], rates[35.0]
    assert during < before
    ceiling = 20e6 * 1248 / 1374  # one living gateway, one node, one shaper
    assert after == pytest.approx(ceiling, rel=0.01)
    # Two gateway nodes on each side, and the ceiling holds for each.
    assert before == pytest.approx(2 * ceiling, rel=0.01)
    assert rates[60.0] == pytest.approx(2 * ceiling, rel=0.01)


def test_a_bystander_is_not_harmed(three: World) -> None:
    other = ping("bystander", from_="shop/front@worker-3")
    run = play(three, scenario(three, other, timeline=killed(**gateway())))  # type: ignore[arg-type]
    assert {row.value for row in rows(run, "reachable", "bystander")} == {1}


def test_both_gateways_killed_is_an_outage_until_restored(three: World) -> None:
    fault = {**gateway(), "instance": None}
    run = play(three, scenario(three, ping(), timeline=killed(**fault)))  # type: ignore[arg-type]
    assert len(rows(run, "fault")) == 4
    assert 20.0 <= outage_s(run, "pulse", 0.25) < 20.0 + 5.0 + FAST.gateway_reconcile_s + 2.0
    assert rows(run, "reachable")[-1].value == 1


@pytest.mark.parametrize(
    ("fault", "detail"),
    [
        ({"kill": "router", "slice": "red", "cluster": "worker-2"}, "vl3-slice-router-red"),
        ({"kill": "pod", "cluster": "worker-2", "pod": "shop/cart"}, "shop/cart-0"),
        ({"partition": ("worker-1", "worker-2")}, "worker-1–worker-2"),
    ],
)
def test_what_breaks_comes_back_when_restored(three: World, fault: dict[str, object], detail: str) -> None:
    run = play(three, scenario(three, ping(to=CART_0), timeline=killed(**fault)))
    reached = {row.at_s: row.value for row in rows(run, "reachable")}
    assert all(value == 1 for at_s, value in reached.items() if at_s < 20.0)
    assert all(value == 0 for at_s, value in reached.items() if 20.0 <= at_s < 40.0)
    assert all(value == 1 for at_s, value in reached.items() if at_s > 52.0)
    assert {row.src for row in rows(run, "fault")} == {detail}


def test_a_dead_pod_leaves_the_dns_and_returns(three: World) -> None:
    fault = {"kill": "pod", "cluster": "worker-2", "pod": "shop/cart-0"}
    run = play(three, scenario(three, lookup(), timeline=killed(**fault)))  # type: ignore[arg-type]
    answers = {row.at_s: row.value for row in rows(run, "answers")}
    # The name may be served from the pod's own cache for the TTL, then it is empty.
    assert all(value == 0 for at_s, value in answers.items() if 20.0 + FAST.dns_ttl_s + 1.0 < at_s < 40.0)
    assert answers[59.5] == 1


def test_a_dead_dns_is_silent_not_empty(three: World) -> None:
    fault = {"kill": "dns", "cluster": "worker-1"}
    run = play(three, scenario(three, lookup(), timeline=killed(**fault)))  # type: ignore[arg-type]
    outcomes = {row.at_s: row.outcome for row in rows(run, "answers")}
    assert {o for at_s, o in outcomes.items() if 20.0 + FAST.dns_ttl_s < at_s < 40.0} == {"timeout"}
    assert outcomes[max(outcomes)] == "ok"


def test_a_worse_link_is_worse_both_ways_and_only_there(three: World) -> None:
    link = {"link": LinkFault(between=("worker-1", "worker-2"), rtt_s=0.3)}
    other = ping("other", from_="shop/front@worker-3")
    run = play(three, scenario(three, ping(), other, timeline=killed(**link)))  # type: ignore[arg-type]
    rtt_s = {row.at_s: row.value for row in rows(run, "rtt_s", "pulse")}
    assert rtt_s[10.0] == pytest.approx(0.025, abs=0.001)
    assert rtt_s[30.0] == pytest.approx(0.300, abs=0.001)
    assert rtt_s[50.0] == pytest.approx(0.025, abs=0.001)
    assert max(row.value for row in rows(run, "rtt_s", "other")) == pytest.approx(0.075, abs=0.001)


def test_a_fault_that_hits_nothing_says_so(three: World) -> None:
    step = TimelineStep(at_s=1.0, fault=Fault(kill="router", slice="blue", cluster="worker-1"))
    run = play(three, scenario(three, timeline=[step], duration_s=5.0))
    assert [(row.outcome, row.probe) for row in rows(run, "fault")] == [("failed_to_probe", "fault-1")]


def test_a_part_stays_down_until_the_last_fault_that_holds_it_ends(three: World) -> None:
    cluster, peer = "worker-1", "worker-2"
    kinds: tuple[dict[str, object], ...] = (
        gateway(),
        {"kill": "dns", "cluster": cluster},
        {"kill": "pod", "cluster": cluster, "pod": "shop/front"},
        {"partition": (cluster, peer)},
    )
    for kind in kinds:
        steps = [
            TimelineStep(at_s=at_s, fault=Fault(name=name, **kind)) for at_s, name in ((5.0, "one"), (10.0, "two"))
        ]  # type: ignore[arg-type]
        steps += [TimelineStep(at_s=at_s, restore=name) for at_s, name in ((15.0, "one"), (20.0, "two"))]
        run = play(three, scenario(three, timeline=tuple(steps)))
        ends = [row.detail for row in rows(run, "fault") if row.value == 0]
        assert "two holds it" in ends[0], kind
        assert "holds it" not in ends[1], kind
