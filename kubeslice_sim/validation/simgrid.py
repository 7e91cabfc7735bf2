"""SimGrid: its flow models CM02 and LV08, played on our max-min engine, against what SimGrid itself says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from importlib import resources
from itertools import accumulate

import numpy as np

from kubeslice_sim.simulator.maxmin.batch import Network, run
from kubeslice_sim.simulator.tcp import window_limit_bps
from kubeslice_sim.validation.target import Case, Group, Row, between, near

WINDOW_BYTES = 4 * 2**20
"""SimGrid's ``network/TCP-gamma``."""
ACK_SHARE = 0.05
"""What a flow takes of its way back under SimGrid's cross-traffic; our wires here are shared by both directions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowModel:
    """Factors on latency and bandwidth, and ``bytes_weighed``: a flow's penalty is Σ (latency + this / bandwidth)."""

    name: str
    latency: float
    bandwidth: float
    bytes_weighed: float


CM02 = FlowModel(name="CM02", latency=1.0, bandwidth=1.0, bytes_weighed=0.0)
LV08 = FlowModel(name="LV08", latency=13.01, bandwidth=0.97, bytes_weighed=20537.0)
MODELS = (LV08, CM02)


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """Wires (bytes per second, seconds), flows (bytes, wires), and when each is done by LV08 and by CM02."""

    name: str
    wires: tuple[tuple[float, float], ...]
    flows: tuple[tuple[float, tuple[int, ...]], ...]
    done_s: dict[str, tuple[float, ...]]


# SimGrid 3.32 (Debian 3.32-2), C++, default options: full zone, symmetrical routes, Comm::sendto_async at time zero.
PLATFORMS = (
    Platform(name="100 kB over 1 Mbit/s, 10 ms", wires=((125e3, 0.01),), flows=((100e3, (0,)),),
             done_s={"LV08": (0.996079381,), "CM02": (0.85,)}),
    Platform(name="1 GB over 1 Gbit/s, 10 ms", wires=((125e6, 0.01),), flows=((1e9, (0,)),),
             done_s={"LV08": (8.789893814,), "CM02": (8.41,)}),
    Platform(name="100 kB and 200 kB together", wires=((125e3, 0.01),), flows=((100e3, (0,)), (200e3, (0,))),
             done_s={"LV08": (1.862058763, 2.728038144), "CM02": (1.69, 2.53)}),
    Platform(name="two wires in a row", wires=((125e3, 0.01), (250e3, 0.02)), flows=((100e3, (0, 1)),),
             done_s={"LV08": (1.256279381,), "CM02": (0.87,)}),
    Platform(name="parking lot of two wires", wires=((125e6, 0.01), (125e6, 0.01)),
             flows=((50e6, (0, 1)), (50e6, (0,)), (50e6, (1,))),
             done_s={"LV08": (1.034179879, 0.714534536, 0.714534536), "CM02": (0.879095212, 0.635, 0.635)}),
    Platform(name="100 MB over 10 Gbit/s, 50 ms, held by the window", wires=((1.25e9, 0.05),), flows=((100e6, (0,)),),
             done_s={"LV08": (3.108423496,), "CM02": (2.434185791,)}),
)  # fmt: skip


def play(platform: Platform, model: FlowModel) -> list[float]:
    """When each flow is done: latency first, then its share of the wires by our engine."""
    wires = [platform.wires[place] for _, crossed in platform.flows for place in crossed]
    lengths = [len(crossed) for _, crossed in platform.flows]
    network = Network(
        capacity=np.array([8.0 * model.bandwidth * bandwidth for bandwidth, _ in platform.wires]),
        first=np.array([0, *accumulate(lengths)]),
        resource=np.array([place for _, crossed in platform.flows for place in crossed]),
        use=np.full(len(wires), 1.0 + ACK_SHARE),
    )
    ways = [[platform.wires[place] for place in crossed] for _, crossed in platform.flows]
    latency_s = np.array([sum(latency for _, latency in way) for way in ways])
    penalty = np.array([sum(late + model.bytes_weighed / bandwidth for bandwidth, late in way) for way in ways])
    done = run(
        network,
        model.latency * latency_s,
        np.array([8.0 * size for size, _ in platform.flows]),
        np.arange(len(platform.flows)),
        # SimGrid's bandwidth factor lowers what a window allows, too.
        cap_bps=np.array([model.bandwidth * window_limit_bps(2.0 * late, WINDOW_BYTES) for late in latency_s]),
        weight=1.0 / penalty,
    )
    return [float(end_s) for end_s in done.end_s]


def completions(platform: Platform) -> Iterator[Row]:
    """Every flow of one platform by both models."""
    for model in MODELS:
        for place, (told_s, end_s) in enumerate(zip(platform.done_s[model.name], play(platform, model), strict=True)):
            which = f", flow {place + 1}" if len(platform.flows) > 1 else ""
            yield near(
                f"{model.name}: {platform.name}{which}: done after", told_s, end_s, within=1e-6, unit="s",
                source="SimGrid 3.32 (C++), run on the same platform; Velho and Legrand 2009 for LV08",
                why="SimGrid prints nanoseconds and solves to 1e-5 of a share at worst (maxmin/precision).",
            )  # fmt: skip


def random_networks() -> Iterator[Row]:
    """Flows of random sizes at random moments on random networks, as SimGrid once finished them."""
    stored = json.loads(resources.files(__package__).joinpath("simgrid_networks.json").read_text(encoding="utf-8"))
    worst, count = 0.0, 0
    for network in stored["networks"]:
        found_s = _play_at_random(network["bytes_per_s"], network["ways"], network["flows"])
        count += len(found_s)
        for (start_s, *_), told_s, end_s in zip(network["flows"], network["done_s"], found_s, strict=True):
            worst = max(worst, abs(end_s - told_s) / (told_s - start_s))
    yield between(f"CM02: {len(stored['networks'])} random networks, {count} flows: worst relative error of a duration",
                  0.0, 1e-9, worst, source=f"{stored['made_by']}; {stored['options']}",
                  why="SimGrid was told to solve to 1e-9.")  # fmt: skip


def _play_at_random(
    bytes_per_s: list[float], ways: list[list[int]], flows: list[tuple[float, float, int]]
) -> list[float]:
    network = Network(
        capacity=8.0 * np.array(bytes_per_s),
        first=np.array([0, *accumulate(map(len, ways))]),
        resource=np.array([link for way in ways for link in way]),
        use=np.ones(sum(map(len, ways))),
    )
    starts_s, sizes, routes = zip(*flows, strict=True)
    done = run(network, np.array(starts_s), 8.0 * np.array(sizes), np.array(routes))
    return [float(end_s) for end_s in done.end_s]


GROUP = Group(
    name="simgrid",
    title="Flow models, against SimGrid",
    text="SimGrid's models are not the simulator's own (it has TCP's, below), but its engine can be set up as they "
    "are: latency and bandwidth factors, weights by latency, a window's cap. Same platform, same flows, no chance.",
    cases=(
        *(Case(name=platform.name, rows=partial(completions, platform), brief=True) for platform in PLATFORMS),
        Case(name="random networks", rows=random_networks, brief=True),
    ),
    left_out=(
        "100,000 flows over a mesh of 16 clusters beside SimGrid itself: tests/benchmarks/fluid.py, where SimGrid is "
        "installed.",
    ),
)
