"""Kubernetes' timestamps from the fleet's own seconds: no clock is read."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache

from kubeslice_sim.model.timestamp import ORIGIN, seconds, timestamp

__all__ = ["ORIGIN", "micro_time", "seconds", "timestamp", "unix_s"]


@lru_cache(1024)
def micro_time(at_s: float) -> str:
    """The text of a moment in microseconds, as a Lease has it (``MicroTime``); :func:`seconds` reads it."""
    return (ORIGIN + timedelta(seconds=at_s)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def unix_s(now_s: float) -> int:
    """The Unix time of a moment in whole seconds (ServiceExport's ``lastSync`` counts so)."""
    return int(ORIGIN.timestamp() + now_s)
