"""The engine: events in order of time, up to a moment."""

from __future__ import annotations

from collections.abc import Callable

from kubeslice_sim.simulator.packet.compiled import SOURCES, cached, compiled
from kubeslice_sim.simulator.packet.heap import KINDS, next_order, plan, remove_first
from kubeslice_sim.simulator.packet.histogram import count
from kubeslice_sim.simulator.packet.links import accept, leave_server
from kubeslice_sim.simulator.packet.pool import give_back, send_on, take_due
from kubeslice_sim.simulator.packet.receiver import late_acknowledgement, segment_arrives
from kubeslice_sim.simulator.packet.scheduler import served
from kubeslice_sim.simulator.packet.sender import acknowledged, look_for_losses, send, settled, timer
from kubeslice_sim.simulator.packet.sources import datagram_arrives, emit
from kubeslice_sim.simulator.packet.tables import (
    ACKNOWLEDGEMENT,
    ARRIVE,
    DATA,
    DELAYED_ACK,
    DELIVER,
    DONE,
    EVENTS,
    FREE_PACKETS,
    HANDLED,
    MAY_LOOK,
    MAY_SEND,
    MORE_PACKETS,
    NONE,
    SAMPLES,
    SAMPLES_FULL,
    SEND,
    SERVE,
    SETTLE,
    TCP,
    TIMEOUT,
    State,
)
from kubeslice_sim.simulator.packet.wire import off_wire

RESERVE = 8192
"""Free packets without which no event is begun: more than the largest burst of one (a window, a datagram)."""


@compiled
def _arrived(s: State, index: int, now_s: float) -> None:
    """A packet has left a link: on to the next, or to its end."""
    packet = s.packets[index]
    if s.hops[packet.hop].final == 0:
        packet.hop += 1
        send_on(s, index)
        return
    number = packet.flow
    if packet.kind == ACKNOWLEDGEMENT:
        if s.flows[number].running != 0:
            acknowledged(s, number, packet, now_s)
    elif packet.kind == DATA:
        if s.flows[number].running != 0:
            _note(s, number, now_s - packet.born_s)
            segment_arrives(s, number, packet, now_s)
    elif datagram_arrives(s, number, packet, now_s):
        _note(s, number, now_s - packet.born_s)
    give_back(s, index, packet)


@compiled
def _note(s: State, number: int, latency_s: float) -> None:
    flow = s.flows[number]
    flow.latency_s += latency_s
    flow.worst_s = max(flow.worst_s, latency_s)
    count(s, number, latency_s)
    place = s.counters[SAMPLES]
    if place < s.sample_s.size:
        s.sample_flow[place] = number
        s.sample_s[place] = latency_s
        s.counters[SAMPLES] = place + 1


@compiled
def _wake(s: State, number: int, now_s: float) -> None:
    flow = s.flows[number]
    flow.waking = 0
    if flow.kind == TCP:
        s.counters[MAY_SEND] = number
    else:
        emit(s, number, now_s)


def _engine(sources: str) -> Callable[[State, float], int]:
    def advance(s: State, until_s: float) -> int:
        """Handle every event up to ``until_s``, that moment included. Returns early for the reason it tells."""
        _ = sources
        while s.counters[EVENTS] > 0:
            first = s.events[0]
            now_s = first.at_s
            if now_s > until_s:
                break
            if s.counters[FREE_PACKETS] < RESERVE or s.events.size - s.counters[EVENTS] < RESERVE:
                return MORE_PACKETS
            if s.sample_s.size > 0 and s.counters[SAMPLES] >= s.sample_s.size:
                return SAMPLES_FULL
            s.counters[HANDLED] += 1
            item = first.item
            number = item // KINDS
            kind = item % KINDS
            if kind == DELIVER:
                index = off_wire(s, number)
            elif kind == ARRIVE:
                remove_first(s)
                index = number if s.packets[number].held == 0 or leave_server(s, number, now_s) else NONE
            else:
                remove_first(s)
                index = NONE
            if index != NONE:
                _arrived(s, index, now_s)
            elif kind == SERVE:
                served(s, number, now_s)
            elif kind == SEND:
                _wake(s, number, now_s)
            elif kind == TIMEOUT:
                timer(s, number, now_s)
            elif kind == DELAYED_ACK:
                late_acknowledgement(s, number, now_s)
            elif kind == SETTLE:
                settled(s, number, now_s)
            # What an event sets off at this moment is done here, in one place: twice as quick to compile.
            if s.counters[MAY_LOOK] != NONE:
                number = s.counters[MAY_LOOK]
                s.counters[MAY_LOOK] = NONE
                look_for_losses(s, number, now_s)
            if s.counters[MAY_SEND] != NONE:
                number = s.counters[MAY_SEND]
                s.counters[MAY_SEND] = NONE
                send(s, number, now_s)
            index = take_due(s)
            while index != NONE:
                accept(s, index, now_s)
                index = take_due(s)
        return DONE

    return cached(advance)


advance = _engine(SOURCES)
"""Run ``(state, until_s)``; :data:`DONE`, or what it needs before it can go on."""


def _planner(sources: str) -> Callable[[State, float, int, int], None]:
    def plan_event(s: State, at_s: float, kind: int, index: int) -> None:
        """Add an event from outside."""
        _ = sources
        plan(s, at_s, next_order(s), kind, index)

    return cached(plan_event)


plan_event = _planner(SOURCES)
"""Add an event ``(state, at_s, kind, index)`` from outside."""
