"""Judging ``resolves``: what a name's answers are, from when on."""

from __future__ import annotations

from collections.abc import Sequence

from kubeslice_sim.model.scenario import Expectation, Resolve
from kubeslice_sim.observe.finding import Finding, settle
from kubeslice_sim.observe.observation import Observation
from kubeslice_sim.observe.probe import Probe
from kubeslice_sim.observe.select import SILENT, Pair, by_pair, rows_of_expectation, unheard
from kubeslice_sim.observe.units import seconds
from kubeslice_sim.observe.verdict import Verdict


def judge_resolves(
    expectation: Expectation, wanted: Resolve, observations: Sequence[Observation], planned: Sequence[Probe] = ()
) -> Verdict:
    """Passed when every asking pod got as many addresses as wanted (without a number: at least one) by ``by``.

    A question without a reply (timeout) is no answer; a reply that the name does not exist is 0 addresses.
    """
    limit_s = expectation.by_s
    count = "at least 1 address" if wanted.answers is None else _addresses(wanted.answers)
    expected = count if limit_s is None else f"{count} by {seconds(limit_s)}"
    rows = rows_of_expectation(observations, expectation.name)
    groups = by_pair(row for row in rows if row.metric == "answers" or row.outcome in SILENT)
    findings = [_resolves(pair, rows, wanted, count, limit_s) for pair, rows in groups.items()]
    findings += [_silent(pair, wanted) for pair in unheard(planned, expectation.name, groups)]
    return settle(expectation, "resolves", expected, findings or [_unasked(wanted)])


def _resolves(pair: Pair, rows: Sequence[Observation], wanted: Resolve, count: str, limit_s: float | None) -> Finding:
    source = pair.source
    in_limit = [row for row in rows if limit_s is None or row.at_s <= limit_s]
    right = next((row for row in in_limit if _is_right(row, wanted)), None)
    limit = f" (limit {seconds(limit_s)})" if limit_s is not None else ""
    if right is not None:
        names = f": {right.detail}" if right.detail else ""
        sentence = f"{source} got {_addresses(right.value)} for {wanted.name} at {seconds(right.at_s)}{limit}{names}."
        return Finding(outcome="passed", found=_addresses(right.value), sentence=sentence, severity=right.at_s,
                       at_s=right.at_s, rows=(right,))  # fmt: skip
    real = [row for row in in_limit if row.outcome not in SILENT]
    if not real or any(row.outcome in SILENT and row.at_s >= real[-1].at_s for row in in_limit):
        reasons = "; ".join(sorted({row.detail or row.outcome for row in in_limit if row.outcome in SILENT})[:3])
        sentence = f"{source} could not ask for {wanted.name} in time{limit}{': ' + reasons if reasons else ''}."
        return Finding(outcome="inconclusive", found="not asked", sentence=sentence, rows=tuple(in_limit or rows))
    last = real[-1]
    found = _addresses(last.value) if last.outcome == "ok" else last.outcome
    sentence = (
        f"{source} asked for {wanted.name} {len(real)} times in time{limit} and wanted {count}; "
        f"the last answer: {found}{f' ({last.detail})' if last.detail else ''}."
    )
    return Finding(outcome="failed", found=found, sentence=sentence, at_s=last.at_s, rows=tuple(real))


def _is_right(row: Observation, wanted: Resolve) -> bool:
    if row.outcome == "blocked":  # A resolver that says no (NXDOMAIN, REFUSED) gives no address.
        return wanted.answers == 0
    if row.outcome != "ok":
        return False
    return row.value >= 1 if wanted.answers is None else row.value == wanted.answers


def _silent(pair: Pair, wanted: Resolve) -> Finding:
    return Finding(outcome="inconclusive", found="not asked",
                   sentence=f"No question from {pair.source} for {wanted.name} was observed, though one was planned.",
                   )  # fmt: skip


def _unasked(wanted: Resolve) -> Finding:
    return Finding(outcome="inconclusive", found="not asked",
                   sentence=f"No question from {wanted.from_} for {wanted.name} was observed.")  # fmt: skip


def _addresses(count: float) -> str:
    return f"{count:g} {'address' if count == 1 else 'addresses'}"
