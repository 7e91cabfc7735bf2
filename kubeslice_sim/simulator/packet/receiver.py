"""The receiving side of TCP: in order or not, and when to acknowledge (RFC 5681, 4.2; RFC 2018)."""

from __future__ import annotations

from kubeslice_sim.simulator.packet.compiled import compiled
from kubeslice_sim.simulator.packet.heap import next_order, plan
from kubeslice_sim.simulator.packet.pool import send_on, take
from kubeslice_sim.simulator.packet.tables import ACK, ACKNOWLEDGEMENT, DELAYED_ACK, DUPLICATE, NONE, RESENT, Row, State


@compiled
def segment_arrives(s: State, number: int, packet: Row, now_s: float) -> None:
    """A data segment arrives at the receiver of flow ``number``."""
    flow = s.flows[number]
    segment = packet.number
    place = s.segments[flow.first_segment + (segment & flow.mask)]
    if segment > flow.highest:
        flow.highest = segment
        flow.highest_s = packet.born_s
    elif packet.born_s < flow.highest_s or (packet.born_s == flow.highest_s and place.state != RESENT):
        flow.reordered += 1  # not only sent again later
    if segment < flow.expected or place.got != 0:
        _acknowledge(s, number, flow, packet, 0, DUPLICATE, now_s)
        return
    flow.received += 1
    flow.last_s = now_s
    if segment != flow.expected:
        place.got = 1
        start, end = _join_runs(s, flow, segment)
        _acknowledge(s, number, flow, packet, start, end, now_s)
        return
    flow.expected = segment + 1
    filled = False
    while True:
        following = s.segments[flow.first_segment + (flow.expected & flow.mask)]
        if following.got == 0:
            break
        following.got = 0
        flow.expected += 1
        filled = True
    gap = flow.highest >= flow.expected
    flow.held += 1
    if flow.held == 1:
        flow.held_echo_s = packet.born_s
    if flow.held >= flow.ack_every or filled or gap:
        _acknowledge(s, number, flow, packet, 0, 0, now_s)
        return
    flow.held_s = now_s + flow.ack_delay_s
    if flow.ack_timing == 0:
        flow.ack_timing = 1
        plan(s, flow.held_s, next_order(s), DELAYED_ACK, number)


@compiled
def _join_runs(s: State, flow: Row, segment: int) -> tuple[int, int]:
    """The run of received segments around one that was out of order: its first, and the one after its last."""
    start, last = segment, segment
    before = s.segments[flow.first_segment + ((segment - 1) & flow.mask)]
    if before.got != 0:
        start = before.run_start
    after = s.segments[flow.first_segment + ((segment + 1) & flow.mask)]
    if after.got != 0:
        last = after.run_end
    s.segments[flow.first_segment + (start & flow.mask)].run_end = last
    s.segments[flow.first_segment + (last & flow.mask)].run_start = start
    return start, last + 1


@compiled
def _acknowledge(s: State, number: int, flow: Row, packet: Row, start: int, end: int, now_s: float) -> None:
    """Acknowledge at once; the echo is the first segment's that was not acknowledged yet (RFC 7323, 4.3)."""
    echo_s = flow.held_echo_s if flow.held > 0 else packet.born_s
    _emit(s, number, flow, packet.number, packet.born_s, echo_s, start, end, now_s)


@compiled
def late_acknowledgement(s: State, number: int, now_s: float) -> None:
    """The delayed acknowledgement's timer."""
    flow = s.flows[number]
    flow.ack_timing = 0
    if flow.held == 0:
        return
    if now_s < flow.held_s:
        flow.ack_timing = 1
        plan(s, flow.held_s, next_order(s), DELAYED_ACK, number)
        return
    _emit(s, number, flow, flow.expected - 1, flow.held_echo_s, flow.held_echo_s, 0, 0, now_s)


@compiled
def _emit(
    s: State, number: int, flow: Row, newest: int, born_s: float, echo_s: float, start: int, end: int, now_s: float
) -> None:
    flow.held = 0
    if flow.back == NONE:
        return
    index = take(s, number, ACKNOWLEDGEMENT, flow.back, newest, born_s)
    packet = s.packets[index]
    packet.size = ACK
    packet.cumulative = flow.expected
    packet.block = start
    packet.block_end = end
    packet.echo_s = echo_s
    send_on(s, index)
