"""The rows that the max-min engine works on: resources, crossings, classes, flows. No Python objects inside.

Flows of one route and one cap level (cap per weight) rise and fall together; they are one **class**, and the engine
solves for classes. Lists are threaded through the rows; -1 ends a list, and -2 says that a row is in none.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
Rows = NDArray[Any]

NONE = -1
APART = -2

_REAL, _INDEX = np.float64, np.int64


def _columns(**columns: tuple[type[np.generic], float]) -> tuple[np.dtype[Any], tuple[float, ...]]:
    kinds = [(name, kind) for name, (kind, _) in columns.items()]
    return np.dtype(kinds, align=True), tuple(empty for _, empty in columns.values())


_RESOURCE = _columns(
    capacity=(_REAL, 0.0),
    load=(_REAL, 0.0),  # what flows take of it now
    level=(_REAL, 0.0),  # where it is full: the level of the classes that it holds back
    first=(_INDEX, NONE),  # the crossings of classes that have flows
    held=(_INDEX, NONE),  # the classes that it holds back
    changes=(_INDEX, 0),  # how often its load was changed by difference since it was summed up
    watched=(_INDEX, 1),  # whether sweeps look out for it; else its load is only counted
    idle=(_INDEX, 0),  # in how many sweeps that touched it, one after the other, it held nobody back
    next_dirty=(_INDEX, APART),
    given=(_REAL, 0.0),  # the capacity with what acknowledgements take of it, which is:
    acks=(_REAL, 0.0),
    next_acked=(_INDEX, APART),
    # Of the sweep under way:
    next_touched=(_INDEX, APART),
    next_stale=(_INDEX, APART),
    joined=(_INDEX, NONE),  # the crossings of classes that have joined
    fixed=(_REAL, 0.0),  # what those take that do not move (any more)
    demand=(_REAL, 0.0),  # what the growing ones take per unit of level
    growing=(_INDEX, 0),
    key=(_REAL, 0.0),  # the one of its events in the heap that counts
)
_CROSSING = _columns(
    resource=(_INDEX, NONE),
    owner=(_INDEX, NONE),
    use=(_REAL, 0.0),
    before=(_INDEX, NONE),
    after=(_INDEX, NONE),
    next_joined=(_INDEX, NONE),  # of the sweep under way
)
_CLASS = _columns(
    first=(_INDEX, 0),  # its crossings are range(first, last)
    last=(_INDEX, 0),
    route=(_INDEX, NONE),
    cap_level=(_REAL, np.inf),
    members=(_INDEX, 0),
    mass=(_REAL, 0.0),  # the sum of its flows' weights
    level=(_REAL, 0.0),  # each flow has the rate weight · level
    rate=(_REAL, 0.0),  # of all its flows, as counted in the resources' loads
    bottleneck=(_INDEX, NONE),
    before=(_INDEX, NONE),  # its place among those that the bottleneck holds
    after=(_INDEX, NONE),
    work=(_REAL, 0.0),  # bits that a unit of weight has sent by ``since``, from when the class was last empty
    since=(_REAL, 0.0),
    root=(_INDEX, NONE),  # the flow that ends first, of a pairing heap
    due=(_REAL, np.inf),  # when it ends
    place=(_INDEX, NONE),  # where the class stands in the heap of ends
    end=(_INDEX, NONE),  # that heap: row i holds the class at place i
    next_dirty=(_INDEX, APART),
    first_ack=(_INDEX, 0),  # its acknowledgements are range(first_ack, last_ack)
    last_ack=(_INDEX, 0),
    acknowledged=(_REAL, 0.0),  # the rate that they are counted for
    next_moved=(_INDEX, APART),
    # Of the sweep under way:
    next_joined=(_INDEX, NONE),
    state=(_INDEX, 0),
    new_level=(_REAL, 0.0),
    new_bottleneck=(_INDEX, NONE),
)
_FLOW = _columns(
    owner=(_INDEX, NONE),
    weight=(_REAL, 1.0),
    start=(_REAL, 0.0),  # the class's work when it came
    tag=(_REAL, np.inf),  # the class's work at which it is done
    child=(_INDEX, NONE),  # its place in the heap, if it has an end
    sibling=(_INDEX, NONE),
    before=(_INDEX, NONE),  # the sibling before it, or its parent
    end_s=(_REAL, np.inf),
    next_ended=(_INDEX, NONE),
)
_ACK = _columns(resource=(_INDEX, NONE), use=(_REAL, 0.0))
_EVENT = _columns(key=(_REAL, 0.0), what=(_INDEX, 0))
_STATE = _columns(
    ends=(_INDEX, 0),  # lengths of heaps
    events=(_INDEX, 0),
    joined=(_INDEX, NONE),  # heads of lists
    touched=(_INDEX, NONE),
    stale=(_INDEX, NONE),
    dirty=(_INDEX, NONE),
    dirty_resources=(_INDEX, NONE),
    ended=(_INDEX, NONE),
    moved_classes=(_INDEX, NONE),
    solutions=(_INDEX, 0),
    moved=(_INDEX, 0),  # how many classes joined, in all solutions together
)


class Tables(NamedTuple):
    """Everything; ``state`` has one row."""

    resources: Rows
    crossings: Rows
    classes: Rows
    flows: Rows
    events: Rows
    state: Rows


def allocate(resources: int, crossings: int, classes: int, flows: int) -> Tables:
    """Empty tables of these sizes."""
    return Tables(
        resources=_rows(_RESOURCE, resources),
        crossings=_rows(_CROSSING, crossings),
        classes=_rows(_CLASS, classes),
        flows=_rows(_FLOW, flows),
        events=_rows(_EVENT, most_events(resources, crossings, classes)),
        state=_rows(_STATE, 1),
    )


def ack_rows(rows: int) -> Rows:
    """An empty table of what acknowledgements take."""
    return _rows(_ACK, rows)


def grown(t: Tables, resources: int, crossings: int, classes: int, flows: int) -> Tables:
    """The same tables with at least this room; what they hold stays where it is."""
    made = allocate(
        max(resources, t.resources.size),
        max(crossings, t.crossings.size),
        max(classes, t.classes.size),
        max(flows, t.flows.size),
    )
    for old, new in zip(t, made, strict=True):
        new[: old.size] = old
    return made


def most_events(resources: int, crossings: int, classes: int) -> int:
    """How many events one sweep can hold: a release a resource, a cap a class, and one a crossing that joins."""
    return resources + crossings + classes + 1


def _rows(columns: tuple[np.dtype[Any], tuple[float, ...]], rows: int) -> Rows:
    dtype, empty = columns
    return np.full(rows, np.array(empty, dtype=dtype), dtype=dtype)
