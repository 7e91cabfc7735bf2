"""Rates kept from change to change are those that one answer for the moment gives."""

from __future__ import annotations

from math import inf
from random import Random
from statistics import mean

import numpy as np
import pytest
import simpy

from kubeslice_sim.simulator.fairness import Fairness
from kubeslice_sim.simulator.flow import Flow, Flows
from kubeslice_sim.simulator.share import Demand, share
from kubeslice_sim.simulator.tcp import mean_queue_s
from kubeslice_sim.simulator.way import ResourceKey


def random_demand(dice: np.random.Generator, resources: int) -> Demand:
    def path(use: float) -> tuple[tuple[tuple[str, ...], float], ...]:
        crossed = dice.choice(resources, size=int(dice.integers(1, 4)), replace=False)
        return tuple((("r", str(r)), use * float(dice.choice([1.0, 1.1]))) for r in crossed)

    if dice.random() < 0.2:
        return Demand(uses=path(1.0), cap_bps=float(dice.choice([3.0, 30.0])), open_loop=True)
    return Demand(
        uses=path(1.0), acks=path(0.03), cap_bps=float(dice.choice([inf, inf, 2.0, 25.0])),
        weight=float(dice.choice([1.0, 2.0, 0.4])),
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(8))
def test_kept_rates_are_those_of_the_moment(seed: int) -> None:
    """Flows, datagrams and their acknowledgements come and go, and capacities change."""
    dice = np.random.default_rng(seed)
    capacity = {("r", str(r)): float(10 ** dice.uniform(1, 2.5)) for r in range(6)}
    fairness, here, worst = Fairness(capacity.__getitem__), dict[int, Demand](), 0.0
    for step in range(120):
        chance = dice.random()
        if chance < 0.6 or not here:
            demand = random_demand(dice, len(capacity))
            here[fairness.start(demand, float(step))] = demand
        elif chance < 0.9:
            flow = list(here)[int(dice.integers(len(here)))]
            fairness.stop(flow)
            del here[flow]
        else:
            capacity["r", str(dice.integers(len(capacity)))] = float(10 ** dice.uniform(1, 2.5))
            fairness.reread()
        fairness.settle(float(step))
        for flow, grant in zip(here, share(list(here.values()), capacity.__getitem__), strict=True):
            worst = max(worst, abs(fairness.rate_bps(flow) - grant.rate_bps) / max(1e-6, grant.rate_bps))
    assert worst < 1e-4, f"{worst:.1e}"  # both settle acknowledgements to about 1e-6 of a capacity


def test_a_device_that_is_gone_carries_nothing() -> None:
    capacity = {("r",): 10.0}
    fairness = Fairness(capacity.__getitem__)
    flow = fairness.start(Demand(uses=((("r",), 1.0),), cap_bps=inf), 0.0)
    fairness.settle(0.0)
    assert fairness.rate_bps(flow) == 10.0
    capacity.clear()
    fairness.reread()
    fairness.settle(1.0)
    assert (fairness.rate_bps(flow), fairness.bottleneck(flow), fairness.sent_bits(flow, 9.0)) == (0.0, ("r",), 10.0)


class OneLink:
    """A resource with a deep buffer."""

    def capacity(self, key: ResourceKey) -> float:
        return 10e6

    def buffer_s(self, key: ResourceKey, rtt_s: float) -> float:
        return 0.5

    def floor(self, lane: ResourceKey) -> float:
        return 0.0


def test_the_queue_of_a_full_resource_is_that_of_who_fills_it() -> None:
    env, uses = simpy.Environment(), ((("link",), 1.0),)
    flows = Flows(env, OneLink())  # type: ignore[arg-type]
    near, light = Flow(env, congestion="cubic"), Flow(env, congestion="bbr")
    flows.set(light, Demand(uses=uses, cap_bps=inf), 0.02)
    env.run(until=1.0)
    assert flows.mean_queue_s(("link",)) == 0.0
    flows.set(near, Demand(uses=uses, cap_bps=inf), 0.02)
    env.run(until=2.0)
    assert flows.mean_queue_s(("link",)) == pytest.approx(mean_queue_s("cubic", 0.02, 0.5))
    like = Flow(env, congestion="cubic")
    flows.set(like, Demand(uses=uses, cap_bps=inf), 0.02)
    env.run(until=2.0 + 1e-9)
    assert flows.mean_queue_s(("link",)) == pytest.approx(mean_queue_s("cubic", 0.02, 0.5))
    dice = Random(1)
    assert mean(flows.queue_s(("link",), dice) for _ in range(2000)) == pytest.approx(
        mean_queue_s("cubic", 0.02, 0.5, 2), rel=0.01
    )
    flows.stop(like)
    before_bits = flows.arrived_bits(light)
    flood = Flow(env)
    flows.set(flood, Demand(uses=uses, cap_bps=20e6, open_loop=True))
    env.run(until=3.0)
    assert flows.mean_queue_s(("link",)) == 0.5
    for flow in (near, light, flood):
        flows.stop(flow)
    env.run(until=4.0)
    assert (flows.mean_queue_s(("link",)), flows.any_full) == (0.0, False)
    # Starved, but not quite: what all of them got in four seconds is what the link carries.
    left_bits = flows.arrived_bits(light) - before_bits
    assert 0.0 < left_bits < 0.001 * 10e6
    assert flows.arrived_bits(light) + flows.arrived_bits(near) + flows.arrived_bits(flood) == pytest.approx(
        30e6, abs=2e3
    )


def test_a_flow_of_a_size_finishes_at_its_moment_though_others_change_it() -> None:
    env, uses = simpy.Environment(), ((("link",), 1.0),)
    flows = Flows(env, OneLink())  # type: ignore[arg-type]
    sized, other = Flow(env, size_bits=20e6), Flow(env)
    flows.set(sized, Demand(uses=uses, cap_bps=inf))
    env.run(until=1.0)
    flows.set(other, Demand(uses=uses, cap_bps=inf))
    env.run(until=2.0)
    flows.set(sized, Demand(uses=uses, cap_bps=2e6))  # 5 Mbit left, at 2 Mbit/s
    env.run(until=sized.finished)
    assert env.now == pytest.approx(4.5)
    assert flows.arrived_bits(sized) == 20e6
