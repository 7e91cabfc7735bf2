"""Observation: one metric of one probe, the same row from every back end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Outcome = Literal["ok", "blocked", "timeout", "failed_to_probe", "unsupported"]
"""``failed_to_probe`` and ``unsupported`` say nothing about the network and never count as agreement."""

METRICS: Mapping[str, str] = {
    "reachable": "1",  # 1 or 0; one row an attempt
    "answers": "1",  # addresses in one DNS answer; detail: who they are, by name
    "dns_latency_s": "s",
    "connect_s": "s",  # TCP handshake
    "rtt_s": "s",
    "rate_bps": "bit/s",  # payload over one interval; at_s is the interval's end
    "sent_bytes": "B",
    "received_bytes": "B",
    "loss_ratio": "1",
    "jitter_s": "s",
    "retransmits": "1",
    "requests": "1",
    "request_s": "s",
    "ready_s": "s",  # from "world handed in" to "up", of a slice or an export
    "tunnel_up": "1",  # 1 or 0, at every change
    "fault": "1",  # 1 when a fault took effect, 0 when it ended; detail: the evidence
}
"""The closed list of metrics and their units."""

COLUMNS = (
    "run_id", "backend", "at_s", "slice", "src_cluster", "src", "dst_cluster", "dst", "probe", "seq", "metric",
    "value", "unit", "outcome", "detail",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One row. ``at_s`` counts from the scenario's zero. ``src`` and ``dst`` are names, never addresses:

    a pod ``namespace/name``, a DNS name with its port, a gateway deployment or a slice. ``at_s`` of an attempt (ping,
    connect, DNS question, HTTP request) is the moment it was started, whatever became of it; that of a rate is its
    interval's end. An attempt that got no answer has one ``reachable`` row of value 0 and no row of a time.
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
