"""The driver: a fleet's work at its moments, on simulated time."""

from __future__ import annotations

import simpy

from kubeslice_sim.controlplane.facts import PodRunning
from kubeslice_sim.simulator.driver import Driver

FACT = PodRunning(cluster="east", namespace="app", pod="client-0")


class Planned:
    """Stands for a fleet: work at given moments, and more of it after a fact."""

    def __init__(self, due: list[float]) -> None:
        self.due = sorted(due)
        self.done: list[tuple[float, float]] = []
        self.facts: list[tuple[object, float]] = []

    def due_s(self) -> float | None:
        return self.due[0] if self.due else None

    def step(self, now_s: float) -> None:
        while self.due and self.due[0] <= now_s:
            self.done.append((self.due.pop(0), now_s))

    def report(self, fact: object, now_s: float) -> None:
        self.facts.append((fact, now_s))
        self.due = sorted([*self.due, now_s + 0.5])


def drive(due: list[float]) -> tuple[simpy.Environment, Planned, Driver]:
    env, fleet = simpy.Environment(), Planned(due)
    return env, fleet, Driver(env, fleet)  # type: ignore[arg-type]


def test_work_is_done_at_its_moment_and_only_then() -> None:
    env, fleet, driver = drive([0.0, 1.5, 1.5, 4.25])
    env.run(until=100.0)
    assert fleet.done == [(0.0, 0.0), (1.5, 1.5), (1.5, 1.5), (4.25, 4.25)]
    assert driver.steps == 3


def test_a_fact_brings_earlier_work_forward() -> None:
    env, fleet, driver = drive([10.0])
    env.timeout(2.0).callbacks.append(lambda _: driver.report(FACT))
    env.run(until=100.0)
    assert fleet.facts == [(FACT, 2.0)]
    assert fleet.done == [(2.5, 2.5), (10.0, 10.0)]


def test_moments_that_floats_do_not_hold_are_not_missed() -> None:
    due = [sum([0.1] * n) for n in range(1, 200)]
    env, fleet, _ = drive(due)
    env.run(until=100.0)
    assert [at_s for at_s, _ in fleet.done] == sorted(due)
    assert all(now_s >= at_s for at_s, now_s in fleet.done)


def test_nothing_due_is_nothing_done() -> None:
    env, fleet, driver = drive([])
    env.run(until=100.0)
    assert (driver.steps, fleet.done) == (0, [])
