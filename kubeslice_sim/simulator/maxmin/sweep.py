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

Most resources hold nobody back. One that has not for a while is no longer **watched**: sweeps leave it out and only
count its load. Where that turns out to be more than it carries, it is watched again, and whoever crosses it moves once
more. So a class costs what its few narrow places cost, and the result is the same.
"""

from __future__ import annotations

import numpy as np

from kubeslice_sim.simulator.compiled import compiled
from kubeslice_sim.simulator.maxmin.commit import OUT, commit, look_again, note
from kubeslice_sim.simulator.maxmin.heaps import pop, push
from kubeslice_sim.simulator.maxmin.tables import APART, NONE, Rows

TOLERANCE = 1e-12
"""Two levels that differ by less are one: what rounding does to a sum of a few thousand terms."""
_GROWING, _STAYS = 1, 2
"""What a class does that has joined; else it is ``OUT``."""
_FULL, _RELEASE, _CAP = 0, 1, 2


@compiled
def settle(
    resources: Rows, crossings: Rows, classes: Rows, flows: Rows, events: Rows, state: Rows, now_s: float
) -> None:
    """Make the rates max-min fair again after all changes of this moment."""
    if state[0].dirty == NONE and state[0].dirty_resources == NONE:
        return
    state[0].solutions += 1
    again = False
    while state[0].dirty != NONE or state[0].dirty_resources != NONE:
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
            elif key == resources[i].key:
                resources[i].key = np.inf
                if resources[i].growing > 0:
                    full_at = _full_at(resources, i)
                    if full_at > key:  # others stayed below, so it has more room than it seemed
                        resources[i].key = full_at
                        push(events, state, full_at, what)
                    else:
                        _fill(resources, crossings, classes, events, state, i, key)
            if state[0].stale != NONE:
                _expect(resources, events, state)
        commit(resources, crossings, classes, flows, state, now_s)
        look_again(resources, crossings, classes, state, again)
        again = True


@compiled
def _begin(resources: Rows, crossings: Rows, classes: Rows, events: Rows, state: Rows) -> None:
    """What changed joins; where a capacity fell below the load, everybody does."""
    c = state[0].dirty
    while c >= 0:
        _bound(resources, crossings, classes, c)
        c = classes[c].next_dirty
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
        if resources[r].watched:
            _touch(resources, events, state, r)
            e = resources[r].first if resources[r].load > resources[r].capacity else NONE
            while e >= 0:
                if classes[crossings[e].owner].state == OUT:
                    _join(resources, crossings, classes, events, state, crossings[e].owner)
                e = crossings[e].after
        else:
            note(resources, state, r)
        r = after
    _expect(resources, events, state)


@compiled
def _bound(resources: Rows, crossings: Rows, classes: Rows, c: int) -> None:
    """A class that nothing would stop has its narrowest resource watched."""
    if classes[c].cap_level < np.inf or classes[c].members == 0:
        return
    narrowest, least = NONE, np.inf
    for e in range(classes[c].first, classes[c].last):
        r = crossings[e].resource
        if resources[r].watched:
            return
        level = resources[r].capacity / crossings[e].use
        if level < least:
            narrowest, least = r, level
    resources[narrowest].watched, resources[narrowest].idle = 1, 0


@compiled
def _touch(resources: Rows, events: Rows, state: Rows, r: int) -> None:
    if resources[r].next_touched == APART:
        note(resources, state, r)
        resources[r].fixed, resources[r].demand, resources[r].growing = resources[r].load, 0.0, 0
        resources[r].key, resources[r].joined = np.inf, NONE
        if resources[r].held >= 0:
            push(events, state, resources[r].level, 3 * r + _RELEASE)


@compiled
def _full_at(resources: Rows, r: int) -> float:
    """The level at which the resource is full, if those that grow go on."""
    full_at: float = max(0.0, resources[r].capacity - resources[r].fixed) / resources[r].demand
    return full_at


@compiled
def _expect(resources: Rows, events: Rows, state: Rows) -> None:
    """Foresee when those resources are full through which more grow than before."""
    r = state[0].stale
    while r >= 0:
        if resources[r].growing > 0:
            full_at = _full_at(resources, r)
            if full_at < resources[r].key:  # an event that comes too early is put off when it comes
                resources[r].key = full_at
                push(events, state, full_at, 3 * r + _FULL)
        after, resources[r].next_stale = resources[r].next_stale, APART
        r = after
    state[0].stale = NONE


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
        r = crossings[e].resource
        if not resources[r].watched:
            continue
        use = crossings[e].use
        _touch(resources, events, state, r)
        resources[r].fixed -= use * rate
        if mass > 0.0:
            resources[r].demand += use * mass
            resources[r].growing += 1
            crossings[e].next_joined = resources[r].joined
            resources[r].joined = e
            if resources[r].next_stale == APART:
                resources[r].next_stale = state[0].stale
                state[0].stale = r
    if mass > 0.0 and classes[c].cap_level < np.inf:
        push(events, state, classes[c].cap_level, 3 * c + _CAP)


@compiled
def _stop(resources: Rows, crossings: Rows, classes: Rows, c: int, level: float, bottleneck: int) -> None:
    """The class stays at this level."""
    classes[c].state, classes[c].new_level, classes[c].new_bottleneck = _STAYS, level, bottleneck
    for e in range(classes[c].first, classes[c].last):
        r = crossings[e].resource
        if resources[r].watched:
            take = crossings[e].use * classes[c].mass
            resources[r].fixed += take * level
            resources[r].growing -= 1
            resources[r].demand = resources[r].demand - take if resources[r].growing > 0 else 0.0


@compiled
def _fill(resources: Rows, crossings: Rows, classes: Rows, events: Rows, state: Rows, r: int, level: float) -> None:
    """The resource is full at this level, unless somebody has more there: then that one gives way first."""
    bar = level * (1.0 + TOLERANCE)
    # Where it was full before, nobody who has not joined has more than its level of then.
    e = resources[r].first if resources[r].held < 0 or resources[r].level > bar else NONE
    overtaken = False
    while e >= 0:
        c = crossings[e].owner
        if classes[c].state == OUT and classes[c].level > bar:
            _join(resources, crossings, classes, events, state, c)
            overtaken = True
        e = crossings[e].after
    if overtaken:
        return
    e = resources[r].joined
    while e >= 0:
        c = crossings[e].owner
        if classes[c].state == _GROWING:
            _stop(resources, crossings, classes, c, level, r)
        e = crossings[e].next_joined
    resources[r].joined = NONE
    c = resources[r].held
    while c >= 0 and classes[c].state != OUT:
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
        if classes[c].state == OUT:
            _join(resources, crossings, classes, events, state, c)
        c = classes[c].after
