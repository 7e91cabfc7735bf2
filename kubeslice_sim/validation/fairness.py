"""Fairness: who gets what of a bottleneck that several TCP connections share, packet by packet."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Literal

from kubeslice_sim.observe.estimate import estimate
from kubeslice_sim.simulator.packet.network import PacketNetwork
from kubeslice_sim.simulator.packet.specs import Bulk, Hop, Link
from kubeslice_sim.validation.target import Case, Group, Row, between, near

Reactive = Literal["reno", "cubic"]
LINK_BPS = 50e6
SEGMENT_BITS = 12_000.0
SETTLED_S, END_S = 20.0, 600.0
RUNS = 6
NEAR_S, FAR_S = 0.04, 0.12
ROOM = math.ceil(LINK_BPS * 0.05 / SEGMENT_BITS)
"""Packets of a bandwidth-delay product at 50 ms."""
SMALL = ROOM // 4
"""Here the queue must not make the round trips alike."""


def alike(congestion: Reactive, count: int) -> Iterator[Row]:
    """Connections of one round trip."""
    runs = [_compete([0.05] * count, congestion, seed, ROOM) for seed in range(RUNS)]
    jain = estimate([sum(rates) ** 2 / (count * sum(rate**2 for rate in rates)) for rates in runs])
    name = f"{count} {congestion} connections, RTT 50 ms: "
    yield between(f"{name}Jain's index", 0.95, 1.0, jain, source="Jain, Chiu and Hawe 1984; Chiu and Jain 1989 (AIMD)",
                  why="A range: additive increase, multiplicative decrease comes to equal shares, but "
                  "swings.")  # fmt: skip
    full = estimate([sum(rates) * SEGMENT_BITS / LINK_BPS for rates in runs])
    yield near(f"{name}share of the link in use", 1.0, full, within=0.03, approximate=True,
               source="Villamizar and Song 1994: a buffer of bandwidth × RTT keeps a link busy",
               why="Headers are counted; what is sent again is not, about 1 %.")  # fmt: skip


def unlike() -> Iterator[Row]:
    """Reno's bias against long round trips."""
    runs = [_compete([NEAR_S, FAR_S], "reno", seed, SMALL) for seed in range(RUNS)]
    powers = [math.log(near_ / far) / math.log(FAR_S / NEAR_S) for near_, far in runs]
    yield between(f"Reno, RTT {1e3 * NEAR_S:g} against {1e3 * FAR_S:g} ms, share ∝ RTT^−α: α", 1.0, 2.0,
                  estimate(powers), why="A range in the source: it depends on how losses are synchronised.",
                  source="Lakshman and Madhow, IEEE/ACM ToN 5(3), 1997: 1 ≤ α ≤ 2")  # fmt: skip


def _compete(rtts_s: Sequence[float], congestion: Reactive, seed: int, room: int) -> list[float]:
    """The rates of connections over one bottleneck, segments a second; they start at moments that the seed shifts."""
    network = PacketNetwork(seed)
    shared = network.add_link(Link(name="shared", capacity=LINK_BPS, limit_packets=room))
    flows = []
    for place, rtt_s in enumerate(rtts_s):
        there = network.add_link(Link(name=f"there {place}", delay_s=rtt_s / 2))
        back = network.add_link(Link(name=f"back {place}", delay_s=rtt_s / 2))
        way = network.add_way([Hop(link=shared, work=(SEGMENT_BITS,)), Hop(link=there)])
        home = network.add_way([Hop(link=back)])
        flows.append(
            network.add_bulk(
                Bulk(name=f"flow {place}", there=(way,), back=home, mss_bytes=1460, congestion=congestion,
                     start_s=(1.7 + 0.31 * seed) * place)
            )
        )  # fmt: skip
    network.run(SETTLED_S)
    before = [network.flow(flow).delivered for flow in flows]
    network.run(END_S)
    elapsed_s = END_S - SETTLED_S
    return [(network.flow(flow).delivered - was) / elapsed_s for flow, was in zip(flows, before, strict=True)]


_REACTIVE: tuple[Reactive, ...] = ("reno", "cubic")
GROUP = Group(
    name="fairness",
    title="Fairness of TCP",
    text=f"The packet engine: a drop-tail link of {LINK_BPS / 1e6:g} Mbit/s that holds a bandwidth-delay product (a "
    f"quarter of one for unequal round trips); {RUNS} runs of {END_S:g} s.",
    cases=(
        *(
            Case(name=f"{count} {congestion}", rows=partial(alike, congestion, count),
                 brief=(congestion, count) == ("reno", 2))
            for congestion in _REACTIVE for count in (2, 8)
        ),
        Case(name="unequal round trips", rows=unlike),
    ),
)  # fmt: skip
