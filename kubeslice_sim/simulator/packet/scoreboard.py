"""The sender's scoreboard: which segments are out, reported by SACK, missing, or sent again."""

from __future__ import annotations

from kubeslice_sim.simulator.packet.compiled import compiled
from kubeslice_sim.simulator.packet.tables import MISSING, NONE, OUT, RESENT, SACKED, Row, State


@compiled
def acknowledge(s: State, flow: Row, cumulative: int) -> int:
    """Everything before ``cumulative`` has arrived; how many segments that is more than was known."""
    moved = cumulative - flow.una
    if moved <= 0:
        return 0
    for segment in range(flow.una, cumulative):
        _forget(flow, s.segments[flow.first_segment + (segment & flow.mask)].state)
    flow.una = cumulative
    flow.fack = max(flow.fack, cumulative)
    flow.scan = max(flow.scan, cumulative)
    flow.resend = max(flow.resend, cumulative)
    return int(moved)


@compiled
def _forget(flow: Row, state: int) -> None:
    if state == SACKED:
        flow.sacked -= 1
    elif state == MISSING:
        flow.missing -= 1


@compiled
def block(s: State, flow: Row, newest: int, start: int, end: int) -> None:
    """A SACK block around the segment ``newest`` that caused it; walks from there to what was reported before."""
    for segment in range(newest, end):
        if not _report(s, flow, segment):
            break
    for segment in range(newest - 1, max(start, flow.una) - 1, -1):
        if not _report(s, flow, segment):
            break
    flow.fack = max(flow.fack, end)


@compiled
def _report(s: State, flow: Row, segment: int) -> bool:
    if segment < flow.una:
        return False
    place = s.segments[flow.first_segment + (segment & flow.mask)]
    if place.state == SACKED:
        return False
    _forget(flow, place.state)
    place.state = SACKED
    flow.sacked += 1
    return True


@compiled
def find_missing(s: State, flow: Row, born_s: float) -> int:
    """Mark what must be lost; how many segments that is.

    A segment is missing when one that is ``reordering`` places later was reported (forward acknowledgement, Mathis and
    Mahdavi 1996). One that was sent again is missing anew when something that was sent clearly after it (at ``born_s``)
    was reported, by a quarter of the least round trip: RACK's rule (RFC 8985, 6.2).
    """
    found = 0
    for segment in range(flow.scan, flow.fack - flow.reordering):
        place = s.segments[flow.first_segment + (segment & flow.mask)]
        if place.state == OUT:
            _miss(flow, place, segment)
            found += 1
    flow.scan = max(flow.scan, flow.fack - flow.reordering)
    while flow.first_resent != NONE:
        segment = flow.first_resent
        place = s.segments[flow.first_segment + (segment & flow.mask)]
        if place.sent_s + flow.least_rtt_s / 4.0 >= born_s:
            break
        flow.first_resent = place.after
        if segment >= flow.una and place.state == RESENT:
            _miss(flow, place, segment)
            found += 1
    return found


@compiled
def sent_again(s: State, flow: Row, segment: int) -> None:
    """A missing segment is sent again: remember the order."""
    place = s.segments[flow.first_segment + (segment & flow.mask)]
    place.state = RESENT
    place.after = NONE
    flow.missing -= 1
    flow.resent += 1
    if flow.first_resent == NONE:
        flow.first_resent = segment
    else:
        s.segments[flow.first_segment + (flow.last_resent & flow.mask)].after = segment
    flow.last_resent = segment


@compiled
def _miss(flow: Row, place: Row, segment: int) -> None:
    place.state = MISSING
    flow.missing += 1
    flow.resend = min(flow.resend, segment)


@compiled
def lose_all(s: State, flow: Row) -> None:
    """A timeout: whatever was not reported is missing (RFC 6675, 5.1)."""
    for segment in range(flow.una, flow.next):
        place = s.segments[flow.first_segment + (segment & flow.mask)]
        if place.state == OUT or place.state == RESENT:
            place.state = MISSING
            flow.missing += 1
    flow.resend = flow.una
    flow.first_resent = NONE
    flow.scan = flow.next


@compiled
def next_missing(s: State, flow: Row) -> int:
    """The first missing segment; there must be one."""
    while s.segments[flow.first_segment + (flow.resend & flow.mask)].state != MISSING:
        flow.resend += 1
    flow.resend += 1
    return int(flow.resend - 1)
