"""Blame: for which fault a tunnel went down, as far as a run's rows can tell.

A fault has to do with a tunnel that went down if it can break one of these clusters and slice at all, and was at work:
from its beginning until sidecars have noticed its end. Of several at once nobody can tell whose doing it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kubeslice_sim.controlplane.site import HUB
from kubeslice_sim.controlplane.watch import RETIRED
from kubeslice_sim.model.scenario import Fault, Scenario
from kubeslice_sim.observe.observation import Observation
from kubeslice_sim.observe.run import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """A fault that can break tunnels; ``until_s``: until when one that goes down may be its doing."""

    row: Observation
    until_s: float

    def concerns(self, tunnel: Observation) -> bool:
        """Whether it may break this tunnel at all."""
        ends = {tunnel.src_cluster, tunnel.dst_cluster}
        row = self.row
        return row.slice in ("", tunnel.slice) and {row.src_cluster, row.dst_cluster} - {""} <= ends


def broke(row: Observation) -> bool:
    """Whether a tunnel went down that was still wanted."""
    return row.value == 0 and row.detail != RETIRED


def suspects(run: Run) -> tuple[Suspect, ...]:
    """The faults of a run that took effect and can break tunnels, in order of time: one a fault, by its first row."""
    able = set(_able(run.scenario))
    timing = run.scenario.timing
    notice_s = timing.rounds_until_down * timing.ping_round_s
    rows = [row for row in run.observations if row.metric == "fault" and row.outcome == "ok" and row.probe in able]
    ended = {row.probe: row.at_s for row in rows if row.value == 0}
    first: dict[str, Observation] = {}
    for row in rows:
        if row.value == 1:
            first.setdefault(row.probe, row)
    return tuple(
        Suspect(row=row, until_s=ended.get(row.probe, float("inf")) + notice_s)
        for row in sorted(first.values(), key=lambda row: row.at_s)
    )


def rivals(suspect: Suspect, down: Observation, way: Sequence[Observation], all_: Sequence[Suspect]) -> list[Suspect]:
    """The others that may have taken the tunnel down too; one that broke it before this fault began is none.

    ``way``: the rows of all tunnels of the same slice, cluster and peer.
    """
    begun_s = suspect.row.at_s
    return [
        other for other in all_
        if other is not suspect and other.concerns(down) and other.row.at_s <= down.at_s <= other.until_s
        and not any(broke(row) and other.row.at_s <= row.at_s < begun_s for row in way)
    ]  # fmt: skip


def _able(scenario: Scenario) -> Iterator[str]:
    """The names of the faults that can break a tunnel, as back ends name those that have none."""
    faults = [step.fault for step in sorted(scenario.spec.timeline, key=lambda step: step.at_s) if step.fault]
    for number, fault in enumerate(faults, start=1):
        if _can_break(fault):
            yield fault.name or f"fault-{number}"


def _can_break(fault: Fault) -> bool:
    """Whether packets of a tunnel may be stopped: its pods, their node or the link; no API server, no clock is."""
    cut = fault.partition is not None and HUB not in fault.partition
    return cut or fault.link is not None or fault.kill in ("gateway", "router", "node")
