"""The request engine in a world: what a request takes, who answers, and what becomes of it when pods die."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from statistics import fmean, median

import pytest

from kubeslice_sim.controlplane.effects import ServeNames
from kubeslice_sim.model.scenario import Fault, KeepAlive, ServiceTime
from kubeslice_sim.observe.observation import Observation
from kubeslice_sim.observe.probe import Probe
from tests.simulator.conftest import LayOut

SERVER = "server.app.svc.slice.local"
RTT_S = 0.060 + 2 * 220e-6
"""Propagation, and what pods, routers, gateways and nodes take, both ways."""


def http(**more) -> Probe:
    given = {"name": "web", "source": "app/client-0@east", "target": SERVER, "port": 8080, "end_s": 10.0}
    return Probe(kind="http", **{**given, **more})  # type: ignore[arg-type]


def laid(lay_out: LayOut, **more):
    """Two clusters whose machines add no noise."""
    world = lay_out(**more)
    world.parts.scene.costs = replace(world.parts.scene.costs, noise_s=1e-12)
    world.parts.data_plane.apply(ServeNames(cluster="east", records=world.plan.clusters[0].dns))
    return world


def values(rows: list[Observation], metric: str) -> list[float]:
    return [row.value for row in rows if row.metric == metric]


def test_a_request_over_a_kept_connection_takes_a_round_trip_and_its_service(lay_out: LayOut) -> None:
    rows = laid(lay_out).play(http(service_time=ServiceTime(mean_s=0.02)), until_s=10)
    first, *later = values(rows, "request_s")
    answer_s = later[0] - RTT_S - 0.02
    assert 0 < answer_s < 2e-3  # a thousand bytes at the slice's 30 Mbit/s, with their headers
    assert later == pytest.approx([later[0]] * len(later), abs=1e-8)
    (connect_s,) = values(rows, "connect_s")
    assert connect_s == pytest.approx(RTT_S, abs=1e-8)
    assert first == pytest.approx(later[0] + connect_s + 0.4e-3, abs=1e-8)


def test_keep_alive_saves_one_round_trip_a_request(lay_out: LayOut) -> None:
    kept = values(laid(lay_out).play(http(), until_s=10), "request_s")[1:]
    rows = laid(lay_out).play(http(keep_alive=KeepAlive(requests=1)), until_s=10)
    anew, handshakes = values(rows, "request_s")[1:], values(rows, "connect_s")[1:]
    cached_s = 0.05e-3  # the name, from the pod's cache
    assert len(handshakes) == len(anew) > 60
    assert handshakes == pytest.approx([RTT_S] * len(anew), abs=1e-8)
    assert median(anew) - median(kept) == pytest.approx(RTT_S + cached_s, abs=1e-8)


def test_a_connection_is_used_as_often_as_keep_alive_says_and_not_after_it_was_idle(lay_out: LayOut) -> None:
    rows = laid(lay_out).play(http(keep_alive=KeepAlive(requests=5), think_time_s=0.01), until_s=10)
    opened = {row.seq for row in rows if row.metric == "connect_s"}
    assert opened == set(range(0, max(opened) + 1, 5))
    for idle_s, share in ((0.4, 1.0), (0.6, 0.0)):
        rows = laid(lay_out).play(http(keep_alive=KeepAlive(idle_s=idle_s), think_time_s=0.5), until_s=10)
        assert len(values(rows, "connect_s")) - 1 == share * (len(values(rows, "request_s")) - 1)


def test_dns_lets_all_load_fall_on_the_first_endpoint_unless_clients_balance(lay_out: LayOut) -> None:
    def spread(balance: str) -> Counter[str]:
        probe = http(balance=balance, keep_alive=KeepAlive(requests=1), requests_per_second=100.0)
        return Counter(row.detail for row in laid(lay_out).play(probe, until_s=11) if row.metric == "request_s")

    one, other = "app/server-0@west", "app/server-1@west"
    assert spread("first") == {one: 1000}
    assert spread("rotate") == {one: 500, other: 500}
    random = spread("random")
    assert random[one] + random[other] == 1000
    assert abs(random[one] - 500) < 4 * (1000 * 0.25) ** 0.5


def test_a_stale_answer_costs_the_handshakes_timeout_until_its_ttl_is_over(lay_out: LayOut) -> None:
    world = laid(lay_out)
    scene, env = world.parts.scene, world.parts.env

    ttl_s = 60.0
    scene.resolver._ttl_s = ttl_s  # KubeSlice's; tests are played under the fast profile

    def die():
        yield env.timeout(10.0)
        world.parts.faults.strike(Fault(kill="pod", cluster="west", pod="app/server-0"))
        dns = dict(world.plan.clusters[0].dns)
        dns[SERVER] = dns[SERVER][1:]
        world.parts.data_plane.apply(ServeNames(cluster="east", records=type(world.plan.clusters[0].dns)(dns)))

    env.process(die())
    probe = http(keep_alive=KeepAlive(requests=1), requests_per_second=4.0, end_s=2 * ttl_s, timeout_s=0.5)
    answered = [row for row in world.play(probe, until_s=2 * ttl_s) if row.metric == "request_s"]
    slow = [row.at_s for row in answered if row.value > 0.5]
    assert 10.0 <= min(slow) <= 10.25
    # The answer was first asked for at 0 and is kept for its time to live.
    assert ttl_s - 0.25 <= max(slow) < ttl_s
    assert all(row.detail == "app/server-1@west" for row in answered if row.at_s > 10.0)
    assert {round(row.value - 0.5, 3) for row in answered if row.value > 0.5} == {
        round(row.value, 3) for row in answered if row.at_s > ttl_s + 1
    }


def test_requests_under_way_are_lost_with_their_pod_and_the_kept_connections_too(lay_out: LayOut) -> None:
    world = laid(lay_out)

    def die():
        yield world.parts.env.timeout(3.0)
        world.parts.faults.strike(Fault(name="gone", kill="pod", cluster="west", pod="app/server-0"))
        yield world.parts.env.timeout(2.0)
        world.parts.faults.mend("gone")

    world.parts.env.process(die())
    rows = world.play(http(connections=8, think_time_s=0.1), until_s=11)
    failed = [row for row in rows if row.metric == "reachable" and not row.value]
    assert {row.outcome for row in failed} == {"timeout"}
    assert len(failed) == 8  # each client's one; the next goes to the other pod
    errors = [(row.value, row.detail) for row in rows if row.metric == "errors"]
    assert errors == [(8, "no answer")]
    late = {row.detail for row in rows if row.metric == "request_s" and row.at_s > 5.0}
    assert late == {"app/server-1@west"}


def test_nobody_listening_refuses_at_once_and_is_counted_by_cause(lay_out: LayOut) -> None:
    rows = laid(lay_out).play(http(target="app/client-1@east", end_s=2.0, interval_s=0.5), until_s=2.5)
    assert {(row.outcome, row.detail) for row in rows if row.metric == "reachable"} == {
        ("blocked", "app/client-1@east refused")
    }
    assert [(row.value, row.detail) for row in rows if row.metric == "errors"] == [(4, "refused")]
    assert values(rows, "requests") == [0]


def test_the_same_seed_gives_the_same_rows(lay_out: LayOut) -> None:
    def play(seed: int) -> list[Observation]:
        work = ServiceTime(mean_s=0.02, distribution="lognormal", cv=2.0)
        one = http(service_time=work, workers=2, requests_per_second=80.0, arrivals="poisson", balance="random")
        two = http(name="two", source="app/client-1@east", size_bytes=50_000.0, connections=3)
        return lay_out(seed=seed, jitter="2ms", loss="1%").play(one, two, until_s=10)

    assert play(3) == play(3)
    assert play(3) != play(4)


def test_long_answers_share_the_slice_with_each_other_and_with_tcp(lay_out: LayOut) -> None:
    size_bytes = 1_000_000.0
    alone = values(laid(lay_out).play(http(size_bytes=size_bytes, timeout_s=30.0), until_s=12), "request_s")
    rows = laid(lay_out).play(http(size_bytes=size_bytes, timeout_s=30.0, connections=2), until_s=12)
    both = values(rows, "request_s")
    bits = 8.0 * size_bytes
    # The slice's 30 Mbit/s, less headers; the first answer opens its window, the later ones have it open.
    assert bits / 30e6 + RTT_S < alone[-1] < bits / 25e6 + RTT_S + 2e-3
    assert alone[0] > alone[-1] + RTT_S
    # Two clients: each waits for the other's bits, and the pipe is never idle. (The last of all may be alone.)
    assert 2 * bits / 30e6 < median(both) < 2 * bits / 25e6 + RTT_S
    answered = sum(values(rows, "requests"))
    # Equal shares keep them in step, so that the pipe is empty for a round trip after each pair of answers.
    assert 0.88 * 10.0 * 27e6 < answered * bits < 10.0 * 30e6


@pytest.mark.parametrize("size_bytes", [1000.0, 1300.0])
def test_answers_of_a_packet_or_two_fill_the_slice_and_no_more(lay_out: LayOut, size_bytes: float) -> None:
    busy = {"connections": 400, "size_bytes": size_bytes, "service_time": ServiceTime(mean_s=0.001), "end_s": 4.0}
    rows = laid(lay_out).play(http(**busy), until_s=4)
    carried_bps = 8 * size_bytes * fmean(values(rows, "requests_per_s")[1:])
    assert 0.75 * 30e6 < carried_bps < 30e6, "KubeSlice's ceiling, with headers"


def test_what_the_end_cuts_off_is_accounted_for(lay_out: LayOut) -> None:
    world = laid(lay_out)
    overload = http(requests_per_second=20.0, workers=1, service_time=ServiceTime(mean_s=0.1), timeout_s=60.0)
    rows = world.play(overload, until_s=10)
    assert not values(rows, "unfinished_s")
    world.parts.scene.close()
    (unfinished,) = values(rows, "unfinished")
    (answered,) = values(rows, "requests")
    assert answered + unfinished == 200  # twice what one worker can do
    assert 100 <= unfinished < 105
    ages = [(row.at_s, row.value) for row in rows if row.metric == "unfinished_s"]
    assert len(ages) == unfinished
    assert all(at_s + age_s == pytest.approx(10.0, abs=1e-5) for at_s, age_s in ages)
    assert max(values(rows, "request_s")) > 5.0 > min(age_s for _, age_s in ages)
