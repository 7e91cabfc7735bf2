"""The sender's one timer: a timeout (RFC 6298), or before it a probe for the loss of a tail (RFC 8985, 7)."""

from __future__ import annotations

import math

from kubeslice_sim.simulator.packet.compiled import compiled
from kubeslice_sim.simulator.packet.heap import next_order, plan
from kubeslice_sim.simulator.packet.tables import NONE, OPEN, TIMEOUT, Row, State


@compiled
def set_timer(s: State, flow: Row, number: int, now_s: float) -> None:
    """Set it anew: to a probe after two round trips where nothing is known to be lost and none is out, no later than
    the timeout would be. A single segment may wait for its receiver's delayed acknowledgement, too (RFC 8985, 7.2)."""
    wait_s = flow.rto_s * flow.backoff
    flow.probing = 0
    if flow.state == OPEN and flow.sacked == 0 and flow.probe_end == NONE and flow.srtt_s > 0.0:
        flow.probing = 1
        probe_s = 2.0 * flow.srtt_s
        if flow.next - flow.una == 1:
            probe_s += flow.least_rto_s
        wait_s = min(wait_s, probe_s)
    arm(s, flow, number, now_s + wait_s)


@compiled
def arm(s: State, flow: Row, number: int, deadline_s: float) -> None:
    """Set the moment. Its event is planned anew only for an earlier one: it looks when it comes."""
    flow.deadline_s = deadline_s
    if deadline_s < flow.timer_s:
        flow.timer_s = deadline_s
        plan(s, deadline_s, next_order(s), TIMEOUT, number)


@compiled
def is_due(s: State, flow: Row, number: int, now_s: float) -> bool:
    """Whether the timer's event finds its time come: it is too early if the timer was set anew since."""
    if now_s != flow.timer_s:
        return False  # an earlier one was planned since
    flow.timer_s = math.inf
    if flow.running == 0 or flow.next == flow.una:
        return False
    if now_s < flow.deadline_s:
        arm(s, flow, number, flow.deadline_s)
        return False
    return True
