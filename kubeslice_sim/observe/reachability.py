"""Judging ``reach`` and ``noReach``: who gets through, from when on."""

from __future__ import annotations

from collections.abc import Sequence

from kubeslice_sim.model.scenario import Expectation, Reach
from kubeslice_sim.observe.finding import Finding, settle
from kubeslice_sim.observe.observation import Observation
from kubeslice_sim.observe.probe import Probe
from kubeslice_sim.observe.select import SILENT, Pair, by_pair, rows_of_expectation, unheard
from kubeslice_sim.observe.units import seconds
from kubeslice_sim.observe.verdict import Verdict


def judge_reach(
    expectation: Expectation, wanted: Reach, observations: Sequence[Observation], planned: Sequence[Probe] = ()
) -> Verdict:
    """Passed when every probing pod got through to every target at least once by the moment ``by`` (without it: ever).

    Failed when an attempt was made in time and none got through. A probe that could not be made after the last real
    failure leaves the question open, and so does a probe whose first attempt came after ``by``.
    """
    limit_s = expectation.by_s
    expected = "reached" if limit_s is None else f"reached by {seconds(limit_s)}"
    groups = by_pair(_attempts(expectation, observations))
    findings = [_reach(pair, rows, limit_s) for pair, rows in groups.items()]
    findings += [_silent(pair) for pair in unheard(planned, expectation.name, groups)]
    return settle(expectation, "reach", expected, findings or [_unprobed(wanted)])


def judge_no_reach(
    expectation: Expectation, wanted: Reach, observations: Sequence[Observation], planned: Sequence[Probe] = ()
) -> Verdict:
    """Passed when at least one attempt was really made by every probing pod and every one was blocked or timed out.

    An attempt that got through fails it. One that could not be made might have got through: inconclusive.
    """
    groups = by_pair(_attempts(expectation, observations))
    findings = [_no_reach(pair, rows) for pair, rows in groups.items()]
    findings += [_silent(pair) for pair in unheard(planned, expectation.name, groups)]
    return settle(expectation, "noReach", "never reached", findings or [_unprobed(wanted)])


def _silent(pair: Pair) -> Finding:
    return Finding(outcome="inconclusive", found="not probed",
                   sentence=f"No attempt from {pair.source} to {pair.target} was observed, though one was planned.",
                   )  # fmt: skip


def got_through(row: Observation) -> bool:
    """Whether a ``reachable`` row says yes."""
    return row.outcome == "ok" and row.value >= 1


def _attempts(expectation: Expectation, observations: Sequence[Observation]) -> list[Observation]:
    # A back end may report a probe that it cannot make under the metric that the probe would have had.
    rows = rows_of_expectation(observations, expectation.name)
    return [row for row in rows if row.metric == "reachable" or row.outcome in SILENT]


def _reach(pair: Pair, rows: Sequence[Observation], limit_s: float | None) -> Finding:
    source, target = pair.source, pair.target
    in_limit = [row for row in rows if limit_s is None or row.at_s <= limit_s]
    first = next((row for row in rows if got_through(row)), None)
    limit = f" (limit {seconds(limit_s)})" if limit_s is not None else ""
    if first is not None and (limit_s is None or first.at_s <= limit_s):
        sentence = f"{source} reached {target} at {seconds(first.at_s)}{limit}."
        return Finding(outcome="passed", sentence=sentence, found=f"at {seconds(first.at_s)}", severity=first.at_s,
                       at_s=first.at_s, rows=(first,))  # fmt: skip
    real = [row for row in in_limit if row.outcome not in SILENT]
    if not real:
        what = "no attempt could be made in time" if in_limit else "the first attempt came too late to tell"
        detail = _why(in_limit)
        return Finding(outcome="inconclusive", sentence=f"{source} → {target}: {what}{limit}{detail}.",
                       found="not probed", rows=tuple(in_limit or rows))  # fmt: skip
    last = real[-1]
    if any(row.outcome in SILENT and row.at_s >= last.at_s for row in in_limit):
        sentence = f"{source} had not reached {target} by {seconds(last.at_s)}; later attempts could not be made{limit}"
        return Finding(outcome="inconclusive", sentence=f"{sentence}{_why(in_limit)}.", found="not probed to the end",
                       rows=tuple(in_limit))  # fmt: skip
    made = f"{len(real)} {'attempt' if len(real) == 1 else 'attempts'} in time{limit}, the last {last.outcome}"
    if first is not None:
        return Finding(outcome="failed", found=f"at {seconds(first.at_s)}", severity=first.at_s, at_s=first.at_s,
                       sentence=f"{source} reached {target} only at {seconds(first.at_s)}: {made}.",
                       rows=(*real, first))  # fmt: skip
    detail = f" ({last.detail})" if last.detail else ""
    return Finding(outcome="failed", found=last.outcome, severity=float("inf"), at_s=last.at_s, rows=tuple(real),
                   sentence=f"{source} never reached {target}: {made}{detail}.")  # fmt: skip


def _no_reach(pair: Pair, rows: Sequence[Observation]) -> Finding:
    source, target = pair.source, pair.target
    through = [row for row in rows if got_through(row)]
    if through:
        count = f"{len(through)} of {len(rows)} attempts got through"
        return Finding(outcome="failed", found=f"reached at {seconds(through[0].at_s)}", severity=len(through),
                       at_s=through[0].at_s, rows=tuple(through),
                       sentence=f"{source} reached {target} at {seconds(through[0].at_s)}; {count}.")  # fmt: skip
    silent = [row for row in rows if row.outcome in SILENT]
    if silent:
        sentence = f"{source} → {target}: {len(silent)} of {len(rows)} attempts could not be made{_why(silent)}."
        return Finding(outcome="inconclusive", found="not probed", severity=len(silent), sentence=sentence,
                       rows=tuple(silent))  # fmt: skip
    kinds = {row.outcome for row in rows}
    if not kinds <= {"blocked", "timeout"}:
        # An attempt that is "ok" and yet did not reach says two things at once.
        sentence = f"{source} → {target}: the attempts contradict themselves (ok, but not reachable)."
        return Finding(outcome="inconclusive", found="unclear", sentence=sentence, rows=tuple(rows))
    how = " or ".join({"blocked": "were blocked", "timeout": "timed out"}[kind] for kind in sorted(kinds))
    sentence = f"{source} never reached {target}: all {len(rows)} attempts {how}."
    return Finding(outcome="passed", found=" or ".join(sorted(kinds)), sentence=sentence, rows=tuple(rows))


def _unprobed(wanted: Reach) -> Finding:
    return Finding(outcome="inconclusive", found="not probed",
                   sentence=f"No attempt from {wanted.from_} to {wanted.to} was observed.")  # fmt: skip


def _why(rows: Sequence[Observation]) -> str:
    reasons = sorted({row.detail or row.outcome for row in rows if row.outcome in SILENT})
    return f": {'; '.join(reasons[:3])}" if reasons else ""
