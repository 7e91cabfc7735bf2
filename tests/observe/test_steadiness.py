"""Steadiness: a run that is short against its own swings says so, one that is not does not."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

import kubeslice_sim as ks
from kubeslice_sim.model.scenario import Traffic
from kubeslice_sim.observe.observation import Observation
from kubeslice_sim.observe.run import Run
from kubeslice_sim.observe.steadiness import unsteady
from kubeslice_sim.observe.warm_up import memory, mser, too_short
from tests.observe.line import waits

WEB = Traffic(name="web", kind="http", from_="a/b@c", to="d:1", requests_per_second=100.0)


def run(values: list[float], *more: Traffic, warm_up_s: float | None = None) -> Run:
    """Ten requests a second that took so long."""
    world = ks.example("01-two-clusters")
    scenario = world.scenarios[0]
    spec = replace(scenario.spec, traffic=(WEB, *more), expect=(), duration_s=len(values) / 10, warm_up_s=warm_up_s)
    rows = tuple(Observation(at_s=place / 10, probe="web", seq=place, metric="request_s", value=value, outcome="ok")
                 for place, value in enumerate(values))  # fmt: skip
    return Run(run_id="r", backend="sim", world=world, scenario=replace(scenario, spec=spec), seed=1,
               observations=rows)  # fmt: skip


def test_a_slow_swing_is_told() -> None:
    dice = random.Random(1)
    swing = [5.0 + abs(place % 400 - 200) / 100 + dice.random() for place in range(400)]
    (notice,) = unsteady(run(swing))
    assert notice.startswith("web request_s swings more slowly than this run can average")
    assert "warmUp" in notice
    assert list(unsteady(run(swing, warm_up_s=1.0))) == [notice]


def test_a_series_that_only_rises_is_told() -> None:
    (notice,) = unsteady(run([float(place) for place in range(1, 300)]))
    assert "was still on its way at the middle of the run" in notice
    assert "warmUp in the scenario" in notice


def test_steady_ones_are_not() -> None:
    dice = random.Random(2)
    assert not list(unsteady(run([dice.expovariate(1.0) for _ in range(500)])))
    assert not list(unsteady(run([2.0] * 500)))
    assert not list(unsteady(run([1.0, 2.0])))


def test_a_traffic_that_was_asked_to_change_is_left_alone() -> None:
    values = [1.0] * 200 + [9.0] * 200
    bulk = Traffic(name="bulk", kind="tcp", from_="a/b@c", to="d:1", start_s=20.0)
    assert list(unsteady(run(values)))
    assert not list(unsteady(run(values, bulk)))
    assert list(unsteady(run(values, replace(bulk, start_s=0.0))))


@pytest.mark.parametrize(("load", "requests", "told"), [
    (0.5, 2000, 0.0), (0.8, 6000, 0.0), (0.9, 2000, 0.5), (0.98, 6000, 0.95),
])  # fmt: skip
def test_five_runs_near_saturation_are_told_together(load: float, requests: int, told: float) -> None:
    """343, 84, 6 and 0.6 relaxation times of the queue; forty sweeps of five runs each."""
    memories = [mser(waits(load, requests, seed)).memory for seed in range(200)]
    share = sum(too_short(memories[place : place + 5]) for place in range(0, 200, 5)) / 40
    assert share >= told
    assert told or share <= 0.05


def test_memory_is_the_correlation_of_twentieths() -> None:
    assert memory([1.0] * 19) == 0.0
    assert memory([5.0] * 500) == 0.0
    assert memory([100.0 + 0.1 * (place % 7) for place in range(700)]) == 0.0
    assert memory([float(place) for place in range(400)]) > 0.8
    assert memory([float(place // 20 % 2) for place in range(400)]) < -0.9
    assert not too_short([0.0, 0.0])
    assert not too_short([])
