"""Which rows speak of an expectation or of a traffic, and whose rows they are."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from kubeslice_sim.observe.observation import Observation
from kubeslice_sim.observe.probe import Probe

SILENT = frozenset({"failed_to_probe", "unsupported"})
"""Outcomes that say nothing about the network."""

EXPECTATION_PREFIX = "expect/"
"""A probe that an expectation implies is named ``expect/<its name>``; a traffic's probe has the traffic's name."""


class Pair(NamedTuple):
    """Who asked whom: the key by which rows of one probe are told apart, in one run and between runs.

    ``dst_cluster`` stands only where the destination is a pod: behind a DNS name it may be another one each time.
    """

    src_cluster: str
    src: str
    dst: str
    dst_cluster: str

    def __str__(self) -> str:
        return f"{self.source} → {self.target}"

    @property
    def source(self) -> str:
        """The source, as a scenario names it."""
        return _at(self.src or "a probe", self.src_cluster)

    @property
    def target(self) -> str:
        """The destination, with its cluster where it is a pod."""
        host, colon, port = self.dst.rpartition(":") if self.dst_cluster else (self.dst, "", "")
        return _at(host, self.dst_cluster) + colon + port if colon else _at(self.dst or "nobody", self.dst_cluster)


def pair_of(row: Observation) -> Pair:
    """Who asked whom in this row."""
    return Pair(row.src_cluster, row.src, row.dst, row.dst_cluster if "/" in row.dst else "")


def pair_of_probe(probe: Probe) -> Pair:
    """Who is to ask whom in a probe's rows."""
    src, _, src_cluster = probe.source.partition("@")
    dst_cluster = probe.target.partition("@")[2] if "/" in probe.destination else ""
    return Pair(src_cluster, src, probe.destination, dst_cluster)


def unheard(planned: Iterable[Probe], name: str, seen: Iterable[Pair]) -> tuple[Pair, ...]:
    """The pairs that an expectation's planned probes are about and of which no row speaks, in order of name."""
    heard = set(seen)
    return tuple(sorted({pair_of_probe(probe) for probe in planned if probe.name == EXPECTATION_PREFIX + name} - heard))


def by_pair(rows: Iterable[Observation]) -> dict[Pair, list[Observation]]:
    """The rows of each pair in the order given, the pairs in order of name."""
    groups: dict[Pair, list[Observation]] = {}
    for row in rows:
        groups.setdefault(pair_of(row), []).append(row)
    return dict(sorted(groups.items()))


def rows_of_expectation(observations: Iterable[Observation], name: str) -> tuple[Observation, ...]:
    """The rows of the probes that the expectation implies, in order of time."""
    return in_time(row for row in observations if row.probe == EXPECTATION_PREFIX + name)


def rows_of_traffic(observations: Iterable[Observation], name: str) -> tuple[Observation, ...]:
    """The rows of the traffic's probes, in order of time."""
    return in_time(row for row in observations if row.probe == name)


def in_time(rows: Iterable[Observation]) -> tuple[Observation, ...]:
    """The rows whose time is a number, by time (rows of the same time keep their order)."""
    return tuple(sorted((row for row in rows if math.isfinite(row.at_s)), key=lambda row: row.at_s))


def spacing_s(times: Sequence[float], otherwise_s: float) -> float:
    """The median distance of neighbouring moments: the interval at which a probe really reported."""
    gaps = sorted(later - earlier for earlier, later in pairwise(times) if later > earlier)
    return gaps[len(gaps) // 2] if gaps else otherwise_s


def whole_intervals(rates: Sequence[Observation]) -> tuple[Observation, ...]:
    """One pair's rates in order of time without remainders: a flow that ends within an interval reports a short one."""
    step_s = spacing_s([row.at_s for row in rates], 0.0)
    later = (row for before, row in pairwise(rates) if row.at_s - before.at_s >= step_s / 2)
    return (*rates[:1], *later)


def _at(name: str, cluster: str) -> str:
    return f"{name}@{cluster}" if cluster else name
