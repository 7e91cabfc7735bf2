"""Who gets how much where slices, tunnels and flows meet: the fluid engine, the packet engine, and Linux itself."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial
from itertools import combinations
from statistics import fmean
from typing import Literal

from kubeslice_sim import build
from kubeslice_sim.build import WorldBuilder
from kubeslice_sim.observe.run import Run
from kubeslice_sim.validation.target import Case, Group, Row, between, near
from kubeslice_sim.validation.world import play

Engine = Literal["fluid", "packet"]
ENGINES: tuple[Engine, ...] = ("fluid", "packet")
_SETTLED_S = 10.0
_UNTIL_S = 40


def _ground(names: tuple[str, ...], *, slow: str = "") -> WorldBuilder:
    """Clusters 10 ms apart; ``slow`` has a device of 100 Mbit/s."""
    made = build.world("world").project("demo")
    for name in names:
        made = made.cluster(name, node_bandwidth="100Mbit") if name == slow else made.cluster(name)
    for one, other in combinations(names, 2):
        made = made.link(one, other, rtt="10ms", bandwidth="10Gbit")
    return made


def _slice(made: WorldBuilder, name: str, at: tuple[str, ...], *, ceiling: str, guaranteed: str) -> WorldBuilder:
    """A slice of one tunnel a pair, with a client and a server in each cluster."""
    made = made.slice(
        name, f"10.{len(name)}.0.0/16", max_clusters=4, gateway="Wireguard", ceiling=ceiling, guaranteed=guaranteed,
        dscp="AF11", namespaces=[name],
    ).topology(name, gateways_per_pair=1)  # fmt: skip
    for cluster in at:
        made = made.pod(f"{name}/client-{cluster}", on=cluster, emulate="sleep", container="c").pod(
            f"{name}/server-{cluster}", on=cluster, emulate="iperf3", image="iperf", ports=[5201], container="s"
        )
    return made


def _scenario(made: WorldBuilder, engine: Engine) -> WorldBuilder:
    return made.scenario("sharing", f"{_UNTIL_S}s", timing="fast", engine=engine)


def _tcp(
    made: WorldBuilder, slice_: str, there: tuple[str, str], *, streams: int = 1, start_s: float = 0.0
) -> WorldBuilder:
    """TCP from a client to a server of the slice, named by the slice and both clusters."""
    source, target = there
    return made.tcp(f"{slice_}-{source}-{target}", f"{slice_}/client-{source}@{source}",
                    f"{slice_}/server-{target}@{target}:5201", start=f"{start_s}s",
                    duration=f"{_UNTIL_S - start_s}s", streams=streams)  # fmt: skip


def _rates(run: Run) -> dict[str, float]:
    """The mean rate of each probe once all is settled, in Mbit/s."""
    found: dict[str, list[float]] = {}
    for row in run.observations:
        if row.metric == "rate_bps" and row.at_s > _SETTLED_S:
            found.setdefault(row.probe, []).append(row.value / 1e6)
    return {probe: fmean(values) for probe, values in found.items()}


@cache
def _tunnels(engine: Engine, datagrams: bool) -> dict[str, float]:
    three = ("a", "b", "c")
    made = _scenario(_slice(_ground(three), "red", three, ceiling="10Mbit", guaranteed="1Mbit"), engine)
    if datagrams:
        made = made.udp("red-a-b", "red/client-a@a", "red/server-b@b:5201", rate="20Mbit", duration=f"{_UNTIL_S}s")
    else:
        made = _tcp(made, "red", ("a", "b"), streams=9)
    return _rates(play(_tcp(made, "red", ("a", "c")).build()))


def tunnels(datagrams: bool) -> Iterator[Row]:
    """Two tunnels under one shaper of 10 Mbit/s: much in the one, one TCP flow in the other."""
    what = "UDP of 20 Mbit/s" if datagrams else "nine TCP flows"
    packets = _tunnels("packet", datagrams)
    for probe, which in (("red-a-b", what), ("red-a-c", f"the TCP flow in the other tunnel, beside {what}")):
        yield near(f"Two tunnels, one shaper: {which}", packets[probe], _tunnels("fluid", datagrams)[probe],
                   within=0.03, source="our packet engine, which keeps sfq's queues tunnel by tunnel (sch_sfq.c)",
                   why="The packet engine's own scatter over half a minute is about 1 %.", unit="Mbit/s")  # fmt: skip
    share = packets["red-a-c"] / sum(packets.values())
    yield near(f"Two tunnels, one shaper, packets: share beside {what}", 0.5, share,
               within=0.03, source="sch_sfq.c: one turn a flow, and a tunnel is one", why="Scatter.")  # fmt: skip


@cache
def _arrivals(engine: Engine, first: str) -> dict[str, float]:
    three = ("a", "b", "c")
    made = _scenario(_slice(_ground(three, slow="b"), "red", three, ceiling="90Mbit", guaranteed="1Mbit"), engine)
    for source in ("a", "c"):
        made = _tcp(made, "red", (source, "b"), start_s=0.0 if source == first else 5.0)
    return _rates(play(made.build()))


def arrivals() -> Iterator[Row]:
    """Two like flows, one 5 s after the other, from two clusters into a device of 100 Mbit/s."""
    for first in ("a", "c"):
        found = _arrivals("fluid", first)
        share = found["red-a-b"] / sum(found.values())
        yield near(f"Two like flows into one device, {first} first: a's share", 0.5, share,
                   within=1e-6, source="max-min fairness: like flows at one bottleneck get the same",
                   why="No chance is in this; CUBIC by packets takes minutes to get there.")  # fmt: skip
    packets = sum(_arrivals("packet", "a").values())
    yield near("Two like flows into one device, together", packets, sum(_arrivals("fluid", "a").values()), within=0.03,
               source="our packet engine", why="What a full device carries.", unit="Mbit/s")  # fmt: skip


@cache
def _guaranteed(engine: Engine, red: int, blue: int, streams: tuple[int, int]) -> dict[str, float]:
    two = ("a", "b")
    made = _ground(two, slow="a")
    for name, rate in (("red", red), ("blue", blue)):
        made = _slice(made, name, two, ceiling="80Mbit", guaranteed=f"{rate}Mbit")
    made = _scenario(made, engine)
    for name, count in zip(("red", "blue"), streams, strict=True):
        made = _tcp(made, name, two, streams=count)
    return _rates(play(made.build()))


_KERNEL = 59.8 / (59.8 + 35.4)
"""Red's share by iperf3, in namespaces under Linux 6.18; a second run gave 60.1 %."""
_KERNEL_UDP = 0.697
"""The same where each slice offers 95 Mbit/s of datagrams, by the classes' own counts."""


def guaranteed(engine: Engine) -> Iterator[Row]:
    """A device of 100 Mbit/s, two slices of 80: red has 60 guaranteed and two flows, blue has 10 and six."""
    found = _guaranteed(engine, 60, 10, (2, 6))
    share = found["red-a-b"] / sum(found.values())
    source = "KubeSlice's HTB classes over a tbf of 100 Mbit/s, measured by us with iperf3 in network namespaces"
    if engine == "packet":
        yield near("A slow device, packets: the share of the slice with 60 % guaranteed", _KERNEL, share, within=0.05,
                   source=source, why="Runs of Linux differ by 4 % among themselves.")  # fmt: skip
        return
    yield between("A slow device, fluid: the share of the slice with 60 % guaranteed", _KERNEL, _KERNEL_UDP, share,
                  source=f"{source}, by TCP and by UDP", within=0.09,
                  why="The guarantees are exact. The 30 % beyond them are given in equal parts here; how Linux divides "
                  "them hangs on phases and class ids: red got 9 % of them by TCP, 31 % by UDP, and 48 to 98 % in "
                  "five more runs with other guarantees. Equal parts are 8 % off that by UDP.")  # fmt: skip


def sweep_of_guarantees() -> Iterator[Row]:
    """bandwidthGuaranteedKbps has an effect: what red gets as its guarantee grows."""
    for engine in ENGINES:
        for rate in (20, 40, 70):
            found = _guaranteed(engine, rate, 10, (2, 6))
            # Of 100 Mbit/s on the line; HTB counts frames without preamble, gap and checksum.
            least = rate / 100.0
            yield between(f"A slow device, {engine}: red's share of it with {rate} % guaranteed", least, 0.8 / 0.95,
                          found["red-a-b"] / sum(found.values()), within=0.02,
                          source="sch_htb.c: leaves within their rate before those that borrow",
                          why="At least the guarantee, at most the ceiling; 2 % for bursts.")  # fmt: skip


GROUP = Group(
    name="sharing",
    title="Sharing between slices, tunnels and flows",
    text="Where a slice's shaper, a tunnel or a node's device is what is slow: the fluid engine against packets, and "
    "against Linux where it was measured.",
    cases=(
        Case(name="tunnels of TCP under one shaper", rows=partial(tunnels, False), brief=True),
        Case(name="a tunnel of datagrams beside one of TCP", rows=partial(tunnels, True)),
        Case(name="order of arrival", rows=arrivals),
        *(Case(name=f"guaranteed rate, {engine}", rows=partial(guaranteed, engine)) for engine in ENGINES),
        Case(name="guaranteed rates", rows=sweep_of_guarantees),
    ),
)
