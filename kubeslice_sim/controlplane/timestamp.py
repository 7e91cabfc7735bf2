"""Kubernetes' timestamps from the fleet's own seconds: no clock is read."""

from __future__ import annotations

from kubeslice_sim.model.timestamp import ORIGIN, seconds, timestamp

__all__ = ["ORIGIN", "seconds", "timestamp", "unix_s"]


def unix_s(now_s: float) -> int:
    """The Unix time of a moment in whole seconds (ServiceExport's ``lastSync`` counts so)."""
    return int(ORIGIN.timestamp() + now_s)
