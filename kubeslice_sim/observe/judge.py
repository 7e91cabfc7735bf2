"""Judge: every expectation of a scenario, held against what was observed."""

from __future__ import annotations

from collections.abc import Sequence

from kubeslice_sim.model.scenario import Expectation, Scenario
from kubeslice_sim.observe.measure import judge_metric
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
    probes that the back end was given; one of which it told nothing leaves its expectation open. What can be wrong with
    an expectation itself, admission has said.
    """
    return tuple(_judge(expectation, scenario, observations, planned) for expectation in scenario.spec.expect)


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
