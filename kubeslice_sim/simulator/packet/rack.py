"""RACK: which segments are lost, told by time (RFC 8985, as Linux' ``net/ipv4/tcp_recovery.c``).

What was sent before something that has arrived is lost, unless the network reorders: then it is given a while longer.
"""

from __future__ import annotations

import math

from kubeslice_sim.simulator.packet.compiled import compiled
from kubeslice_sim.simulator.packet.scoreboard import miss, place_of
from kubeslice_sim.simulator.packet.tables import MISSING, NONE, OUT, RESENT, Row, State

PERSISTENCE = 16
"""Recoveries for which a wider window stands after a retransmission that was not needed (RFC 8985, 6.2)."""
_ROUNDING_S = 1e-9


@compiled
def arrived(s: State, flow: Row, segment: int, born_s: float, now_s: float) -> None:
    """An acknowledgement says that a copy of ``segment`` that was sent at ``born_s`` has arrived. Before the scoreboard
    learns of it.

    One that fills a hole below what was reported before, and is no retransmission, was reordered.
    """
    if flow.una <= segment < flow.fack:
        place = place_of(s, flow, segment)
        if place.state == OUT or place.state == MISSING or (place.state == RESENT and born_s < place.sent_s):
            flow.reorders = 1
    if born_s > flow.newest_s or (born_s == flow.newest_s and segment > flow.newest):
        flow.newest_s = born_s
        flow.newest = segment
        flow.newest_rtt_s = now_s - born_s


@compiled
def duplicated(flow: Row) -> None:
    """A segment arrived twice (DSACK, RFC 2883): be more patient, by a step a round trip at most."""
    if flow.una < flow.patient_from:
        return
    flow.patience = min(flow.patience + 1, 255)
    flow.persistence = PERSISTENCE
    flow.patient_from = flow.next


@compiled
def recovered(flow: Row) -> None:
    """A recovery is over: after some without duplicates the window is narrow again."""
    if flow.persistence > 0:
        flow.persistence -= 1
    else:
        flow.patience = 1


@compiled
def _window_s(flow: Row, recovering: bool) -> float:
    """RFC 8985, 6.2, step 4: a quarter of the least round trip; nothing where the network was not seen to reorder and
    three duplicates, or a loss before, speak for themselves."""
    if flow.reorders == 0 and (recovering or flow.sacked >= flow.reordering):
        return 0.0
    return float(min(flow.patience * flow.least_rtt_s / 4.0, flow.srtt_s))


@compiled
def find_missing(s: State, flow: Row, now_s: float, recovering: bool) -> int:
    """Mark what must be lost; how many segments that is. ``flow.settle_s``: when to look again (infinity: no need).

    Segments that were sent once stand in the order of sending, and so do those that were sent again; each list is
    looked through up to the first that still has time.
    """
    allowed_s = flow.newest_rtt_s + _window_s(flow, recovering) - _ROUNDING_S
    found = 0
    settle_s = math.inf
    while flow.scan < flow.next:
        segment = flow.scan
        place = place_of(s, flow, segment)
        if place.state == OUT:
            if not _sent_before_newest(flow, place, segment):
                break
            if place.sent_s + allowed_s > now_s:
                settle_s = place.sent_s + allowed_s
                break
            miss(flow, place, segment)
            found += 1
        flow.scan = segment + 1
    while flow.first_resent != NONE:
        segment = flow.first_resent
        place = place_of(s, flow, segment)
        if segment >= flow.una and place.state == RESENT:
            if not _sent_before_newest(flow, place, segment):
                break
            if place.sent_s + allowed_s > now_s:
                settle_s = min(settle_s, place.sent_s + allowed_s)
                break
            miss(flow, place, segment)
            found += 1
        flow.first_resent = place.after
    flow.settle_s = settle_s + 2.0 * _ROUNDING_S
    return found


@compiled
def _sent_before_newest(flow: Row, place: Row, segment: int) -> bool:
    return bool(place.sent_s < flow.newest_s or (place.sent_s == flow.newest_s and segment < flow.newest))
