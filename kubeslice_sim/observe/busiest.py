"""Busiest: which shared parts of the paths were nearest to their limits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kubeslice_sim.model.metric import RESOURCES
from kubeslice_sim.observe.observation import Observation

WORTH_TELLING = 0.5
"""A part that was never busier than this explains nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """A part of the paths in one run: its mean and greatest utilisation over the intervals, and what it dropped."""

    name: str
    cluster: str
    utilisation: float
    peak: float
    drops: int

    def __str__(self) -> str:
        dropped = f", {self.drops} packet{'' if self.drops == 1 else 's'} dropped" if self.drops else ""
        return f"{self.name}@{self.cluster} {self.utilisation:.0%} (at most {self.peak:.0%}{dropped})"


def busiest(observations: Iterable[Observation], count: int = 3) -> tuple[Load, ...]:
    """The parts that were at least half busy at a time, the one with the highest mean first; ``count`` at most.

    None where the back end or the engine did not measure that.
    """
    shares: dict[tuple[str, str], list[float]] = {}
    drops: dict[tuple[str, str], float] = {}
    for row in observations:
        if row.probe != RESOURCES:
            continue
        if row.metric == "utilisation":
            shares.setdefault((row.src_cluster, row.src), []).append(row.value)
        elif row.metric == "drops":
            drops[row.src_cluster, row.src] = drops.get((row.src_cluster, row.src), 0.0) + row.value
    loads = [
        Load(name=name, cluster=cluster, utilisation=sum(values) / len(values), peak=max(values),
             drops=round(drops.get((cluster, name), 0.0)))
        for (cluster, name), values in shares.items() if max(values) >= WORTH_TELLING
    ]  # fmt: skip
    return tuple(sorted(loads, key=lambda load: (-load.utilisation, load.cluster, load.name))[:count])
