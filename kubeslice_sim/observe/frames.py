"""Frames: rows of ours as pandas frames with a fixed schema; the columns exist even when there are no rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kubeslice_sim.observe.observation import COLUMNS, Observation
from kubeslice_sim.observe.run import Event, Run
from kubeslice_sim.observe.verdict import Verdict

if TYPE_CHECKING:
    import pandas as pd

Schema = Mapping[str, str]
"""Column → pandas dtype, in the order of the columns."""

TEXT, NUMBER, COUNT = "string", "float64", "int64"

_NUMBERS = {"at_s": NUMBER, "value": NUMBER, "seq": COUNT}
OBSERVATION_SCHEMA: Schema = {column: _NUMBERS.get(column, TEXT) for column in COLUMNS}
EVENT_SCHEMA: Schema = {"at_s": NUMBER, "name": TEXT, "cluster": TEXT, "subject": TEXT, "message": TEXT}
VERDICT_SCHEMA: Schema = {
    "name": TEXT, "kind": TEXT, "outcome": TEXT, "expected": TEXT, "found": TEXT, "at_s": NUMBER,
    "evidence_count": COUNT, "sentence": TEXT,
}  # fmt: skip
COMPARISON_SCHEMA: Schema = {
    "probe": TEXT, "what": TEXT, "phase": TEXT, "src": TEXT, "src_cluster": TEXT, "dst": TEXT, "slice": TEXT,
    "outcome": TEXT, "a": TEXT, "b": TEXT, "difference": TEXT, "tolerance": TEXT, "value_a": NUMBER,
    "value_b": NUMBER, "note": TEXT,
}  # fmt: skip


def frame(run: Run) -> pd.DataFrame:
    """The run's observations, one row each."""
    return observation_frame(run.observations)


def observation_frame(observations: Iterable[Observation]) -> pd.DataFrame:
    """One row an observation, in the order given; the columns of ``COLUMNS``."""
    return framed(OBSERVATION_SCHEMA, observations)


def event_frame(events: Iterable[Event]) -> pd.DataFrame:
    """One row an event."""
    return framed(EVENT_SCHEMA, events)


def verdict_frame(verdicts: Iterable[Verdict]) -> pd.DataFrame:
    """One row an expectation; ``at_s`` is NaN where no moment decided."""
    return framed(VERDICT_SCHEMA, verdicts)


def framed(schema: Schema, items: Iterable[Any]) -> pd.DataFrame:
    """A frame of exactly this schema from the items' attributes. Raises :exc:`TypeError` where a dtype differs."""
    import pandas as pd

    rows: Sequence[Any] = tuple(items)
    made = pd.DataFrame({
        column: pd.Series([_cell(getattr(row, column), dtype) for row in rows], dtype=pd.api.types.pandas_dtype(dtype))
        for column, dtype in schema.items()
    })  # fmt: skip
    found = {column: str(dtype) for column, dtype in made.dtypes.items()}
    wanted = {column: str(pd.api.types.pandas_dtype(dtype)) for column, dtype in schema.items()}
    if found != wanted:
        raise TypeError(f"a frame has dtypes {found}, its schema {wanted}")
    return made


def _cell(value: Any, dtype: str) -> Any:
    return float("nan") if value is None and dtype == NUMBER else value
