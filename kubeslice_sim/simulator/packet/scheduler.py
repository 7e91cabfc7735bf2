"""Links that choose whom to serve next: non-preemptive priorities, and SFQ under an HTB leaf."""

from __future__ import annotations

from kubeslice_sim.simulator.packet.compiled import compiled
from kubeslice_sim.simulator.packet.dice import draw
from kubeslice_sim.simulator.packet.heap import next_order, plan
from kubeslice_sim.simulator.packet.htb import choose_leaf, end_turn, first_opening
from kubeslice_sim.simulator.packet.pool import drop
from kubeslice_sim.simulator.packet.shaping import shape_charges, shape_mode, shape_opens
from kubeslice_sim.simulator.packet.tables import NONE, PRIORITY, SERVE, SHAPED, Row, State
from kubeslice_sim.simulator.packet.wire import onto_wire


@compiled
def join(s: State, number: int, link: Row, index: int, packet: Row, class_: int, now_s: float) -> None:
    """A packet joins its class. Where the link is full, priorities refuse it; SFQ drops from the longest class."""
    if (link.limit_packets != NONE and link.queued >= link.limit_packets) or (
        link.backlog + packet.work > link.limit_work
    ):
        link.full += 1
        longest = _longest(s, link) if link.kind == SHAPED else NONE
        if longest == NONE or longest == link.first_class + class_:
            drop(s, index, packet)
            return
        _drop_last(s, link, longest)
    row = s.classes[link.first_class + class_]
    packet.next = NONE
    if row.tail == NONE:
        row.head = index
        if link.kind == SHAPED:
            row.allotment = s.shapes[link.leaf].quantum
    else:
        s.packets[row.tail].next = index
    row.tail = index
    row.length += 1
    link.queued += 1
    link.backlog += packet.work
    if link.device != NONE:
        if s.links[link.device].busy == 0:
            serve_device(s, link.device, now_s)
    elif link.busy == 0:
        serve(s, number, now_s)


@compiled
def served(s: State, number: int, now_s: float) -> None:
    """A SERVE event: a service is over, or a gate opens."""
    link = s.links[number]
    link.busy = 0
    if link.first_leaf != NONE:
        serve_device(s, number, now_s)
        return
    if link.serving != NONE:
        index = link.serving
        link.serving = NONE
        _go(s, number, link, index, now_s)
    serve(s, number, now_s)


@compiled
def serve(s: State, number: int, now_s: float) -> None:
    """Serve whoever is next, until the server is busy or nobody waits."""
    link = s.links[number]
    while True:
        if link.kind == PRIORITY:
            class_ = _most_urgent(s, link)
            if class_ == NONE:
                return
            index = _take_first(s, class_)
            packet = s.packets[index]
            service_s = packet.work / link.capacity
            if link.service != 0:
                service_s = draw(link, link.service, link.service_a, link.service_b, link.service_c)
            link.serving = index
            link.busy = 1
            plan(s, now_s + service_s, next_order(s), SERVE, number)
            return
        if link.queued == 0:
            return
        opens_s = shape_opens(s.shapes[link.leaf], now_s)
        if opens_s > now_s:
            link.busy = 1
            plan(s, opens_s, next_order(s), SERVE, number)
            return
        class_ = _whose_turn(s, link)
        index = _take_first(s, class_)
        s.classes[class_].waited_s = now_s - s.packets[index].came_s
        shape_charges(s.shapes[link.leaf], now_s, s.packets[index].work)
        _go(s, number, link, index, now_s)


@compiled
def serve_device(s: State, number: int, now_s: float) -> None:
    """Let leaves send until the device is busy or none may."""
    device = s.links[number]
    while True:
        opens_s = first_opening(s, device, now_s)
        if opens_s < 0.0:
            return
        opens_s = max(opens_s, device.gate_s, device.free_s)
        if opens_s > now_s:
            device.busy = 1
            plan(s, opens_s, next_order(s), SERVE, number)
            return
        chosen = choose_leaf(s, device, now_s)
        if chosen == NONE:  # rounding: its tokens are a hair short
            device.busy = 1
            plan(s, now_s + 1e-9, next_order(s), SERVE, number)
            return
        leaf = s.links[chosen]
        mode = shape_mode(s.shapes[leaf.leaf], now_s)
        class_ = _whose_turn(s, leaf)
        index = _take_first(s, class_)
        packet = s.packets[index]
        s.classes[class_].waited_s = now_s - packet.came_s
        shape_charges(s.shapes[leaf.leaf], now_s, packet.work)
        device.gate_s = now_s + s.work[packet.hop + 1, packet.size] * packet.scale / device.capacity
        work = packet.work
        _go(s, chosen, leaf, index, now_s)
        end_turn(s, device, chosen, mode, work, now_s)


@compiled
def _go(s: State, number: int, link: Row, index: int, now_s: float) -> None:
    packet = s.packets[index]
    link.queued -= 1
    link.backlog -= packet.work
    onto_wire(s, number, link, index, packet, now_s)
    link.waits = NONE  # it has departed: the wire has nothing to count off


@compiled
def _most_urgent(s: State, link: Row) -> int:
    for class_ in range(link.first_class, link.first_class + link.classes):
        if s.classes[class_].head != NONE:
            return int(class_)
    return NONE


@compiled
def _whose_turn(s: State, link: Row) -> int:
    """The class that sends next: round robin by bits (``net/sched/sch_sfq.c``: an allotment renewed each turn)."""
    while True:
        row = s.classes[link.first_class + link.turn]
        if row.head != NONE:
            if row.allotment > 0.0:
                row.allotment -= s.packets[row.head].work
                return int(link.first_class + link.turn)
            row.allotment += s.shapes[link.leaf].quantum
        link.turn = (link.turn + 1) % link.classes


@compiled
def _take_first(s: State, class_: int) -> int:
    row = s.classes[class_]
    index = row.head
    row.head = s.packets[index].next
    if row.head == NONE:
        row.tail = NONE
    row.length -= 1
    return int(index)


@compiled
def _longest(s: State, link: Row) -> int:
    best = NONE
    length = 0
    for class_ in range(link.first_class, link.first_class + link.classes):
        if s.classes[class_].length > length:
            best = class_
            length = s.classes[class_].length
    return best


@compiled
def _drop_last(s: State, link: Row, class_: int) -> None:
    row = s.classes[class_]
    index = row.tail
    if row.head == index:
        row.head = NONE
        row.tail = NONE
    else:
        before = row.head
        while s.packets[before].next != index:
            before = s.packets[before].next
        s.packets[before].next = NONE
        row.tail = before
    row.length -= 1
    packet = s.packets[index]
    link.queued -= 1
    link.backlog -= packet.work
    drop(s, index, packet)
