"""What is marked on a time axis: faults with their ends, what was expected when, and lines of one metric."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kubeslice_sim.model.scenario import Expectation, Scenario
from kubeslice_sim.observe.measure import TIMES, limits_of
from kubeslice_sim.observe.observation import Observation
from kubeslice_sim.observe.outage import Stretch, stretches_of
from kubeslice_sim.observe.select import EXPECTATION_PREFIX, SILENT, Pair, in_time, pair_of
from kubeslice_sim.observe.verdict import Verdict, VerdictOutcome

MEASURED = frozenset({"reachable", "answers", "request_s", "rtt_s", "connect_s", "rate_bps"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From when to when something was broken."""

    name: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A window in which a metric was expected between two values (infinite where there is no bound)."""

    name: str
    metric: str
    start_s: float
    end_s: float
    low: float
    high: float
    outcome: VerdictOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """The values of one probe between one pair; NaN where an attempt got no answer."""

    name: str
    at_s: tuple[float, ...]
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """What one probe got through between one pair, stretch by stretch; ``forbidden``: it should not get through."""

    name: str
    probe: str
    forbidden: bool
    stretches: tuple[Stretch, ...]


def faults_of(observations: Iterable[Observation], end_s: float) -> tuple[Span, ...]:
    """Each fault from the row that says it took effect to the row that says it ended (or the end)."""
    open_: dict[str, float] = {}
    spans: list[Span] = []
    for row in in_time(observations):
        if row.metric != "fault" or row.outcome in SILENT:
            continue
        if row.value >= 1:
            open_.setdefault(row.probe, row.at_s)
        elif row.probe in open_:
            spans.append(Span(name=row.probe, start_s=open_.pop(row.probe), end_s=row.at_s))
    spans += [Span(name=name, start_s=start_s, end_s=max(end_s, start_s)) for name, start_s in open_.items()]
    return tuple(sorted(spans, key=lambda span: (span.start_s, span.name)))


def wanted_of(scenario: Scenario, verdicts: Sequence[Verdict]) -> tuple[Wanted, ...]:
    """The windows of the scenario's metric expectations, with what became of them."""
    outcomes = {verdict.name: verdict.outcome for verdict in verdicts}
    found = (_wanted(item, scenario, outcomes.get(item.name, "inconclusive")) for item in scenario.spec.expect)
    return tuple(item for item in found if item is not None)


def series_of(observations: Iterable[Observation], metric: str) -> tuple[Series, ...]:
    """The measured values of a metric of the traffics, a series a probe and pair, in order of their names.

    An attempt that got no answer is a NaN: the line breaks there.
    """
    rows = [row for row in observations if not row.probe.startswith(EXPECTATION_PREFIX) and row.outcome not in SILENT]
    lost = [row for row in rows if metric in TIMES and row.metric in ("reachable", "answers") and row.outcome != "ok"]
    groups = _groups([*(row for row in rows if row.metric == metric), *lost])
    return tuple(
        Series(name=name, at_s=tuple(row.at_s for row in rows), values=tuple(_value(row, metric) for row in rows))
        for name, rows in groups.items()
        if any(row.metric == metric for row in rows)
    )


def tracks_of(scenario: Scenario, observations: Iterable[Observation]) -> tuple[Track, ...]:
    """Who got through when: a track a probe and pair. Neighbouring stretches of one state are one."""
    intervals = {traffic.name: traffic.interval_s for traffic in scenario.spec.traffic}
    forbidden = {EXPECTATION_PREFIX + item.name for item in scenario.spec.expect if item.no_reach is not None}
    tracks: list[Track] = []
    for name, rows in _groups(row for row in observations if row.metric in MEASURED).items():
        probe = rows[0].probe
        _, stretches = stretches_of(rows, intervals.get(probe, 0.25), (rows[0].at_s, -math.inf))
        if stretches:
            tracks.append(Track(name=name, probe=probe, forbidden=probe in forbidden, stretches=_merged(stretches)))
    return tuple(tracks)


def _wanted(expectation: Expectation, scenario: Scenario, outcome: VerdictOutcome) -> Wanted | None:
    if expectation.metric is None:
        return None
    limits = limits_of(expectation, expectation.metric)
    start_s, end_s = expectation.window or (0.0, scenario.spec.duration_s)
    return Wanted(name=expectation.name, metric=expectation.metric, start_s=start_s, end_s=end_s, low=limits.low,
                  high=limits.high, outcome=outcome)  # fmt: skip


def _groups(observations: Iterable[Observation]) -> dict[str, list[Observation]]:
    groups: dict[tuple[str, Pair], list[Observation]] = {}
    for row in in_time(observations):
        groups.setdefault((row.probe, pair_of(row)), []).append(row)
    pairs: dict[str, list[Pair]] = {}
    for probe, pair in groups:
        pairs.setdefault(probe, []).append(pair)
    return {_name(probe, pair, pairs[probe]): rows for (probe, pair), rows in sorted(groups.items())}


def _name(probe: str, pair: Pair, pairs: Sequence[Pair]) -> str:
    """The probe's name and of the pair what tells it from the probe's other pairs."""
    if len(pairs) == 1:
        return probe
    if len({other.target for other in pairs}) == 1:
        return f"{probe} · {pair.source}"
    if len({other.source for other in pairs}) == 1:
        return f"{probe} · {pair.target}"
    return f"{probe} · {pair}"


def _value(row: Observation, metric: str) -> float:
    answered = row.metric == metric and (row.outcome == "ok" or metric == "rate_bps")
    return row.value if answered and math.isfinite(row.value) else math.nan


def _merged(stretches: Sequence[Stretch]) -> tuple[Stretch, ...]:
    merged: list[Stretch] = []
    for stretch in stretches:
        if merged and merged[-1].state == stretch.state and merged[-1].end_s >= stretch.start_s:
            merged[-1] = Stretch(start_s=merged[-1].start_s, end_s=stretch.end_s, state=stretch.state)
        else:
            merged.append(Stretch(start_s=stretch.start_s, end_s=stretch.end_s, state=stretch.state))
    return tuple(merged)
