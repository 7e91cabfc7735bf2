"""TCP: transcribed formulas against published tables; the packet engine against them; the fluid against packets."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from typing import Literal

from kubeslice_sim.observe.estimate import estimate
from kubeslice_sim.simulator.packet.network import PacketNetwork
from kubeslice_sim.simulator.packet.specs import Bulk, Hop, Link
from kubeslice_sim.simulator.tcp import (
    Window,
    cubic_window,
    loss_limit_bps,
    reno_window,
    retries_s,
    window_limit_bps,
)
from kubeslice_sim.validation.padhye import pftk_rate
from kubeslice_sim.validation.target import Case, Group, Row, exactly, near
from kubeslice_sim.validation.world import play, rate_bps, world

Reactive = Literal["reno", "cubic"]
MSS_BYTES = 1460
BITS = 8 * MSS_BYTES
RTT_S = 0.05
SEGMENT_BITS, ACK_BITS = 12_000.0, 400.0
RUNS = 8
SETTLED_S, LOSSY_S = 20.0, 220
MATHIS = "Mathis, Semke, Mahdavi and Ott, CCR 27(3), 1997"
PADHYE = "Padhye, Firoiu, Towsley and Kurose, SIGCOMM 1998, the short form"
ROUNDED = "The table's rates are rounded to the digits shown: half of the last one."

# RTT, loss, Mbit/s to their last digit: Mathis with an ACK a segment, Padhye with one for two and T0 = max(0.2, 4 RTT).
PUBLISHED = (
    (0.01, 1e-4, "143.1", "100.7"), (0.01, 1e-3, "45.2", "30.6"), (0.01, 1e-2, "14.3", "7.0"),
    (0.05, 1e-4, "28.6", "20.2"), (0.05, 1e-3, "9.05", "6.34"), (0.05, 1e-2, "2.86", "1.86"),
    (0.1, 1e-4, "14.3", "10.1"), (0.1, 1e-3, "4.52", "3.17"), (0.1, 1e-2, "1.43", "0.93"),
)  # fmt: skip
# RFC 9438's table of window averages at an RTT of 0.1 s and C = 0.4.
CUBIC_WINDOWS = ((1e-2, 12), (1e-3, 38), (1e-4, 187), (1e-5, 1054), (1e-6, 5926), (1e-7, 33325), (1e-8, 187400))


def formulas() -> Iterator[Row]:
    """Mathis, by whose response the fluid engine weighs flows that compete, and Padhye, whom packets are held to."""
    for rtt, loss, one, padhye in PUBLISHED:
        at = f"RTT {1e3 * rtt:g} ms, loss {loss:g}"
        found = (
            (f"Mathis, {at}, an ACK a segment", one, reno_window(loss) / rtt, MATHIS),
            (f"Padhye, {at}, an ACK for two", padhye, pftk_rate(loss, rtt, max(0.2, 4 * rtt)), PADHYE),
        )
        for name, told, rate, source in found:
            half = 0.5 * 10.0 ** -len(told.partition(".")[2])
            yield near(f"{name}: payload rate", float(told), rate * BITS / 1e6, within=half / float(told) + 1e-9,
                       source=source, why=ROUNDED, unit="Mbit/s", kind="formula")  # fmt: skip


def cubic_windows() -> Iterator[Row]:
    """CUBIC's mean window."""
    for loss, segments in CUBIC_WINDOWS:
        friendly = loss >= 1e-3
        yield near(f"CUBIC, RTT 100 ms, loss {loss:g}: mean window", segments, cubic_window(loss, 0.1),
                   within=0.025 if friendly else 0.005, source="RFC 9438 5.1, table 1 (C = 0.4)", unit="segments",
                   kind="formula",
                   why="Here CUBIC follows Reno, for which the RFC takes 1.2/√p and we Mathis' √(3/2p), 2.1 % more."
                   if friendly else "The RFC rounds its constant 1.054 to three digits and its windows to whole "
                   "segments.")  # fmt: skip


def timers() -> Iterator[Row]:
    """Windows and retries by themselves, without a network."""
    yield exactly("Window of 1.25 MB, RTT 100 ms: rate", 100.0, window_limit_bps(0.1, 1_250_000) / 1e6, unit="Mbit/s",
                  source="RFC 9293: one window a round trip", why="Arithmetic.", kind="formula")  # fmt: skip
    tries = retries_s(0.06)
    for number, again_s in enumerate((0.12, 0.38, 0.9, 1.94), 1):
        yield exactly(f"Segment repeated at RTT 60 ms, try {number}", again_s, next(tries), unit="s", why="Timers.",
                      kind="formula",
                      source="RFC 8985 7.2 (probe after 2 RTT), RFC 6298 5.5 (timeouts double)")  # fmt: skip
    window = Window("cubic")
    for _ in range(4):
        window.grow(0.05, 0.05)
    yield exactly("Slow start from 10 segments, four round trips: window", 160, window.segments, unit="segments",
                  source="RFC 6928, RFC 5681 3.1", why="It doubles each round trip.", kind="formula")  # fmt: skip
    window = Window("cubic")
    window.recovered(400)
    for _ in range(67):
        window.grow(0.1, 0.1)
    yield near("CUBIC after a loss at 400 segments, K = ∛(400 · 0.3/0.4) s later: window", 400, window.segments,
               within=0.001, unit="segments", source="RFC 9438 4.2", kind="formula",
               why="The test's steps of 0.1 s end 0.006 s from K, where the cubic is flat.")  # fmt: skip


def regular_losses(every: int) -> Iterator[Row]:
    """Reno by packets, every so-manieth lost: the very model of Mathis."""
    rate = _rate(600 * math.sqrt(every) * RTT_S, lose_every=every, ack_every=1, congestion="reno")
    yield near(f"Reno by packets, every {every:,}th lost: rate", reno_window(1 / every) / RTT_S, rate, within=0.03,
               unit="segments/s", source=MATHIS,
               why="The model leaves out the round trip that each recovery takes: one in 20 at 1,000, fewer "
               "beyond.")  # fmt: skip


def chance_losses(loss: float) -> Iterator[Row]:
    """Reno by packets, lost by chance: the mean window of the sawtooth with exponential gaps."""
    found = _replicated(2_000.0 * math.sqrt(1e-3 / loss), loss=loss, ack_every=1, congestion="reno")
    yield near(f"Reno by packets, loss {loss:g} by chance: window · √loss",
               1.3098, estimate([rate * RTT_S * math.sqrt(loss) for rate in found]), within=0.05, approximate=True,
               source="Ott, Kemperman and Mathis 1996: 1.3098/√p, an ACK a segment",
               why="The limit for small losses; recoveries take up to a few per cent of the time.")  # fmt: skip


def padhye(loss: float) -> Iterator[Row]:
    """Reno with delayed acknowledgements."""
    found = _replicated(1_000.0, loss=loss, ack_every=2, per_ack=True, congestion="reno")
    yield near(f"Reno by packets, loss {loss:g} by chance, an ACK for two: rate",
               pftk_rate(loss, RTT_S, max(0.2, 4 * RTT_S)), estimate(found), within=0.1, approximate=True,
               unit="segments/s",
               source=PADHYE, why="Wider than 5 %: the model's Reno has timeouts, and our sender recovers by SACK "
               "without, so it lies a little higher.")  # fmt: skip


def cubic_by_packets(every: int) -> Iterator[Row]:
    """CUBIC, so rare a loss that its window is far above Reno's."""
    rate = _rate(4 * every / cubic_window(1 / every, RTT_S) * RTT_S * 25, lose_every=every, ack_every=1,
                 congestion="cubic")  # fmt: skip
    yield near(f"CUBIC by packets, every {every:,}th lost: rate", cubic_window(1 / every, RTT_S) / RTT_S, rate,
               within=0.05, unit="segments/s", source="RFC 9438 5.1",
               why="The model has no fast convergence, no recovery time and a continuous window.")  # fmt: skip


def limits_agree(congestion: Reactive, loss: float, rtt_s: float = RTT_S) -> Iterator[Row]:
    """What the fluid engine gives a flow under loss, against packets."""
    for_s = 20_000.0 * rtt_s * max(1.0, (rtt_s / RTT_S) ** 2)  # fewer losses and longer memory far away
    found = _replicated(for_s, loss=loss, ack_every=2, congestion=congestion, rtt_s=rtt_s)
    told = loss_limit_bps(congestion, loss, rtt_s, MSS_BYTES) / BITS
    source = "Ott, Kemperman and Mathis 1996" if congestion == "reno" else "The stationary mean of RFC 9438 4.2–4.7"
    yield near(f"Fluid engine's limit of {congestion} against packets, RTT {1e3 * rtt_s:g} ms, loss {loss:g} by chance",
               told, estimate(found), within=0.05, approximate=True, unit="segments/s",
               source=f"{source}; RFC 6675 5.1 for timeouts",
               why="Timeouts are approximate; 5 % bounds that.")  # fmt: skip


def engines_agree(loss: str) -> Iterator[Row]:
    """A transfer through a slice whose wide-area link loses packets: the whole world by both engines."""
    lossy = {engine: world(loss=loss, duration_s=LOSSY_S, engine=engine) for engine in ("fluid", "packet")}
    told = rate_bps(play(lossy["fluid"]), SETTLED_S) / 1e6
    found = [rate_bps(play(lossy["packet"], seed), SETTLED_S) / 1e6 for seed in range(1, RUNS + 1)]
    yield near(f"CUBIC through a slice, RTT 60 ms, loss {loss} by chance: packets against fluid", told, estimate(found),
               within=0.05, approximate=True, unit="Mbit/s", source="The fluid engine's run of the same world",
               why="The same allowance as for the limit alone.")  # fmt: skip


def _replicated(
    for_s: float, *, congestion: Reactive, loss: float, ack_every: int, per_ack: bool = False, rtt_s: float = RTT_S
) -> list[float]:
    return [
        _rate(for_s, congestion=congestion, loss=loss, ack_every=ack_every, per_ack=per_ack, seed=seed, rtt_s=rtt_s)
        for seed in range(1, RUNS + 1)
    ]


def _rate(
    for_s: float, *, congestion: Reactive, loss: float = 0.0, lose_every: int = 0, ack_every: int = 2,
    per_ack: bool = False, seed: int = 1, rtt_s: float = RTT_S,
) -> float:  # fmt: skip
    """Segments a second in the second half of one connection over a wide link that loses some."""
    network = PacketNetwork(seed)
    wide = Link(name="there", capacity=1e12, delay_s=rtt_s / 2, loss=loss, lose_every=lose_every)
    there = network.add_way([Hop(link=network.add_link(wide), work=(SEGMENT_BITS,))])
    back = network.add_way([Hop(link=network.add_link(Link(name="back", capacity=1e12, delay_s=rtt_s / 2)),
                                work=(ACK_BITS,))])  # fmt: skip
    flow = network.add_bulk(
        Bulk(name="bulk", there=(there,), back=back, mss_bytes=MSS_BYTES, window_bytes=1e8, congestion=congestion,
             ack_every=ack_every, per_ack=per_ack)
    )  # fmt: skip
    network.run(for_s / 2)  # slow start overshoots: what it leaves takes a few losses to go
    before = network.flow(flow).delivered
    network.run(for_s)
    return (network.flow(flow).delivered - before) / (for_s / 2)


_REACTIVE: tuple[Reactive, ...] = ("reno", "cubic")
GROUP = Group(
    name="tcp",
    title="TCP, against its formulas",
    text="The packet engine knows no formula and must come out at each under the losses it was made for. The fluid "
    "engine limits a flow by a formula of its own for today's senders (loss_limit_bps, in parts from those): the rows "
    "named after it, and those of whole worlds, hold it to packets. Mathis' and RFC 9438's windows it uses only to "
    f"weigh flows that compete; Padhye's not at all. Losses by chance: {RUNS} runs of different seeds.",
    cases=(
        Case(name="Mathis and Padhye", rows=formulas, brief=True),
        Case(name="CUBIC's windows", rows=cubic_windows, brief=True),
        Case(name="timers", rows=timers, brief=True),
        *(Case(name=f"Reno, every {every}th", rows=partial(regular_losses, every), brief=every == 1000)
          for every in (1_000, 3_000, 10_000)),
        *(Case(name=f"Reno by chance, {loss:g}", rows=partial(chance_losses, loss)) for loss in (1e-3, 3e-4, 1e-4)),
        *(Case(name=f"Padhye by packets, {loss:g}", rows=partial(padhye, loss)) for loss in (1e-3, 3e-3, 1e-2)),
        *(Case(name=f"CUBIC, every {every}th", rows=partial(cubic_by_packets, every))
          for every in (50_000, 200_000)),
        *(Case(name=f"{congestion}, limit and packets, {loss:g}", rows=partial(limits_agree, congestion, loss))
          for congestion in _REACTIVE for loss in (1e-3, 1e-2, 1e-1)),
        *(Case(name=f"{congestion}, limit and packets, RTT {rtt_s:g} s",
               rows=partial(limits_agree, congestion, 1e-3, rtt_s))
          for congestion in _REACTIVE for rtt_s in (0.01, 0.2)),
        *(Case(name=f"both engines, loss {loss}", rows=partial(engines_agree, loss)) for loss in ("0.1%", "1%")),
    ),
    left_out=(
        "Measurements of today's kernels: Mathis and Mahdavi themselves withdrew the macroscopic model for modern "
        "stacks (CCR 49(5), 2019).",
        "Linux' CUBIC under losses by chance: it keeps to 0.53 segments a round trip above the window that was lost, "
        "as RFC 8312 had it (patches for RFC 9438's 4.3 were offered in 2024); that gives 1.274/√p, 10 % less.",
        "BBR by packets: the packet engine has no BBR. The fluid engine lets light loss pass it by.",
    ),
)  # fmt: skip
