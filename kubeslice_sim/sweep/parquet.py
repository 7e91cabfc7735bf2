"""A sweep as one Parquet file, and back."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from kubeslice_sim.errors import BackendUnavailable, BadInput
from kubeslice_sim.model.frozen import freeze, thaw
from kubeslice_sim.observe.measures import Measure
from kubeslice_sim.sweep.axis import Axis
from kubeslice_sim.sweep.columns import LAST, MEASURE, RUN, columns_of
from kubeslice_sim.sweep.job import Played
from kubeslice_sim.sweep.sweep import Sweep, assembled
from kubeslice_sim.sweep.workers import EXTRA
from kubeslice_sim.view.atomic import write_bytes

FORMAT = "kubeslice-sim.io/sweep/v2"
_KEY = b"kubeslice-sim"


def require() -> Any:
    """The pyarrow package with its Parquet part. Raises :exc:`BackendUnavailable` where it is not installed."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ModuleNotFoundError as error:
        raise BackendUnavailable(f"a Parquet file needs the Python package {error.name!r}: {EXTRA}") from error
    return pyarrow


def write(sweep: Sweep, path: Path) -> None:
    """Replace the file in one step; a row group for the whole of it. Raises :exc:`BadInput`."""
    arrow = require()
    types = {"text": arrow.string(), "count": arrow.int64(), "number": arrow.float64(), "yes": arrow.bool_()}
    columns = columns_of(sweep)
    about = {
        "format": FORMAT, "world": sweep.world, "scenario": sweep.scenario,
        "axes": [{"path": axis.path, "values": thaw(axis.values), "group": axis.group} for axis in sweep.axes],
        "sample": sweep.sample, "until": list(sweep.until),
        "variants": [thaw(values) for values in sweep.variants],
    }  # fmt: skip
    schema = arrow.schema(
        [(name, types[kind]) for name, (kind, _) in columns.items()], metadata={_KEY: json.dumps(about).encode()}
    )
    table = arrow.table([cells for _, cells in columns.values()], schema=schema)
    stream = io.BytesIO()
    arrow.parquet.write_table(table, stream, compression="zstd")
    write_bytes(path, stream.getvalue())


def read(path: Path) -> Sweep:
    """The sweep that :func:`write` wrote. Raises :exc:`BadInput` for any other file."""
    arrow = require()
    try:
        table = arrow.parquet.read_table(path)
        about = json.loads((table.schema.metadata or {})[_KEY])
        if about["format"] != FORMAT:
            raise ValueError(f"its format is {about['format']}")
        axes = tuple(Axis(path=axis["path"], values=freeze(axis["values"]), group=axis["group"])
                     for axis in about["axes"])  # fmt: skip
        rows = table.select([*RUN, *MEASURE, *LAST]).to_pylist()
        runs: dict[tuple[int, int], list[dict[str, Any]]] = {}
        for row in rows:
            runs.setdefault((row["variant"], row["replication"]), []).append(row)
        played = [_played(group) for group in runs.values()]
        points = [freeze(values) for values in about["variants"]]
        made = assembled(about["world"], about["scenario"], axes, points, played)
        return replace(made, sample=about["sample"], until=tuple(about["until"]))
    except FileNotFoundError:
        raise BadInput(f"{path} is missing; give a file that `ksim sweep --out` wrote") from None
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise BadInput(f"{path} is not a sweep of kubeslice-sim ({error}); give another file") from error


def _played(rows: list[dict[str, Any]]) -> Played:
    first = rows[0]
    found = tuple(
        Measure(**{name: row[name] for name in MEASURE if name != "unit"}) for row in rows if not row["error"]
    )
    return Played(key=first["key"], variant=first["variant"], replication=first["replication"], seed=first["seed"],
                  measures=found, error=first["error"])  # fmt: skip
