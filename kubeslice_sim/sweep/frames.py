"""A sweep as pandas frames: the varied fields first, under the paths by which they were varied."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kubeslice_sim.sweep.columns import axis_columns, columns_of, point_text
from kubeslice_sim.sweep.contrast import Contrast
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
    rows = tuple(means)
    return _frame(sweep, rows, {"mean": "number", "half_width": "number", "n": "count"})


def contrast_frame(sweep: Sweep, contrasts: Iterable[Contrast]) -> pd.DataFrame:
    """One row a difference; ``against``: what the other variant's varied fields are."""
    rows = tuple(contrasts)
    made = _frame(sweep, rows, {"mean": "number", "half_width": "number", "n": "count", "alone": "number",
                                "p_value": "number", "p_holm": "number", "comparisons": "count"})  # fmt: skip
    made.insert(len(axis_columns(sweep, ())), "against", [point_text(sweep, row.baseline) for row in rows])
    return made.astype({"against": "string"})


def _frame(sweep: Sweep, rows: Sequence[Mean] | Sequence[Contrast], fields: Mapping[str, str]) -> pd.DataFrame:
    import pandas as pd

    columns: dict[str, tuple[str, Sequence[Any]]] = {**axis_columns(sweep, [row.variant for row in rows])}
    kinds = {**dict.fromkeys(("probe", "metric", "statistic", "unit"), "text"), **fields}
    columns |= {name: (kind, [getattr(row, name) for row in rows]) for name, kind in kinds.items()}
    return pd.DataFrame({
        name: pd.Series(list(values), dtype=pd.api.types.pandas_dtype(_DTYPES[kind]))
        for name, (kind, values) in columns.items()
    })  # fmt: skip
