"""What back ends measure: the closed list of metrics, their units, and how a limit on one is written."""

from __future__ import annotations

from collections.abc import Mapping

from kubeslice_sim.model.quantity import DURATION, RATE, SHARE, SIZE, Quantity

METRICS: Mapping[str, str] = {
    "reachable": "1",  # 1 or 0; one row an attempt
    "answers": "1",  # addresses in one DNS answer; detail: who they are, by name
    "dns_latency_s": "s",
    "connect_s": "s",  # TCP handshake
    "rtt_s": "s",
    "rate_bps": "bit/s",  # payload over one interval; at_s is its end; detail: what held it back, where known
    "sent_bytes": "B",
    "received_bytes": "B",
    "loss_ratio": "1",
    "jitter_s": "s",
    "retransmits": "1",
    "latency_s": "s",  # one way, of packets that arrived in one interval; at_s is its end; detail: how many of them
    "reordered": "1",  # packets that arrived after one that was sent later
    "requests": "1",  # answered in all
    "requests_per_s": "1/s",  # answered in one interval; at_s is the interval's end
    "errors": "1",  # requests that were not answered, of one cause; detail: the cause
    "request_s": "s",
    "unfinished": "1",  # requests that were under way when the scenario ended
    "unfinished_s": "s",  # how long one of them had been under way; at_s is when it was due
    "ready_s": "s",  # from "world handed in" to "up", of a slice or an export
    "utilisation": "1",  # of a shared part of the paths, over one interval: used share of its capacity
    "queue_bytes": "B",  # that wait for it at the interval's end
    "drops": "1",  # packets that its full queue dropped in the interval
    "tunnel_up": "1",  # 1 or 0, at every change
    "fault": "1",  # 1 when a fault took effect, 0 when it ended; detail: the evidence
}
"""The closed list of metrics and their units."""

ERROR_CAUSES = ("no DNS answer", "unknown name", "no handshake", "refused", "reset", "no answer")
"""Why a request was not answered, in the order of its steps: the details of ``errors``."""

RESOURCES = "resources"
"""The probe of rows that are not of a traffic, but of the shared parts of the paths; ``src`` names the part."""

NUMBER = Quantity("number", (("", "1"),), "3")
"""A count, or a yes (1) or no (0)."""

PER_SECOND = Quantity("number per second", (("/s", "1"),), "100/s")
_BY_UNIT = {"s": DURATION, "bit/s": RATE, "B": SIZE, "1": NUMBER, "1/s": PER_SECOND}


def quantity_of(metric: str) -> Quantity:
    """How a limit on this metric is written. Raises :exc:`ValueError` for a metric that no back end measures."""
    if metric not in METRICS:
        raise ValueError(f"unknown metric {metric!r}; one of {', '.join(METRICS)}")
    return SHARE if metric.endswith("_ratio") or metric == "utilisation" else _BY_UNIT[METRICS[metric]]


def parse_limit(metric: str, text: str) -> float:
    """The SI value of a limit on this metric, as written in a scenario (``25Mbit``, ``68ms``, ``1%``, ``2``).

    Raises :exc:`ValueError` for an unknown metric, a wrong or missing unit.
    """
    return quantity_of(metric).parse(text)
