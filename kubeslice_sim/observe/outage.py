"""Outage: the longest time in which a traffic got nothing through, and the judging of it."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from kubeslice_sim.model.scenario import Expectation, Scenario, Traffic
from kubeslice_sim.model.scenario import Outage as WantedOutage
from kubeslice_sim.observe.finding import Finding, settle
from kubeslice_sim.observe.measure import Limits, limits_of
from kubeslice_sim.observe.observation import Observation
from kubeslice_sim.observe.select import SILENT, by_pair, rows_of_traffic, spacing_s
from kubeslice_sim.observe.units import seconds
from kubeslice_sim.observe.verdict import Verdict

TRICKLE = 0.01
"""A rate below this share of the flow's usual (median) rate is nothing: what is left of a dead flow is rounding of
the interval's edges, retransmissions and keep-alives, while a flow that was merely slowed (a lossy link, one of many
streams left, the floor of a congestion window) keeps more than a hundredth."""

State = Literal["through", "nothing", "unknown"]
_ATTEMPTS = frozenset({"reachable", "answers", "request_s", "rtt_s", "connect_s"})
_RATE = "rate_bps"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A time in which nothing changed: ``through``, ``nothing`` or ``unknown`` (nobody looked, or could not)."""

    start_s: float
    end_s: float
    state: State
    row: Observation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """The longest outage of one pair: ``length_s`` for sure, ``possible_s`` if the unknown stretches were one, too.

    ``resolution_s`` is the probe's interval: either end of the outage may lie that much beside the figure. ``seen``
    is False where no probe of the pod could be made: then the lengths say nothing.
    """

    pair: str
    start_s: float
    length_s: float
    possible_s: float
    resolution_s: float
    open_end: bool
    seen: bool
    rows: tuple[Observation, ...]


def judge_outage(
    expectation: Expectation, wanted: WantedOutage, scenario: Scenario, observations: Sequence[Observation]
) -> Verdict:
    """Passed when every pod's longest outage keeps ``atMost`` (``between``, ``atLeast``).

    Stretches in which nobody looked count either way: the verdict is inconclusive where they could change it.
    """
    limits = limits_of(expectation, "ready_s")  # any metric in seconds
    expected = f"outage {limits.text} after {seconds(wanted.after_s)}"
    traffic = next((item for item in scenario.spec.traffic if item.name == wanted.traffic), None)
    found = outages(traffic, observations, wanted.after_s, scenario.spec.duration_s) if traffic else ()
    findings = [_finding(outage, wanted, limits) for outage in found]
    if not findings:
        sentence = f"No traffic {wanted.traffic!r} was observed after {seconds(wanted.after_s)}."
        findings = [Finding(outcome="inconclusive", found="not measured", sentence=sentence)]
    return settle(expectation, "outage", expected, findings)


def outages(traffic: Traffic, observations: Iterable[Observation], after_s: float, end_s: float) -> tuple[Outage, ...]:
    """The longest outage of each pod of the traffic from ``after_s`` to its end (``end_s``: the scenario's)."""
    rows = rows_of_traffic(observations, traffic.name)
    planned = (traffic.start_s, min(end_s, traffic.start_s + (traffic.duration_s or end_s)))
    if traffic.size_bytes is not None:
        planned = (traffic.start_s, -math.inf)  # Over when its bytes are sent: silence after its last row is no news.
    found: list[Outage] = []
    for pair, group in by_pair(rows).items():
        interval_s, stretches = stretches_of(group, traffic.interval_s, planned)
        cut = [stretch for stretch in stretches if stretch.end_s > after_s]
        if any(stretch.row is not None for stretch in cut):
            found.append(_longest(str(pair), cut, max(after_s, cut[0].start_s), interval_s))
    return tuple(found)


def stretches_of(
    rows: Sequence[Observation], interval_s: float, planned: tuple[float, float]
) -> tuple[float, tuple[Stretch, ...]]:
    """One pod's rows as (interval, stretches without a gap between them).

    An attempt stands for the time until the next one, a rate for its own interval. Where rows are missing for more
    than two intervals, also at either end of what was planned (from, to), it is unknown what happened.
    """
    rate = any(row.metric == _RATE for row in rows)
    metrics = {_RATE} if rate else _ATTEMPTS
    samples = [row for row in rows if row.metric in metrics or row.outcome in SILENT]
    # A row a moment: parallel connections that start together count as one, through if any was.
    moments: dict[float, list[Observation]] = {}
    for row in samples:
        moments.setdefault(row.at_s, []).append(row)
    times = sorted(moments)
    if not times:
        return interval_s, ()
    step_s = spacing_s(times, interval_s)
    threshold = trickle_bps(samples)
    stretches: list[Stretch] = []
    for index, at_s in enumerate(times):
        row, state = _state(moments[at_s], threshold)
        if rate:
            before = times[index - 1] if index else at_s - step_s
            start_s = before if at_s - before <= 2 * step_s else at_s - step_s
            if index and start_s > before:
                stretches.append(Stretch(start_s=before, end_s=start_s, state="unknown"))
            stretches.append(Stretch(start_s=start_s, end_s=at_s, state=state, row=row))
            continue
        after = times[index + 1] if index + 1 < len(times) else at_s + step_s
        end_s = after if after - at_s <= 2 * step_s or state == "nothing" else at_s + step_s
        stretches.append(Stretch(start_s=at_s, end_s=end_s, state=state, row=row))
        if end_s < after:
            stretches.append(Stretch(start_s=end_s, end_s=after, state="unknown"))
    if stretches[0].start_s - planned[0] > 2 * step_s:
        stretches.insert(0, Stretch(start_s=planned[0], end_s=stretches[0].start_s, state="unknown"))
    if planned[1] - stretches[-1].end_s > 2 * step_s:
        stretches.append(Stretch(start_s=stretches[-1].end_s, end_s=planned[1], state="unknown"))
    return step_s, tuple(stretches)


def _state(rows: Sequence[Observation], threshold: float) -> tuple[Observation, State]:
    for row in rows:
        if row.outcome == "ok" and row.value > (threshold if row.metric == _RATE else 0):
            return row, "through"
    real = next((row for row in rows if row.outcome not in SILENT), None)
    return (real, "nothing") if real is not None else (rows[0], "unknown")


def trickle_bps(rows: Iterable[Observation]) -> float:
    """The rate up to which a flow with these rows gets nothing through (see ``TRICKLE``); 0 if it never flowed."""
    values = [row.value for row in rows if row.metric == _RATE and row.outcome == "ok"]
    flowing = [value for value in values if math.isfinite(value) and value > 0]
    return TRICKLE * statistics.median(flowing) if flowing else 0.0


def _longest(pair: str, stretches: Sequence[Stretch], from_s: float, interval_s: float) -> Outage:
    sure = _runs(stretches, from_s, {"nothing"})
    possible = _runs(stretches, from_s, {"nothing", "unknown"})
    start_s, end_s, rows = max(sure, key=lambda run: run[1] - run[0], default=(from_s, from_s, ()))
    possible_s = max((end - start for start, end, _ in possible), default=0.0)
    return Outage(
        pair=pair, start_s=start_s, length_s=end_s - start_s, possible_s=possible_s, resolution_s=interval_s,
        open_end=bool(rows) and end_s >= stretches[-1].end_s, rows=rows,
        seen=any(stretch.state != "unknown" for stretch in stretches),
    )  # fmt: skip


def _runs(
    stretches: Sequence[Stretch], from_s: float, states: set[State]
) -> list[tuple[float, float, tuple[Observation, ...]]]:
    runs: list[tuple[float, float, tuple[Observation, ...]]] = []
    current: list[Stretch] = []
    for stretch in stretches:
        if stretch.state in states:
            current.append(stretch)
        if current and (stretch.state not in states or stretch is stretches[-1]):
            rows = tuple(item.row for item in current if item.row is not None)
            runs.append((max(from_s, current[0].start_s), current[-1].end_s, rows))
            current = []
    return runs


def _finding(outage: Outage, wanted: WantedOutage, limits: Limits) -> Finding:
    if not outage.seen:
        sentence = f"No probe of traffic {wanted.traffic} could be made from {outage.pair}."
        return Finding(outcome="inconclusive", found="not measured", sentence=sentence)
    verdicts = {limits.admit(outage.length_s), limits.admit(outage.possible_s)}
    outcome: Literal["passed", "failed", "inconclusive"] = "inconclusive"
    if len(verdicts) == 1:
        outcome = "passed" if verdicts.pop() else "failed"
    length = seconds(outage.length_s)
    what = f"was never cut off after {seconds(wanted.after_s)}"
    if outage.length_s > 0:
        what = f"was cut off for {length} from {seconds(outage.start_s)} on"
        what += " and still was when it ended" if outage.open_end else ""
    unknown = ""
    if outage.possible_s > outage.length_s:
        unknown = f"; where nobody looked it may have been {seconds(outage.possible_s)}"
    sentence = (
        f"Traffic {wanted.traffic} of {outage.pair} {what}, wanted {limits.text} "
        f"(seen every {seconds(outage.resolution_s)}, so ± {seconds(outage.resolution_s)}{unknown})."
    )
    return Finding(outcome=outcome, found=length, sentence=sentence, severity=outage.length_s, rows=outage.rows,
                   at_s=outage.start_s if outage.length_s > 0 else None)  # fmt: skip
