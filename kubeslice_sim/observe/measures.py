"""Measures: one run in a few figures for statistics over several, its warm-up left out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from kubeslice_sim.model.metric import METRICS, RESOURCES
from kubeslice_sim.model.scenario import Scenario, Traffic
from kubeslice_sim.observe.figures import failed_share
from kubeslice_sim.observe.measure import (
    RATES,
    TIMES,
    added_up,
    count_of,
    in_window,
    lower_bound,
    statistic_of,
    waited_s,
    whole_rates,
    with_value,
)
from kubeslice_sim.observe.observation import Observation
from kubeslice_sim.observe.outage import outages
from kubeslice_sim.observe.run import Run
from kubeslice_sim.observe.select import EXPECTATION_PREFIX, in_time
from kubeslice_sim.observe.verdict import Verdict
from kubeslice_sim.observe.warm_up import WarmUp, memory, mser

SERIES = ("rate_bps", "requests_per_s", "rtt_s", "connect_s", "dns_latency_s", "request_s")
"""One value an interval or an attempt: they have a beginning that can be left out."""
SHARES = ("reachable", "loss_ratio", "jitter_s", "answers")
TOTALS = ("sent_bytes", "received_bytes", "requests", "errors", "unfinished", "retransmits", "reordered")
COUNTED = frozenset({"drops"})
"""Of the shared parts of the paths: what adds up from interval to interval."""
OF_REQUESTS = frozenset({"errors", "unfinished"})
"""Told by cause: a run without any has no row of them, and they were zero."""
TAILS = ("mean", "median", "p95", "p99")
STATISTICS = (*TAILS, "max", "total")
"""All that a measure may be."""
UNITS = {**METRICS, "outage_s": "s", "failed_ratio": "1", "passed": "1"}
"""The metrics of observations; ``outage_s``: a traffic's longest; ``failed_ratio``: of its requests, those without an
answer; ``passed``: 1 or 0, of an expectation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One figure of one run: a ``statistic`` of a metric of a probe over ``count`` values, ``dropped`` left out.

    The probe is a traffic's name, ``ready``, ``expect/<name>`` for whether an expectation passed, or
    ``resources/<part>@<cluster>`` for a shared part of the paths. Not ``settled``: a warm-up was looked for and the
    series may have been under way to its steady state at its middle. ``memory``: see
    :class:`~kubeslice_sim.observe.warm_up.WarmUp`; 0 where there is no steady state to speak of.
    """

    probe: str
    metric: str
    statistic: str
    value: float
    count: int = 1
    dropped: int = 0
    settled: bool = True
    memory: float = 0.0

    @property
    def unit(self) -> str:
        """The unit of the value."""
        return UNITS[self.metric]


def measures(run: Run, verdicts: Iterable[Verdict]) -> tuple[Measure, ...]:
    """What the run amounts to, traffic by traffic in the scenario's order; what was not measured is left out.

    Rates of several pods of a traffic add up. Left out is what was before the scenario's ``warmUp``; where it says
    none, each steady series loses its own warm-up (:func:`mser`). A scenario with a timeline, or a transfer of a given
    size, has no steady state: all of it counts. Totals are always of the whole run. Of the shared parts of the paths
    every metric that the back end tells has its mean and greatest over the intervals from ``warmUp`` on (``drops``: how
    many in all): what nobody uses at first or at last is idle then.
    """
    found: list[Measure] = []
    by_probe: dict[str, list[Observation]] = {}
    for row in run.observations:
        by_probe.setdefault(row.probe, []).append(row)
    ready = with_value(by_probe.get("ready", ()), "ready_s")
    if ready:
        last_s = max(row.value for row in ready)
        found.append(Measure(probe="ready", metric="ready_s", statistic="max", value=last_s, count=len(ready)))
    for traffic in run.scenario.spec.traffic:
        found += _of_traffic(run.scenario, traffic, in_time(by_probe.get(traffic.name, ())))
    found += _of_resources(by_probe.get(RESOURCES, ()), run.scenario.spec.warm_up_s or 0.0)
    for verdict in verdicts:
        if verdict.outcome != "inconclusive":
            name = EXPECTATION_PREFIX + verdict.name
            passed = float(verdict.outcome == "passed")
            found.append(Measure(probe=name, metric="passed", statistic="mean", value=passed))
    return tuple(found)


def _of_traffic(scenario: Scenario, traffic: Traffic, rows: Sequence[Observation]) -> Iterator[Measure]:
    steady = not scenario.spec.timeline and (traffic.size_bytes is None or traffic.kind == "http")
    given_s = scenario.spec.warm_up_s
    window = None if given_s is None else (given_s, math.inf)
    for metric in (*SERIES, *SHARES):
        everything = with_value(rows, metric)
        counted = with_value(in_window(rows, metric, window), metric)
        values = _values(metric, counted)
        if not values:
            continue
        found = WarmUp(dropped=len(_values(metric, everything)) - len(values), settled=True)
        if steady and metric in SERIES:
            if given_s is None:
                found = mser(values)
                values = values[found.dropped :]
            else:
                found = replace(found, memory=memory(values))
        waited = waited_s(metric, in_window(rows, "unfinished_s", window))
        for statistic in TAILS if metric in TIMES - {"jitter_s"} else ("mean",):
            value = lower_bound(statistic, values, waited)
            yield Measure(probe=traffic.name, metric=metric, statistic=statistic, value=value, count=len(values),
                          dropped=found.dropped, settled=found.settled, memory=found.memory)  # fmt: skip
    yield from _latencies(traffic.name, rows, window, steady=given_s is None and steady)
    answering = bool(with_value(rows, "requests"))
    for metric in TOTALS:
        totals = [row.value for row in with_value(rows, metric)]
        if totals or (answering and metric in OF_REQUESTS):
            yield Measure(probe=traffic.name, metric=metric, statistic="total", value=math.fsum(totals),
                          count=len(totals))  # fmt: skip
    failed = failed_share(rows)
    if failed is not None and failed.value is not None:
        yield Measure(probe=traffic.name, metric="failed_ratio", statistic="mean", value=failed.value)
    if scenario.spec.timeline:
        seen = [item for item in outages(traffic, rows, given_s or 0.0, scenario.spec.duration_s) if item.seen]
        if seen:
            longest_s = max(item.length_s for item in seen)
            yield Measure(probe=traffic.name, metric="outage_s", statistic="max", value=longest_s, count=len(seen))


def _latencies(
    probe: str, rows: Sequence[Observation], window: tuple[float, float] | None, *, steady: bool
) -> Iterator[Measure]:
    """Of all packets that count. A warm-up is looked for in the means of the intervals."""
    everything = with_value(rows, "latency_s")
    counted = with_value(in_window(rows, "latency_s", window), "latency_s")
    if not counted:
        return
    found = WarmUp(dropped=0, settled=True)
    if steady:
        intervals: dict[float, list[Observation]] = {}
        for row in counted:
            intervals.setdefault(row.at_s, []).append(row)
        found = mser([_latency("mean", of) for of in intervals.values()])
        counted = [row for of in list(intervals.values())[found.dropped :] for row in of]
    count = sum(map(count_of, counted))
    dropped = sum(map(count_of, everything)) - count
    for statistic in TAILS:
        yield Measure(probe=probe, metric="latency_s", statistic=statistic, value=_latency(statistic, counted),
                      count=count, dropped=dropped, settled=found.settled, memory=found.memory)  # fmt: skip


def _of_resources(rows: Sequence[Observation], from_s: float) -> Iterator[Measure]:
    """Whatever is told of them, in order of cluster and name. A row is of the interval that ends at its time."""
    found: dict[tuple[str, str, str], list[float]] = {}
    for row in rows:
        if row.at_s > from_s and row.outcome == "ok":
            found.setdefault((row.src_cluster, row.src, row.metric), []).append(row.value)
    for (cluster, name, metric), values in sorted(found.items()):
        for statistic in ("total",) if metric in COUNTED else ("mean", "max"):
            value = math.fsum(values) if statistic == "total" else statistic_of(statistic, values)
            yield Measure(probe=f"{RESOURCES}/{name}@{cluster}", metric=metric, statistic=statistic, value=value,
                          count=len(values))  # fmt: skip


def _latency(statistic: str, rows: Sequence[Observation]) -> float:
    return statistic_of(statistic, [row.value for row in rows], [count_of(row) for row in rows])


def _values(metric: str, rows: Sequence[Observation]) -> list[float]:
    return added_up(whole_rates(rows)) if metric in RATES else [row.value for row in rows]
