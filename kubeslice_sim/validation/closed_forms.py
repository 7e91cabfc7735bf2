"""Closed forms of queueing theory: what the simulator is held to. Rates in jobs per second, times in seconds."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from kubeslice_sim.simulator.packet.distribution import Distribution


def sojourn_quantile_s(share: float, arrival_rate: float, service_rate: float) -> float:
    """M/M/1: within this time a ``share`` of the jobs is done (Kleinrock, Queueing Systems 1, chapter 5)."""
    return -math.log(1.0 - share) / (service_rate - arrival_rate)


def pollaczek_khinchine_wait_s(arrival_rate: float, service: Distribution) -> float:
    """M/G/1: the mean wait before service (Pollaczek 1930, Khinchine 1932)."""
    return arrival_rate * service.second / (2.0 * (1.0 - arrival_rate * service.mean))


def full_share(load: float, room: int) -> float:
    """M/M/1/K: the share of arrivals that find ``room`` jobs there (Kleinrock, chapter 3)."""
    return (1.0 - load) * load**room / (1.0 - load ** (room + 1))


def erlang_b(offered: float, servers: int) -> float:
    """M/M/c/c: the share of calls that are blocked (Erlang 1917, by its recursion)."""
    blocked = 1.0
    for count in range(1, servers + 1):
        blocked = offered * blocked / (count + offered * blocked)
    return blocked


def erlang_c(offered: float, servers: int) -> float:
    """M/M/c: the share of calls that must wait."""
    blocked = erlang_b(offered, servers)
    return blocked / (1.0 - offered / servers * (1.0 - blocked))


def cobham_waits_s(classes: Sequence[tuple[float, Distribution]]) -> Iterator[float]:
    """Mean waits by class, (arrival rate, service), the most urgent first, not preemptive (Cobham 1954)."""
    residual_s = sum(rate * service.second for rate, service in classes) / 2.0
    above = 0.0
    for rate, service in classes:
        here = above + rate * service.mean
        yield residual_s / ((1.0 - above) * (1.0 - here))
        above = here
