"""Overload: what TCP keeps beside datagrams, and makes of lost acknowledgements; both engines on the same worlds."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from statistics import fmean

from kubeslice_sim.simulator.overload import sparse_pass
from kubeslice_sim.simulator.packet.distribution import deterministic, exponential
from kubeslice_sim.simulator.packet.network import PacketNetwork
from kubeslice_sim.simulator.packet.specs import Bulk, Hop, Link, Source
from kubeslice_sim.simulator.tcp import Congestion
from kubeslice_sim.validation.target import Case, Group, Row, between, near
from kubeslice_sim.validation.world import play, rate_bps, world

CEILING_KBPS = 20_000
SETTLED_S, END_S = 20.0, 80
SEEDS = range(1, 4)
FLUID = "The fluid engine's run of the same world"
RESPONSE = f"{FLUID}: the fixed point of loss and response, as Padhye et al. 1998 have it for TCP alone"


def kept(load: float, flows: int, rtt_ms: int, congestion: Congestion) -> Iterator[Row]:
    """TCP beside datagrams in one tunnel."""
    fluid, packets = _both(load, flows, rtt_ms, congestion, one_tunnel=True)
    told, found = fmean(fluid) / CEILING_KBPS, fmean(packets) / CEILING_KBPS
    name = f"{flows} {congestion}, RTT {rtt_ms} ms, beside UDP of {load:g} of the ceiling"
    if load < 1.0:
        room = 0.015 if load < 0.85 else 0.025
        yield between(f"{name}: TCP's share of the ceiling", max(0.0, told - room), told + room, found, source=RESPONSE,
                      why=f"{100 * room:g} % of the ceiling. Datagrams at an even pace find a place where bursts do "
                      "not, which the fluid leaves out below overload: at 0.9 a single flow that has 0.046 by fluid "
                      "has 0.026 by packets.")  # fmt: skip
        return
    yield between(f"{name}: TCP's rate", told * CEILING_KBPS / 4.0, told * CEILING_KBPS * 4.0, found * CEILING_KBPS,
                  source=RESPONSE, unit="kbit/s",
                  why="Wider than 5 %: a factor of four either way. What is left is a segment every few seconds and "
                  "timeouts that double; the model's timeouts are Padhye's mean. Before, one constant stood here for "
                  "rates that differ a hundredfold.")  # fmt: skip


def lanes(load: float) -> Iterator[Row]:
    """Two tunnels, which SFQ under the slice's shaper serves in turn; the hash puts both on one, or not."""
    fluid, packets = _both(load, 1, 20, "cubic", one_tunnel=False)
    for seed, told, found in zip(SEEDS, fluid, packets, strict=True):
        yield between(f"1 cubic beside UDP of {load:g} of the ceiling, two tunnels, seed {seed}: TCP's share",
                      max(0.0, told / CEILING_KBPS - 0.01), told / CEILING_KBPS + 0.01, found / CEILING_KBPS,
                      source=f"{FLUID}; McKenney 1990 (stochastic fairness queueing)",
                      why="1 % of the ceiling: in tunnels of their own both get half, in one the rest.")  # fmt: skip


def got_in(load: float, duration_s: float) -> float:
    """The share of packets now and then that find a place in a queue that an even stream overruns."""
    network = PacketNetwork(1)
    link = network.add_link(Link(name="link", capacity=1e6, limit_packets=50))
    way = network.add_way([Hop(link=link, work=(1e3,))])
    network.add_source(Source(name="even", ways=(way,), gap=deterministic(1e-3 / load)))
    rare = network.add_source(Source(name="rare", ways=(way,), gap=exponential(0.2), start_s=10.0))
    network.run(duration_s)
    count = network.flow(rare)
    return count.received / count.sent


def sparse(load: float) -> Iterator[Row]:
    """A packet now and then at a queue that an even stream overruns."""
    yield near(f"Sparse packets at a queue that an even stream of {load:g} overruns: share that gets in",
               sparse_pass(1.0 / load, 0.0), got_in(load, 4000.0), within=0.05,
               source="A freed place is taken half a gap later on average: 1/(2ρ)",
               why="Some 20,000 chances: the standard error is 1 % of the share.")  # fmt: skip


def unheard(ack_loss: float) -> Iterator[Row]:
    """Acknowledgements lost by chance, data not."""
    rates = []
    for seed in SEEDS:
        network = PacketNetwork(seed)
        there = network.add_link(Link(name="there", capacity=20e6, delay_s=0.025, limit_packets=100))
        back = network.add_link(Link(name="back", delay_s=0.025, loss=ack_loss))
        flow = network.add_bulk(
            Bulk(name="bulk", there=(network.add_way([Hop(link=there, work=(12_000.0,))]),),
                 back=network.add_way([Hop(link=back)]), mss_bytes=1460, rto_s=0.2)
        )  # fmt: skip
        network.run(30.0)
        before = network.flow(flow).delivered
        network.run(90.0)
        rates.append((network.flow(flow).delivered - before) * 12_000.0 / 60.0 / 1e6)
    yield near(f"CUBIC by packets over 20 Mbit/s, {ack_loss:.0%} of acknowledgements lost: rate", 20.0, fmean(rates),
               within=0.02, unit="Mbit/s", source="RFC 9293 3.10 (cumulative), RFC 8985 7 (probes), RFC 5682 (F-RTO)",
               why="Each acknowledgement makes up for those before it; what is lost besides is a burst now and "
               "then.")  # fmt: skip


def against(load: float) -> Iterator[Row]:
    """TCP whose acknowledgements share their way with datagrams that leave them room."""
    found = [
        rate_bps(play(world(ceiling_kbps=CEILING_KBPS, rtt_ms=20, one_tunnel=True, duration_s=END_S, engine=engine,
                            against_kbps=int(load * CEILING_KBPS))), SETTLED_S) / 1e6
        for engine in ("fluid", "packet")
    ]  # fmt: skip
    yield near(f"CUBIC against UDP of {load:g} of the ceiling on the way back: rate", found[0], found[1], within=0.02,
               unit="Mbit/s", source=FLUID, why="The ceilings of both directions are apart.")  # fmt: skip


def _both(
    load: float, flows: int, rtt_ms: int, congestion: Congestion, *, one_tunnel: bool
) -> tuple[list[float], list[float]]:
    """Seed by seed, what TCP gets in kbit/s by the fluid engine and by packets."""

    def rate_kbps(engine: str, seed: int) -> float:
        made = world(ceiling_kbps=CEILING_KBPS, rtt_ms=rtt_ms, one_tunnel=one_tunnel, streams=flows, engine=engine,
                     duration_s=END_S, congestion=congestion, beside_kbps=int(load * CEILING_KBPS))  # fmt: skip
        return rate_bps(play(made, seed), SETTLED_S) / 1e3

    return [rate_kbps("fluid", seed) for seed in SEEDS], [rate_kbps("packet", seed) for seed in SEEDS]


GRID: tuple[tuple[float, int, int, Congestion], ...] = (
    (0.8, 1, 10, "cubic"), (0.8, 8, 10, "cubic"), (0.8, 1, 100, "reno"), (0.8, 8, 100, "reno"),
    (0.9, 1, 20, "cubic"), (0.9, 8, 20, "cubic"), (0.95, 1, 10, "reno"), (0.95, 8, 100, "cubic"),
    (1.0, 8, 20, "cubic"), (1.2, 8, 100, "reno"), (1.5, 8, 20, "cubic"), (2.0, 8, 10, "reno"),
)  # fmt: skip
GROUP = Group(
    name="overload",
    title="Overload: TCP beside datagrams that do not slow down",
    text="Worlds of one slice of 20 Mbit/s, datagrams of 0.8 to 2 times that. The fluid engine solves for the loss at "
    "which TCP's response is just what datagrams leave; the packet engine knows neither formula nor fixed point. "
    f"{len(SEEDS)} seeds of {END_S} s each.",
    cases=(
        *(Case(name=f"kept, {load:g}, {flows} {congestion}, {rtt_ms} ms",
               rows=partial(kept, load, flows, rtt_ms, congestion))
          for load, flows, rtt_ms, congestion in GRID),
        *(Case(name=f"lanes, {load:g}", rows=partial(lanes, load)) for load in (0.8, 1.2)),
        *(Case(name=f"sparse, {load:g}", rows=partial(sparse, load), brief=load < 1.2) for load in (1.0713, 1.9371)),
        *(Case(name=f"unheard, {loss:g}", rows=partial(unheard, loss)) for loss in (0.3, 0.7)),
        *(Case(name=f"against, {load:g}", rows=partial(against, load)) for load in (0.5, 0.9)),
    ),
    left_out=(
        "TCP against datagrams that overrun its way back, in the same tunnel: most acknowledgements are lost where "
        "shapers stand in a row, so a connection flows or stands still, by chance, in both engines (20 Mbit/s, 120 s, "
        "UDP of 1 to 2 times that: standing still in 42 of 48 runs by packets, in 52 of 96 by fluid); no mean tells "
        "that. Several flows stand still less often by fluid; far ones by packets, whose queues take time to fill.",
        "Flows of several tunnels beside each other: SFQ shares between tunnels, the fluid engine between flows.",
    ),
)  # fmt: skip
