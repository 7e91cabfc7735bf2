"""All groups, in the order of the page; and their measuring, one case after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from kubeslice_sim.validation import (
    encapsulation,
    fairness,
    kubeslice,
    load,
    maxmin,
    overload,
    queueing,
    sharing,
    simgrid,
    tcp,
    wireguard,
)
from kubeslice_sim.validation.target import Case, Group, Row

GROUPS: tuple[Group, ...] = (
    queueing.GROUP, maxmin.GROUP, simgrid.GROUP, encapsulation.GROUP, tcp.GROUP, fairness.GROUP, sharing.GROUP,
    load.GROUP, overload.GROUP, wireguard.GROUP, kubeslice.GROUP,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A group and its rows."""

    group: Group
    rows: tuple[Row, ...]


def brief(groups: Iterable[Group]) -> Iterator[tuple[Group, Case]]:
    """The cases that take seconds."""
    for group in groups:
        for case in group.cases:
            if case.brief:
                yield group, case


def measure(groups: Iterable[Group], on_case: Callable[[Group, Case], None]) -> tuple[Measured, ...]:
    """Run every case; ``on_case`` is told of each before it begins. The same code gives the same rows."""
    found = []
    for group in groups:
        rows: list[Row] = []
        for case in group.cases:
            on_case(group, case)
            rows += case.rows()
        found.append(Measured(group=group, rows=tuple(rows)))
    return tuple(found)


def score(measured: Iterable[Measured]) -> str:
    """How many rows are inside: simulated ones apart from formulas, which prove no more than a transcription."""
    rows = [row for group in measured for row in group.rows]
    simulated = [row.inside for row in rows if row.target.kind == "simulated"]
    others = [row.inside for row in rows if row.target.kind != "simulated"]
    said = f"{sum(simulated)} of {len(simulated)} simulated targets inside"
    return f"{said}; {sum(others)} of {len(others)} formulas and fitted figures" if others else said


def failures(measured: Iterable[Measured]) -> tuple[Row, ...]:
    """The rows outside their tolerance."""
    return tuple(row for group in measured for row in group.rows if not row.inside)
