"""Max-min: shares of textbook networks, and processor sharing, where theory knows the mean of random arrivals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from kubeslice_sim.observe.estimate import estimate
from kubeslice_sim.simulator.fluid import Floats, Problem, max_min
from kubeslice_sim.simulator.maxmin.batch import Network, run
from kubeslice_sim.validation import random_networks
from kubeslice_sim.validation.closed_forms import erlang_c
from kubeslice_sim.validation.target import Case, Group, Row, exactly, near

EXACT = "Max-min shares are fractions; the solver may err by rounding only."
BY_INTERVAL = "The form is exact: the interval judges, and 5 % bounds its width."
FLOWS, BATCHES, WARM_UP = 600_000, 30, 0.1
LINK_BPS = 1e9
BITS = 1e9
"""A flow's mean size: one second of the whole link."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Textbook:
    """Links' capacities, and for each flow the links it crosses, its weight and cap; ``rates`` as published."""

    name: str
    links: tuple[float, ...]
    ways: tuple[tuple[int, ...], ...]
    rates: tuple[float, ...]
    source: str
    weights: tuple[float, ...] = ()
    caps: tuple[float, ...] = ()


_BOOK = "Bertsekas and Gallager, Data Networks, 2nd edition, 6.5.2"
_BY_HAND = f"{_BOOK}: its definition, worked out by hand"
TEXTBOOK = (
    Textbook(name="five sessions", links=(1, 1, 1, 1), ways=((0, 1), (2,), (1, 2), (3,), (2,)),
             rates=(2 / 3, 1 / 3, 1 / 3, 1.0, 1 / 3), source=f"{_BOOK}, the example of its figure"),
    Textbook(name="parking lot of three links", links=(1, 1, 1), ways=((0, 1, 2), (0,), (1,), (2,)),
             rates=(0.5, 0.5, 0.5, 0.5), source="Massoulié and Roberts 1999: the linear network"),
    Textbook(name="unequal links", links=(10, 4), ways=((0,), (0, 1), (1,), (1,), (1,)),
             rates=(9.0, 1.0, 1.0, 1.0, 1.0), source=_BY_HAND),
    Textbook(name="weights 1, 2 and 3", links=(12,), ways=((0,), (0,), (0,)), rates=(2.0, 4.0, 6.0),
             weights=(1, 2, 3), source=_BY_HAND),
    Textbook(name="a cap leaves the rest", links=(10,), ways=((0,), (0,), (0,)), rates=(1.0, 4.5, 4.5),
             caps=(1.0, 1e9, 1e9), source=_BY_HAND),
)  # fmt: skip


def shares(book: Textbook) -> Iterator[Row]:
    """Every rate of one textbook network."""
    count = len(book.ways)
    problem = Problem(
        capacity=np.array(book.links, dtype=float),
        flow=np.repeat(np.arange(count), [len(way) for way in book.ways]),
        resource=np.array([link for way in book.ways for link in way]),
        use=np.ones(sum(map(len, book.ways))),
        cap=np.array(book.caps or (np.inf,) * count, dtype=float),
        weight=np.array(book.weights or (1.0,) * count, dtype=float),
    )
    rates = max_min(problem).rate
    for place, (told, found) in enumerate(zip(book.rates, rates.tolist(), strict=True), 1):
        yield exactly(f"Max-min, {book.name}: session {place}", told, found, source=book.source, why=EXACT)


def processor_sharing(load: float, kind: str) -> Iterator[Row]:
    """M/G/1-PS: TCP flows of random sizes at random times over one link, as the incremental engine shares it."""
    dice = np.random.default_rng(6)
    flows = FLOWS * (4 if load > 0.8 else 1)
    took_s = _response_s(load, _sizes(kind, flows, dice), dice, cap_bps=LINK_BPS)
    yield near(f"Processor sharing, {kind} sizes, ρ = {load:g}: mean time of a flow", 1 / (1 - load),
               estimate(_batches(took_s)), within=0.05, unit="s",
               source="Kleinrock, Queueing Systems 2, chapter 4: E[S]/(1 − ρ), whatever the sizes' distribution",
               why=BY_INTERVAL)  # fmt: skip


def rate_limited(servers: int, load: float) -> Iterator[Row]:
    """Flows with a cap of 1/c of the link: M/M/c in number."""
    dice = np.random.default_rng(7)
    took_s = _response_s(load, _sizes("exponential", FLOWS, dice), dice, cap_bps=LINK_BPS / servers)
    offered = load * servers
    wait = erlang_c(offered, servers) / (servers - offered)
    yield near(f"Flows capped at 1/{servers} of a link, ρ = {load:g}: mean time of a flow", servers * (1 + wait),
               estimate(_batches(took_s)), within=0.05, unit="s",
               source="Cohen 1979: generalised processor sharing has M/M/c's numbers in system",
               why=BY_INTERVAL)  # fmt: skip


def _sizes(kind: str, flows: int, dice: np.random.Generator) -> Floats:
    if kind == "equal":
        return np.full(flows, BITS)
    if kind == "exponential":
        return dice.exponential(BITS, flows)
    return dice.exponential(np.where(dice.random(flows) < 0.2, 3.0, 0.5) * BITS)


def _response_s(load: float, sizes_bits: Floats, dice: np.random.Generator, cap_bps: float) -> Floats:
    starts_s = np.cumsum(dice.exponential(BITS / LINK_BPS / load, sizes_bits.size))
    wire = Network(capacity=np.array([LINK_BPS]), first=np.array([0, 1]), resource=np.array([0]), use=np.ones(1))
    routes = np.zeros(sizes_bits.size, dtype=np.int64)
    done = run(wire, starts_s, sizes_bits, routes, cap_bps=np.full(sizes_bits.size, cap_bps))
    return done.end_s - starts_s


def _batches(took_s: Floats) -> Sequence[float]:
    """The means of equal parts, the warm-up left out; flows are in the order of their starts."""
    settled = took_s[int(WARM_UP * took_s.size) :]
    return [float(part.mean()) for part in np.array_split(settled, BATCHES)]


GROUP = Group(
    name="max-min",
    title="Sharing, against textbooks and processor sharing",
    text="The incremental max-min engine. Flows that come at random and share a link fairly are the M/G/1 queue with "
    f"processor sharing: {FLOWS:,} flows or more of one second's mean size, in {BATCHES} batches.",
    cases=(
        *(Case(name=f"max-min, {book.name}", rows=partial(shares, book), brief=True) for book in TEXTBOOK),
        *(
            Case(name=f"processor sharing, {kind}, {load:g}", rows=partial(processor_sharing, load, kind),
                 brief=load == 0.5)
            for load, kind in ((0.5, "exponential"), (0.7, "exponential"), (0.9, "exponential"), (0.7, "equal"),
                               (0.7, "hyperexponential"))
        ),
        *(
            Case(name=f"capped flows, {servers}", rows=partial(rate_limited, servers, 0.8))
            for servers in (2, 4, 10)
        ),
        *random_networks.CASES,
    ),
    left_out=random_networks.LEFT_OUT,
)  # fmt: skip
