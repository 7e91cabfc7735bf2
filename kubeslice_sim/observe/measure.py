"""Judging ``metric``: a statistic of one metric of one traffic in a window, against limits with units."""

from __future__ import annotations

import math
import statistics
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from kubeslice_sim.model.scenario import Expectation
from kubeslice_sim.observe.finding import Finding, settle
from kubeslice_sim.observe.observation import Observation
from kubeslice_sim.observe.select import SILENT, by_pair, in_time, pair_of, rows_of_traffic, spacing_s, whole_intervals
from kubeslice_sim.observe.units import parse_limit, say, seconds
from kubeslice_sim.observe.verdict import Verdict

TIMES = frozenset({"rtt_s", "connect_s", "dns_latency_s", "request_s", "ready_s", "jitter_s"})
"""Metrics that only an answered attempt has."""
RATES = frozenset({"rate_bps", "requests_per_s"})
"""Metrics over whole intervals; those of several pods of one traffic add up."""
INTERVALS = RATES | {"latency_s"}
"""Metrics that are stamped at the end of the interval that they are of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The SI bounds of an expectation, infinite where it has none."""

    low: float
    high: float
    text: str

    def admit(self, value: float) -> bool:
        """Whether the value lies within, the bounds included."""
        return self.low <= value <= self.high


def limits_of(expectation: Expectation, metric: str) -> Limits:
    """The bounds that the expectation writes for ``metric``. Raises :exc:`ValueError` for one that cannot be read."""
    low, high, parts = -math.inf, math.inf, []
    if expectation.between is not None:
        low, high = (parse_limit(metric, text) for text in expectation.between)
        parts.append(f"{expectation.between[0]} … {expectation.between[1]}")
    if expectation.at_least is not None:
        low = max(low, parse_limit(metric, expectation.at_least))
        parts.append(f"≥ {expectation.at_least}")
    if expectation.at_most is not None:
        high = min(high, parse_limit(metric, expectation.at_most))
        parts.append(f"≤ {expectation.at_most}")
    return Limits(low=low, high=high, text=" and ".join(parts) or "measured")


def judge_metric(expectation: Expectation, metric: str, observations: Sequence[Observation]) -> Verdict:
    """Passed when the statistic lies within the limits.

    A rate counts when its whole interval lies in the window, and the rates of several pods of one traffic add up
    interval by interval. Where attempts were made in the window and none was answered, a time has no value and the
    expectation fails; where nothing was measured it is inconclusive.
    """
    limits = limits_of(expectation, metric)
    rows = rows_of_traffic(observations, expectation.traffic) if expectation.traffic else in_time(observations)
    window = expectation.window
    finding = _finding(expectation, metric, limits, in_window(rows, metric, window))
    expected = f"{expectation.statistic} {metric} {limits.text}"
    if window is not None:
        expected += f" in {seconds(window[0])} … {seconds(window[1])}"
    return settle(expectation, "metric", expected, [finding])


def statistic_of(name: str, values: Sequence[float], counts: Sequence[int] | None = None) -> float:
    """``mean``, ``median``, ``min``, ``max``, ``last``, ``p90`` to ``p999`` (linear between order statistics).

    ``counts``: each value stands for so many like it; without them for itself.
    """
    if counts is not None and name != "last":
        return _of_counted(name, sorted(zip(values, counts, strict=True)))
    if name == "last":
        return values[-1]
    ordered = sorted(values)
    if name in ("min", "max"):
        return ordered[0 if name == "min" else -1]
    if name == "median":
        return statistics.median(ordered)
    if name.startswith("p"):
        return _percentile(ordered, float(f"0.{name[1:]}"))
    try:
        return math.fsum(ordered) / len(ordered)
    except OverflowError:
        return math.fsum(value / len(ordered) for value in ordered)


def _of_counted(name: str, ordered: Sequence[tuple[float, int]]) -> float:
    ranks = list(accumulate(count for _, count in ordered))
    total = ranks[-1]

    def at(rank: int) -> float:
        return ordered[bisect_right(ranks, rank)][0]

    if name == "mean":
        return math.fsum(value * count for value, count in ordered) / total
    if name in ("min", "max"):
        return at(0 if name == "min" else total - 1)
    place = (0.5 if name == "median" else float(f"0.{name[1:]}")) * (total - 1)
    below = math.floor(place)
    low = at(below)
    return low + (at(min(below + 1, total - 1)) - low) * (place - below)


def count_of(row: Observation) -> int:
    """How many packets a row of ``latency_s`` stands for, by its detail; any other row stands for itself."""
    count = row.detail.partition(" ")[0] if row.metric == "latency_s" else ""
    return int(count) if count.isdecimal() else 1


def _finding(expectation: Expectation, metric: str, limits: Limits, rows: Sequence[Observation]) -> Finding:
    whose = f"traffic {expectation.traffic}" if expectation.traffic else "any probe"
    measured = with_value(rows, metric)
    waiting = waited_s(metric, rows)
    if not measured and waiting and not limits.admit(shortest := statistic_of("min", waiting)):
        sentence = (
            f"{whose} has no {metric}: {len(waiting)} requests were under way when the run ended, each for "
            f"{seconds(shortest)} or longer (wanted {limits.text})."
        )
        return Finding(outcome="failed", found="no answer", sentence=sentence)
    if not measured:
        tried = [row for row in rows if row.outcome in ("blocked", "timeout")]
        if metric in TIMES and tried:
            sentence = f"{whose} has no {metric}: none of {len(tried)} attempts was answered (wanted {limits.text})."
            return Finding(outcome="failed", found="no answer", sentence=sentence, rows=tuple(tried))
        silent = [row for row in rows if row.outcome in SILENT]
        reasons = "; ".join(sorted({row.detail or row.outcome for row in silent})[:3])
        sentence = f"No {metric} of {whose} was measured{': ' + reasons if reasons else ''}."
        return Finding(outcome="inconclusive", found="not measured", sentence=sentence, rows=tuple(silent))
    if metric in RATES:
        measured = whole_rates(measured)
    values = added_up(measured) if metric in RATES else [row.value for row in measured]
    count = len(values)
    if metric == "latency_s":
        counts = [count_of(row) for row in measured]
        value, count = statistic_of(expectation.statistic, values, counts), sum(counts)
    else:
        value = lower_bound(expectation.statistic, values, waiting)
    passed = limits.admit(value)
    sentence = (
        f"{expectation.statistic} {metric} of {whose} was {say(metric, value)} "
        f"over {count} {'value' if count == 1 else 'values'}, "
        f"{'within' if passed else 'not within'} {limits.text}{_unanswered(metric, rows)}."
    )
    return Finding(outcome="passed" if passed else "failed", found=say(metric, value), sentence=sentence,
                   rows=tuple(measured))  # fmt: skip


def waited_s(metric: str, rows: Iterable[Observation]) -> list[float]:
    """How long those requests had been under way whose ``metric`` was cut off by the end of the run."""
    return [row.value for row in with_value(rows, "unfinished_s")] if metric == "request_s" else []


def lower_bound(name: str, values: Sequence[float], waited: Iterable[float]) -> float:
    """The statistic, never better than it was: who had waited longer than it when the run ended counts with that.

    Those who were served alone would tell of an overload that it was none. ``last`` is of the last that was served.
    """
    value = statistic_of(name, values)
    longer = [item for item in waited if item > value]
    return statistic_of(name, [*values, *longer]) if longer and name not in ("last", "min") else value


def _unanswered(metric: str, rows: Sequence[Observation]) -> str:
    """A time is known only of who was answered: how many were not stands beside it."""
    tries = (row for row in rows if row.metric in TIMES | {"reachable", "answers"})
    tried = {(row.probe, pair_of(row), row.seq): row.outcome in ("blocked", "timeout") for row in tries}
    lost = sum(tried.values()) if metric in TIMES else 0
    told = f"; {lost} of {len(tried)} attempts were not answered" if lost else ""
    waiting = waited_s(metric, rows)
    if waiting:
        told += f"; {len(waiting)} more were under way at the end, for {seconds(max(waiting))} at most"
    return told


def with_value(rows: Iterable[Observation], metric: str) -> list[Observation]:
    """The rows of this metric that measured something."""
    return [row for row in rows if row.metric == metric and _has_value(row)]


def whole_rates(rates: Iterable[Observation]) -> list[Observation]:
    """The rates of whole intervals, pair by pair."""
    return [row for pair in by_pair(rates).values() for row in whole_intervals(pair)]


def _has_value(row: Observation) -> bool:
    if row.outcome in SILENT or not math.isfinite(row.value):
        return False
    return row.outcome == "ok" or row.metric not in TIMES


def in_window(rows: Sequence[Observation], metric: str, window: tuple[float, ...] | None) -> tuple[Observation, ...]:
    """The rows within (from, to) of the scenario, both included; those of an interval where all of it is."""
    if window is None:
        return tuple(rows)
    start_s, end_s = window
    if metric in INTERVALS:
        # A rate is stamped at its interval's end. A quarter of slack: real intervals are a little early or late.
        groups = by_pair(row for row in rows if row.metric == metric).values()
        length_s = max((spacing_s([row.at_s for row in group], 0.0) for group in groups), default=0.0)
        start_s, end_s = start_s + 0.75 * length_s, end_s + 0.25 * length_s
    return tuple(row for row in rows if start_s <= row.at_s <= end_s)


def added_up(rows: Sequence[Observation]) -> list[float]:
    """The rates of all pairs of one traffic together, interval by interval."""
    if len(by_pair(rows)) == 1:
        return [row.value for row in rows]
    flows: dict[int, float] = {}
    for row in rows:
        flows[row.seq] = flows.get(row.seq, 0.0) + row.value
    return list(flows.values())


def _percentile(ordered: Sequence[float], share: float) -> float:
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
