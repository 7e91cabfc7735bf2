"""Links: what happens to a packet that comes to one, from the queue through the server to the wire."""

from __future__ import annotations

from kubeslice_sim.simulator.packet.compiled import compiled
from kubeslice_sim.simulator.packet.dice import draw, uniform
from kubeslice_sim.simulator.packet.heap import next_order, plan
from kubeslice_sim.simulator.packet.pool import drop
from kubeslice_sim.simulator.packet.scheduler import join
from kubeslice_sim.simulator.packet.servers import start_service
from kubeslice_sim.simulator.packet.shaping import bucket_departure
from kubeslice_sim.simulator.packet.tables import ARRIVE, BUCKET, HOPS, NONE, SERVERS, Row, State
from kubeslice_sim.simulator.packet.wire import onto_wire


@compiled
def accept(s: State, index: int, now_s: float) -> None:
    """A packet comes to the link of its hop.

    A queue in order needs no event of its own: when its last packet departs is known, so is the new one's departure.
    """
    packet = s.packets[index]
    hop = s.hops[packet.hop]
    link = s.links[hop.link]
    s.counters[HOPS] += 1
    link.arrived += 1
    if link.up == 0:
        link.refused += 1
        drop(s, index, packet)
        return
    work = s.work[packet.hop, packet.size] * packet.scale
    packet.work = work
    packet.came_s = now_s
    if link.kind > SERVERS:
        join(s, hop.link, link, index, packet, hop.class_, now_s)
        return
    if link.kind != SERVERS:
        _let_go(s, link, now_s)
    if (link.limit_packets != NONE and link.queued >= link.limit_packets) or link.backlog + work > link.limit_work:
        link.full += 1
        drop(s, index, packet)
        return
    link.queued += 1
    link.backlog += work
    service_s = work / link.capacity
    if link.service != 0:
        service_s = draw(link, link.service, link.service_a, link.service_b, link.service_c)
    if link.kind == SERVERS:
        if s.servers[link.first_server] > now_s:
            link.delayed += 1
        departs_s = start_service(s, link, now_s, service_s)
        packet.held = 1
        plan(s, departs_s, next_order(s), ARRIVE, index)
        link.sojourn_s += departs_s - now_s
        link.served += 1
        link.work += work
        return
    ready_s = max(now_s, link.free_s)
    if ready_s > now_s:
        link.delayed += 1
    departs_s = bucket_departure(link, ready_s, work) if link.kind == BUCKET else ready_s + service_s
    link.free_s = departs_s
    onto_wire(s, hop.link, link, index, packet, departs_s)


@compiled
def _let_go(s: State, link: Row, now_s: float) -> None:
    """Count off the packets that have departed by now."""
    while link.waits != NONE:
        packet = s.packets[link.waits]
        if packet.departs_s > now_s:
            break
        link.queued -= 1
        link.backlog -= packet.work
        link.waits = packet.next
    if link.queued == 0:
        link.backlog = 0.0  # what additions and subtractions have left over


@compiled
def leave_server(s: State, index: int, now_s: float) -> bool:
    """A packet of a link with several servers departs. False when it is lost, or still on the wire."""
    packet = s.packets[index]
    packet.held = 0
    link = s.links[s.hops[packet.hop].link]
    link.queued -= 1
    link.backlog -= packet.work
    if link.loss > 0.0 and uniform(link) < link.loss:
        link.lost += 1
        drop(s, index, packet)
        return False
    if link.delay_s > 0.0 or link.jitter_s > 0.0:
        plan(s, now_s + _flight_s(link), next_order(s), ARRIVE, index)
        return False
    return True


@compiled
def _flight_s(link: Row) -> float:
    flight_s = link.delay_s
    if link.jitter_s > 0.0:
        flight_s = max(0.0, flight_s + link.jitter_s * (2.0 * uniform(link) - 1.0))
    return float(flight_s)
