"""Phases: a run cut at the moments of its timeline, because before and after a fault are two different worlds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from kubeslice_sim.model.scenario import Scenario
from kubeslice_sim.observe.observation import Observation
from kubeslice_sim.observe.select import SILENT
from kubeslice_sim.observe.units import seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """From ``start_s`` (included) to ``end_s`` (excluded)."""

    start_s: float
    end_s: float
    text: str

    def holds(self, row: Observation) -> bool:
        """Whether the row is of this phase; a rate is, when its interval has begun in it."""
        if row.metric in ("rate_bps", "requests_per_s", "utilisation"):
            return self.start_s < row.at_s <= self.end_s
        return self.start_s <= row.at_s < self.end_s


def phases_of(scenario: Scenario) -> tuple[Phase, ...]:
    """The phases of a scenario; one without a timeline has one."""
    steps = sorted({step.at_s for step in scenario.spec.timeline if step.at_s > 0})
    if not steps:
        return (Phase(start_s=float("-inf"), end_s=float("inf"), text="whole run"),)
    bounds = [float("-inf"), *steps, float("inf")]
    return tuple(Phase(start_s=start, end_s=end, text=_text(start, end)) for start, end in pairwise(bounds))


def settled(rows: Iterable[Observation]) -> tuple[Observation, ...]:
    """The later half (at least one) of the rows that say something: what a phase settled to.

    What was still on its way right after a step of the timeline is the outage's business, not the settled answer's.
    """
    real = [row for row in rows if row.outcome not in SILENT]
    return tuple(real[len(real) // 2 :])


def _text(start_s: float, end_s: float) -> str:
    if start_s == float("-inf"):
        return f"before {seconds(end_s)}"
    return f"from {seconds(start_s)} on" if end_s == float("inf") else f"{seconds(start_s)} – {seconds(end_s)}"
