"""The sender's scoreboard: which segments are out, reported by SACK, missing, or sent again."""

from __future__ import annotations

from kubeslice_sim.simulator.packet.compiled import compiled
from kubeslice_sim.simulator.packet.tables import MISSING, OUT, RESENT, SACKED, Row, State


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
    Mahdavi 1996). The first one that was sent again is missing anew when something that was sent clearly after it
    (``born_s``, by a quarter of a round trip) was reported: RACK's rule (RFC 8985, 6.2).
    """
    found = 0
    for segment in range(flow.scan, flow.fack - flow.reordering):
        place = s.segments[flow.first_segment + (segment & flow.mask)]
        if place.state == OUT:
            _miss(flow, place, segment)
            found += 1
    flow.scan = max(flow.scan, flow.fack - flow.reordering)
    if flow.una < flow.next:
        place = s.segments[flow.first_segment + (flow.una & flow.mask)]
        if place.state == RESENT and place.sent_s + flow.srtt_s / 4.0 < born_s:
            _miss(flow, place, flow.una)
            found += 1
    return found


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
    flow.scan = flow.next


@compiled
def next_missing(s: State, flow: Row) -> int:
    """The first missing segment; there must be one."""
    while s.segments[flow.first_segment + (flow.resend & flow.mask)].state != MISSING:
        flow.resend += 1
    flow.resend += 1
    return int(flow.resend - 1)
