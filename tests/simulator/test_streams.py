from __future__ import annotations

import random
from ipaddress import IPv4Address
from math import sqrt

import pytest

from kubeslice_sim.simulator.ecmp import FiveTuple, choose
from kubeslice_sim.simulator.streams import Streams, binomial


def test_a_stream_depends_on_seed_and_name_alone() -> None:
    alone = [Streams(7).stream("ping", "a").random() for _ in range(1)]
    streams = Streams(7)
    streams.stream("ping", "b").random()
    assert [streams.stream("ping", "a").random()] == alone
    assert Streams(8).stream("ping", "a").random() != alone[0]


def test_a_stream_goes_on_where_it_was() -> None:
    streams = Streams(1)
    first, second = streams.stream("x").random(), streams.stream("x").random()
    again = Streams(1).stream("x")
    assert (first, second) == (again.random(), again.random())


@pytest.mark.parametrize(("trials", "chance"), [(100, 0.01), (100, 0.3), (50, 0.9), (20000, 0.2), (5, 0.5)])
def test_binomial_has_its_mean_and_spread(trials: int, chance: float) -> None:
    dice = random.Random(5)
    drawn = [binomial(dice, trials, chance) for _ in range(4000)]
    mean, spread = sum(drawn) / len(drawn), sqrt(trials * chance * (1 - chance))
    assert abs(mean - trials * chance) < 4 * spread / sqrt(len(drawn))
    variance = sum((x - mean) ** 2 for x in drawn) / len(drawn)
    assert variance == pytest.approx(spread**2, rel=0.12)
    assert all(0 <= x <= trials for x in drawn)


def test_binomial_at_its_ends() -> None:
    dice = random.Random(1)
    assert binomial(dice, 10, 0.0) == 0
    assert binomial(dice, 10, 1.0) == 10
    assert binomial(dice, 0, 0.5) == 0


def flows(count: int) -> list[FiveTuple]:
    return [FiveTuple(IPv4Address("10.1.0.1"), IPv4Address("10.1.64.1"), "tcp", 32768 + i, 5201) for i in range(count)]


def test_ecmp_spreads_flows_evenly_and_keeps_each_on_its_hop() -> None:
    chosen = [choose(flow, 2, 99) for flow in flows(4000)]
    assert abs(sum(chosen) - 2000) < 4 * sqrt(1000)
    assert chosen == [choose(flow, 2, 99) for flow in flows(4000)]
    assert chosen != [choose(flow, 2, 100) for flow in flows(4000)]


def test_hash_threshold_moves_only_flows_near_the_borders() -> None:
    # RFC 2992: from n to n + 1 hops between a quarter and a half of the flows move, not all of them.
    moved = sum(choose(flow, 4, 1) != choose(flow, 5, 1) for flow in flows(4000)) / 4000
    assert 0.4 < moved < 0.6


def test_there_must_be_a_hop() -> None:
    with pytest.raises(ValueError, match="next hop"):
        choose(flows(1)[0], 0, 1)
