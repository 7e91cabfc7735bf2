"""Kubernetes' timestamps from the fleet's own seconds: no clock is read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

ORIGIN = datetime(2026, 1, 1, tzinfo=UTC)
"""What second 0 of every fleet is called. Any date would do; a fixed one makes runs repeatable."""


def timestamp(now_s: float) -> str:
    """The RFC 3339 text of a moment, in whole seconds as Kubernetes writes it."""
    return (ORIGIN + timedelta(seconds=int(now_s))).strftime("%Y-%m-%dT%H:%M:%SZ")


def unix_s(now_s: float) -> int:
    """The Unix time of a moment in whole seconds (ServiceExport's ``lastSync`` counts so)."""
    return int(ORIGIN.timestamp() + now_s)


def seconds(text: str) -> float:
    """The reverse of :func:`timestamp`. Raises :exc:`ValueError` for what is not RFC 3339."""
    return (datetime.fromisoformat(text) - ORIGIN).total_seconds()
