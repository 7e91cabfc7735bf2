"""The verbs, as a notebook uses them: what they refuse, and that nothing is started then."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

import kubeslice_sim as ks
from kubeslice_sim import backends
from kubeslice_sim.model.world import World


@pytest.fixture
def world() -> World:
    return ks.example("01-two-clusters")


def _with_slice(world: World, **changes: Any) -> World:
    (config,) = world.slices
    return replace(world, slices=(replace(config, spec=replace(config.spec, **changes)),))


def _with_first_traffic(world: World, **changes: Any) -> World:
    (scenario,) = world.scenarios
    first, *others = scenario.spec.traffic
    spec = replace(scenario.spec, traffic=(replace(first, **changes), *others))
    return replace(world, scenarios=(replace(scenario, spec=spec),))


def test_a_world_made_in_python_is_admitted_before_anything_starts(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def started(name: str) -> None:
        raise AssertionError(f"{name} was started")

    monkeypatch.setattr(backends, "backend", started)
    for wrong, said in (
        (_with_slice(world, slice_gateway_provider=None), "sliceGatewayProvider is required"),
        (_with_slice(world, qos_profile_details=None), "either standardQosProfileName or qosProfileDetails"),
        (_with_slice(world, slice_subnet="10.1.0.0/24"), "the prefix must be 16"),
        (_with_first_traffic(world, interval_s=0.0), "would make more than 1,000,000 attempts"),
        (replace(world, scenarios=world.scenarios * 2), "2 scenarios"),
    ):
        with pytest.raises(ks.BadInput, match=said):
            ks.simulate(wrong)


def test_every_problem_of_a_python_world_is_told_at_once(world: World) -> None:
    wrong = _with_first_traffic(
        _with_slice(world, slice_subnet="10.1.0.0/24", slice_gateway_provider=None), from_="iperf/nobody@worker-1"
    )
    with pytest.raises(ks.BadInput) as caught:
        ks.run(wrong)
    assert [problem.path for problem in caught.value.problems] == [
        "SliceConfig/iperf-slice.spec.sliceSubnet",
        "SliceConfig/iperf-slice.spec.sliceGatewayProvider",
        "Scenario/iperf.spec.traffic[0].from",
    ]


def test_of_several_scenarios_one_must_be_chosen(world: World) -> None:
    (scenario,) = world.scenarios
    second = replace(scenario, metadata=replace(scenario.metadata, name="again"))
    with pytest.raises(ks.BadInput, match=r"--scenario NAME.*: iperf, again"):
        ks.simulate(replace(world, scenarios=(scenario, second)))


def test_every_answer_is_one_short_line_in_a_terminal(world: World) -> None:
    result = ks.simulate(world)
    service = "iperf-server.iperf.svc.slice.local:5201"
    answers = (
        world, result, ks.plan(world), ks.verify(world, "other/intruder@worker-1", service), ks.compare(result, result)
    )  # fmt: skip
    for answer in answers:
        assert "\n" not in repr(answer)
        assert len(repr(answer)) < 300, repr(answer)
    assert repr(world) == "<World 01-two-clusters: 2 clusters, 1 slice, 1 export, 3 objects, 1 scenario>"
    assert repr(result).startswith("<Result of iperf on sim, seed 7: passed, 6 expectations,")
    assert repr(ks.plan(world)) == "<Plan of 01-two-clusters: 2 clusters, 1 slice, 2 tunnels, 4 pods>"


@pytest.mark.parametrize("verb", [ks.plan, ks.run, ks.draw])
def test_a_path_is_no_world(verb: Any) -> None:
    with pytest.raises(ks.BadInput, match=r"this takes a World, not a str: read files with load\(\)"):
        verb("scenarios/01-two-clusters")
