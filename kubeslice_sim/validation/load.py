"""Load: round trips behind a full shaper, jitter and overload, in whole worlds by both engines."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from kubeslice_sim.observe.estimate import estimate
from kubeslice_sim.validation.target import Case, Group, Row, near
from kubeslice_sim.validation.world import play, rate_bps, round_trip_s, total, world

RUNS = 4
SETTLED_S, END_S = 20.0, 60
JITTER_MS = 5
OFFERED_KBPS, OVERLOADED_KBPS = 12_000, 5_120
FLUID = "The fluid engine's run of the same world"
SEEDS = range(1, RUNS + 1)


def round_trips(ceiling_kbps: int) -> Iterator[Row]:
    """A ping beside a transfer that keeps the shaper's queue, in the same tunnel."""
    both = []
    for engine in ("fluid", "packet"):
        laid = world(ceiling_kbps=ceiling_kbps, engine=engine, duration_s=END_S, pinged=True, one_tunnel=True)
        both.append(estimate([1e3 * round_trip_s(play(laid, seed), SETTLED_S) for seed in SEEDS]))
    yield near(f"Round trip beside CUBIC under {ceiling_kbps} kbit/s: packets against fluid", both[0].mean, both[1],
               within=0.05, approximate=True, unit="ms", source=FLUID,
               why="The fluid queue is a formula's: CUBIC's cycle between the top of the buffer and 0.7 of the "
               "window.")  # fmt: skip


def jitter() -> Iterator[Row]:
    """Delays that vary, without a packet overtaking another."""
    calm, shaken = (
        [rate_bps(play(world(engine="packet", duration_s=END_S, jitter_ms=jitter_ms), seed), SETTLED_S) / 1e6
         for seed in SEEDS]
        for jitter_ms in (0, JITTER_MS)
    )  # fmt: skip
    yield near(f"CUBIC under 30 Mbit/s, jitter of {JITTER_MS} ms on 60: rate by packets", estimate(calm).mean,
               estimate(shaken), within=0.01, approximate=True, unit="Mbit/s",
               source="The same without jitter: a buffer that never empties hides it (Villamizar and Song 1994)",
               why="Packets keep their order, so none is taken for lost.")  # fmt: skip


def overload() -> Iterator[Row]:
    """Datagrams at more than twice what the slice carries."""
    lost = []
    for engine in ("fluid", "packet"):
        run = play(world(ceiling_kbps=OVERLOADED_KBPS, engine=engine, duration_s=END_S, udp_kbps=OFFERED_KBPS))
        lost.append(1.0 - total(run, "received_bytes") / total(run, "sent_bytes"))
    yield near(f"UDP of {OFFERED_KBPS} kbit/s under {OVERLOADED_KBPS}: share lost, packets against fluid", lost[0],
               lost[1], within=0.01, source=FLUID, why="What the buffer still holds at the end is 0.3 % of what was "
               "sent.")  # fmt: skip


GROUP = Group(
    name="load",
    title="Under load: both engines on the same worlds",
    text="The two engines share the planner's sizes and rates but no code of queues: the packet engine moves every "
    f"packet through shapers and buffers, the fluid solves for rates. {RUNS} runs of {END_S} s where chance plays a "
    "part.",
    cases=(
        *(Case(name=f"round trip, {ceiling}", rows=partial(round_trips, ceiling), brief=ceiling == OVERLOADED_KBPS)
          for ceiling in (30_000, OVERLOADED_KBPS)),
        Case(name="jitter", rows=jitter),
        Case(name="overload", rows=overload, brief=True),
    ),
)  # fmt: skip
