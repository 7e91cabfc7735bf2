"""Finding: what the rows of one pair say of an expectation, and how several findings become one verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kubeslice_sim.model.scenario import Expectation
from kubeslice_sim.observe.observation import Observation
from kubeslice_sim.observe.verdict import EVIDENCE_LIMIT, ExpectationKind, Verdict, VerdictOutcome

_RANK = {"failed": 2, "inconclusive": 1, "passed": 0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one pair's rows say. ``severity`` orders findings of one outcome: the greatest speaks for all."""

    outcome: VerdictOutcome
    sentence: str
    found: str
    severity: float = 0.0
    at_s: float | None = None
    rows: tuple[Observation, ...] = ()


def settle(expectation: Expectation, kind: ExpectationKind, expected: str, findings: Sequence[Finding]) -> Verdict:
    """The verdict: the worst pair speaks, and the sentence says how many others there are."""
    worst = max(findings, key=lambda item: (_RANK[item.outcome], item.severity))
    others = len(findings) - 1
    sentence = worst.sentence
    if others:
        alike = sum(item.outcome == worst.outcome for item in findings) - 1
        sentence += f" Of {others} other {'pair' if others == 1 else 'pairs'} {alike or 'none'} {worst.outcome} too."
    return Verdict(
        name=expectation.name,
        kind=kind,
        outcome=worst.outcome,
        sentence=sentence,
        expected=expected,
        found=worst.found,
        at_s=worst.at_s,
        evidence=worst.rows[:EVIDENCE_LIMIT],
        evidence_count=len(worst.rows),
    )
