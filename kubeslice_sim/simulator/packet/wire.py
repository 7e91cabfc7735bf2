"""The wire behind a link: packets in flight, always in order; chance loses them, jitter holds them up."""

from __future__ import annotations

from kubeslice_sim.simulator.packet.compiled import compiled
from kubeslice_sim.simulator.packet.dice import exponential, uniform
from kubeslice_sim.simulator.packet.heap import next_order, plan, remove_first, replace_first
from kubeslice_sim.simulator.packet.pool import drop
from kubeslice_sim.simulator.packet.tables import DELIVER, NONE, Row, State


@compiled
def onto_wire(s: State, number: int, link: Row, index: int, packet: Row, departs_s: float) -> None:
    """A packet's departure is settled: put it in flight. Departures of one link must come in order."""
    packet.departs_s = departs_s
    packet.dead = 0
    if link.loss > 0.0 and uniform(link) < link.loss:
        packet.dead = 1
    if link.lose_every > 0 and (link.served + 1) % link.lose_every == 0:
        packet.dead = 1
    flight_s = link.delay_s
    if link.jitter_s > 0.0:
        flight_s = max(0.0, flight_s + link.jitter_s * (2.0 * uniform(link) - 1.0))
    if link.noise_s > 0.0:
        flight_s += exponential(link, link.noise_s)
    packet.arrives_s = max(departs_s + flight_s, _last_s(s, link))
    packet.order = next_order(s)
    packet.next = NONE
    link.sojourn_s += departs_s - packet.came_s
    link.served += 1
    link.work += packet.work
    if link.waits == NONE:
        link.waits = index
    if link.tail == NONE:
        link.head = index
        plan(s, packet.arrives_s, packet.order, DELIVER, number)
    else:
        s.packets[link.tail].next = index
    link.tail = index


@compiled
def _last_s(s: State, link: Row) -> float:
    """When the last packet in flight arrives: none overtakes it, whatever delay it drew or was set meanwhile.

    So does netem where it has a rate (``net/sched/sch_netem.c``), and so do queues, which is what jitter comes from.
    """
    return float(s.packets[link.tail].arrives_s) if link.tail != NONE else 0.0


@compiled
def off_wire(s: State, number: int) -> int:
    """The first event is a delivery of this link: take the packet; NONE when chance has lost it."""
    link = s.links[number]
    index = link.head
    packet = s.packets[index]
    if link.waits == index:
        link.queued -= 1
        link.backlog -= packet.work
        link.waits = packet.next
    link.head = packet.next
    if link.head == NONE:
        link.tail = NONE
        remove_first(s)
    else:
        following = s.packets[link.head]
        replace_first(s, following.arrives_s, following.order, DELIVER, number)
    if packet.dead != 0:
        packet.dead = 0
        link.lost += 1
        drop(s, index, packet)
        return NONE
    return int(index)
