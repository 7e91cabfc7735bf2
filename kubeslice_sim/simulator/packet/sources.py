"""Open-loop sources: datagrams or jobs at drawn gaps, whatever becomes of them."""

from __future__ import annotations

from kubeslice_sim.simulator.packet.compiled import compiled
from kubeslice_sim.simulator.packet.dice import draw
from kubeslice_sim.simulator.packet.heap import next_order, plan
from kubeslice_sim.simulator.packet.pool import send_on, take
from kubeslice_sim.simulator.packet.tables import DATAGRAM, LAST_FRAGMENT, NONE, SEND, Row, State
from kubeslice_sim.simulator.packet.ways import first_hop


@compiled
def emit(s: State, number: int, now_s: float) -> None:
    """Send the next datagram, and plan the one after it."""
    flow = s.flows[number]
    if flow.running == 0 or flow.next >= flow.limit or now_s >= flow.stop_s:
        return
    datagram = flow.next
    flow.next += 1
    flow.sent += 1
    if flow.there == NONE:
        flow.dropped += 1
    else:
        hop = first_hop(s, flow)
        scale = 1.0
        if flow.scale != 0:
            scale = draw(flow, flow.scale, flow.scale_a, flow.scale_b, flow.scale_c)
        for fragment in range(flow.fragments):
            index = take(s, number, DATAGRAM, hop, datagram, now_s)
            packet = s.packets[index]
            packet.scale = scale
            if fragment == flow.fragments - 1 and fragment > 0:
                packet.size = LAST_FRAGMENT
            send_on(s, index)
    gap_s = draw(flow, flow.gap, flow.gap_a, flow.gap_b, flow.gap_c)
    flow.waking = 1
    plan(s, now_s + gap_s, next_order(s), SEND, number)


@compiled
def datagram_arrives(s: State, number: int, packet: Row, now_s: float) -> bool:
    """A datagram, or one of its fragments, arrives; whether it is whole now. Fragments stay in order."""
    flow = s.flows[number]
    if flow.fragments > 1:
        if flow.whole_of != packet.number:
            flow.whole_of = packet.number
            flow.whole = 0
        flow.whole += 1
        if flow.whole < flow.fragments:
            return False
    if packet.number < flow.highest:
        flow.reordered += 1
    flow.highest = max(flow.highest, packet.number)
    flow.received += 1
    flow.last_s = now_s
    return True
