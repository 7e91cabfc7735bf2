"""The simulator as a back end: whole scenarios with KubeSlice's control plane, from YAML to rows."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from kubeslice_sim import manifest, planner
from kubeslice_sim.model.scenario import Expectation, Reach, Traffic
from kubeslice_sim.model.timing import FAST
from kubeslice_sim.model.world import World
from kubeslice_sim.observe.probe import Probe
from kubeslice_sim.observe.run import Backend, Progress
from kubeslice_sim.observe.table import to_csv
from kubeslice_sim.simulator import backend
from kubeslice_sim.simulator.assembly import assemble
from kubeslice_sim.simulator.backend import Simulator, mixed_engines
from tests.simulator.played import (
    CART,
    CART_0,
    FRONT,
    SCENARIOS,
    gateway,
    killed,
    lookup,
    ping,
    play,
    rows,
    scenario,
)


def test_it_is_a_back_end() -> None:
    simulator: Backend = Simulator()
    assert (simulator.name, simulator.unavailable()) == ("sim", "")


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


def test_the_simulated_network_ends_up_as_the_plan_says(three: World, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = []

    def keep(*args, **more):
        kept.append(assemble(*args, **more))
        return kept[-1]

    monkeypatch.setattr(backend, "assemble", keep)
    play(three, scenario(three, duration_s=1.0))
    network, plan = kept[0].scene.network, planner.plan(three)
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


@pytest.mark.parametrize(
    ("kinds", "told"),
    [
        ({"tcp": "packet", "udp": "packet"}, ""),
        ({"tcp": "fluid", "http": "fluid"}, ""),
        ({"tcp": "packet", "udp": "fluid"}, "tcp went packet by packet, udp as fluid: the two engines do not share"),
        ({"tcp": "packet", "http": "fluid", "ping": "fluid"}, "tcp went packet by packet, http as fluid"),
    ],
)
def test_a_mixture_of_engines_is_told_once(kinds: dict[str, str], told: str) -> None:
    probes = [
        Probe(name=kind, kind=kind, source="a/b@c", target="10.1.0.1", engine=engine)  # type: ignore[arg-type]
        for kind, engine in kinds.items()
    ]
    notices = list(mixed_engines(probes))
    assert len(notices) == bool(told)
    assert all(told in notice for notice in notices)
