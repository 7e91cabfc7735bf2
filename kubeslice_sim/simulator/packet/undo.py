"""Recoveries and timeouts that turn out to be needless: the window is what it was (RFC 4015)."""

from __future__ import annotations

import math

from kubeslice_sim.simulator.packet.compiled import compiled
from kubeslice_sim.simulator.packet.scoreboard import lose_none, place_of
from kubeslice_sim.simulator.packet.tables import LOSS, NONE, OPEN, RECOVERY, Row, State


@compiled
def doubt_recovery(s: State, flow: Row, now_s: float) -> None:
    """A recovery begins: remember what it takes away."""
    flow.undo_s, flow.undo_cwnd, flow.undo_ssthresh = now_s, flow.cwnd, flow.ssthresh
    if flow.first_resent != NONE:  # still out from a recovery before: its arrival proves nothing of this one
        flow.undo_s = place_of(s, flow, flow.first_resent).sent_s


@compiled
def judge_recovery(s: State, flow: Row, echo_s: float) -> None:
    """The first acknowledgement that moves on in a recovery tells whether it was needed.

    One that echoes a segment from before answers an original, which was late and not lost (Eifel, RFC 3522).
    """
    if echo_s < flow.undo_s and flow.state == RECOVERY:
        flow.reorders = 1
        _undo(s, flow)
    flow.undo_s = math.inf


@compiled
def doubt_timeout(flow: Row) -> None:
    """A timeout comes: remember what the first of a row takes away. Within a recovery it is not doubted."""
    flow.undo_s = math.inf
    if flow.state == LOSS:
        return
    flow.doubted, flow.resent_to = 0, flow.una
    if flow.state == OPEN:
        flow.doubted, flow.undo_cwnd, flow.undo_ssthresh = 1, flow.cwnd, flow.ssthresh


@compiled
def judge_timeout(s: State, flow: Row) -> None:
    """An acknowledgement after a timeout tells whether it was needed.

    If it reports what was not sent again since, not all was lost, and the timeout was one of late or lost
    acknowledgements (F-RTO with SACK, RFC 5682, as Linux' ``tcp_process_loss`` has it).
    """
    if flow.state == LOSS and flow.doubted != 0 and flow.survived != 0:
        _undo(s, flow)


@compiled
def _undo(s: State, flow: Row) -> None:
    flow.cwnd = max(flow.cwnd, flow.undo_cwnd)
    flow.ssthresh = max(flow.ssthresh, flow.undo_ssthresh)
    flow.state = OPEN
    lose_none(s, flow)
