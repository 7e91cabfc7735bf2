"""Observation: one metric of one probe, the same row from every back end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kubeslice_sim.model.metric import METRICS

__all__ = ["COLUMNS", "METRICS", "Observation", "Outcome"]

Outcome = Literal["ok", "blocked", "timeout", "failed_to_probe", "unsupported"]
"""``failed_to_probe`` and ``unsupported`` say nothing about the network and never count as agreement."""

COLUMNS = (
    "run_id", "backend", "at_s", "slice", "src_cluster", "src", "dst_cluster", "dst", "probe", "seq", "metric",
    "value", "unit", "outcome", "detail",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One row. ``at_s`` counts from the scenario's zero. ``src`` and ``dst`` are names, never addresses:

    a pod ``namespace/name``, a DNS name with its port, a gateway deployment, a slice or a shared part of the paths.
    ``at_s`` of an attempt (ping, connect, DNS question, HTTP request) is the moment it was started, whatever became of
    it; that of a rate is its interval's end. An attempt that got no answer has one ``reachable`` row of value 0 and no
    row of a time.
    """

    at_s: float
    probe: str
    seq: int
    metric: str
    value: float
    outcome: Outcome
    slice: str = ""
    src_cluster: str = ""
    src: str = ""
    dst_cluster: str = ""
    dst: str = ""
    detail: str = ""
    run_id: str = ""
    backend: str = ""

    def __post_init__(self) -> None:
        if self.metric not in METRICS:
            raise ValueError(f"unknown metric {self.metric!r}; one of {', '.join(METRICS)}")

    @property
    def unit(self) -> str:
        """The metric's unit."""
        return METRICS[self.metric]
