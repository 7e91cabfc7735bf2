"""Events: a binary heap by time, and by the order of planning where times are equal."""

from __future__ import annotations

from kubeslice_sim.simulator.packet.compiled import compiled
from kubeslice_sim.simulator.packet.tables import EVENTS, ORDER, Row, State

KINDS = 8
"""An entry's item is index times this plus the event's kind."""


@compiled
def _before(one: Row, at_s: float, order: int) -> bool:
    return bool(one.at_s < at_s or (one.at_s == at_s and one.order < order))


@compiled
def next_order(s: State) -> int:
    """A number that grows with every planning: what was planned first comes first."""
    s.counters[ORDER] += 1
    return int(s.counters[ORDER])


@compiled
def plan(s: State, at_s: float, order: int, kind: int, index: int) -> None:
    """Add an event."""
    place = s.counters[EVENTS]
    s.counters[EVENTS] = place + 1
    while place > 0:
        above = (place - 1) >> 1
        row = s.events[above]
        if _before(row, at_s, order):
            break
        s.events[place] = row
        place = above
    row = s.events[place]
    row.at_s = at_s
    row.order = order
    row.item = index * KINDS + kind


@compiled
def _sink(s: State, at_s: float, order: int, item: int) -> None:
    """Put an entry at the top and let it sink to its place."""
    size = s.counters[EVENTS]
    place = 0
    while True:
        child = 2 * place + 1
        if child >= size:
            break
        if child + 1 < size:
            right = s.events[child + 1]
            if _before(right, s.events[child].at_s, s.events[child].order):
                child += 1
        below = s.events[child]
        if not _before(below, at_s, order):
            break
        s.events[place] = below
        place = child
    row = s.events[place]
    row.at_s = at_s
    row.order = order
    row.item = item


@compiled
def replace_first(s: State, at_s: float, order: int, kind: int, index: int) -> None:
    """Take the first event away and add another, in one passage."""
    _sink(s, at_s, order, index * KINDS + kind)


@compiled
def remove_first(s: State) -> None:
    """Take the first event away."""
    size = s.counters[EVENTS] - 1
    s.counters[EVENTS] = size
    if size > 0:
        last = s.events[size]
        _sink(s, last.at_s, last.order, last.item)
