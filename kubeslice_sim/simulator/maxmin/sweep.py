"""Max-min fairness again after a change, compiled.

A solution is one sweep upwards through levels (rate per weight), as in progressive filling (Bertsekas and Gallager,
Data Networks, 6.5.2), but only over the classes that move. Those that changed grow from level zero. On the way

- a resource becomes full: whoever grows through it stays at this level, and who has more there must grow anew from
  here, because it is overtaken;
- the old level of a full resource is reached, and it is clear that it will not be full there: whom it held is released
  and grows on from here;
- a cap is reached.

What joins, joins at a level at or below its old one, so that the sweep never goes back; what does not join keeps its
rate and its bottleneck. So the result is that of filling everything, at the price of what moved.
"""

from __future__ import annotations

import numpy as np

from kubeslice_sim.simulator.compiled import compiled
from kubeslice_sim.simulator.maxmin.heaps import pop, push, set_due
from kubeslice_sim.simulator.maxmin.tables import APART, NONE, Rows

TOLERANCE = 1e-12
"""Two levels that differ by less are one: what rounding does to a sum of a few thousand terms."""
SUM_UP_AFTER = 4096
"""A load that was changed by difference this often is summed up anew, so that rounding does not pile up."""
_OUT, _GROWING, _STAYS = 0, 1, 2
_FULL, _RELEASE, _CAP = 0, 1, 2


@compiled
def settle(
    resources: Rows, crossings: Rows, classes: Rows, flows: Rows, events: Rows, state: Rows, now_s: float
) -> None:
    """Make the rates max-min fair again after all changes of this moment."""
    if state[0].dirty == NONE and state[0].dirty_resources == NONE:
        return
    _begin(resources, crossings, classes, events, state)
    while state[0].events > 0:
        key, what = events[0].key, events[0].what
        pop(events, state)
        kind, i = what % 3, what // 3
        if kind == _CAP:
            if classes[i].state == _GROWING:
                _stop(resources, crossings, classes, i, key, NONE)
        elif kind == _RELEASE:
            _release(resources, crossings, classes, events, state, i)
        elif key == resources[i].key and resources[i].growing > 0:
            full_at = _full_at(resources, i)
            if full_at > key:  # others stayed below, so it has more room than it seemed
                resources[i].key = full_at
                push(events, state, full_at, what)
            else:
                _fill(resources, crossings, classes, events, state, i, key)
    _commit(resources, crossings, classes, flows, state, now_s)


@compiled
def _begin(resources: Rows, crossings: Rows, classes: Rows, events: Rows, state: Rows) -> None:
    """What changed joins; where a capacity fell below the load, everybody does."""
    c = state[0].dirty
    state[0].dirty = NONE
    while c >= 0:
        after, classes[c].next_dirty = classes[c].next_dirty, APART
        _join(resources, crossings, classes, events, state, c)
        c = after
    r = state[0].dirty_resources
    state[0].dirty_resources = NONE
    while r >= 0:
        after, resources[r].next_dirty = resources[r].next_dirty, APART
        _touch(resources, events, state, r)
        e = resources[r].first if resources[r].load > resources[r].capacity else NONE
        while e >= 0:
            if classes[crossings[e].owner].state == _OUT:
                _join(resources, crossings, classes, events, state, crossings[e].owner)
            e = crossings[e].after
        r = after


@compiled
def _touch(resources: Rows, events: Rows, state: Rows, r: int) -> None:
    if resources[r].next_touched == APART:
        resources[r].next_touched = state[0].touched
        state[0].touched = r
        resources[r].fixed, resources[r].demand, resources[r].growing = resources[r].load, 0.0, 0
        resources[r].key = -1.0
        if resources[r].held >= 0:
            push(events, state, resources[r].level, 3 * r + _RELEASE)


@compiled
def _full_at(resources: Rows, r: int) -> float:
    """The level at which the resource is full, if those that grow go on."""
    full_at: float = max(0.0, resources[r].capacity - resources[r].fixed) / resources[r].demand
    return full_at


@compiled
def _join(resources: Rows, crossings: Rows, classes: Rows, events: Rows, state: Rows, c: int) -> None:
    """The class grows from the sweep's level on, as far as the others let it."""
    mass, rate = classes[c].mass, classes[c].rate
    classes[c].next_joined = state[0].joined
    state[0].joined = c
    state[0].moved += 1
    classes[c].state = _GROWING if mass > 0.0 else _STAYS
    classes[c].new_level, classes[c].new_bottleneck = 0.0, NONE
    for e in range(classes[c].first, classes[c].last):
        r, use = crossings[e].resource, crossings[e].use
        _touch(resources, events, state, r)
        resources[r].fixed -= use * rate
        if mass > 0.0:
            resources[r].demand += use * mass
            resources[r].growing += 1
            resources[r].key = _full_at(resources, r)
            push(events, state, resources[r].key, 3 * r + _FULL)
    if mass > 0.0 and classes[c].cap_level < np.inf:
        push(events, state, classes[c].cap_level, 3 * c + _CAP)


@compiled
def _stop(resources: Rows, crossings: Rows, classes: Rows, c: int, level: float, bottleneck: int) -> None:
    """The class stays at this level."""
    classes[c].state, classes[c].new_level, classes[c].new_bottleneck = _STAYS, level, bottleneck
    for e in range(classes[c].first, classes[c].last):
        r, take = crossings[e].resource, crossings[e].use * classes[c].mass
        resources[r].fixed += take * level
        resources[r].growing -= 1
        resources[r].demand = resources[r].demand - take if resources[r].growing > 0 else 0.0


@compiled
def _fill(resources: Rows, crossings: Rows, classes: Rows, events: Rows, state: Rows, r: int, level: float) -> None:
    """The resource is full at this level, unless somebody has more there: then that one gives way first."""
    overtaken = False
    e = resources[r].first
    while e >= 0:
        c = crossings[e].owner
        if classes[c].state == _OUT and classes[c].level > level * (1.0 + TOLERANCE):
            _join(resources, crossings, classes, events, state, c)
            overtaken = True
        e = crossings[e].after
    if overtaken:
        return
    resources[r].key = -1.0
    e = resources[r].first
    while e >= 0:
        c = crossings[e].owner
        if classes[c].state == _GROWING:
            _stop(resources, crossings, classes, c, level, r)
        e = crossings[e].after
    c = resources[r].held
    while c >= 0 and classes[c].state != _OUT:
        c = classes[c].after
    if c < 0:  # else the level of those that are held already stands: within the tolerance it is this one
        resources[r].level = level


@compiled
def _release(resources: Rows, crossings: Rows, classes: Rows, events: Rows, state: Rows, r: int) -> None:
    """The sweep is where the resource was full: if it will not be full here, whom it held grows on."""
    if resources[r].growing > 0:
        room = _full_at(resources, r) > resources[r].level * (1.0 + TOLERANCE)
    else:
        room = resources[r].fixed < resources[r].capacity * (1.0 - TOLERANCE)
    c = resources[r].held if room else NONE
    while c >= 0:
        if classes[c].state == _OUT:
            _join(resources, crossings, classes, events, state, c)
        c = classes[c].after


@compiled
def _commit(resources: Rows, crossings: Rows, classes: Rows, flows: Rows, state: Rows, now_s: float) -> None:
    state[0].solutions += 1
    c = state[0].joined
    while c >= 0:
        classes[c].state = _OUT
        level = classes[c].new_level
        if level != classes[c].level:
            classes[c].work += classes[c].level * (now_s - classes[c].since)
            classes[c].since, classes[c].level = now_s, level
        classes[c].rate = classes[c].mass * level
        _hold(resources, classes, c, classes[c].new_bottleneck)
        if classes[c].members == 0:
            for e in range(classes[c].first, classes[c].last):
                _unlink(resources, crossings, e)
        set_due(classes, state, c, _due(classes, flows, c, now_s))
        c = classes[c].next_joined
    state[0].joined = NONE
    r = state[0].touched
    while r >= 0:
        resources[r].load = resources[r].fixed
        resources[r].changes += 1
        if resources[r].changes >= SUM_UP_AFTER or resources[r].first < 0:
            resources[r].changes, load = 0, 0.0
            e = resources[r].first
            while e >= 0:
                load += crossings[e].use * classes[crossings[e].owner].rate
                e = crossings[e].after
            resources[r].load = load
        after = resources[r].next_touched
        resources[r].next_touched = APART
        r = after
    state[0].touched = NONE


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
