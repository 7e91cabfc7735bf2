"""The three heaps of the engine, compiled: events of a sweep, ends of classes, flows of a class."""

from __future__ import annotations

import numpy as np

from kubeslice_sim.simulator.compiled import compiled
from kubeslice_sim.simulator.maxmin.tables import NONE, Rows


@compiled
def push(events: Rows, state: Rows, key: float, what: int) -> None:
    """Put an event in; the first is the one with the least key, then the least ``what``."""
    i = state[0].events
    state[0].events = i + 1
    while i > 0:
        up = (i - 1) >> 1
        if events[up].key < key or (events[up].key == key and events[up].what <= what):
            break
        events[i].key, events[i].what = events[up].key, events[up].what
        i = up
    events[i].key, events[i].what = key, what


@compiled
def pop(events: Rows, state: Rows) -> None:
    """Take the first event away."""
    n = state[0].events - 1
    state[0].events = n
    key, what = events[n].key, events[n].what
    i = 0
    while True:
        down = 2 * i + 1
        if down >= n:
            break
        right = down + 1
        if right < n and (
            events[right].key < events[down].key
            or (events[right].key == events[down].key and events[right].what < events[down].what)
        ):
            down = right
        if key < events[down].key or (key == events[down].key and what <= events[down].what):
            break
        events[i].key, events[i].what = events[down].key, events[down].what
        i = down
    events[i].key, events[i].what = key, what


@compiled
def set_due(classes: Rows, state: Rows, c: int, due: float) -> None:
    """When the class's first flow ends; infinity takes the class out of the heap of ends."""
    i = classes[c].place
    if i < 0:
        if due == np.inf:
            return
        i = state[0].ends
        state[0].ends = i + 1
    elif due == np.inf:
        n = state[0].ends - 1
        state[0].ends = n
        classes[c].place, classes[c].due = -1, np.inf
        if i == n:
            return
        c = classes[n].end
        due = classes[c].due
    classes[c].due = due
    while i > 0:
        up = (i - 1) >> 1
        other = classes[up].end
        if classes[other].due < due or (classes[other].due == due and other < c):
            break
        classes[i].end, classes[other].place = other, i
        i = up
    n = state[0].ends
    while True:
        down = 2 * i + 1
        if down >= n:
            break
        other = classes[down].end
        if down + 1 < n:
            right = classes[down + 1].end
            if classes[right].due < classes[other].due or (classes[right].due == classes[other].due and right < other):
                down, other = down + 1, right
        if due < classes[other].due or (due == classes[other].due and c < other):
            break
        classes[i].end, classes[other].place = other, i
        i = down
    classes[i].end, classes[c].place = c, i


@compiled
def insert(classes: Rows, flows: Rows, c: int, f: int) -> None:
    """Put a flow into its class's heap (a pairing heap, Fredman et al. 1986); the first to end is the root."""
    flows[f].child, flows[f].sibling, flows[f].before = NONE, NONE, NONE
    classes[c].root = _meld(flows, classes[c].root, f)


@compiled
def remove(classes: Rows, flows: Rows, c: int, f: int) -> None:
    """Take a flow out of its class's heap."""
    root, before, sibling = classes[c].root, flows[f].before, flows[f].sibling
    below = _gather(flows, flows[f].child)
    if f == root:
        classes[c].root = below
        return
    if flows[before].child == f:
        flows[before].child = sibling
    else:
        flows[before].sibling = sibling
    if sibling >= 0:
        flows[sibling].before = before
    classes[c].root = _meld(flows, root, below)


@compiled
def _meld(flows: Rows, a: int, b: int) -> int:
    if a < 0:
        return b
    if b < 0:
        return a
    if flows[b].tag < flows[a].tag or (flows[b].tag == flows[a].tag and b < a):
        a, b = b, a
    first = flows[a].child
    flows[b].sibling, flows[b].before = first, a
    if first >= 0:
        flows[first].before = b
    flows[a].child = b
    return a


@compiled
def _gather(flows: Rows, child: int) -> int:
    """One heap of a list of them: in pairs, then pair by pair from the last."""
    pairs = NONE
    while child >= 0:
        other, rest = flows[child].sibling, NONE
        if other >= 0:
            rest = flows[other].sibling
        flows[child].sibling = NONE
        pair = _meld(flows, child, other)
        flows[pair].sibling = pairs
        pairs, child = pair, rest
    root = NONE
    while pairs >= 0:
        rest = flows[pairs].sibling
        root = _meld(flows, root, pairs)
        pairs = rest
    if root >= 0:
        flows[root].sibling, flows[root].before = NONE, NONE
    return root
