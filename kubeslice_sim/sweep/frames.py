"""A sweep as pandas frames: the varied fields first, under the paths by which they were varied."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from kubeslice_sim.sweep.columns import axis_columns, columns_of
from kubeslice_sim.sweep.sweep import Mean, Sweep

if TYPE_CHECKING:
    import pandas as pd

_DTYPES = {"text": "string", "count": "int64", "number": "float64", "yes": "bool"}


def run_frame(sweep: Sweep) -> pd.DataFrame:
    """One row a figure of a run; a run that failed has one row with its error."""
    import pandas as pd

    return pd.DataFrame({
        name: pd.Series(values, dtype=pd.api.types.pandas_dtype(_DTYPES[kind]))
        for name, (kind, values) in columns_of(sweep).items()
    })  # fmt: skip


def mean_frame(sweep: Sweep, means: Iterable[Mean]) -> pd.DataFrame:
    """One row a mean."""
    import pandas as pd

    rows = tuple(means)
    columns: dict[str, tuple[str, Sequence[Any]]] = {**axis_columns(sweep, [row.variant for row in rows])}
    columns |= {
        name: ("text", [getattr(row, name) for row in rows]) for name in ("probe", "metric", "statistic", "unit")
    }
    columns |= {name: ("number", [getattr(row, name) for row in rows]) for name in ("mean", "half_width")}
    columns["n"] = ("count", [row.n for row in rows])
    return pd.DataFrame({
        name: pd.Series(list(values), dtype=pd.api.types.pandas_dtype(_DTYPES[kind]))
        for name, (kind, values) in columns.items()
    })  # fmt: skip
