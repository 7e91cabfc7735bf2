"""Flows come and go on the engine's time, compiled."""

from __future__ import annotations

import numpy as np

from kubeslice_sim.simulator.compiled import compiled
from kubeslice_sim.simulator.maxmin.commit import link, unsettle
from kubeslice_sim.simulator.maxmin.heaps import insert, remove, set_due
from kubeslice_sim.simulator.maxmin.sweep import settle
from kubeslice_sim.simulator.maxmin.tables import APART, NONE, Floats, Indices, Rows


@compiled
def arrive(
    resources: Rows, crossings: Rows, classes: Rows, flows: Rows, state: Rows, f: int, size_bits: float, now_s: float
) -> None:
    """A flow comes, with ``size_bits`` to send (infinity: no end); rates follow at ``settle``."""
    c = flows[f].owner
    if classes[c].members == 0 and classes[c].next_dirty == APART:
        # What went at this very moment is dirty, and in the lists still; this class is not.
        classes[c].work, classes[c].since, classes[c].level, classes[c].rate = 0.0, now_s, 0.0, 0.0
        classes[c].mass = 0.0
        for e in range(classes[c].first, classes[c].last):
            link(resources, crossings, e)
    flows[f].start = classes[c].work + classes[c].level * (now_s - classes[c].since)
    flows[f].tag = flows[f].start + size_bits / flows[f].weight
    flows[f].end_s = np.inf
    if size_bits < np.inf:
        insert(classes, flows, c, f)
    classes[c].members += 1
    classes[c].mass += flows[f].weight
    _mark(classes, state, c)


@compiled
def depart(classes: Rows, flows: Rows, state: Rows, f: int) -> None:
    """A flow goes, done or not; rates follow at ``settle``."""
    c = flows[f].owner
    if flows[f].tag < np.inf:
        remove(classes, flows, c, f)
    classes[c].members -= 1
    classes[c].mass = 0.0 if classes[c].members == 0 else classes[c].mass - flows[f].weight
    _mark(classes, state, c)


@compiled
def set_capacity(resources: Rows, state: Rows, r: int, capacity: float) -> None:
    """What the resource carries from now on; rates follow at ``settle``."""
    resources[r].capacity = capacity
    unsettle(resources, state, r)


@compiled
def _mark(classes: Rows, state: Rows, c: int) -> None:
    if classes[c].next_dirty == APART:
        classes[c].next_dirty = state[0].dirty
        state[0].dirty = c


@compiled
def next_end_s(classes: Rows, state: Rows) -> float:
    """When the next flow ends at the rates of now; infinity if none does."""
    return float(classes[classes[0].end].due) if state[0].ends > 0 else np.inf


@compiled
def end(classes: Rows, flows: Rows, state: Rows, now_s: float) -> None:
    """Let the flows end whose time has come; they are the list ``ended``. Rates follow at ``settle``."""
    state[0].ended = NONE
    while state[0].ends > 0 and classes[classes[0].end].due <= now_s:
        c = classes[0].end
        tag = flows[classes[c].root].tag
        classes[c].work, classes[c].since = tag, now_s
        f = classes[c].root
        while f >= 0 and flows[f].tag <= tag:
            flows[f].end_s, flows[f].next_ended = now_s, state[0].ended
            state[0].ended = f
            depart(classes, flows, state, f)
            f = classes[c].root
        set_due(classes, state, c, np.inf)


@compiled
def run(
    resources: Rows,
    crossings: Rows,
    classes: Rows,
    flows: Rows,
    events: Rows,
    state: Rows,
    order: Indices,
    starts_s: Floats,
    sizes_bits: Floats,
    until_s: float,
) -> None:
    """Let all flows come in ``order`` (by start) and run until the last has ended, or until ``until_s``."""
    coming = 0
    while True:
        arrival_s = starts_s[order[coming]] if coming < order.size else np.inf
        now_s = min(arrival_s, next_end_s(classes, state))
        if now_s == np.inf or now_s > until_s:
            return
        end(classes, flows, state, now_s)
        while coming < order.size and starts_s[order[coming]] <= now_s:
            f = order[coming]
            arrive(resources, crossings, classes, flows, state, f, sizes_bits[f], now_s)
            coming += 1
        settle(resources, crossings, classes, flows, events, state, now_s)
