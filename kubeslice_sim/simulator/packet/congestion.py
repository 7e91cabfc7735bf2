"""Congestion windows of Reno and CUBIC: how they open with acknowledgements and what a loss leaves of them."""

from __future__ import annotations

from kubeslice_sim.simulator.packet.compiled import compiled
from kubeslice_sim.simulator.packet.tables import CUBIC, Row
from kubeslice_sim.simulator.tcp import CUBIC_BETA, CUBIC_C, RENO_BETA

_FRIENDLY = 3.0 * (1.0 - CUBIC_BETA) / (1.0 + CUBIC_BETA)


@compiled
def grow(flow: Row, acknowledged: int, now_s: float) -> None:
    """``acknowledged`` segments were acknowledged at once while the window was in use (RFC 5681, 3.1; RFC 9438, 4)."""
    step = 1.0 if flow.per_ack != 0 else float(acknowledged)
    if flow.cwnd < flow.ssthresh:
        room = flow.ssthresh - flow.cwnd
        flow.cwnd += min(step, room)
        step -= min(step, room)
        if step <= 0.0:
            return
    if flow.congestion == CUBIC:
        _cubic(flow, step, now_s)
    else:
        flow.cwnd += step / flow.cwnd


@compiled
def _cubic(flow: Row, step: float, now_s: float) -> None:
    if flow.epoch_s < 0.0:
        flow.epoch_s = now_s
        flow.friendly = flow.cwnd
        flow.origin = max(flow.peak, flow.cwnd)
        flow.reach_s = ((flow.origin - flow.cwnd) / CUBIC_C) ** (1.0 / 3.0)
    at_s = now_s - flow.epoch_s
    # Below the window that was lost RFC 9438 (4.3) grows slower than Reno, since it fell by less; above it as fast.
    flow.friendly += step / flow.cwnd * (_FRIENDLY if flow.friendly < flow.prior else 1.0)
    if flow.origin + CUBIC_C * (at_s - flow.reach_s) ** 3 < flow.friendly:
        flow.cwnd = max(flow.cwnd, flow.friendly)
        return
    target = flow.origin + CUBIC_C * (at_s + flow.least_rtt_s - flow.reach_s) ** 3
    target = min(max(target, flow.cwnd), 1.5 * flow.cwnd)
    flow.cwnd += step * (target - flow.cwnd) / flow.cwnd


@compiled
def shrink(flow: Row) -> None:
    """A loss was noticed: what the window may be afterwards (with CUBIC's fast convergence, RFC 9438, 4.7)."""
    if flow.congestion == CUBIC:
        flow.peak = flow.cwnd * (1.0 + CUBIC_BETA) / 2.0 if flow.cwnd < flow.peak else flow.cwnd
        flow.prior = flow.cwnd  # not the peak, which fast convergence lowers
        flow.ssthresh = max(flow.cwnd * CUBIC_BETA, 2.0)
        flow.epoch_s = -1.0
    else:
        flow.ssthresh = max(flow.cwnd * RENO_BETA, 2.0)
