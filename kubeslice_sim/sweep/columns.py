"""The columns of a sweep's runs, the same in a frame and in a file."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from typing import Any, Literal

from kubeslice_sim.model.frozen import thaw
from kubeslice_sim.observe.measures import Measure
from kubeslice_sim.sweep.axis import Axis
from kubeslice_sim.sweep.job import Played
from kubeslice_sim.sweep.scale import scale_of
from kubeslice_sim.sweep.sweep import Sweep

Kind = Literal["text", "count", "number", "yes"]
Column = tuple[Kind, list[Any]]
_LAST_FIELD = re.compile(r"^.*\.(?=[A-Za-z])")

RUN: dict[str, Kind] = {"variant": "count", "replication": "count", "seed": "count"}
MEASURE: dict[str, Kind] = {
    "probe": "text", "metric": "text", "statistic": "text", "unit": "text", "value": "number", "count": "count",
    "dropped": "count", "settled": "yes", "memory": "number",
}  # fmt: skip
LAST: dict[str, Kind] = {"error": "text", "key": "text"}
_NOTHING = {"probe": "", "metric": "", "statistic": "", "unit": "", "value": math.nan, "count": 0, "dropped": 0,
            "settled": False, "memory": math.nan}  # fmt: skip


def columns_of(sweep: Sweep) -> dict[str, Column]:
    """Name → kind and cells; a row a figure of a run, or one with the error of a run that failed."""
    rows: list[tuple[Played, Measure | None]] = []
    for run in sweep.runs:
        rows += [(run, item) for item in run.measures] or [(run, None)]
    columns = axis_columns(sweep, [run.variant for run, _ in rows])
    columns |= {name: (kind, [getattr(run, name) for run, _ in rows]) for name, kind in RUN.items()}
    columns |= {
        name: (kind, [_NOTHING[name] if item is None else getattr(item, name) for _, item in rows])
        for name, kind in MEASURE.items()
    }
    columns |= {name: (kind, [getattr(run, name) for run, _ in rows]) for name, kind in LAST.items()}
    return columns


def axis_columns(sweep: Sweep, variants: Sequence[int]) -> dict[str, Column]:
    """Each axis under its path: numbers where all values are, else text as it was written.

    Quantities of one kind have a second column beside the text: in SI, its unit in its name (``….rtt [s]``).
    """
    found: dict[str, Column] = {}
    for place, axis in enumerate(sweep.axes):
        cells = [sweep.variants[variant][place] for variant in variants]
        kinds = {type(value) for value in axis.values}
        if kinds == {int}:
            found[axis.path] = "count", cells
        elif kinds <= {int, float}:
            found[axis.path] = "number", [float(cell) for cell in cells]
        else:
            found[axis.path] = "text", [shown(cell) for cell in cells]
            scale = scale_of(axis)
            if scale is not None and scale.unit:
                numbers = dict(zip(axis.values, scale.numbers, strict=True))
                found[f"{axis.path} [{scale.unit}]"] = "number", [numbers[cell] for cell in cells]
    return found


def shown(value: Any) -> str:
    """A varied value in a table: text as it is, all else as YAML's flow style would have it."""
    return value if isinstance(value, str) else json.dumps(thaw(value), ensure_ascii=False)


def point_text(sweep: Sweep, variant: int) -> str:
    """``maxClusters=4, rtt=20ms``: what tells a variant from the others."""
    names = short_names(sweep.axes)
    return ", ".join(f"{name}={shown(value)}" for name, value in zip(names, sweep.variants[variant], strict=True))


def short_names(axes: Sequence[Axis]) -> list[str]:
    """The last field of each path where that tells them apart, else the whole paths."""
    short = [_LAST_FIELD.sub("", axis.path) for axis in axes]
    return short if len(set(short)) == len(short) else [axis.path for axis in axes]
