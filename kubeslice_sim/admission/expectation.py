"""Our rules on what a scenario expects."""

from __future__ import annotations

from collections.abc import Iterator

from kubeslice_sim.admission.known import known_to
from kubeslice_sim.admission.rule import Finding, Request, rule
from kubeslice_sim.model.field_path import FieldPath
from kubeslice_sim.model.metric import METRICS, parse_limit
from kubeslice_sim.model.scenario import Expectation, Scenario
from kubeslice_sim.model.suggest import meant

_OURS = "kubeslice-sim"
_SUBJECTS = {"reach": "reach", "no_reach": "noReach", "resolves": "resolves", "outage": "outage", "metric": "metric"}
_OUTAGE_METRIC = "ready_s"
"""An outage's limits are durations, as this metric's are."""


@rule("Scenario", source=_OURS)
def expectation_one_subject(request: Request) -> Iterator[Finding]:
    """An expectation is exactly one of reach, noReach, resolves, outage and metric."""
    for path, item in _all(request.document):
        given = [shown for name, shown in _SUBJECTS.items() if getattr(item, name) is not None]
        if len(given) != 1:
            said = f"this has {' and '.join(given)}" if given else "this has none"
            yield Finding(path, f"an expectation is exactly one of {', '.join(_SUBJECTS.values())}: {said}")


@rule("Scenario", source=_OURS)
def expectation_names_unique(request: Request) -> Iterator[Finding]:
    """An expectation's name stands once in its scenario."""
    seen: set[str] = set()
    for path, item in _all(request.document):
        if item.name in seen:
            yield Finding((*path, "name"), f'a second expectation is named "{item.name}"', "verdicts go by name")
        seen.add(item.name)


@rule("Scenario", source=_OURS)
def expectation_ends_exist(request: Request) -> Iterator[Finding]:
    """What should (or should not) reach or resolve what is in the world."""
    known = known_to(request)
    for path, item in _all(request.document):
        for field, reach in (("reach", item.reach), ("noReach", item.no_reach)):
            if reach is not None:
                yield from known.source(reach.from_, (*path, field, "from"))
                yield from known.target(reach.to, (*path, field, "to"), must_resolve=field == "reach")
        if item.resolves is not None:
            yield from known.source(item.resolves.from_, (*path, "resolves", "from"))
            wanted = item.resolves.answers != 0
            yield from known.dns_name(item.resolves.name, (*path, "resolves", "name"), must_resolve=wanted)


@rule("Scenario", source=_OURS)
def expectation_metric_exists(request: Request) -> Iterator[Finding]:
    """The metric is one that back ends measure."""
    for path, item in _all(request.document):
        if item.metric is not None and item.metric not in METRICS:
            hint = meant(item.metric, METRICS, f"one of {', '.join(METRICS)}")
            yield Finding((*path, "metric"), f"there is no metric {item.metric}", hint)


@rule("Scenario", source=_OURS)
def expectation_traffic_exists(request: Request) -> Iterator[Finding]:
    """The traffic of a metric or an outage is in the scenario."""
    known = [traffic.name for traffic in request.document.spec.traffic]
    for path, item in _all(request.document):
        name = item.outage.traffic if item.outage is not None else item.traffic
        at = (*path, "outage", "traffic") if item.outage is not None else (*path, "traffic")
        if name and name not in known:
            yield Finding(at, f"there is no traffic {name}", meant(name, known))


@rule("Scenario", source=_OURS)
def expectation_limits(request: Request) -> Iterator[Finding]:
    """A metric or an outage has a limit, written in its unit, the lower one first; the rest has none."""
    for path, item in _all(request.document):
        metric = _OUTAGE_METRIC if item.outage is not None else item.metric
        limits = dict(_limits(item))
        if metric is None:
            for at in limits:
                yield Finding((*path, *at), "a limit means nothing here", "limits are for metric and outage")
        elif metric in METRICS:
            yield from _wrong_limits(metric, limits, path)


@rule("Scenario", source=_OURS)
def expectation_window(request: Request) -> Iterator[Finding]:
    """A window is of a metric, starts before it ends, and both lie within the scenario."""
    end_s = request.document.spec.duration_s
    for path, item in _all(request.document):
        if item.window is None:
            continue
        start_s, stop_s = item.window
        if item.metric is None:
            yield Finding((*path, "window"), "a window means nothing here", "windows are for metric")
        elif start_s >= stop_s:
            yield Finding((*path, "window"), "the window ends before it starts", "the earlier moment comes first")
        elif start_s >= end_s:
            yield Finding((*path, "window"), "the window starts after the scenario's end")


def _all(scenario: Scenario) -> Iterator[tuple[FieldPath, Expectation]]:
    for index, item in enumerate(scenario.spec.expect):
        yield ("spec", "expect", index), item


def _limits(item: Expectation) -> Iterator[tuple[FieldPath, str]]:
    for side, text in enumerate(item.between or ()):
        yield ("between", side), text
    if item.at_least is not None:
        yield ("atLeast",), item.at_least
    if item.at_most is not None:
        yield ("atMost",), item.at_most


def _wrong_limits(metric: str, limits: dict[FieldPath, str], path: FieldPath) -> Iterator[Finding]:
    values: dict[FieldPath, float] = {}
    for at, text in limits.items():
        try:
            values[at] = parse_limit(metric, text)
        except ValueError as error:
            yield Finding((*path, *at), str(error))
    if not limits:
        yield Finding(path, "needs a limit", "between, atMost or atLeast")
    elif len(values) == len(limits):
        low = max((value for at, value in values.items() if at in (("between", 0), ("atLeast",))), default=None)
        high = min((value for at, value in values.items() if at in (("between", 1), ("atMost",))), default=None)
        if low is not None and high is not None and low > high:
            at = (*path, *next(iter(limits)))
            yield Finding(at, "no value lies between these limits", "the lower one comes first")
