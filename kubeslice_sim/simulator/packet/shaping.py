"""Token buckets: Linux' TBF and an HTB leaf under its parent, as moments at which a packet may go."""

from __future__ import annotations

from kubeslice_sim.simulator.packet.compiled import compiled
from kubeslice_sim.simulator.packet.tables import Row

SHUT, OWN, BORROWS = 0, 1, 2
_ROUNDING = 1e-6


@compiled
def bucket_departure(link: Row, ready_s: float, work: float) -> float:
    """When a TBF lets a packet go that is first in line from ``ready_s`` on; takes its tokens.

    As ``net/sched/sch_tbf.c``: it goes when the bucket, which holds ``burst`` at most, holds its whole size.
    """
    tokens = min(link.burst, link.tokens + (ready_s - link.filled_s) * link.capacity)
    departs_s = ready_s
    if tokens < work:
        departs_s = ready_s + (work - tokens) / link.capacity
        tokens = work
    link.tokens = tokens - work
    link.filled_s = departs_s
    return float(departs_s)


@compiled
def _fill(shape: Row, now_s: float) -> None:
    elapsed_s = now_s - shape.filled_s
    shape.tokens = min(shape.burst, shape.tokens + elapsed_s * shape.rate)
    shape.ceiling_tokens = min(shape.ceiling_burst, shape.ceiling_tokens + elapsed_s * shape.ceiling)
    shape.parent_tokens = min(shape.parent_burst, shape.parent_tokens + elapsed_s * shape.parent_rate)
    shape.filled_s = now_s


@compiled
def shape_opens(shape: Row, now_s: float) -> float:
    """The first moment from ``now_s`` on at which an HTB leaf may send.

    As ``net/sched/sch_htb.c``: never above its ceiling, and by its own rate or by what its parent has left. A class
    with tokens at or above zero may send a packet of any size; what it overdraws it waits for afterwards.
    """
    _fill(shape, now_s)
    own_s = max(0.0, -shape.tokens / shape.rate)
    lent_s = max(0.0, -shape.parent_tokens / shape.parent_rate)
    ceiling_s = max(0.0, -shape.ceiling_tokens / shape.ceiling)
    return float(now_s + max(ceiling_s, min(own_s, lent_s)))


@compiled
def shape_mode(shape: Row, now_s: float) -> int:
    """Whether an HTB leaf may send by its own rate, on loan, or not at all."""
    _fill(shape, now_s)
    if shape.ceiling_tokens < -_ROUNDING:
        return SHUT
    if shape.tokens >= -_ROUNDING:
        return OWN
    return BORROWS if shape.parent_tokens >= -_ROUNDING else SHUT


@compiled
def shape_charges(shape: Row, now_s: float, work: float) -> None:
    """A packet leaves an open leaf: by its own tokens if it has them, else on loan; ceiling and parent always pay."""
    _fill(shape, now_s)
    if shape.tokens >= -_ROUNDING:
        shape.tokens -= work
    shape.ceiling_tokens -= work
    shape.parent_tokens -= work
