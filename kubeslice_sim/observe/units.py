"""Metrics in words: their values as a person writes and reads them, and values as the file writes them."""

from __future__ import annotations

import math

from kubeslice_sim.model.metric import METRICS, NUMBER, parse_limit, quantity_of

__all__ = ["NUMBER", "parse_limit", "quantity_of", "say", "say_unit", "seconds"]

_STEPS = {
    "s": ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")),
    "bit/s": ((1e9, "Gbit/s"), (1e6, "Mbit/s"), (1e3, "kbit/s"), (1.0, "bit/s")),
    "B": ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1.0, "B")),
    "1/s": ((1.0, "/s"),),
}


def say(metric: str, value: float) -> str:
    """The value with its unit, four significant figures: ``27.31 Mbit/s``, ``62.04 ms``, ``0.02 %``."""
    if metric.endswith("_ratio") or metric == "utilisation":
        return f"{_figures(value * 100)} %"
    return say_unit(METRICS.get(metric, "1"), value)


def say_unit(unit: str, value: float) -> str:
    """A value of this unit (one of those of ``METRICS``) in the step that suits its size."""
    steps = _STEPS.get(unit)
    if steps is None:
        return _figures(value)
    if not math.isfinite(value) or value == 0:
        return f"{_figures(value)} {'s' if unit == 's' else unit}"
    for factor, name in steps:
        if abs(value) >= factor * 0.99995:
            return f"{_figures(value / factor)} {name}"
    factor, name = steps[-1]
    return f"{_figures(value / factor)} {name}"


def seconds(value: float) -> str:
    """A duration or a moment: ``4.7 s``, ``250 ms``."""
    return say_unit("s", value)


def _figures(value: float) -> str:
    if not math.isfinite(value):
        return str(value)
    if abs(value) >= 1000:
        return f"{value:.0f}"
    return f"{value:.4g}"
