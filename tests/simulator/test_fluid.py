"""Max-min fairness: golden cases, and the property that only the max-min fair rates have."""

from __future__ import annotations

from fractions import Fraction
from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubeslice_sim.simulator.fluid import AT_CAP, Problem, max_min, open_loop

Rows = list[dict[int, float]]
Network = tuple[list[float], Rows, list[float], list[float]]


def problem(
    capacity: list[float], flows: Rows, cap: list[float] | None = None, weight: list[float] | None = None
) -> Problem:
    """``flows[i]`` maps a resource to what flow i takes of it per unit of its rate."""
    entries = [(i, resource, use) for i, uses in enumerate(flows) for resource, use in uses.items()]
    columns = list(zip(*entries, strict=True)) or [(), (), ()]
    return Problem(
        capacity=np.array(capacity, dtype=float),
        flow=np.array(columns[0], dtype=np.intp),
        resource=np.array(columns[1], dtype=np.intp),
        use=np.array(columns[2], dtype=float),
        cap=np.array(cap if cap is not None else [inf] * len(flows)),
        weight=np.array(weight if weight is not None else [1.0] * len(flows)),
    )


def rates(
    capacity: list[float], flows: Rows, cap: list[float] | None = None, weight: list[float] | None = None
) -> list[float]:
    return [float(rate) for rate in max_min(problem(capacity, flows, cap, weight)).rate]


def test_one_link_is_shared_equally() -> None:
    assert rates([30.0], [{0: 1}, {0: 1}, {0: 1}]) == [10.0, 10.0, 10.0]


def test_a_long_flow_leaves_what_its_bottleneck_denies_it() -> None:
    # Bertsekas and Gallager's line: one flow over all three links, one on each.
    assert rates([1.0, 2.0, 3.0], [{0: 1, 1: 1, 2: 1}, {0: 1}, {1: 1}, {2: 1}]) == [0.5, 0.5, 1.5, 2.5]


def test_caps_give_their_rest_to_the_others() -> None:
    shares = max_min(problem([30.0], [{0: 1}, {0: 1}, {0: 1}], cap=[2.0, 11.0, inf]))
    assert shares.rate.tolist() == [2.0, 11.0, 17.0]
    assert shares.bottleneck.tolist() == [AT_CAP, AT_CAP, 0]


def test_weights_divide_a_link() -> None:
    assert rates([40.0], [{0: 1}, {0: 1}], weight=[1.0, 3.0]) == [10.0, 30.0]


def test_a_flow_that_weighs_twice_gets_the_same_rate_from_less_room() -> None:
    # Fairness is between rates, not between what they take.
    assert rates([30.0], [{0: 1}, {0: 2}]) == [10.0, 10.0]


def test_nothing_flows_through_a_dead_resource() -> None:
    assert rates([0.0, 5.0], [{0: 1, 1: 1}, {1: 1}]) == [0.0, 5.0]


def test_a_flow_that_nothing_bounds_is_refused() -> None:
    with pytest.raises(ValueError, match="finite cap"):
        max_min(problem([1.0], [{}]))
    assert rates([1.0], [{}], cap=[7.0]) == [7.0]


@st.composite
def networks(draw: st.DrawFn) -> Network:
    number = st.integers(1, 1000).map(float)
    capacity = draw(st.lists(number, min_size=1, max_size=8))
    uses = st.dictionaries(st.integers(0, len(capacity) - 1), st.sampled_from([1.0, 1.05, 2.0, 0.25]), min_size=1)
    flows = draw(st.lists(uses, min_size=1, max_size=12))
    cap = draw(st.lists(st.one_of(number, st.just(inf)), min_size=len(flows), max_size=len(flows)))
    weight = draw(st.lists(st.sampled_from([1.0, 2.0, 0.5]), min_size=len(flows), max_size=len(flows)))
    return capacity, flows, cap, weight


@settings(max_examples=300, deadline=None)
@given(networks())
def test_every_flow_is_at_its_cap_or_has_a_bottleneck(network: Network) -> None:
    """The characterisation (Bertsekas and Gallager 6.5.2): a feasible allocation is max-min fair if and only if every
    flow is at its cap or crosses a full resource where no other flow has more, per weight."""
    capacity, flows, cap, weight = network
    shares = max_min(problem(capacity, flows, cap, weight))
    level = shares.rate / np.array(weight)
    load = [sum(uses.get(r, 0.0) * shares.rate[i] for i, uses in enumerate(flows)) for r in range(len(capacity))]
    assert all(load[r] <= capacity[r] * (1 + 1e-9) for r in range(len(capacity)))
    for i, uses in enumerate(flows):
        assert shares.rate[i] <= cap[i]
        stop = int(shares.bottleneck[i])
        if stop == AT_CAP:
            assert shares.rate[i] == cap[i]
        else:
            assert stop in uses
            assert load[stop] == pytest.approx(capacity[stop], rel=1e-9)
            assert all(level[j] <= level[i] * (1 + 1e-9) for j, other in enumerate(flows) if stop in other)


def test_against_exact_arithmetic() -> None:
    """Random networks, against filling by hand in exact fractions, one infinitesimal rise at a time."""
    dice = np.random.default_rng(11)
    worst = 0.0
    for _ in range(200):
        capacity = [float(c) for c in dice.integers(1, 500, size=6)]
        flows: Rows = [
            {int(r): float(dice.integers(1, 4)) for r in dice.choice(6, size=dice.integers(1, 5), replace=False)}
            for _ in range(10)
        ]
        cap = [float(c) for c in dice.integers(1, 200, size=10)]
        found = rates(capacity, flows, cap=cap)
        exact = _fill_exactly(capacity, flows, cap)
        worst = max(worst, *(abs(a - float(b)) / float(b) for a, b in zip(found, exact, strict=True)))
    assert worst < 1e-12


def _fill_exactly(capacity: list[float], flows: Rows, cap: list[float]) -> list[Fraction]:
    rate = [Fraction(0)] * len(flows)
    growing = set(range(len(flows)))
    room = {r: Fraction(c) for r, c in enumerate(capacity)}
    while growing:
        demand = {r: sum((Fraction(flows[i].get(r, 0)) for i in growing), Fraction(0)) for r in room}
        step = min([room[r] / demand[r] for r in room if demand[r]] + [Fraction(cap[i]) - rate[i] for i in growing])
        for i in growing:
            rate[i] += step
        for r in room:
            room[r] -= step * demand[r]
        growing = {i for i in growing if rate[i] < cap[i] and all(room[r] > 0 for r in flows[i])}
    return rate


def test_open_loop_traffic_loses_its_share_at_every_full_resource() -> None:
    # 80 and 40 meet 60: half is lost; what is left of the first then meets 30: a quarter of that is lost.
    delivered, passed = open_loop(problem([60.0, 30.0], [{0: 1, 1: 1}, {0: 1}], cap=[80.0, 40.0]))
    assert delivered.tolist() == [30.0, 20.0]
    assert passed.tolist() == [0.5, 0.75]


def test_open_loop_traffic_that_fits_is_left_alone() -> None:
    delivered, passed = open_loop(problem([60.0, 60.0], [{0: 1, 1: 1}, {1: 1}], cap=[10.0, 50.0]))
    assert delivered.tolist() == [10.0, 50.0]
    assert passed.tolist() == [1.0, 1.0]


def test_open_loop_drops_upstream_relieve_downstream() -> None:
    # The first resource lets 20 of 100 through, so the second, which could not take 100, is not full.
    delivered, passed = open_loop(problem([20.0, 50.0], [{0: 1, 1: 1}], cap=[100.0]))
    assert delivered.tolist() == [20.0]
    assert passed.tolist() == [0.2, 1.0]
