"""The columns of a sweep's runs, the same in a frame and in a file."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any, Literal

from kubeslice_sim.model.frozen import thaw
from kubeslice_sim.observe.measures import Measure
from kubeslice_sim.sweep.job import Played
from kubeslice_sim.sweep.sweep import Sweep
from kubeslice_sim.sweep.variant import Axis

Kind = Literal["text", "count", "number", "yes"]
Column = tuple[Kind, list[Any]]

RUN: dict[str, Kind] = {"variant": "count", "replication": "count", "seed": "count"}
MEASURE: dict[str, Kind] = {
    "probe": "text", "metric": "text", "statistic": "text", "unit": "text", "value": "number", "count": "count",
    "dropped": "count", "settled": "yes",
}  # fmt: skip
LAST: dict[str, Kind] = {"error": "text", "key": "text"}
_NOTHING = {"probe": "", "metric": "", "statistic": "", "unit": "", "value": math.nan, "count": 0, "dropped": 0,
            "settled": False}  # fmt: skip


def columns_of(sweep: Sweep) -> dict[str, Column]:
    """Name → kind and cells; a row a figure of a run, or one with the error of a run that failed."""
    rows: list[tuple[Played, Measure | None]] = []
    for run in sweep.runs:
        rows += [(run, item) for item in run.measures] or [(run, None)]
    columns: dict[str, Column] = {
        axis.path: axis_column(axis, [sweep.variants[run.variant][place] for run, _ in rows])
        for place, axis in enumerate(sweep.axes)
    }
    columns |= {name: (kind, [getattr(run, name) for run, _ in rows]) for name, kind in RUN.items()}
    columns |= {
        name: (kind, [_NOTHING[name] if item is None else getattr(item, name) for _, item in rows])
        for name, kind in MEASURE.items()
    }
    columns |= {name: (kind, [getattr(run, name) for run, _ in rows]) for name, kind in LAST.items()}
    return columns


def axis_column(axis: Axis, cells: Sequence[Any]) -> Column:
    """An axis' values as numbers where all are, else as text as they were written."""
    kinds = {type(value) for value in axis.values}
    if kinds == {int}:
        return "count", list(cells)
    if kinds <= {int, float}:
        return "number", [float(cell) for cell in cells]
    return "text", [shown(cell) for cell in cells]


def shown(value: Any) -> str:
    """A varied value in a table: text as it is, all else as YAML's flow style would have it."""
    return value if isinstance(value, str) else json.dumps(thaw(value), ensure_ascii=False)
