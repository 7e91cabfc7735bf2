"""Acknowledgements: what flows take of other resources by their rate, beside the fairness between them; compiled."""

from __future__ import annotations

from kubeslice_sim.simulator.compiled import compiled
from kubeslice_sim.simulator.maxmin.events import set_capacity
from kubeslice_sim.simulator.maxmin.sweep import settle
from kubeslice_sim.simulator.maxmin.tables import APART, NONE, Rows

PASSES = 20
TOLERANCE = 1e-8
"""Acknowledgements settle by repeated substitution; each pass errs about 7 times less."""
LEAST_SHARE = 0.5
"""Acknowledgements that would take more than the rest of a resource are thinned out, rather than stop it."""


@compiled
def settle_all(
    resources: Rows, crossings: Rows, classes: Rows, flows: Rows, events: Rows, state: Rows, acks: Rows, now_s: float
) -> None:
    """Make the rates fair in what the acknowledgements leave that they bring; only what moved is counted anew."""
    for _ in range(PASSES):
        settle(resources, crossings, classes, flows, events, state, now_s)
        if not _count(resources, classes, state, acks):
            return
    settle(resources, crossings, classes, flows, events, state, now_s)


@compiled
def give(resources: Rows, state: Rows, r: int, capacity: float) -> None:
    """What the resource carries from now on, with its acknowledgements; rates follow at :func:`settle_all`."""
    resources[r].given = capacity
    set_capacity(resources, state, r, _left(resources, r))


@compiled
def _count(resources: Rows, classes: Rows, state: Rows, acks: Rows) -> bool:
    """Count the acknowledgements of the classes whose rates moved; whether that changes what they leave."""
    touched, changed = NONE, False
    c = state[0].moved_classes
    state[0].moved_classes = NONE
    while c >= 0:
        after, classes[c].next_moved = classes[c].next_moved, APART
        more = classes[c].rate - classes[c].acknowledged
        classes[c].acknowledged = classes[c].rate
        for a in range(classes[c].first_ack, classes[c].last_ack):
            r = acks[a].resource
            resources[r].acks += acks[a].use * more
            if resources[r].next_acked == APART:
                resources[r].next_acked = touched
                touched = r
        c = after
    while touched >= 0:
        r = touched
        touched, resources[r].next_acked = resources[r].next_acked, APART
        left = _left(resources, r)
        if abs(left - resources[r].capacity) > TOLERANCE * resources[r].given:
            set_capacity(resources, state, r, left)
            changed = True
    return changed


@compiled
def _left(resources: Rows, r: int) -> float:
    return float(max(resources[r].given - resources[r].acks, LEAST_SHARE * resources[r].given))
