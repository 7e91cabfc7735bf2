"""Steadiness: whether what a run measured is of a steady state, or of a piece of one swing."""

from __future__ import annotations

from collections.abc import Iterator

from kubeslice_sim.model.scenario import Scenario, Traffic
from kubeslice_sim.observe.measures import SERIES, measures
from kubeslice_sim.observe.run import Run
from kubeslice_sim.observe.warm_up import too_short


def unsteady(run: Run) -> Iterator[str]:
    """A notice for every series of a steady traffic that is short against what happens in it.

    Of a queue near saturation above all: how long its swings last is its relaxation time, 1 / (μ (1 - sqrt(ρ))²) for
    M/M/1. One run alone tells it seldom (of M/M/1 over four relaxation times, one in five is told); a sweep's
    replications together nearly always. Nothing is said of a traffic while which another begins or ends: it was asked
    to change.
    """
    changing = {traffic.name for traffic in run.scenario.spec.traffic if _disturbed(run.scenario, traffic)}
    for item in measures(run, ()):
        if item.metric not in SERIES or item.statistic != "mean" or item.probe in changing:
            continue
        name = f"{item.probe} {item.metric}"
        if not item.settled:
            yield (
                f"{name} was still on its way at the middle of the run: make the traffic longer, and say from when on "
                "it counts (warmUp in the scenario, a window in an expectation)"
            )
        elif too_short([item.memory]):
            yield (
                f"{name} swings more slowly than this run can average, so its mean is that of a piece: make the "
                "traffic ten times as long and say warmUp in the scenario, or replicate it (ksim sweep)"
            )


def _disturbed(scenario: Scenario, traffic: Traffic) -> bool:
    """Whether another traffic begins or ends while this one goes on."""

    def span_s(of: Traffic) -> tuple[float, float]:
        end_s = scenario.spec.duration_s if of.duration_s is None else of.start_s + of.duration_s
        return of.start_s, min(end_s, scenario.spec.duration_s)

    begin_s, end_s = span_s(traffic)
    return any(begin_s < moment_s < end_s for other in scenario.spec.traffic for moment_s in span_s(other))
