"""The request engine held to queueing theory, in a world whose network takes a known time."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from kubeslice_sim.model.scenario import ServiceTime
from kubeslice_sim.observe.estimate import batch_means, estimate
from kubeslice_sim.observe.observation import Observation
from kubeslice_sim.observe.probe import Probe
from tests.simulator.conftest import LayOut

MEAN_S = 0.010
NEAR = "app/server-0@west"


def play(lay_out: LayOut, seconds: float, *, seed: int = 1, **more) -> list[Observation]:
    """Requests from one cluster to a pod of the other, over a network without noise or room for queues."""
    world = lay_out(seed=seed, rtt="1ms", bandwidth="100Gbit", ceiling=10_000_000)
    world.parts.scene.costs = replace(world.parts.scene.costs, noise_s=1e-12)
    given = {"name": "load", "source": "app/client-0@east", "target": NEAR, "port": 80, "timeout_s": 60.0}
    probe = Probe(kind="http", end_s=seconds, **{**given, **more})  # type: ignore[arg-type]
    return world.play(probe, until_s=seconds + 5.0)


def times(rows: list[Observation], metric: str = "request_s") -> list[float]:
    return [row.value for row in sorted(rows, key=lambda row: row.seq) if row.metric == metric]


@pytest.fixture
def network_s(lay_out: LayOut) -> float:
    """What a request takes beside its service, over an open connection."""
    return times(play(lay_out, 5.0, service_time=ServiceTime(mean_s=MEAN_S)))[-1] - MEAN_S


def machine_repair(clients: int, away_s: float, workers: int) -> float:
    """The throughput of M/M/c//N: so many clients, each ``away_s`` before it comes again; insensitive to how spread."""
    weights = [1.0]
    for here in range(1, clients + 1):
        arriving, served = (clients - here + 1) / away_s, min(here, workers) / MEAN_S
        weights.append(weights[-1] * arriving / served)
    busy = sum(min(here, workers) * weight for here, weight in enumerate(weights)) / sum(weights)
    return busy / MEAN_S


@pytest.mark.parametrize(("clients", "workers"), [(3, 1), (10, 1), (30, 2)])
def test_a_closed_loop_is_machine_repair(lay_out: LayOut, network_s: float, clients: int, workers: int) -> None:
    rows = play(
        lay_out, 250.0, connections=clients, think_time_s=0.05, workers=workers,
        service_time=ServiceTime(mean_s=MEAN_S, distribution="exponential"),
    )  # fmt: skip
    per_second = [row.value for row in rows if row.metric == "requests_per_s"][20:]
    expected = machine_repair(clients, 0.05 + network_s, workers)
    found = estimate(batch_means(per_second), confidence=0.999)
    assert found.holds(expected)
    assert found.half < 0.03 * expected
    # The interactive response-time law, which no distribution can break: N = X (R + Z).
    took_s = times(rows)
    assert found.mean * (sum(took_s) / len(took_s) + 0.05) == pytest.approx(clients, rel=0.003)


def erlang_c(load: float, workers: int) -> float:
    blocked = 1.0
    for busy in range(1, workers + 1):
        blocked = load * blocked / (busy + load * blocked)
    return blocked / (1.0 - load / workers * (1.0 - blocked))


@pytest.mark.parametrize(("load", "workers"), [(0.7, 1), (1.6, 2), (3.2, 4)])
def test_an_open_loop_waits_as_erlang_says(lay_out: LayOut, network_s: float, load: float, workers: int) -> None:
    rows = play(
        lay_out, 60_000 * MEAN_S / load, requests_per_second=load / MEAN_S, arrivals="poisson", workers=workers,
        service_time=ServiceTime(mean_s=MEAN_S, distribution="exponential"),
    )  # fmt: skip
    opened = {row.seq for row in rows if row.metric == "connect_s"}
    took_s = [row.value - network_s for row in rows if row.metric == "request_s" and row.seq not in opened][1000:]
    wait_s = erlang_c(load, workers) * MEAN_S / (workers - load)
    found = estimate(batch_means(took_s), confidence=0.999)
    assert found.holds(MEAN_S + wait_s)
    assert found.half < 0.2 * (MEAN_S + wait_s)


def test_one_server_has_the_percentiles_of_an_exponential(lay_out: LayOut, network_s: float) -> None:
    rows = play(
        lay_out, 900.0, requests_per_second=70.0, arrivals="poisson", workers=1,
        service_time=ServiceTime(mean_s=MEAN_S, distribution="exponential"),
    )  # fmt: skip
    ordered = sorted(value - network_s for value in times(rows)[1000:])
    for share in (0.5, 0.9, 0.99):
        expected_s = -math.log(1.0 - share) / (1.0 / MEAN_S - 70.0)
        assert ordered[int(share * len(ordered))] == pytest.approx(expected_s, rel=0.06)


@pytest.mark.parametrize(
    ("distribution", "cv"), [("constant", 0.0), ("exponential", 1.0), ("lognormal", 0.5), ("lognormal", 1.5)]
)
def test_waiting_depends_on_the_variance_as_pollaczek_and_khinchine_say(
    lay_out: LayOut, network_s: float, distribution: str, cv: float
) -> None:
    work = ServiceTime(mean_s=MEAN_S, distribution=distribution, cv=cv or None)  # type: ignore[arg-type]
    rows = play(lay_out, 800.0, requests_per_second=60.0, arrivals="poisson", workers=1, service_time=work)
    opened = {row.seq for row in rows if row.metric == "connect_s"}
    took_s = [row.value - network_s for row in rows if row.metric == "request_s" and row.seq not in opened][1000:]
    expected_s = MEAN_S + 0.6 * MEAN_S * (1.0 + cv**2) / (2.0 * (1.0 - 0.6))
    found = estimate(batch_means(took_s), confidence=0.999)
    assert found.holds(expected_s)
    assert found.half < 0.3 * expected_s
