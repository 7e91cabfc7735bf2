"""The sending side of TCP: recovery by SACK and RACK (RFC 6675, 8985), tail loss probes, timeouts (RFC 6298)."""

from __future__ import annotations

import math

from kubeslice_sim.simulator.packet.compiled import compiled
from kubeslice_sim.simulator.packet.congestion import grow, shrink
from kubeslice_sim.simulator.packet.heap import next_order, plan
from kubeslice_sim.simulator.packet.hystart import begin_round, leave_slow_start
from kubeslice_sim.simulator.packet.pool import send_on, take
from kubeslice_sim.simulator.packet.rack import arrived, duplicated, find_missing, recovered
from kubeslice_sim.simulator.packet.scoreboard import (
    acknowledge,
    block,
    lose_all,
    next_missing,
    place_of,
    sent_again,
)
from kubeslice_sim.simulator.packet.tables import (
    CUBIC,
    DATA,
    DUPLICATE,
    LOSS,
    MAY_LOOK,
    MAY_SEND,
    NONE,
    OPEN,
    OUT,
    RECOVERY,
    SEND,
    SETTLE,
    Row,
    State,
)
from kubeslice_sim.simulator.packet.timer import is_due, set_timer
from kubeslice_sim.simulator.packet.undo import doubt_recovery, doubt_timeout, judge_recovery, judge_timeout
from kubeslice_sim.simulator.packet.ways import first_hop
from kubeslice_sim.simulator.tcp import MAX_RTO_S


@compiled
def acknowledged(s: State, number: int, packet: Row, now_s: float) -> None:
    """An acknowledgement arrives at the sender of flow ``number``."""
    flow = s.flows[number]
    _measure(flow, now_s - packet.echo_s)
    in_use = flow.next - flow.una - flow.sacked - flow.missing + 1.0 >= flow.cwnd
    arrived(s, flow, packet.number, packet.born_s, now_s)
    moved = acknowledge(s, flow, packet.cumulative)
    if moved > 0 and flow.congestion == CUBIC:
        leave_slow_start(flow, now_s - packet.born_s, now_s)
    if packet.block_end > packet.block:
        block(s, flow, packet.number, packet.block, packet.block_end)
    elif packet.block_end == DUPLICATE:
        if flow.probe_again != 0 and packet.number + 1 == flow.probe_end:
            flow.probe_end = NONE  # the probe and what it repeated have both arrived
        else:
            duplicated(flow)
    if moved > 0 and not math.isinf(flow.undo_s):
        judge_recovery(s, flow, packet.echo_s)
    judge_timeout(s, flow)
    _judge_probe(flow)
    if flow.state != OPEN and flow.una >= flow.recover:
        if flow.state == RECOVERY:
            recovered(flow)
        flow.state = OPEN
    if moved > 0:
        flow.backoff = 1.0
        set_timer(s, flow, number, now_s)
    flow.acked = moved if in_use else 0
    s.counters[MAY_LOOK] = number
    if flow.una >= flow.limit and math.isinf(flow.finished_s):
        flow.finished_s = now_s
    s.counters[MAY_SEND] = number


@compiled
def look_for_losses(s: State, number: int, now_s: float) -> None:
    """Find what is lost by now, which begins a recovery; if nothing is, the window grows by what was acknowledged.

    What is only late is looked at again in time.
    """
    flow = s.flows[number]
    found = find_missing(s, flow, now_s, flow.state == RECOVERY)
    if flow.settle_s < flow.settling_s:
        flow.settling_s = flow.settle_s
        plan(s, flow.settle_s, next_order(s), SETTLE, number)
    if flow.state == OPEN and found > 0:
        doubt_recovery(s, flow, now_s)
        shrink(flow)
        flow.cwnd = flow.ssthresh
        flow.recover = flow.next
        flow.state = RECOVERY
        flow.recoveries += 1
    elif flow.state != RECOVERY and flow.acked > 0:
        grow(flow, flow.acked, now_s)
    flow.acked = 0


@compiled
def settled(s: State, number: int, now_s: float) -> None:
    """The reordering timer's event: what was late has had its time (RFC 8985, 6.2, step 5)."""
    flow = s.flows[number]
    if now_s != flow.settling_s:
        return  # an earlier one was planned since
    flow.settling_s = math.inf
    if flow.running != 0 and flow.next > flow.una and not math.isinf(flow.settle_s):
        s.counters[MAY_LOOK] = number
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
    """Send what the window, the receiver and the application allow: what is missing first.

    Sending the oldest segment again begins the timer anew, as Linux does (tcp_xmit_retransmit_queue): found late, it
    would be called lost a second time before its acknowledgement can come.
    """
    flow = s.flows[number]
    if flow.running == 0:
        return
    anew = flow.next == flow.una
    before = flow.next
    while flow.next - flow.una - flow.sacked - flow.missing + 1.0 <= flow.cwnd:
        if flow.missing > 0:
            segment = next_missing(s, flow)
            place = place_of(s, flow, segment)
            sent_again(s, flow, segment)
            anew = anew or segment == flow.una
        else:
            segment = flow.next
            if segment >= flow.limit or segment - flow.una >= flow.window:
                break
            if not math.isinf(flow.rate) and segment >= flow.rate * (now_s - flow.start_s):
                _wake(s, flow, number, flow.start_s + (segment + 1) / flow.rate)
                break
            place = place_of(s, flow, segment)
            place.state = OUT
            flow.next = segment + 1
        place.sent_s = now_s
        _send_segment(s, number, flow, segment, now_s)
    if flow.next > flow.una and (anew or math.isinf(flow.timer_s) or (flow.probing != 0 and flow.next > before)):
        set_timer(s, flow, number, now_s)


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
    """The timer's event."""
    flow = s.flows[number]
    if not is_due(s, flow, number, now_s):
        return
    if flow.probing != 0:
        _probe(s, flow, number, now_s)
        return
    flow.timeouts += 1
    doubt_timeout(flow)
    if flow.state != LOSS:
        shrink(flow)
    lose_all(s, flow)
    flow.probe_end = NONE
    flow.state = LOSS
    flow.fills = 0
    begin_round(flow, now_s)
    flow.recover = flow.next
    flow.cwnd = 1.0
    flow.backoff = min(2.0 * flow.backoff, max(1.0, MAX_RTO_S / flow.rto_s))
    s.counters[MAY_SEND] = number


@compiled
def _probe(s: State, flow: Row, number: int, now_s: float) -> None:
    """Ask for an acknowledgement: by a new segment, whatever the window, or else by the last once more."""
    segment = flow.next
    made = math.isinf(flow.rate) or segment < flow.rate * (now_s - flow.start_s)
    flow.probe_again = 0
    if segment < flow.limit and segment - flow.una < flow.window and made:
        place_of(s, flow, segment).state = OUT
        flow.next = segment + 1
    else:
        segment -= 1
        flow.probe_again = 1
        flow.resent += 1
    flow.probe_end = flow.next
    place_of(s, flow, segment).sent_s = now_s
    _send_segment(s, number, flow, segment, now_s)
    set_timer(s, flow, number, now_s)


@compiled
def _judge_probe(flow: Row) -> None:
    """An acknowledgement came: what was sent after the probe is acknowledged without a word that the probe came twice,
    so it had replaced a segment that was lost (RFC 8985, 7.4.2)."""
    if flow.probe_end != NONE and flow.una >= flow.probe_end:
        if flow.probe_again != 0 and flow.una > flow.probe_end and flow.state == OPEN:
            shrink(flow)
            flow.cwnd = flow.ssthresh
        if flow.probe_again == 0 or flow.una > flow.probe_end:
            flow.probe_end = NONE
