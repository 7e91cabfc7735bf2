"""The pool of packets: rows that are free form a list; who holds a row gives it back."""

from __future__ import annotations

from kubeslice_sim.simulator.packet.compiled import compiled
from kubeslice_sim.simulator.packet.tables import FIRST_DUE, FREE, FREE_PACKETS, FULL, LAST_DUE, NONE, Row, State


@compiled
def take(s: State, flow: int, kind: int, hop: int, number: int, now_s: float) -> int:
    """A packet of a flow at the start of its way. The run sees to it that there is always a free row."""
    index = s.counters[FREE]
    packet = s.packets[index]
    s.counters[FREE] = packet.next
    s.counters[FREE_PACKETS] -= 1
    packet.flow = flow
    packet.kind = kind
    packet.size = FULL
    packet.hop = hop
    packet.next = NONE
    packet.number = number
    packet.scale = 1.0
    packet.born_s = now_s
    packet.dead = 0
    packet.held = 0
    return int(index)


@compiled
def send_on(s: State, index: int) -> None:
    """The packet is due at the link of its hop now; the engine brings it there when this event is handled."""
    s.packets[index].next = NONE
    if s.counters[LAST_DUE] == NONE:
        s.counters[FIRST_DUE] = index
    else:
        s.packets[s.counters[LAST_DUE]].next = index
    s.counters[LAST_DUE] = index


@compiled
def take_due(s: State) -> int:
    """The packet that is due first; NONE when there is none."""
    index = s.counters[FIRST_DUE]
    if index != NONE:
        s.counters[FIRST_DUE] = s.packets[index].next
        if s.counters[FIRST_DUE] == NONE:
            s.counters[LAST_DUE] = NONE
    return int(index)


@compiled
def give_back(s: State, index: int, packet: Row) -> None:
    """The packet is no more."""
    packet.next = s.counters[FREE]
    s.counters[FREE] = index
    s.counters[FREE_PACKETS] += 1


@compiled
def drop(s: State, index: int, packet: Row) -> None:
    """The packet is no more, and its flow has lost it."""
    s.flows[packet.flow].dropped += 1
    give_back(s, index, packet)
