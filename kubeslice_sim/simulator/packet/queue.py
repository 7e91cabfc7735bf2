"""Queue: the systems of queueing theory, simulated on the packet engine, with intervals by batch means."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kubeslice_sim.observe.estimate import Estimate, estimate
from kubeslice_sim.simulator.packet.distribution import Distribution
from kubeslice_sim.simulator.packet.network import PacketNetwork
from kubeslice_sim.simulator.packet.specs import FlowCount, Hop, Link, LinkCount, Source

BATCHES = 40
WARM_UP = 0.1
"""The share of a run that is thrown away first: queues begin empty."""
QUANTILES = (0.5, 0.9, 0.95, 0.99)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueSample:
    """One station, measured. Times in seconds.

    ``sojourn_s`` waiting and service of who was served, ``wait_s`` without the service, ``number`` in the system on
    average over time, ``delayed`` the share of the served that had to wait, ``lost`` the share of arrivals that found
    no room, ``busy`` the mean share of its servers at work. ``quantile_s`` of the sojourn, by share.
    """

    sojourn_s: Estimate
    wait_s: Estimate
    number: Estimate
    delayed: Estimate
    lost: Estimate
    busy: Estimate
    quantile_s: dict[float, Estimate]
    jobs: int


def simulate_queue(
    arrivals: Distribution, services: Distribution, *, servers: int = 1, capacity: int | None = None,
    jobs: int = 1_000_000, seed: int = 1, confidence: float = 0.95,
) -> QueueSample:  # fmt: skip
    """G/G/``servers``/``capacity``, first come first served: ``jobs`` arrivals at gaps drawn from ``arrivals``.

    ``capacity`` counts the jobs in service too; who finds it reached is lost. Raises :exc:`ValueError` for a queue that
    would grow for ever.
    """
    load = services.mean / (arrivals.mean * servers)
    if capacity is None and load >= 1.0:
        raise ValueError(f"a queue without a limit grows for ever at a load of {load:g}")
    network = PacketNetwork(seed, samples=_sample_room(jobs))
    station = network.add_link(
        Link(name="station", kind="servers", servers=servers, service=services, limit_packets=capacity, capacity=1.0)
    )
    flow = network.add_source(Source(name="jobs", ways=(network.add_way([Hop(link=station)]),), gap=arrivals))
    return _measure(network, (station,), (flow,), arrivals.mean * jobs, (services.mean,), (servers,), confidence)[0]


def simulate_tandem(
    arrivals: Distribution, services: Sequence[Distribution], *, jobs: int = 1_000_000, seed: int = 1,
    confidence: float = 0.95,
) -> tuple[QueueSample, ...]:  # fmt: skip
    """Single servers in a row without limits, each drawing its own service times; one sample a station.

    ``quantile_s`` is that of the whole way, the same in each.
    """
    network = PacketNetwork(seed, samples=_sample_room(jobs))
    stations = tuple(
        network.add_link(Link(name=f"station {place}", service=service, capacity=1.0))
        for place, service in enumerate(services)
    )
    way = network.add_way([Hop(link=station) for station in stations])
    flow = network.add_source(Source(name="jobs", ways=(way,), gap=arrivals))
    means = tuple(service.mean for service in services)
    return _measure(network, stations, (flow,), arrivals.mean * jobs, means, (1,) * len(means), confidence)


def simulate_priorities(
    classes: Sequence[tuple[Distribution, Distribution]], *, jobs: int = 1_000_000, seed: int = 1,
    confidence: float = 0.95,
) -> tuple[Estimate, ...]:  # fmt: skip
    """One server, (arrivals, services) by class, the first the most urgent, not preemptive: the waits by class.

    ``jobs`` arrive in all.
    """
    network = PacketNetwork(seed)
    station = network.add_link(Link(name="station", kind="priority", classes=len(classes), capacity=1.0))
    flows = tuple(
        network.add_source(
            Source(
                name=f"class {class_}",
                ways=(network.add_way([Hop(link=station, work=(1.0,), class_=class_)]),),
                gap=arrivals,
                scale=services,
            )
        )
        for class_, (arrivals, services) in enumerate(classes)
    )
    total_s = jobs / sum(1.0 / arrivals.mean for arrivals, _ in classes)
    waits: list[list[float]] = [[] for _ in classes]
    before = [network.flow(flow) for flow in flows]
    for batch, until_s in enumerate(_edges(total_s)):
        network.run(until_s)
        after = [network.flow(flow) for flow in flows]
        if batch:
            for class_, (one, other) in enumerate(zip(before, after, strict=True)):
                waits[class_].append(_mean_latency_s(one, other) - classes[class_][1].mean)
        before = after
    return tuple(estimate(values, confidence) for values in waits)


def _edges(total_s: float) -> list[float]:
    """The end of the warm-up and of every batch after it."""
    rest_s = (1.0 - WARM_UP) * total_s / BATCHES
    return [WARM_UP * total_s + batch * rest_s for batch in range(BATCHES + 1)]


def _sample_room(jobs: int) -> int:
    return math.ceil(jobs * max(WARM_UP, 2.0 / BATCHES)) + 10_000


def _mean_latency_s(before: FlowCount, after: FlowCount) -> float:
    return (after.latency_s - before.latency_s) / max(1, after.received - before.received)


def _measure(
    network: PacketNetwork, stations: tuple[int, ...], flows: tuple[int, ...], total_s: float,
    service_s: tuple[float, ...], servers: tuple[int, ...], confidence: float,
) -> tuple[QueueSample, ...]:  # fmt: skip
    names = ("sojourn", "wait", "number", "delayed", "lost", "busy")
    found: list[dict[str, list[float]]] = [{name: [] for name in names} for _ in stations]
    quantiles: dict[float, list[float]] = {share: [] for share in QUANTILES}
    before, since_s = [network.link(station) for station in stations], 0.0
    for batch, until_s in enumerate(_edges(total_s)):
        network.clear_samples()
        network.run(until_s)
        after = [network.link(station) for station in stations]
        if batch:
            for share in QUANTILES:
                quantiles[share].append(float(np.quantile(network.samples()[1], share)))
            for place, (one, other) in enumerate(zip(before, after, strict=True)):
                _batch(found[place], one, other, until_s - since_s, service_s[place], servers[place])
        before, since_s = after, until_s
    whole = {share: estimate(values, confidence) for share, values in quantiles.items()}
    return tuple(
        QueueSample(
            sojourn_s=estimate(values["sojourn"], confidence),
            wait_s=estimate(values["wait"], confidence),
            number=estimate(values["number"], confidence),
            delayed=estimate(values["delayed"], confidence),
            lost=estimate(values["lost"], confidence),
            busy=estimate(values["busy"], confidence),
            quantile_s=whole,
            jobs=network.flow(flows[0]).sent,
        )
        for values in found
    )


def _batch(
    values: dict[str, list[float]],
    before: LinkCount,
    after: LinkCount,
    elapsed_s: float,
    service_s: float,
    servers: int,
) -> None:
    served = max(1, after.served - before.served)
    spent_s = after.sojourn_s - before.sojourn_s
    values["sojourn"].append(spent_s / served)
    values["wait"].append(spent_s / served - service_s)
    values["number"].append(spent_s / elapsed_s)
    values["delayed"].append((after.delayed - before.delayed) / served)
    values["lost"].append((after.full - before.full) / max(1, after.arrived - before.arrived))
    values["busy"].append(served * service_s / (elapsed_s * servers))
