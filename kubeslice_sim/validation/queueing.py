"""Queueing: the packet engine's queues against closed forms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from kubeslice_sim.observe.estimate import Estimate
from kubeslice_sim.simulator.packet.distribution import (
    Distribution,
    deterministic,
    erlang,
    exponential,
    hyperexponential,
    lognormal,
    uniform,
)
from kubeslice_sim.simulator.packet.queue import simulate_priorities, simulate_queue, simulate_tandem
from kubeslice_sim.validation.closed_forms import (
    cobham_waits_s,
    erlang_b,
    erlang_c,
    full_share,
    pollaczek_khinchine_wait_s,
    sojourn_quantile_s,
)
from kubeslice_sim.validation.target import Case, Group, Row, near

MU = 1000.0
"""Services per second of every single server."""
JOBS = 2_000_000
SEED = 2
EXACT = "The form is exact: the interval judges, and 5 % bounds its width."
SERVICES: dict[str, Distribution] = {
    "deterministic": deterministic(1 / MU),
    "Erlang of 3 phases": erlang(3, 1 / MU),
    "uniform": uniform(0.2 / MU, 1.8 / MU),
    "hyperexponential": hyperexponential(0.2, 3 / MU, 0.5 / MU),
    "lognormal, c² = 2": lognormal(1 / MU, 2.0),
}


def jobs_at(load: float) -> int:
    """So many that the interval is a few per cent at most: it widens as 1/(1 - ρ)² near saturation (Whitt 1989)."""
    return JOBS * (30 if load > 0.9 else 5 if load > 0.8 else 1)


def one_server(load: float) -> Iterator[Row]:
    """M/M/1: number, times, and the quantiles of the sojourn."""
    rate = load * MU
    found = simulate_queue(exponential(1 / rate), exponential(1 / MU), jobs=jobs_at(load), seed=SEED)
    name = f"M/M/1, ρ = {load:g}: "
    book = "Kleinrock, Queueing Systems 1, chapters 3 and 5"
    yield near(f"{name}number in the system", load / (1 - load), found.number, within=0.05, source=book, why=EXACT)
    yield near(f"{name}sojourn", 1e3 / (MU - rate), _ms(found.sojourn_s), within=0.05, source=book, why=EXACT,
               unit="ms")  # fmt: skip
    yield near(f"{name}share that waits", load, found.delayed, within=0.05, source=book, why=EXACT)
    for share in (0.5, 0.99):
        yield near(f"{name}{share:.0%} of the sojourns within", 1e3 * sojourn_quantile_s(share, rate, MU),
                   _ms(found.quantile_s[share]), within=0.05, source=book, why=EXACT, unit="ms")  # fmt: skip


def deterministic_server(load: float) -> Iterator[Row]:
    """M/D/1."""
    found = simulate_queue(exponential(1 / (load * MU)), SERVICES["deterministic"], jobs=jobs_at(load), seed=SEED)
    expected_s = 1 / MU + load / (2 * MU * (1 - load))
    yield near(f"M/D/1, ρ = {load:g}: sojourn", 1e3 * expected_s, _ms(found.sojourn_s), within=0.05,
               source="Kleinrock, Queueing Systems 1, chapter 5", why=EXACT, unit="ms")  # fmt: skip


def any_service(name: str) -> Iterator[Row]:
    """M/G/1."""
    found = simulate_queue(exponential(1 / 700), SERVICES[name], jobs=JOBS, seed=SEED)
    yield near(f"M/G/1, {name}, ρ = 0.7: wait", 1e3 * pollaczek_khinchine_wait_s(700, SERVICES[name]),
               _ms(found.wait_s), within=0.05, source="Pollaczek 1930, Khinchine 1932", why=EXACT,
               unit="ms")  # fmt: skip


def ten_places(load: float) -> Iterator[Row]:
    """M/M/1/10: drop-tail."""
    found = simulate_queue(exponential(1 / (load * MU)), exponential(1 / MU), capacity=10,
                           jobs=(40 if load < 0.6 else 4 if load < 0.75 else 1) * JOBS, seed=SEED)  # fmt: skip
    yield near(f"M/M/1/10, ρ = {load:g}: loss", full_share(load, 10), found.lost, within=0.05,
               source="Kleinrock, Queueing Systems 1, chapter 3", why=EXACT)  # fmt: skip


def blocked_calls(offered: float, servers: int) -> Iterator[Row]:
    """M/M/c/c."""
    found = simulate_queue(exponential(1 / offered), exponential(1.0), servers=servers, capacity=servers, jobs=JOBS,
                           seed=SEED)  # fmt: skip
    yield near(f"Erlang B, {offered:g} erlang on {servers} servers: blocked", erlang_b(offered, servers), found.lost,
               within=0.05, source="Erlang 1917", why=EXACT)  # fmt: skip


def blocked_whatever_the_service() -> Iterator[Row]:
    """M/G/c/c: insensitive."""
    found = simulate_queue(exponential(1 / 5), lognormal(1.0, 3.0), servers=10, capacity=10, jobs=JOBS, seed=SEED)
    yield near("Erlang B, 5 erlang on 10 servers, lognormal service: blocked", erlang_b(5, 10), found.lost,
               within=0.05, source="Sevastyanov 1957: blocking depends on the mean alone", why=EXACT)  # fmt: skip


def delayed_calls(offered: float, servers: int) -> Iterator[Row]:
    """M/M/c."""
    found = simulate_queue(exponential(1 / offered), exponential(1.0), servers=servers, jobs=JOBS, seed=SEED)
    late = erlang_c(offered, servers)
    name = f"M/M/{servers}, {offered:g} erlang: "
    yield near(f"{name}share that waits (Erlang C)", late, found.delayed, within=0.05, source="Erlang 1917", why=EXACT)
    yield near(f"{name}wait", late / (servers - offered), found.wait_s, within=0.05,
               source="Kleinrock, Queueing Systems 1, chapter 3", why=EXACT,
               unit="service times")  # fmt: skip


def priorities() -> Iterator[Row]:
    """Three classes at one server."""
    classes = [(200.0, exponential(1 / MU)), (300.0, deterministic(1 / MU)), (300.0, exponential(1 / MU))]
    waits = simulate_priorities([(exponential(1 / rate), service) for rate, service in classes], jobs=JOBS, seed=SEED)
    for place, (expected_s, wait_s) in enumerate(zip(cobham_waits_s(classes), waits, strict=True)):
        yield near(f"Priorities, class {place} of 3, ρ = 0.8: wait", 1e3 * expected_s, _ms(wait_s), within=0.05,
                   source="Cobham, Operations Research 2(1), 1954", why=EXACT, unit="ms")  # fmt: skip


def tandem() -> Iterator[Row]:
    """Three servers in a row."""
    rates = (1000.0, 900.0, 1400.0)
    found = simulate_tandem(exponential(1 / 700), [exponential(1 / mu) for mu in rates], jobs=JOBS, seed=SEED)
    for place, (mu, station) in enumerate(zip(rates, found, strict=True), 1):
        yield near(f"Tandem, station {place} of 3, ρ = {700 / mu:.3g}: number in the system", 700 / (mu - 700),
                   station.number, within=0.05, source="Jackson 1957 (Burke 1956 for the departures)",
                   why=EXACT)  # fmt: skip


def _ms(found_s: Estimate) -> Estimate:
    return replace(found_s, mean=1e3 * found_s.mean, half=1e3 * found_s.half)


LOADS = (0.5, 0.7, 0.8, 0.9, 0.95)
GROUP = Group(
    name="queueing",
    title="Queues, against closed forms",
    text="The packet engine's own queues, links and dice; batch means of one long run of "
    f"{JOBS // 1_000_000} million jobs or more, the first tenth thrown away.",
    cases=(
        *(Case(name=f"M/M/1 at {load:g}", rows=partial(one_server, load), brief=load == LOADS[0]) for load in LOADS),
        *(Case(name=f"M/D/1 at {load:g}", rows=partial(deterministic_server, load)) for load in LOADS),
        *(Case(name=f"M/G/1, {name}", rows=partial(any_service, name)) for name in list(SERVICES)[1:]),
        *(Case(name=f"M/M/1/10 at {load:g}", rows=partial(ten_places, load)) for load in LOADS),
        *(
            Case(name=f"Erlang B {offered:g}, {servers}", rows=partial(blocked_calls, offered, servers))
            for offered, servers in ((2, 4), (5, 10), (8, 10), (20, 25))
        ),
        Case(name="Erlang B, other service", rows=blocked_whatever_the_service),
        *(
            Case(
                name=f"Erlang C {offered:g}, {servers}",
                rows=partial(delayed_calls, offered, servers),
                brief=servers == 2,
            )
            for offered, servers in ((1.6, 2), (3.2, 4), (8, 10))
        ),
        Case(name="priorities", rows=priorities, brief=True),
        Case(name="tandem", rows=tandem, brief=True),
    ),
)
