"""Scenarios over the three-cluster world, played on the simulator."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from kubeslice_sim.model.scenario import Fault, Scenario, TimelineStep, Traffic
from kubeslice_sim.model.world import World
from kubeslice_sim.observe.observation import Observation
from kubeslice_sim.observe.run import Run
from kubeslice_sim.simulator.backend import Simulator

SCENARIOS = Path(__file__).parents[2] / "scenarios"
FRONT, CART = "shop/front@worker-1", "cart.shop.svc.slice.local"
CART_0 = "shop/cart-0@worker-2"


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


def killed(at_s: float = 20.0, restored_s: float = 40.0, **fault) -> list[TimelineStep]:
    return [
        TimelineStep(at_s=at_s, fault=Fault(name="hit", **fault)),
        TimelineStep(at_s=restored_s, restore="hit"),
    ]


def gateway(instance: int = 0) -> dict[str, object]:
    return {"kill": "gateway", "slice": "red", "cluster": "worker-1", "peer": "worker-2", "instance": instance}
