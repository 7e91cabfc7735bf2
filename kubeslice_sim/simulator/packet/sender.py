"""The sending side of TCP: recovery by SACK (RFC 6675, and RFC 8985 for what is sent again), timeouts (RFC 6298)."""

from __future__ import annotations

import math

from kubeslice_sim.simulator.packet.compiled import compiled
from kubeslice_sim.simulator.packet.congestion import grow, shrink
from kubeslice_sim.simulator.packet.heap import next_order, plan
from kubeslice_sim.simulator.packet.pool import send_on, take
from kubeslice_sim.simulator.packet.scoreboard import (
    acknowledge,
    block,
    find_missing,
    lose_all,
    next_missing,
    sent_again,
)
from kubeslice_sim.simulator.packet.tables import DATA, MAY_SEND, NONE, OUT, SEND, TIMEOUT, Row, State
from kubeslice_sim.simulator.packet.ways import first_hop
from kubeslice_sim.simulator.tcp import MAX_RTO_S

OPEN, RECOVERY, LOSS = 0, 1, 2


@compiled
def acknowledged(s: State, number: int, packet: Row, now_s: float) -> None:
    """An acknowledgement arrives at the sender of flow ``number``."""
    flow = s.flows[number]
    _measure(flow, now_s - packet.echo_s)
    in_use = flow.next - flow.una - flow.sacked - flow.missing + 1.0 >= flow.cwnd
    moved = acknowledge(s, flow, packet.cumulative)
    if moved > 0:
        flow.backoff = 1.0
        _arm(s, flow, number, now_s + flow.rto_s)
    if packet.block_end > packet.block:
        block(s, flow, packet.number, packet.block, packet.block_end)
    found = find_missing(s, flow, packet.born_s)
    if flow.state != OPEN and flow.una >= flow.recover:
        flow.state = OPEN
    if flow.state == OPEN and found > 0:
        shrink(flow)
        flow.cwnd = flow.ssthresh
        flow.recover = flow.next
        flow.state = RECOVERY
        flow.recoveries += 1
    elif flow.state != RECOVERY and moved > 0 and in_use:
        grow(flow, moved, now_s)
    if flow.una >= flow.limit and math.isinf(flow.finished_s):
        flow.finished_s = now_s
    s.counters[MAY_SEND] = number


@compiled
def _measure(flow: Row, sample_s: float) -> None:
    """Round-trip estimates; the timeout is Linux': the estimate plus four deviations, but never less than 200 ms."""
    if flow.srtt_s == 0.0:
        flow.srtt_s = sample_s
        flow.rttvar_s = sample_s / 2.0
    else:
        flow.rttvar_s += (abs(flow.srtt_s - sample_s) - flow.rttvar_s) / 4.0
        flow.srtt_s += (sample_s - flow.srtt_s) / 8.0
    flow.least_rtt_s = min(flow.least_rtt_s, sample_s)
    flow.rto_s = flow.srtt_s + max(4.0 * flow.rttvar_s, flow.least_rto_s)


@compiled
def send(s: State, number: int, now_s: float) -> None:
    """Send what the window, the receiver and the application allow: what is missing first."""
    flow = s.flows[number]
    if flow.running == 0:
        return
    idle = flow.next == flow.una
    while flow.next - flow.una - flow.sacked - flow.missing + 1.0 <= flow.cwnd:
        if flow.missing > 0:
            segment = next_missing(s, flow)
            place = s.segments[flow.first_segment + (segment & flow.mask)]
            sent_again(s, flow, segment)
        else:
            segment = flow.next
            if segment >= flow.limit or segment - flow.una >= flow.window:
                break
            if not math.isinf(flow.rate) and segment >= flow.rate * (now_s - flow.start_s):
                _wake(s, flow, number, flow.start_s + (segment + 1) / flow.rate)
                break
            place = s.segments[flow.first_segment + (segment & flow.mask)]
            place.state = OUT
            flow.next = segment + 1
        place.sent_s = now_s
        _send_segment(s, number, flow, segment, now_s)
    if flow.next > flow.una and (idle or math.isinf(flow.timer_s)):
        _arm(s, flow, number, now_s + flow.rto_s * flow.backoff)


@compiled
def _arm(s: State, flow: Row, number: int, deadline_s: float) -> None:
    """Set the retransmission timer. Its event is planned anew only for an earlier moment: it looks when it comes."""
    flow.deadline_s = deadline_s
    if deadline_s < flow.timer_s:
        flow.timer_s = deadline_s
        plan(s, deadline_s, next_order(s), TIMEOUT, number)


@compiled
def _send_segment(s: State, number: int, flow: Row, segment: int, now_s: float) -> None:
    flow.sent += 1
    if flow.there == NONE:
        flow.dropped += 1
        return
    send_on(s, take(s, number, DATA, first_hop(s, flow), segment, now_s))


@compiled
def _wake(s: State, flow: Row, number: int, at_s: float) -> None:
    if flow.waking == 0:
        flow.waking = 1
        plan(s, at_s, next_order(s), SEND, number)


@compiled
def timer(s: State, number: int, now_s: float) -> None:
    """The retransmission timer's event: too early if there were acknowledgements since it was planned."""
    flow = s.flows[number]
    if now_s != flow.timer_s:
        return  # an earlier one was planned since
    flow.timer_s = math.inf
    if flow.running == 0 or flow.next == flow.una:
        return
    if now_s < flow.deadline_s:
        _arm(s, flow, number, flow.deadline_s)
        return
    flow.timeouts += 1
    if flow.state != LOSS:
        shrink(flow)
    lose_all(s, flow)
    flow.state = LOSS
    flow.recover = flow.next
    flow.cwnd = 1.0
    flow.backoff = min(2.0 * flow.backoff, max(1.0, MAX_RTO_S / flow.rto_s))
    s.counters[MAY_SEND] = number
