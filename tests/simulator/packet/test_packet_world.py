"""A scenario's traffic by packets: the same world, the same rows, beside the fluid engine."""

from __future__ import annotations

import statistics
from dataclasses import replace
from functools import cache

import pytest

from kubeslice_sim import manifest
from kubeslice_sim.errors import BadInput
from kubeslice_sim.model.metric import RESOURCES
from kubeslice_sim.model.scenario import Fault, LinkFault, Scenario, TimelineStep, Traffic
from kubeslice_sim.model.world import World
from kubeslice_sim.observe.busiest import busiest
from kubeslice_sim.observe.measure import count_of
from kubeslice_sim.observe.observation import Observation
from kubeslice_sim.observe.run import Run
from tests.simulator.played import FRONT, SCENARIOS, gateway, killed, play, rows, scenario


@cache
def world() -> World:
    return manifest.load(SCENARIOS / "01-two-clusters")


def by(engine: str) -> Scenario:
    return replace(world().scenario(), spec=replace(world().scenario().spec, engine=engine))


@cache
def run(engine: str) -> Run:
    return play(world(), by(engine), seed=7)


def rates(one: Run, after_s: float) -> list[float]:
    return [row.value for row in rows(one, "rate_bps", "bulk") if row.at_s > after_s]


def test_shaped_tcp_has_the_fluid_engines_rate_and_round_trip() -> None:
    packet, fluid = rates(run("packet"), 18.0), rates(run("fluid"), 18.0)
    assert statistics.fmean(packet) == pytest.approx(statistics.fmean(fluid), rel=0.01)
    assert statistics.fmean(packet) == pytest.approx(27e6, rel=0.03)  # what the emulator measured
    round_trip = statistics.median(row.value for row in rows(run("packet"), "rtt_s", "ping"))
    assert round_trip == pytest.approx(0.0625, rel=0.02)


def test_packets_tell_more_than_rates() -> None:
    latency = rows(run("packet"), "latency_s", "bulk")
    values = [row.value for row in latency]
    assert 0.031 < min(values) < 0.04
    assert max(values) < 0.65  # TBF's 500 ms, the slice's queue, and the way
    assert len(rows(run("packet"), "retransmits", "bulk")) == 1
    assert not rows(run("fluid"), "latency_s")
    # Interval by interval as many packets as bytes.
    payload = 8.0 * 1248  # of an MTU of 1300: less IP, TCP and its timestamps
    for rate in rows(run("packet"), "rate_bps", "bulk")[5:17]:
        arrived = sum(count_of(row) for row in latency if row.at_s == rate.at_s)
        assert arrived * payload == pytest.approx(rate.value, rel=0.02)


def test_the_bottleneck_is_named_and_the_shared_parts_tell_how_busy_they_were() -> None:
    for engine in ("packet", "fluid"):
        for rate in rows(run(engine), "rate_bps", "bulk")[5:17]:
            assert rate.detail.startswith("qos/")  # the slice's ceiling counts what the tunnel's own does not
    steady, mean = busy("packet")
    (ceiling,) = [name for name in mean if name[0].startswith("qos/") and name[1] == "worker-1"]
    assert mean[ceiling] > 0.98
    assert mean["wan/worker-2", "worker-1"] == pytest.approx(0.15, abs=0.02)  # 30 of 200 Mbit/s
    waiting = [row.value for row in steady if row.metric == "queue_bytes" and (row.src, row.src_cluster) == ceiling]
    assert 0.0 < max(waiting) < 128 * 1514
    assert busiest(run("packet").observations)[0].name == ceiling[0]
    _, fluid = busy("fluid")
    assert fluid.keys() <= mean.keys()
    for part, share in fluid.items():
        assert share == pytest.approx(mean[part], rel=0.03, abs=0.002), part


def busy(engine: str) -> tuple[list[Observation], dict[tuple[str, str], float]]:
    """The rows of shared parts while the transfer is steady, and each part's mean utilisation."""
    steady = [row for row in run(engine).observations if row.probe == RESOURCES and 16.0 <= row.at_s <= 27.0]
    share: dict[tuple[str, str], list[float]] = {}
    for row in steady:
        if row.metric == "utilisation":
            share.setdefault((row.src, row.src_cluster), []).append(row.value)
    return steady, {name: statistics.fmean(values) for name, values in share.items()}


@pytest.mark.parametrize("jitter_s", [0.001, 0.02])
def test_jitter_takes_no_rate_from_a_shaped_flow(jitter_s: float) -> None:
    steps = (TimelineStep(at_s=0.0, fault=Fault(name="hit", link=LinkFault(between=("worker-1", "worker-2"),
                                                                        jitter_s=jitter_s))),)  # fmt: skip
    shaken = replace(by("packet"), spec=replace(by("packet").spec, timeline=steps, expect=()))
    packet = rates(play(world(), shaken, seed=7), 18.0)
    assert statistics.fmean(packet) == pytest.approx(statistics.fmean(rates(run("fluid"), 18.0)), rel=0.02)


def test_the_same_seed_gives_the_same_rows() -> None:
    assert play(world(), by("packet"), seed=7).observations == run("packet").observations


def test_overloaded_udp_loses_what_is_above_the_shaper(three: World) -> None:
    load = Traffic(
        name="flood", kind="udp", from_=FRONT, to="shop/cart-0@worker-2:5201", rate_bps=40e6, duration_s=20.0
    )
    lost = {
        engine: rows(play(three, scenario(three, load, engine=engine, duration_s=22.0)), "loss_ratio", "flood")[0].value
        for engine in ("fluid", "packet")
    }
    assert lost["packet"] == pytest.approx(lost["fluid"], abs=0.03)


def test_a_transfer_takes_as_long_as_in_the_fluid_engine(three: World) -> None:
    load = Traffic(
        name="file", kind="tcp", from_=FRONT, to="shop/cart-0@worker-2:5201", size_bytes=5e6, duration_s=50.0
    )
    runs = {engine: play(three, scenario(three, load, engine=engine)) for engine in ("fluid", "packet")}
    took_s = {engine: rows(found, "received_bytes", "file")[0].at_s for engine, found in runs.items()}
    assert took_s["packet"] == pytest.approx(took_s["fluid"], rel=0.08)
    assert rows(runs["packet"], "retransmits", "file")[0].value == 0  # HyStart does not overrun the shaper


def test_a_killed_gateway_stalls_the_flow_and_its_end_is_noticed(three: World) -> None:
    load = Traffic(name="bulk", kind="tcp", from_=FRONT, to="shop/cart-0@worker-2:5201", duration_s=60.0)
    for instance in (0, 1):
        steps = killed(20.0, 40.0, **gateway(instance))
        found = play(three, scenario(three, load, timeline=steps, engine="packet"))
        stopped = [row.at_s for row in rows(found, "rate_bps", "bulk") if not row.value]
        if stopped:
            assert 20.0 < stopped[0] < 23.0
            assert rows(found, "rate_bps", "bulk")[-1].value > 1e6
            return
    pytest.fail("the flow went through neither gateway")


def test_bbr_by_packets_is_refused_with_its_line() -> None:
    text = "\n".join(path.read_text() + "\n---" for path in sorted((SCENARIOS / "01-two-clusters").glob("*.yaml")))
    spoiled = text.replace("start: 10s, duration: 18s}", "start: 10s, duration: 18s, engine: packet, congestion: bbr}")
    assert spoiled != text
    with pytest.raises(BadInput, match="does not know bbr"):
        manifest.load_text(spoiled)
