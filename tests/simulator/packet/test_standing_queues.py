"""Queues that stand still: what the fluid engine says of them by arithmetic, beside the packets that are in them."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import fmean

import pytest

from kubeslice_sim.observe.observation import Observation
from kubeslice_sim.observe.probe import Probe
from kubeslice_sim.simulator.costs import Costs

CLIENT, SERVER = "app/client-0@east", "server.app.svc.slice.local"
ENGINES = ("fluid", "packet")


def traffic(engine: str, kind: str, **more) -> tuple[Probe, Probe]:
    """The bulk and a ping beside it."""
    both = {"source": CLIENT, "target": SERVER, "end_s": 20.0, "engine": engine}
    return (
        Probe(name="bulk", kind=kind, port=5201, **both, **more),  # type: ignore[arg-type]
        Probe(name="pulse", kind="ping", interval_s=0.05, **both),  # type: ignore[arg-type]
    )


def steady(made: Iterable[Observation], metric: str) -> list[float]:
    return [row.value for row in made if row.metric == metric and row.at_s > 10.0 and row.outcome == "ok"]


@pytest.mark.parametrize("streams", [1, 3])
@pytest.mark.parametrize("congestion", ["cubic", "reno"])
def test_windows_that_end_before_the_buffer_does_stand_in_it(lay_out, congestion: str, streams: int) -> None:
    """280 kB under way at 27 Mbit/s are 82 ms: 22 ms beyond the path, and no sawtooth, for nothing is lost."""
    costs = Costs(window_bytes=280_000 // streams)
    made = [
        lay_out(packets=engine == "packet", costs=costs).play(
            *traffic(engine, "tcp", congestion=congestion, streams=streams), until_s=20
        )
        for engine in ENGINES
    ]
    fluid, packet = made
    rate_bps = fmean(steady(fluid, "rate_bps"))
    assert rate_bps == pytest.approx(fmean(steady(packet, "rate_bps")), rel=0.01)
    trips_s = steady(fluid, "rtt_s")
    if streams == 1:
        assert fmean(trips_s) == pytest.approx(8.0 * 280_000 / rate_bps, rel=0.02)
    else:  # one of them has a tunnel to itself, where nothing queues; the ping stands behind the other two
        alone_bps = 8.0 * 93_333 / 0.0605
        assert fmean(trips_s) == pytest.approx(8.0 * 186_667 / (rate_bps - alone_bps), rel=0.02)
    assert fmean(trips_s) == pytest.approx(fmean(steady(packet, "rtt_s")), rel=0.02 if streams == 1 else 0.05)
    assert max(trips_s) - min(trips_s) < 0.002


def test_udp_that_is_too_much_for_two_queues_fills_both(lay_out) -> None:
    """The tunnel's TBF counts inner packets and the slice's HTB outer frames: what the first passes chokes the next."""
    fluid, packet = (
        lay_out(packets=engine == "packet").play(*traffic(engine, "udp", rate_bps=60e6), until_s=20)
        for engine in ENGINES
    )
    assert fmean(steady(fluid, "rate_bps")) == pytest.approx(fmean(steady(packet, "rate_bps")), rel=0.01)
    assert fmean(steady(packet, "rtt_s")) > 0.06 + Costs().tunnel_queue_s
    assert fmean(steady(fluid, "rtt_s")) == pytest.approx(fmean(steady(packet, "rtt_s")), rel=0.02)
