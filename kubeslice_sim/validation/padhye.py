"""Padhye's Reno: what the packet engine is held to. The fluid engine's own limit is another (``loss_limit_bps``)."""

from __future__ import annotations

import math


def pftk_rate(loss: float, rtt_s: float, rto_s: float, segments_per_ack: int = 2) -> float:
    """Reno's rate in segments/s with timeouts: the short form of Padhye et al. 1998 without its window limit."""
    if loss <= 0.0:
        return math.inf
    b = segments_per_ack
    recovery = rtt_s * math.sqrt(2.0 * b * loss / 3.0)
    timeouts = rto_s * min(1.0, 3.0 * math.sqrt(3.0 * b * loss / 8.0)) * loss * (1.0 + 32.0 * loss**2)
    return 1.0 / (recovery + timeouts)
