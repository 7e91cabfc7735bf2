"""Ping, connect and dns, against arithmetic and statistics."""

from __future__ import annotations

from collections.abc import Iterable
from math import sqrt

import pytest

from kubeslice_sim.controlplane.effects import ServeNames
from kubeslice_sim.model.frozen import FrozenMap
from kubeslice_sim.model.scenario import Fault, LinkFault
from kubeslice_sim.observe.observation import Observation
from kubeslice_sim.observe.probe import Probe

SERVER = "server.app.svc.slice.local"
FIXED_S = 0.060 + 2 * 220e-6
"""Propagation, and what pods, routers, gateways and nodes take, both ways."""


def probe(kind: str, **more) -> Probe:
    given = {"name": kind, "source": "app/client-0@east", "target": SERVER, "end_s": 10.0}
    return Probe(kind=kind, **{**given, **more})  # type: ignore[arg-type]


def values(rows: Iterable[Observation], metric: str, name: str = "") -> list[float]:
    return [row.value for row in rows if row.metric == metric and name in ("", row.probe)]


def test_ping_takes_the_propagation_and_little_more(lay_out) -> None:
    rows = lay_out().play(probe("ping"), until_s=10)
    rtt_s = values(rows, "rtt_s")
    assert len(rtt_s) == 10
    assert all(FIXED_S < value < FIXED_S + 1e-3 for value in rtt_s)
    assert [row.at_s for row in rows if row.metric == "reachable"] == [float(second) for second in range(10)]
    first = rows[0]
    assert (first.slice, first.src_cluster, first.src, first.dst) == ("red", "east", "app/client-0", SERVER)


def test_jitter_is_uniform_around_the_delay(lay_out) -> None:
    rows = lay_out(jitter="4ms").play(probe("ping", interval_s=0.01, end_s=20.0), until_s=20)
    offsets = [value - FIXED_S - 2 * 20e-6 for value in values(rows, "rtt_s")]
    # Two uniform draws in ±4 ms: mean 0, spread 4 ms · √(2/3), never beyond 8 ms.
    assert len(offsets) == 2000
    assert abs(sum(offsets) / len(offsets)) < 4 * 0.00327 / sqrt(2000)
    assert sqrt(sum(x * x for x in offsets) / len(offsets)) == pytest.approx(0.004 * sqrt(2 / 3), rel=0.06)
    assert -0.008 < min(offsets) < -0.006 and 0.006 < max(offsets) < 0.0085


def test_loss_strikes_in_both_directions(lay_out) -> None:
    # A lost handshake is tried again after 5 s: let the tunnels come up first.
    rows = lay_out(loss="5%", settle_s=60.0).play(probe("ping", interval_s=0.01, end_s=40.0), until_s=40)
    reached = values(rows, "reachable")
    expected = 0.95 * 0.95
    assert len(reached) == 4000
    assert abs(sum(reached) / 4000 - expected) < 4 * sqrt(expected * (1 - expected) / 4000)
    assert {row.outcome for row in rows if not row.value} == {"timeout"}


def test_until_ok_stops_at_the_first_success(lay_out) -> None:
    rows = lay_out().play(probe("connect", port=5201, until_ok=True), until_s=10)
    assert values(rows, "reachable") == [1]
    assert FIXED_S < values(rows, "connect_s")[0] < FIXED_S + 1e-3


def test_a_lost_syn_is_repeated_after_a_second(lay_out) -> None:
    rows = lay_out(loss="30%", settle_s=200.0).play(
        probe("connect", port=5201, timeout_s=10.0, end_s=600.0), until_s=650
    )
    took_s = values(rows, "connect_s")
    retried = {round(value - FIXED_S) for value in took_s}
    assert {0, 1, 3} <= retried <= {0, 1, 3, 7}
    at_once = sum(value < 0.5 for value in took_s) / len(values(rows, "reachable"))
    assert abs(at_once - 0.49) < 4 * sqrt(0.25 / len(took_s))


def test_a_pod_that_only_sleeps_refuses(lay_out) -> None:
    rows = lay_out().play(probe("connect", port=80, target="app/client-1@east", end_s=0.5), until_s=1)
    assert [(row.value, row.outcome, row.detail) for row in rows] == [(0, "blocked", "app/client-1@east refused")]


def test_a_stranger_knows_neither_name_nor_way(lay_out) -> None:
    laid = lay_out()
    rows = laid.play(
        probe("connect", port=5201, source="other/stranger@east", end_s=1.0),
        probe("dns", source="other/stranger@east", end_s=1.0),
        probe("ping", source="other/stranger@east", target="app/client-0@east", end_s=1.0),
        until_s=3,
    )
    found = {row.probe: (row.value, row.outcome) for row in rows if row.metric in ("reachable", "answers")}
    assert found == {"connect": (0, "blocked"), "dns": (0, "ok"), "ping": (0, "timeout")}


def test_a_source_that_does_not_run_says_nothing_of_the_network(lay_out) -> None:
    laid = lay_out()
    laid.parts.data_plane.pods.kill(("east", "app", "client-0"))
    rows = laid.play(probe("ping", end_s=2.0), probe("dns", end_s=2.0), until_s=3)
    assert {(row.metric, row.outcome) for row in rows} == {
        ("reachable", "failed_to_probe"), ("answers", "failed_to_probe"),
    }  # fmt: skip


def test_answers_name_the_pods(lay_out) -> None:
    rows = lay_out().play(probe("dns", end_s=1.0), until_s=1)
    answer = next(row for row in rows if row.metric == "answers")
    assert (answer.value, answer.detail) == (2, "app/server-0@west,app/server-1@west")


def test_a_cached_answer_goes_stale_until_its_ttl_is_over(lay_out) -> None:
    # Timing "fast": the TTL is 3 s.
    laid = lay_out()
    env = laid.parts.env
    records = laid.parts.scene.network.nameserver("east").records

    def withdraw():
        yield env.timeout(1.0)
        one = FrozenMap({name: addresses[1:] if name == SERVER else addresses for name, addresses in records.items()})
        laid.parts.data_plane.apply(ServeNames(cluster="east", records=one))

    env.process(withdraw())
    rows = laid.play(probe("dns", interval_s=0.5, end_s=6.0), until_s=6)
    answers = [(row.at_s, row.value, row.detail) for row in rows if row.metric == "answers"]
    assert [value for at_s, value, _ in answers if at_s < 2.9] == [2] * 6
    assert {(value, detail) for at_s, value, detail in answers if at_s > 3.1} == {(1, "app/server-1@west")}


def test_a_dead_name_server_times_out(lay_out) -> None:
    laid = lay_out()
    laid.parts.faults.strike(Fault(kill="dns", cluster="east"))
    rows = laid.play(probe("dns", end_s=2.0), until_s=4)
    assert {(row.metric, row.value, row.outcome) for row in rows} == {("answers", 0, "timeout")}


def test_a_slower_link_shows_at_once_and_mends(lay_out) -> None:
    laid = lay_out()
    env, faults = laid.parts.env, laid.parts.faults

    def timeline():
        yield env.timeout(3.5)
        faults.strike(Fault(name="slow", link=LinkFault(between=("west", "east"), rtt_s=0.2)))
        yield env.timeout(3.0)
        list(faults.mend("slow"))

    env.process(timeline())
    rtt_s = [round(value, 2) for value in values(laid.play(probe("ping"), until_s=10), "rtt_s")]
    assert rtt_s == [0.06] * 4 + [0.2] * 3 + [0.06] * 3


def test_a_ping_beside_a_full_shaper_waits_in_its_queue(lay_out) -> None:
    laid = lay_out(nodes=1)
    rows = laid.play(
        probe("tcp", port=5201, end_s=30.0), probe("ping", start_s=10.0, end_s=30.0, interval_s=0.05), until_s=30
    )
    # One node: all tunnels of the slice share one HTB class, whose queue holds 127 frames of 1374 bytes.
    extra = [value - FIXED_S for value in values(rows, "rtt_s")]
    full_s = 127 * 1374 * 8 / 30e6
    assert max(extra) < full_s + 1e-3
    # CUBIC's window never falls below 0.7 of its top. It has two cycles in turn: to 0.85 and past it, in twice the cube
    # root of 0.15; and straight up, in the cube root of 0.3.
    top, steps = FIXED_S + full_s, [(i + 0.5) / 1000 for i in range(1000)]
    past = [max(0.0, top * (0.85 + 0.15 * (2 * x - 1) ** 3) - FIXED_S) for x in steps]
    straight = [max(0.0, top * (1 - 0.3 * (1 - x) ** 3) - FIXED_S) for x in steps]
    spent = (2 * 0.15 ** (1 / 3), 0.3 ** (1 / 3))
    expected = (spent[0] * sum(past) + spent[1] * sum(straight)) / sum(spent) / 1000
    assert sum(extra) / len(extra) == pytest.approx(expected, rel=0.05)


def test_ping_resolves_once_as_the_real_one_does(lay_out) -> None:
    laid = lay_out()
    env, faults = laid.parts.env, laid.parts.faults

    def silence():
        yield env.timeout(3.5)
        faults.strike(Fault(kill="dns", cluster="east"))

    env.process(silence())
    # The resolver's cache has forgotten the name long before the end.
    rows = laid.play(probe("ping", end_s=60.0), until_s=60)
    assert values(rows, "reachable") == [1] * 60


def test_ping_is_started_anew_while_the_name_is_unknown(lay_out) -> None:
    rows = lay_out().play(probe("ping", target="nobody.app.svc.slice.local"), until_s=10)
    assert [row.outcome for row in rows if row.metric == "reachable"] == ["blocked"] * 10
