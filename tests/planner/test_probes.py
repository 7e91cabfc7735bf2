"""Scenarios as probes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kubeslice_sim.errors import BadInput
from kubeslice_sim.model.document import ObjectMeta
from kubeslice_sim.model.frozen import FrozenMap
from kubeslice_sim.model.scenario import (
    Expectation,
    Reach,
    Resolve,
    Scenario,
    ScenarioSpec,
    TimelineStep,
    Traffic,
)
from kubeslice_sim.model.timing import TimingChoice
from kubeslice_sim.planner import Plan, plan, probes
from tests.planner import worlds

NAME = "web.app.svc.slice.local"


@pytest.fixture
def found() -> Plan:
    clusters = ["a", "b"]
    return plan(
        worlds.world(
            clusters,
            [worlds.slice_config("red", clusters)],
            [worlds.deployment("web", ["b"], replicas=2), worlds.deployment("client", clusters, replicas=2)],
            [worlds.export("web", ["b"], slice_="red", aliases=["web.example.com"])],
        )
    )


def scenario(**spec: Any) -> Scenario:
    return Scenario(metadata=ObjectMeta(name="s"), spec=ScenarioSpec(**{"duration_s": 60.0, **spec}))


def traffic(kind: str, to: str = NAME, from_: str = "app/client@a", **more: Any) -> Scenario:
    return scenario(traffic=(Traffic(name="t", kind=kind, from_=from_, to=to, **more),))  # type: ignore[arg-type]


def expect(**more: Any) -> Scenario:
    return scenario(expect=(Expectation(name="e", **more),))


def problems(found: Plan, wanted: Scenario) -> list[str]:
    with pytest.raises(BadInput) as caught:
        probes(found, wanted)
    return [str(problem) for problem in caught.value.problems]


def test_ping_runs_from_every_pod_under_one_name(found: Plan) -> None:
    made = probes(found, traffic("ping", start_s=5.0, duration_s=10.0))
    assert [(p.name, p.source, p.target, p.port) for p in made] == [
        ("t", "app/client-0@a", NAME, None),
        ("t", "app/client-1@a", NAME, None),
    ]
    assert {(p.start_s, p.end_s, p.origin, p.until_ok) for p in made} == {(5.0, 15.0, "traffic", False)}


def test_a_workload_without_a_cluster_means_all_its_clusters(found: Plan) -> None:
    made = probes(found, traffic("ping", from_="app/client"))
    assert [p.source for p in made] == [f"app/client-{i}@{c}" for c in "ab" for i in range(2)]


def test_a_bulk_transfer_has_one_source_and_ends_with_the_scenario(found: Plan) -> None:
    (made,) = probes(found, traffic("tcp", f"{NAME}:8080", streams=3, rate_bps=1e6))
    assert (made.source, made.port, made.end_s, made.streams, made.rate_bps) == ("app/client-0@a", 8080, 60.0, 3, 1e6)
    assert made.destination == f"{NAME}:8080"


def test_pods_talk_to_the_pods_of_a_workload_in_turn(found: Plan) -> None:
    made = probes(found, traffic("http", "app/web@b:8080", from_="app/client"))
    assert [(p.source, p.target) for p in made] == [
        ("app/client-0@a", "app/web-0@b"),
        ("app/client-1@a", "app/web-1@b"),
        ("app/client-0@b", "app/web-0@b"),
        ("app/client-1@b", "app/web-1@b"),
    ]


def test_a_single_pod_and_an_address_may_be_named(found: Plan) -> None:
    (made,) = probes(found, traffic("udp", "10.1.16.1:8080", from_="app/client-1@a"))
    assert (made.source, made.target, made.port) == ("app/client-1@a", "10.1.16.1", 8080)


def test_reach_asks_until_it_holds_or_by_passes(found: Plan) -> None:
    made = probes(found, expect(reach=Reach(from_="app/client@a", to=f"{NAME}:8080"), by_s=30.0))
    assert {(p.name, p.kind, p.end_s, p.interval_s, p.until_ok, p.origin) for p in made} == {
        ("expect/e", "connect", 30.0, 1.0, True, "expectation")
    }
    assert {p.kind for p in probes(found, expect(reach=Reach(from_="app/client@a", to=NAME)))} == {"ping"}


@pytest.mark.parametrize("timing", ["fast", TimingChoice(profile="fast", ping_round=1.0)])
def test_fast_expectations_ask_four_times_a_second(found: Plan, timing: Any) -> None:
    reach = Expectation(name="e", reach=Reach(from_="app/client-0@a", to=NAME))
    (made,) = probes(found, scenario(timing=timing, expect=(reach,)))
    assert made.interval_s == 0.25


def test_no_reach_is_tried_over_the_whole_scenario_at_every_pod(found: Plan) -> None:
    made = probes(found, expect(no_reach=Reach(from_="app/client-0@a", to="app/web@b"), by_s=3.0))
    assert [(p.target, p.end_s, p.interval_s, p.until_ok) for p in made] == [
        ("app/web-0@b", 60.0, 3.0, False),
        ("app/web-1@b", 60.0, 3.0, False),
    ]


def test_nobody_probes_himself(found: Plan) -> None:
    made = probes(found, expect(reach=Reach(from_="app/web", to="app/web")))
    assert [(p.source, p.target) for p in made] == [("app/web-0@b", "app/web-1@b"), ("app/web-1@b", "app/web-0@b")]


def test_resolves_stops_early_only_when_the_number_of_answers_does_not_matter(found: Plan) -> None:
    (once,) = probes(found, expect(resolves=Resolve(from_="app/client-0@a", name=NAME)))
    (count,) = probes(found, expect(resolves=Resolve(from_="app/client-0@a", name=NAME, answers=2)))
    assert (once.kind, once.target, once.until_ok, count.until_ok) == ("dns", NAME, True, False)


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (traffic("ping", from_="app/clent@a"), "there is no pod or workload app/clent (did you mean app/client?)"),
        (traffic("ping", from_="app/client@c"), "there is no cluster c (there are a, b)"),
        (traffic("ping", from_="app/web@a"), "app/web does not run on a (it runs on b)"),
        (traffic("ping", from_="client"), "'client' does not say which namespace"),
        (traffic("ping", "wep.app.svc.slice.local"), f"exported by nobody (did you mean {NAME}?)"),
        (traffic("tcp", f"{NAME}:http"), "'http' is no port"),
        (traffic("tcp", f"{NAME}:70000"), "'70000' is no port"),
    ],
)
def test_references_to_nothing_say_what_was_meant(found: Plan, wanted: Scenario, said: str) -> None:
    (problem,) = problems(found, wanted)
    assert said in problem
    assert problem.startswith("Scenario/s.spec.")


def test_a_dns_name_is_the_same_in_capitals(found: Plan) -> None:
    assert probes(found, traffic("ping", NAME.upper()))


def test_every_problem_is_told_at_once(found: Plan) -> None:
    wanted = scenario(
        traffic=(
            Traffic(name="t", kind="ping", from_="x/y", to="x/z"),
            Traffic(name="u", kind="tcp", from_="app/client@a", to=f"{NAME}:http"),
        ),
        expect=(Expectation(name="e", reach=Reach(from_="app/client@c", to=NAME)),),
    )
    assert len(problems(found, wanted)) == 4


def test_names_that_nobody_exports_may_be_asked_for_where_that_is_the_point(found: Plan) -> None:
    nobody = "nobody.app.svc.slice.local"
    assert probes(found, expect(no_reach=Reach(from_="app/client@a", to=nobody)))
    assert probes(found, expect(resolves=Resolve(from_="app/client@a", name=nobody, answers=0)))
    assert probes(found, traffic("ping", "example.org"))
    later = replace(traffic("ping", nobody).spec, timeline=(TimelineStep(at_s=1.0, apply=(FrozenMap(kind="X"),)),))
    assert probes(found, Scenario(metadata=ObjectMeta(name="s"), spec=later))


def test_aliases_are_names_too(found: Plan) -> None:
    assert probes(found, traffic("ping", "web.example.com"))
