"""What a sweep has found becomes so: levels, loads, who holds whom, who is done when; compiled."""

from __future__ import annotations

import numpy as np

from kubeslice_sim.simulator.compiled import compiled
from kubeslice_sim.simulator.maxmin.heaps import set_due
from kubeslice_sim.simulator.maxmin.tables import APART, NONE, Rows

SUM_UP_AFTER = 4096
"""A load that was changed by difference this often is summed up anew, so that rounding does not pile up."""
OVERLOAD = 1e-11
"""An unwatched resource may carry so much more than it can: rounding, again, where two in a row are full at once."""
IDLE_AFTER = 8
NEARLY = 0.98
"""A resource that held nobody back for so many sweeps, and is not this full, is no longer watched."""
OUT = 0
"""What a class does that no sweep has reached."""


@compiled
def commit(resources: Rows, crossings: Rows, classes: Rows, flows: Rows, state: Rows, now_s: float) -> None:
    """The levels found are those from now on."""
    c = state[0].joined
    while c >= 0:
        classes[c].state = OUT
        level, rate = classes[c].new_level, classes[c].mass * classes[c].new_level
        more = rate - classes[c].rate
        for e in range(classes[c].first, classes[c].last):
            r = crossings[e].resource
            if not resources[r].watched:
                resources[r].load += crossings[e].use * more
                note(resources, state, r)
        if level != classes[c].level:
            classes[c].work += classes[c].level * (now_s - classes[c].since)
            classes[c].since, classes[c].level = now_s, level
        classes[c].rate = rate
        if more != 0.0 and classes[c].last_ack > classes[c].first_ack and classes[c].next_moved == APART:
            classes[c].next_moved = state[0].moved_classes
            state[0].moved_classes = c
        _hold(resources, classes, c, classes[c].new_bottleneck)
        if classes[c].members == 0:
            for e in range(classes[c].first, classes[c].last):
                _unlink(resources, crossings, e)
        set_due(classes, state, c, _due(classes, flows, c, now_s))
        c = classes[c].next_joined
    state[0].joined = NONE


@compiled
def look_again(resources: Rows, crossings: Rows, classes: Rows, state: Rows, again: bool) -> None:
    """Loads are right again; who is overloaded is watched from now on, and who was idle for long is not."""
    r = state[0].touched
    while r >= 0:
        if resources[r].watched:
            resources[r].load = resources[r].fixed
        resources[r].changes += 1
        if resources[r].changes >= SUM_UP_AFTER or resources[r].first < 0:
            resources[r].changes, load = 0, 0.0
            e = resources[r].first
            while e >= 0:
                load += crossings[e].use * classes[crossings[e].owner].rate
                e = crossings[e].after
            resources[r].load = load
        after, resources[r].next_touched = resources[r].next_touched, APART
        if not resources[r].watched:
            if resources[r].load > resources[r].capacity * (1.0 + OVERLOAD):
                resources[r].watched, resources[r].idle = 1, 0
                unsettle(resources, state, r)
        elif resources[r].held >= 0:
            resources[r].idle = 0
        else:
            resources[r].idle += 1
            # Only in a moment's first sweep: those that follow it only ever watch more, and so come to an end.
            if not again and resources[r].idle >= IDLE_AFTER and resources[r].load < NEARLY * resources[r].capacity:
                resources[r].watched = 0
        r = after
    state[0].touched = NONE


@compiled
def note(resources: Rows, state: Rows, r: int) -> None:
    """The resource's load changes with this sweep."""
    if resources[r].next_touched == APART:
        resources[r].next_touched = state[0].touched
        state[0].touched = r


@compiled
def unsettle(resources: Rows, state: Rows, r: int) -> None:
    """The next sweep looks whether the resource still carries what it is given."""
    if resources[r].next_dirty == APART:
        resources[r].next_dirty = state[0].dirty_resources
        state[0].dirty_resources = r


@compiled
def _due(classes: Rows, flows: Rows, c: int, now_s: float) -> float:
    f = classes[c].root
    if f < 0 or classes[c].level <= 0.0:
        return np.inf
    due_s: float = max(now_s, classes[c].since + (flows[f].tag - classes[c].work) / classes[c].level)
    return due_s


@compiled
def link(resources: Rows, crossings: Rows, e: int) -> None:
    """The crossing's class has flows from now on."""
    r = crossings[e].resource
    first = resources[r].first
    crossings[e].before, crossings[e].after = NONE, first
    if first >= 0:
        crossings[first].before = e
    resources[r].first = e


@compiled
def _unlink(resources: Rows, crossings: Rows, e: int) -> None:
    before, after = crossings[e].before, crossings[e].after
    if before >= 0:
        crossings[before].after = after
    else:
        resources[crossings[e].resource].first = after
    if after >= 0:
        crossings[after].before = before


@compiled
def _hold(resources: Rows, classes: Rows, c: int, r: int) -> None:
    """From now on resource r holds the class back (-1: none does)."""
    old, before, after = classes[c].bottleneck, classes[c].before, classes[c].after
    if old == r:
        return
    if old >= 0:
        if before >= 0:
            classes[before].after = after
        else:
            resources[old].held = after
        if after >= 0:
            classes[after].before = before
    classes[c].before, classes[c].after = NONE, NONE
    if r >= 0:
        first = resources[r].held
        classes[c].after = first
        if first >= 0:
            classes[first].before = c
        resources[r].held = c
    classes[c].bottleneck = r
