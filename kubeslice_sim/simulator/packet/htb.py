"""HTB as a device's own qdisc: which slice's leaf sends next whenever the device is free.

As ``net/sched/sch_htb.c``: leaves within their own rate first, in turns of a quantum; then those that borrow, each from
its parent. A leaf's turn to borrow ends with its quantum, or as soon as it borrows no more: because its ceiling is
reached, or because it has tokens of its own again. What comes to the device otherwise is in no class, and goes first.
"""

from __future__ import annotations

from kubeslice_sim.simulator.packet.compiled import compiled
from kubeslice_sim.simulator.packet.shaping import BORROWS, OWN, SHUT, shape_mode, shape_opens
from kubeslice_sim.simulator.packet.tables import NONE, Row, State


@compiled
def choose_leaf(s: State, device: Row, now_s: float) -> int:
    """The leaf that sends now; NONE: none has a packet that may go."""
    first = _from(s, device, device.turn_own, OWN, now_s)
    if device.turn_lent != NONE and _mode(s, device.turn_lent, now_s) != BORROWS:
        device.turn_lent = _after(s, device, device.turn_lent)
    if first != NONE:
        device.turn_own = first
        return first
    borrower = _from(s, device, device.turn_lent, BORROWS, now_s)
    if borrower != NONE:
        device.turn_lent = borrower
    return borrower


@compiled
def end_turn(s: State, device: Row, number: int, mode: int, work: float, now_s: float) -> None:
    """The leaf has sent so much in this mode: whose turn it is next."""
    shape = s.shapes[s.links[number].leaf]
    over = False
    if mode == OWN:
        shape.own_deficit -= work
        over = shape.own_deficit < 0.0
        if over:
            shape.own_deficit += shape.turn
    else:
        shape.lent_deficit -= work
        over = shape.lent_deficit < 0.0
        if over:
            shape.lent_deficit += shape.turn
    if over or _mode(s, number, now_s) != mode:
        if mode == OWN:
            device.turn_own = _after(s, device, number)
        else:
            device.turn_lent = _after(s, device, number)


@compiled
def first_opening(s: State, device: Row, now_s: float) -> float:
    """When the first leaf that has packets may send one of them."""
    opens_s = -1.0
    leaf = device.first_leaf
    while leaf != NONE:
        if s.links[leaf].queued > 0:
            at_s = shape_opens(s.shapes[s.links[leaf].leaf], now_s)
            if opens_s < 0.0 or at_s < opens_s:
                opens_s = at_s
        leaf = s.links[leaf].next_leaf
    return opens_s


@compiled
def _mode(s: State, number: int, now_s: float) -> int:
    if s.links[number].queued == 0:
        return SHUT
    return int(shape_mode(s.shapes[s.links[number].leaf], now_s))


@compiled
def _from(s: State, device: Row, number: int, mode: int, now_s: float) -> int:
    """The first leaf in this mode, from this one on in a circle."""
    first = device.first_leaf if number == NONE else number
    leaf = first
    while True:
        if _mode(s, leaf, now_s) == mode:
            return int(leaf)
        leaf = _after(s, device, leaf)
        if leaf == first:
            return NONE


@compiled
def _after(s: State, device: Row, number: int) -> int:
    following = s.links[number].next_leaf
    return int(device.first_leaf if following == NONE else following)
