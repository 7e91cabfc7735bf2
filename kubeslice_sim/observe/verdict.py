"""Verdict: what became of one expectation, why, and the rows that say so."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from kubeslice_sim.observe.observation import Observation
from kubeslice_sim.observe.run import Run

VerdictOutcome = Literal["passed", "failed", "inconclusive"]
ExpectationKind = Literal["reach", "noReach", "resolves", "metric", "outage"]

EXIT_CODES = {"passed": 0, "failed": 1, "inconclusive": 4}
EVIDENCE_LIMIT = 20
"""A verdict carries at most this many rows; ``evidence_count`` says how many there were."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One expectation's outcome. ``inconclusive``: the measurements do not say; it is neither a pass nor a failure.

    ``expected`` and ``found`` are short (``≤ 10 s``, ``4.7 s``), ``sentence`` says it all. ``at_s`` is the moment that
    decided, where there is one.
    """

    name: str
    kind: ExpectationKind
    outcome: VerdictOutcome
    sentence: str
    expected: str
    found: str
    at_s: float | None = None
    evidence: tuple[Observation, ...] = ()
    evidence_count: int = 0


def overall(outcomes: Iterable[VerdictOutcome | Verdict]) -> VerdictOutcome:
    """The worst: failed before inconclusive before passed. Nothing expected is passed: nothing went wrong."""
    seen = {item.outcome if isinstance(item, Verdict) else item for item in outcomes}
    return "failed" if "failed" in seen else "inconclusive" if "inconclusive" in seen else "passed"


def exit_code(verdicts: Iterable[Verdict]) -> int:
    """What ``ksim`` ends with: 0 passed, 1 failed, 4 inconclusive."""
    return EXIT_CODES[overall(verdicts)]


def verdict_data(run: Run, verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """The verdicts as JSON-like data: the overall outcome, and every verdict with its evidence."""
    return {
        "run_id": run.run_id,
        "backend": run.backend,
        "scenario": run.scenario.metadata.name,
        "seed": run.seed,
        "outcome": overall(verdicts),
        "exit_code": exit_code(verdicts),
        "verdicts": [_document(verdict) for verdict in verdicts],
    }


def _document(verdict: Verdict) -> dict[str, Any]:
    return {**asdict(verdict), "evidence": [_row(row) for row in verdict.evidence]}


def _row(row: Observation) -> dict[str, Any]:
    # JSON has no NaN and no infinity; as text they still say what was seen.
    cells = {**asdict(row), "unit": row.unit}
    return {
        key: str(cell) if isinstance(cell, float) and not math.isfinite(cell) else cell for key, cell in cells.items()
    }
