"""Spreading packet by packet, which no KubeSlice does: one flow over both gateways, and half of it lost with either."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from kubeslice_sim.observe.observation import Observation
from kubeslice_sim.observe.probe import Probe
from kubeslice_sim.planner.names import SYSTEM_NAMESPACE
from tests.simulator.conftest import LayOut

ENGINES: tuple[Literal["fluid", "packet"], ...] = ("fluid", "packet")


def probe(kind: Literal["tcp", "udp"], engine: Literal["fluid", "packet"], **more: Any) -> Probe:
    return Probe(name="bulk", kind=kind, source="app/client-0@east", target="app/server-0@west", port=5201, end_s=12.0,
                 engine=engine, **more)  # fmt: skip


def mean_rate(rows: list[Observation]) -> float:
    rates = [row.value for row in rows if row.metric == "rate_bps" and row.at_s > 4.0]
    return sum(rates) / len(rates)


@pytest.mark.parametrize("engine", ENGINES)
def test_one_flow_fills_the_shapers_of_two_nodes(lay_out: LayOut, engine: Literal["fluid", "packet"]) -> None:
    """Two gateway nodes, each with the slice's ceiling of 10 Mbit/s: a flow gets one by its hash, or both."""
    rates = {}
    for by_packet in (False, True):
        world = lay_out(nodes=2, ceiling=10_000, rtt="10ms", packets=engine == "packet", by_packet=by_packet)
        rows = world.play(probe("tcp", engine), until_s=12.0)
        rates[by_packet] = mean_rate(rows)
    assert 8.5e6 < rates[False] < 10e6
    assert rates[True] == pytest.approx(2 * rates[False], rel=0.1)


@pytest.mark.parametrize("engine", ENGINES)
def test_half_of_the_datagrams_go_into_a_dead_gateway(lay_out: LayOut, engine: Literal["fluid", "packet"]) -> None:
    world = lay_out(nodes=2, packets=engine == "packet", by_packet=True)
    gateway = ("east", SYSTEM_NAMESPACE, world.gateway("east", 0))

    def kill(_: object) -> None:
        assert world.parts.data_plane.pods.kill(gateway)

    world.parts.env.timeout(4.0).callbacks.append(kill)
    rows = world.play(probe("udp", engine, rate_bps=1e6), until_s=12.0)
    rates = [row.value for row in rows if row.metric == "rate_bps"]
    assert rates[2] == pytest.approx(1e6, rel=0.02)
    assert sum(rates[6:]) / len(rates[6:]) == pytest.approx(0.5e6, rel=0.12)
