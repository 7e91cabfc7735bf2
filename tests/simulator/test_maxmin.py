"""The compiled engine: against linear programming, against itself from scratch, and against time stepped by hand."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest

from kubeslice_sim.simulator.maxmin.batch import Network, run
from kubeslice_sim.simulator.maxmin.engine import Engine
from kubeslice_sim.validation.random_networks import random_network, rates, worst_error


def test_rates_are_those_of_linear_programming() -> None:
    assert worst_error(100, seed=1) < 1e-9


@pytest.mark.long
def test_rates_are_those_of_linear_programming_on_10000_networks(capfd: pytest.CaptureFixture[str]) -> None:
    worst = worst_error(10_000, seed=2)
    with capfd.disabled():
        print(f"\n10,000 random networks: worst relative error against linear programming {worst:.1e}")
    assert worst < 1e-9


@pytest.mark.parametrize("seed", range(12))
def test_every_change_leads_to_the_rates_of_a_fresh_solution(seed: int) -> None:
    """Flows come, go and end, capacities change, several at once; after each settling all rates are solved anew."""
    dice = np.random.default_rng(seed)
    capacity, uses, _, _ = random_network(dice)
    engine, now_s, worst = Engine(), 0.0, 0.0
    resources = [engine.resource(c) for c in capacity]
    routes = [engine.route(row.items()) for row in uses]
    here: dict[int, tuple[int, float, float]] = {}
    for _ in range(400):
        now_s += float(dice.exponential(0.05))
        while engine.next_end_s() <= now_s:
            end_s = engine.next_end_s()
            for flow in engine.end(end_s):
                del here[flow]
            engine.settle(end_s)
        for _ in range(int(dice.integers(1, 4))):
            chance = dice.random()
            if chance < 0.6 or not here:
                route, cap = int(dice.integers(len(routes))), float(dice.choice([inf, inf, 5.0, 40.0]))
                weight = float(dice.choice([1.0, 2.0, 0.7]))
                size = float(dice.choice([inf, 1.0, 10.0]))
                flow = engine.start(routes[route], now_s, size_bits=size, cap_bps=cap, weight=weight)
                here[flow] = (route, cap, weight)
            elif chance < 0.9:
                flow = list(here)[int(dice.integers(len(here)))]
                engine.stop(flow)
                del here[flow]
            else:
                r = int(dice.integers(len(capacity)))
                capacity[r] = float(dice.choice([0.0, 1.0, 1.0])) * float(10 ** dice.uniform(0, 3))
                engine.set_capacity(resources[r], capacity[r])
        engine.settle(now_s)
        if here:
            exact = rates(
                capacity, [uses[r] for r, _, _ in here.values()], *zip(*[v[1:] for v in here.values()], strict=True)
            )
            for flow, rate in zip(here, exact, strict=True):
                worst = max(worst, abs(engine.rate_bps(flow) - rate) / max(rate, 1e-3))
    print(f"worst relative difference after 400 changes: {worst:.1e}")
    assert worst < 1e-9


def test_flows_end_when_their_bits_are_through() -> None:
    """Two flows on one link: alone, together, alone again; computed by hand."""
    network = Network(capacity=np.array([10.0]), first=np.array([0, 1]), resource=np.array([0]), use=np.array([1.0]))
    done = run(network, np.array([0.0, 1.0]), np.array([20.0, 5.0]), np.array([0, 0]))
    # 10 bits in the first second, then 5 each until 5 are through at 2 s; the first has 5 left, at 10 bit/s.
    assert done.end_s.tolist() == [2.5, 2.0]


def stepped(network: Network, starts: list[float], sizes: list[float], routes: list[int]) -> list[float]:
    """The same by brute force: all rates anew at every event, every flow's rest counted down."""
    rows = [
        dict(zip(network.resource[a:b].tolist(), network.use[a:b].tolist(), strict=True))
        for a, b in zip(network.first[:-1].tolist(), network.first[1:].tolist(), strict=True)
    ]
    left, ends, now_s = list(sizes), [inf] * len(sizes), 0.0
    while inf in ends:
        here = [i for i in range(len(sizes)) if starts[i] <= now_s and ends[i] == inf]
        rate = (
            rates(network.capacity.tolist(), [rows[routes[i]] for i in here], [inf] * len(here), [1.0] * len(here))
            if here
            else []
        )
        finish = [now_s + left[i] / r for i, r in zip(here, rate, strict=True)]
        coming = min((s for s, e in zip(starts, ends, strict=True) if s > now_s and e == inf), default=inf)
        next_s = min([coming, *finish])
        for i, r, end_s in zip(here, rate, finish, strict=True):
            left[i] -= r * (next_s - now_s)
            if end_s <= next_s * (1 + 1e-13):
                ends[i] = next_s
        now_s = next_s
    return ends


def random_batch(seed: int, flows: int) -> tuple[Network, list[float], list[float], list[int]]:
    dice = np.random.default_rng(seed)
    capacity, rows, _, _ = random_network(dice)
    network = Network(
        capacity=np.array(capacity),
        first=np.cumsum([0, *(len(row) for row in rows)]),
        resource=np.array([r for row in rows for r in row]),
        use=np.array([use for row in rows for use in row.values()]),
    )
    starts = dice.uniform(0, 3, size=flows).round(2).tolist()  # rounded: some at the same moment
    return network, starts, dice.exponential(10.0, size=flows).tolist(), dice.integers(len(rows), size=flows).tolist()


@pytest.mark.parametrize("seed", range(10))
def test_completions_are_those_of_stepping_by_hand(seed: int) -> None:
    network, starts, sizes, routes = random_batch(seed, 60)
    done = run(network, np.array(starts), np.array(sizes), np.array(routes))
    assert done.end_s.tolist() == pytest.approx(stepped(network, starts, sizes, routes), rel=1e-9)


def test_the_same_flows_give_the_same_bytes() -> None:
    network, starts, sizes, routes = random_batch(3, 500)
    first, again = (run(network, np.array(starts), np.array(sizes), np.array(routes)).end_s for _ in range(2))
    assert first.tobytes() == again.tobytes()


def test_bits_sent_are_counted_between_changes() -> None:
    engine = Engine()
    route = engine.route([(engine.resource(12.0), 1.0)])
    endless = engine.start(route, 0.0)
    engine.settle(0.0)
    other = engine.start(route, 2.0, weight=2.0, size_bits=16.0)
    engine.settle(2.0)
    assert (engine.rate_bps(endless), engine.rate_bps(other), engine.next_end_s()) == (4.0, 8.0, 4.0)
    assert engine.end(4.0) == [other]
    engine.settle(4.0)
    assert engine.sent_bits(endless, 5.0) == 24.0 + 8.0 + 12.0


def test_what_is_not_touched_is_not_solved_for() -> None:
    """A hundred links with a flow each: one more flow on one of them moves that link's class only."""
    engine = Engine()
    routes = [engine.route([(engine.resource(float(n)), 1.0)]) for n in range(1, 101)]
    for route in routes:
        engine.start(route, 0.0)
    engine.settle(0.0)
    moved = engine.moved
    engine.start(routes[7], 1.0)
    engine.settle(1.0)
    assert engine.moved - moved == 1


def test_a_flow_that_nothing_bounds_is_refused() -> None:
    engine = Engine()
    with pytest.raises(ValueError, match="finite cap"):
        engine.start(engine.route([]), 0.0)
    with pytest.raises(ValueError, match="not 0"):
        engine.route([(engine.resource(1.0), 0.0)])
