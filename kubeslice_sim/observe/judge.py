"""Judge: every expectation of a scenario, held against what was observed."""

from __future__ import annotations

from collections.abc import Sequence

from kubeslice_sim.errors import BadInput, Problem
from kubeslice_sim.model.scenario import Expectation, Scenario
from kubeslice_sim.observe.measure import judge_metric, limits_of
from kubeslice_sim.observe.observation import Observation
from kubeslice_sim.observe.outage import judge_outage
from kubeslice_sim.observe.probe import Probe
from kubeslice_sim.observe.reachability import judge_no_reach, judge_reach
from kubeslice_sim.observe.resolution import judge_resolves
from kubeslice_sim.observe.verdict import Verdict


def judge(
    scenario: Scenario, observations: Sequence[Observation], planned: Sequence[Probe] = ()
) -> tuple[Verdict, ...]:
    """One verdict an expectation, in the scenario's order. The same observations always give the same verdicts.

    Any observations can be judged: what they do not say is ``inconclusive``, never an error. ``planned``: the
    probes that the back end was given; one of which it told nothing leaves its expectation open. Raises
    :exc:`BadInput` with every :func:`expectation_problems` of the scenario itself.
    """
    problems = expectation_problems(scenario)
    if problems:
        raise BadInput(problems)
    return tuple(_judge(expectation, scenario, observations, planned) for expectation in scenario.spec.expect)


def expectation_problems(scenario: Scenario) -> tuple[Problem, ...]:
    """What is wrong with the expectations: no or several subjects, unreadable limits, unknown traffics."""
    traffics = {traffic.name for traffic in scenario.spec.traffic}
    return tuple(
        Problem(path=f"Scenario {scenario.metadata.name}: spec.expect[{index}]", message=message, rule="expectation")
        for index, expectation in enumerate(scenario.spec.expect)
        for message in _messages(expectation, traffics)
    )


def _judge(
    expectation: Expectation, scenario: Scenario, observations: Sequence[Observation], planned: Sequence[Probe]
) -> Verdict:
    if expectation.reach is not None:
        return judge_reach(expectation, expectation.reach, observations, planned)
    if expectation.no_reach is not None:
        return judge_no_reach(expectation, expectation.no_reach, observations, planned)
    if expectation.resolves is not None:
        return judge_resolves(expectation, expectation.resolves, observations, planned)
    if expectation.outage is not None:
        return judge_outage(expectation, expectation.outage, scenario, observations)
    return judge_metric(expectation, expectation.metric or "", observations)


def _messages(expectation: Expectation, traffics: set[str]) -> list[str]:
    subjects = ("reach", "no_reach", "resolves", "outage", "metric")
    given = [name for name in subjects if getattr(expectation, name) is not None]
    if len(given) != 1:
        return [f"{expectation.name!r} needs exactly one of reach, noReach, resolves, outage, metric"]
    if given[0] not in ("outage", "metric"):
        return []
    messages: list[str] = []
    metric = expectation.metric or "ready_s"
    try:
        limits = limits_of(expectation, metric)
        if limits.low > limits.high:
            messages.append(f"{expectation.name!r}: no value lies in {limits.text}; write the lower bound first")
    except ValueError as error:
        messages.append(f"{expectation.name!r}: {error}")
    if (expectation.between, expectation.at_most, expectation.at_least) == (None, None, None):
        messages.append(f"{expectation.name!r} needs a limit: between, atMost or atLeast")
    traffic = expectation.outage.traffic if expectation.outage else expectation.traffic
    if traffic and traffic not in traffics:
        known = ", ".join(sorted(traffics)) or "none"
        messages.append(f"{expectation.name!r}: the scenario has no traffic {traffic!r}; it has {known}")
    return messages
