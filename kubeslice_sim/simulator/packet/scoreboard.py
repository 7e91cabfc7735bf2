"""The sender's scoreboard: which segments are out, reported by SACK, missing, or sent again."""

from __future__ import annotations

from kubeslice_sim.simulator.packet.compiled import compiled
from kubeslice_sim.simulator.packet.tables import MISSING, NONE, OUT, RESENT, SACKED, Row, State


@compiled
def place_of(s: State, flow: Row, segment: int) -> Row:
    """The segment's place in its flow's ring."""
    return s.segments[flow.first_segment + (segment & flow.mask)]


@compiled
def acknowledge(s: State, flow: Row, cumulative: int) -> int:
    """Everything before ``cumulative`` has arrived; how many segments that is more than was known."""
    moved = cumulative - flow.una
    if moved <= 0:
        return 0
    for segment in range(flow.una, cumulative):
        _forget(flow, place_of(s, flow, segment).state, segment)
    flow.una = cumulative
    flow.fack = max(flow.fack, cumulative)
    flow.scan = max(flow.scan, cumulative)
    flow.resend = max(flow.resend, cumulative)
    return int(moved)


@compiled
def _forget(flow: Row, state: int, segment: int) -> None:
    if state == SACKED:
        flow.sacked -= 1
    elif state == MISSING:
        flow.missing -= 1
        if segment >= flow.resent_to:
            flow.survived = 1


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
    place = place_of(s, flow, segment)
    if place.state == SACKED:
        return False
    _forget(flow, place.state, segment)
    place.state = SACKED
    flow.sacked += 1
    return True


@compiled
def sent_again(s: State, flow: Row, segment: int) -> None:
    """A missing segment is sent again: remember the order."""
    place = place_of(s, flow, segment)
    place.state = RESENT
    place.after = NONE
    flow.missing -= 1
    flow.resent += 1
    flow.resent_to = max(flow.resent_to, segment + 1)
    if flow.first_resent == NONE:
        flow.first_resent = segment
    else:
        place_of(s, flow, flow.last_resent).after = segment
    flow.last_resent = segment


@compiled
def miss(flow: Row, place: Row, segment: int) -> None:
    """The segment counts as lost: it is to be sent again."""
    place.state = MISSING
    flow.missing += 1
    flow.resend = min(flow.resend, segment)


@compiled
def lose_all(s: State, flow: Row) -> None:
    """A timeout: whatever was not reported is missing (RFC 6675, 5.1)."""
    for segment in range(flow.una, flow.next):
        place = place_of(s, flow, segment)
        if place.state == OUT or place.state == RESENT:
            place.state = MISSING
            flow.missing += 1
    flow.resend = flow.una
    flow.first_resent = NONE
    flow.scan = flow.next
    flow.survived = 0


@compiled
def lose_none(s: State, flow: Row) -> None:
    """What was found missing was only late: nothing is missing that was not looked for anew."""
    for segment in range(flow.una, flow.next):
        place = place_of(s, flow, segment)
        if place.state == MISSING:
            place.state = OUT
    flow.missing = 0
    flow.resend = flow.next
    flow.scan = flow.una


@compiled
def next_missing(s: State, flow: Row) -> int:
    """The first missing segment; there must be one."""
    while place_of(s, flow, flow.resend).state != MISSING:
        flow.resend += 1
    flow.resend += 1
    return int(flow.resend - 1)
