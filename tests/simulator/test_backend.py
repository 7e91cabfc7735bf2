"""The simulator as a back end: whole scenarios with KubeSlice's control plane, from YAML to rows."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from kubeslice_sim import manifest, planner
from kubeslice_sim.model.frozen import freeze
from kubeslice_sim.model.scenario import Expectation, Fault, LinkFault, Reach, Scenario, TimelineStep, Traffic
from kubeslice_sim.model.timing import FAST
from kubeslice_sim.model.world import World
from kubeslice_sim.observe.observation import Observation
from kubeslice_sim.observe.run import Backend, Progress, Run
from kubeslice_sim.observe.table import to_csv
from kubeslice_sim.simulator.backend import Simulator

SCENARIOS = Path(__file__).parents[2] / "scenarios"
FRONT, CART = "shop/front@worker-1", "cart.shop.svc.slice.local"
CART_0 = "shop/cart-0@worker-2"


@pytest.fixture(scope="module")
def three() -> World:
    return manifest.load(SCENARIOS / "03-gateway-failure")


def scenario(world: World, *traffic: Traffic, timeline: Iterable[TimelineStep] = (), **more) -> Scenario:
    given = {"duration_s": 60.0, "timing": "fast", "start": "ready", "traffic": traffic, "timeline": tuple(timeline)}
    return replace(world.scenario(), spec=replace(world.scenario().spec, expect=(), **{**given, **more}))


def play(world: World, chosen: Scenario, seed: int = 1) -> Run:
    return Simulator().run(world, chosen, seed=seed, run_id="test", on_progress=lambda progress: None)


def rows(run: Run, metric: str, probe: str = "") -> list[Observation]:
    return [row for row in run.observations if row.metric == metric and probe in ("", row.probe)]


def ping(name: str = "pulse", interval_s: float = 0.25, **more) -> Traffic:
    return Traffic(name=name, kind="ping", **{"from_": FRONT, "to": CART, "interval_s": interval_s, **more})


def lookup(**more) -> Traffic:
    return Traffic(name="lookup", kind="dns", **{"from_": FRONT, "to": CART, "interval_s": 0.5, **more})


def outage_s(run: Run, probe: str, interval_s: float) -> float:
    """The longest run of unanswered attempts, in seconds."""
    longest = lost = 0
    for row in rows(run, "reachable", probe):
        lost = 0 if row.value else lost + 1
        longest = max(longest, lost)
    return longest * interval_s


def test_it_is_a_back_end() -> None:
    backend: Backend = Simulator()
    assert (backend.name, backend.unavailable()) == ("sim", "")


@pytest.mark.parametrize("folder", ["01-two-clusters", "02-bookinfo", "03-gateway-failure"])
def test_the_same_seed_gives_the_same_bytes_and_another_does_not(folder: str) -> None:
    world = manifest.load(SCENARIOS / folder)
    first, second, other = (to_csv(play(world, world.scenario(), seed).observations) for seed in (7, 7, 8))
    assert first == second
    assert first != other


def test_another_probe_changes_no_row_of_the_first(three: World) -> None:
    jittered = replace(three, underlay=replace(three.underlay, spec=replace(three.underlay.spec, links=tuple(
        replace(link, jitter_s=0.002, loss=0.01) for link in three.underlay.spec.links
    ))))  # fmt: skip
    alone = play(jittered, scenario(jittered, ping(), duration_s=20.0))
    beside = play(jittered, scenario(jittered, ping("other", interval_s=0.1), ping(), lookup(), duration_s=20.0))
    assert to_csv(r for r in alone.observations if r.probe == "pulse") == to_csv(
        r for r in beside.observations if r.probe == "pulse"
    )
    assert len({row.value for row in rows(alone, "rtt_s")}) > 50


def test_progress_goes_forward_to_the_end(three: World) -> None:
    told: list[Progress] = []
    Simulator().run(three, scenario(three, duration_s=10.0), seed=1, run_id="test", on_progress=told.append)
    assert [item.done_s for item in told] == sorted(item.done_s for item in told)
    assert (told[-1].done_s, told[-1].total_s) == (10.0, 10.0)
    assert len({item.phase for item in told}) == 2


def test_rows_lie_within_the_scenario(three: World) -> None:
    run = play(three, three.scenario())
    assert all(0.0 <= row.at_s <= three.scenario().spec.duration_s for row in run.observations)
    assert {row.backend for row in run.observations} == {"sim"}
    assert {row.run_id for row in run.observations} == {"test"}


def test_starting_ready_everything_works_from_zero_on(three: World) -> None:
    run = play(three, scenario(three, ping(), lookup(), duration_s=10.0))
    assert {row.value for row in rows(run, "reachable")} == {1}
    assert {(row.value, row.detail) for row in rows(run, "answers")} == {(1, CART_0)}
    assert {row.value for row in rows(run, "tunnel_up")} == {1}
    assert len(rows(run, "tunnel_up")) == 12
    ready = {row.src: row for row in rows(run, "ready_s")}
    assert set(ready) == {"red", "shop/cart"}
    # Certificates alone take 3 s under the fast profile, then pods start and tunnels come up.
    assert FAST.certificates_s + FAST.pod_start_s < ready["red"].value < 10.0
    assert run.notices == ()


def test_starting_created_shows_how_it_comes_up(three: World) -> None:
    run = play(three, scenario(three, ping(interval_s=0.05), lookup(), start="created", duration_s=20.0))
    ready = {row.src: row for row in rows(run, "ready_s")}
    came_up_s = ready["red"].at_s
    assert came_up_s == ready["red"].value
    reached = rows(run, "reachable")
    assert all(row.value == 0 for row in reached if row.at_s < came_up_s - 1.0)
    assert all(row.value == 1 for row in reached if row.at_s > came_up_s)
    kinds = {row.outcome for row in reached if not row.value}
    assert kinds == {"failed_to_probe", "blocked", "timeout"}  # no pod yet, no name yet, no tunnel yet
    # The same world takes the same time either way.
    other = {row.src: row.value for row in rows(play(three, scenario(three)), "ready_s")}
    assert other == {name: row.value for name, row in ready.items()}


def test_the_simulated_network_ends_up_as_the_plan_says(three: World) -> None:
    plan = planner.plan(three)
    network = _network_after(three)
    for pod in plan.pods:
        held = network.pods[pod.cluster, pod.namespace, pod.name]
        assert held.nsm == ({pod.slice: pod.nsm_ip} if pod.slice else {})
    for slice_ in plan.slices:
        for route in slice_.routes:
            if route.device.startswith("vl3") and route.via:
                router = network.routers[route.cluster, slice_.name]
                assert set(router.next_hops[route.destination]) == set(route.via)
    for cluster in plan.clusters:
        assert network.nameserver(cluster.name).records == cluster.dns


def _network_after(world: World):
    import kubeslice_sim.simulator.backend as backend

    kept = []
    original = backend.assemble

    def keep(*args, **more):
        kept.append(original(*args, **more))
        return kept[-1]

    backend.assemble = keep
    try:
        play(world, scenario(world, duration_s=1.0))
    finally:
        backend.assemble = original
    return kept[0].scene.network


# -- faults


def killed(at_s: float = 20.0, restored_s: float = 40.0, **fault) -> list[TimelineStep]:
    return [
        TimelineStep(at_s=at_s, fault=Fault(name="hit", **fault)),
        TimelineStep(at_s=restored_s, restore="hit"),
    ]


def gateway(instance: int = 0) -> dict[str, object]:
    return {"kill": "gateway", "slice": "red", "cluster": "worker-1", "peer": "worker-2", "instance": instance}


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


# -- requests on the timeline


def test_a_deleted_export_stops_resolving_after_the_ttl(three: World) -> None:
    delete = freeze({"kind": "ServiceExport", "metadata": {"name": "cart", "namespace": "shop"}})
    step = TimelineStep(at_s=5.0, delete=delete)
    run = play(three, scenario(three, lookup(), timeline=[step], duration_s=30.0))
    answers = {row.at_s: row.value for row in rows(run, "answers")}
    assert answers[4.5] == 1
    assert answers[29.5] == 0


def test_scaling_up_adds_an_answer(three: World) -> None:
    patch = freeze({
        "apiVersion": "apps/v1", "kind": "Deployment", "spec": {"replicas": 3},
        "metadata": {"name": "cart", "namespace": "shop", "annotations": {"kubeslice-sim.io/clusters": "worker-2"}},
    })  # fmt: skip
    step = TimelineStep(at_s=5.0, patch=patch)
    run = play(three, scenario(three, lookup(), timeline=[step], duration_s=30.0))
    last = rows(run, "answers")[-1]
    assert last.detail == "shop/cart-0@worker-2,shop/cart-1@worker-2,shop/cart-2@worker-2"


def test_a_refused_request_is_a_notice_not_a_crash(three: World) -> None:
    delete = freeze({"kind": "ServiceExport", "metadata": {"name": "nothing", "namespace": "shop"}})
    run = play(three, scenario(three, timeline=[TimelineStep(at_s=2.0, delete=delete)], duration_s=5.0))
    assert len(run.notices) == 1
    assert "nothing" in run.notices[0]


def test_no_reach_sees_a_wall(three: World) -> None:
    world = manifest.load(SCENARIOS / "01-two-clusters")
    wall = Expectation(name="wall", no_reach=Reach(from_="other/intruder@worker-1", to="iperf/iperf-server@worker-2"))
    run = play(world, replace(world.scenario(), spec=replace(world.scenario().spec, traffic=(), expect=(wall,))))
    assert {row.value for row in rows(run, "reachable")} == {0}


def test_two_minutes_of_three_clusters_take_no_time(three: World) -> None:
    traffic = [
        ping(), lookup(), ping("other", from_="shop/front@worker-3"),
        Traffic(name="bulk", kind="tcp", from_=FRONT, to=f"{CART}:5201", streams=4),
        Traffic(name="web", kind="http", from_="shop/front@worker-3", to=f"{CART}:8080", requests_per_second=20),
    ]  # fmt: skip
    chosen = scenario(three, *traffic, timeline=killed(**gateway()), duration_s=120.0)  # type: ignore[arg-type]
    play(three, replace(chosen, spec=replace(chosen.spec, duration_s=1.0)))
    best_s = float("inf")
    for _ in range(3):
        since_s = time.process_time()
        run = play(three, chosen)
        best_s = min(best_s, time.process_time() - since_s)
    print(f"120 s of three clusters: {best_s:.2f} s of CPU, {len(run.observations)} rows")
    assert len(run.observations) > 6000
    assert best_s < 2.0  # about 0.6 s on a quiet machine
