"""Tick: a fleet's moments are whole microseconds, so that what happened once happens the same way at any later time.

Sums of binary fractions are rounded, and differently so at second 10 and at second 10^8: two things that are due at one
moment could change places. Rounded to whole microseconds after every addition, moments are exact for centuries.
"""

from __future__ import annotations

from math import floor

TICKS_HZ = 1e6


def whole(at_s: float) -> float:
    """The nearest whole microsecond (no infinity)."""
    return floor(at_s * TICKS_HZ + 0.5) / TICKS_HZ
