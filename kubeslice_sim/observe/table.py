"""Observations as text: the same rows always give the same bytes, and read back as the same rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from kubeslice_sim.errors import BadInput, Problem
from kubeslice_sim.observe.observation import COLUMNS, METRICS, Observation, Outcome

OUTCOMES: tuple[Outcome, ...] = ("ok", "blocked", "timeout", "failed_to_probe", "unsupported")
_MUST_QUOTE = frozenset(',"\r\n')


def in_order(observations: Iterable[Observation]) -> tuple[Observation, ...]:
    """The rows by time, probe, sequence number and metric; rows equal in these by all their other fields."""
    return tuple(sorted(observations, key=lambda row: (row.at_s, row.probe, row.seq, row.metric, _cells(row))))


def to_csv(observations: Iterable[Observation]) -> str:
    """The rows in order under the header of ``COLUMNS``; numbers are the shortest text that reads back exactly."""
    lines = [",".join(COLUMNS)]
    lines += [",".join(map(_quoted, _cells(row))) for row in in_order(observations)]
    return "\n".join(lines) + "\n"


def from_csv(text: str, file: str = "observations.csv") -> tuple[Observation, ...]:
    """The rows of :func:`to_csv`, in the file's order.

    Raises :exc:`BadInput` with every line that is not a row (``file`` names the text in its messages).
    """
    reader = csv.reader(io.StringIO(text, newline=""))
    header = next(reader, [])
    if tuple(header) != COLUMNS:
        raise BadInput((
            Problem(file=file, line=1, message="these are not observations of kubeslice-sim",
                    hint=f"the header must be {','.join(COLUMNS)}"),
        ))  # fmt: skip
    rows: list[Observation] = []
    problems: list[Problem] = []
    try:
        for cells in reader:
            try:
                rows.append(_row(cells))
            except ValueError as error:
                problems.append(Problem(file=file, line=reader.line_num, message=str(error)))
    except csv.Error as error:
        problems.append(Problem(file=file, line=reader.line_num, message=f"not a CSV line: {error}"))
    if problems:
        raise BadInput(problems)
    return tuple(rows)


def _cells(row: Observation) -> tuple[str, ...]:
    return (
        row.run_id, row.backend, repr(float(row.at_s)), row.slice, row.src_cluster, row.src, row.dst_cluster, row.dst,
        row.probe, str(row.seq), row.metric, repr(float(row.value)), row.unit, row.outcome, row.detail,
    )  # fmt: skip


def _quoted(cell: str) -> str:
    # csv.writer of Python 3.11 leaves a lone carriage return bare, and csv.reader then refuses the line.
    return cell if _MUST_QUOTE.isdisjoint(cell) else '"' + cell.replace('"', '""') + '"'


def _row(cells: list[str]) -> Observation:
    if len(cells) != len(COLUMNS):
        raise ValueError(f"has {len(cells)} cells; a row has {len(COLUMNS)}")
    cell = dict(zip(COLUMNS, cells, strict=True))
    outcome = cell["outcome"]
    if outcome not in OUTCOMES:
        raise ValueError(f"unknown outcome {outcome!r}; one of {', '.join(OUTCOMES)}")
    if METRICS.get(cell["metric"], cell["unit"]) != cell["unit"]:
        raise ValueError(f"{cell['metric']} is measured in {METRICS[cell['metric']]}, not {cell['unit']}")
    return Observation(
        run_id=cell["run_id"], backend=cell["backend"], at_s=_number(cell["at_s"]), slice=cell["slice"],
        src_cluster=cell["src_cluster"], src=cell["src"], dst_cluster=cell["dst_cluster"], dst=cell["dst"],
        probe=cell["probe"], seq=int(cell["seq"]), metric=cell["metric"], value=_number(cell["value"]),
        outcome=outcome, detail=cell["detail"],
    )  # fmt: skip


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a number") from None
