"""The critical path: on a history made by hand, on any, and on a scenario's own bring-up."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import kubeslice_sim as ks
from kubeslice_sim.controlplane.critical_path import critical_path, goals, held, releaser, sentence, stage_of
from kubeslice_sim.manifest import load
from kubeslice_sim.observe.history import Hold, Milestone


def milestone(at_s: float, stage: str, *after: int, cluster: str = "", goal: bool = False) -> Milestone:
    return Milestone(at_s=at_s, stage=stage, slice="red", cluster=cluster, subject=stage, after=after, goal=goal)


BY_HAND = (
    milestone(0.0, "slice asked for"),
    milestone(2.0, "slice reaches the worker", 0, cluster="worker-1"),
    milestone(30.0, "router pod starts", 1, cluster="worker-1"),
    milestone(40.0, "certificate job", 0),
    milestone(52.0, "NodePort exchange", 2, 3, cluster="worker-2"),
    milestone(52.1, "gateway pod is ordered", 4, cluster="worker-2"),
    milestone(57.1, "gateway pod starts", 5, cluster="worker-2"),
    milestone(60.0, "found up", 2, 6, goal=True),
)


def test_the_last_to_come_released_the_next() -> None:
    assert releaser(BY_HAND, 4) == 3, "the certificates came ten seconds after the router"
    assert releaser(BY_HAND, 0) is None
    assert stage_of(BY_HAND, 0) is None


def test_the_chain_of_a_history_made_by_hand() -> None:
    (goal,) = goals(BY_HAND)
    path = critical_path(BY_HAND, goal)
    assert [(stage.name, stage.start_s, stage.end_s) for stage in path] == [
        ("certificate job", 0.0, 40.0), ("NodePort exchange", 40.0, 52.0), ("gateway pod is ordered", 52.0, 52.1),
        ("gateway pod starts", 52.1, 57.1), ("found up", 57.1, 60.0),
    ]  # fmt: skip
    assert sentence(path) == (
        "certificate job 40 s → NodePort exchange (worker-2) 12 s → gateway pod starts (worker-2) 5 s → "
        "found up 2.9 s, and 1 short step of 100 ms in all"
    )


def test_a_milestone_that_waited_for_nothing_has_no_chain() -> None:
    assert critical_path(BY_HAND, 0) == ()
    assert sentence(()) == "nothing had to be waited for"


def test_a_history_that_runs_backwards_is_no_history() -> None:
    with pytest.raises(ValueError, match="noted after it"):
        critical_path((milestone(1.0, "hen", 1), milestone(0.0, "egg", 0)), 0)


@st.composite
def histories(draw: st.DrawFn) -> tuple[Milestone, ...]:
    """Any history: each milestone no earlier than those that it waits for, and the first waits for nothing."""
    pauses = draw(st.lists(st.floats(0, 100), min_size=1, max_size=40))
    made: list[Milestone] = []
    for place, pause_s in enumerate(pauses):
        after = draw(st.sets(st.integers(0, place - 1), min_size=1, max_size=4)) if place else set()
        at_s = max((made[before].at_s for before in after), default=0.0) + pause_s
        made.append(milestone(at_s, f"stage {place}", *sorted(after)))
    return tuple(made)


@given(histories())
def test_the_stages_sum_to_the_time_to_ready(history: tuple[Milestone, ...]) -> None:
    goal = len(history) - 1
    path = critical_path(history, goal)
    whole_s = history[goal].at_s - history[0].at_s
    assert math.isclose(math.fsum(stage.length_s for stage in path), whole_s, abs_tol=1e-9)
    assert all(stage.length_s >= 0 for stage in path)
    assert all(one.end_s == other.start_s for one, other in itertools.pairwise(path)), "without a gap"


HOLDS = st.builds(
    lambda at_s, length_s, what, cluster: Hold(at_s=at_s, until_s=at_s + length_s, cluster=cluster, what=what),
    st.floats(0, 400), st.floats(0, 200), st.sampled_from(["controller away", "back-off"]), st.sampled_from(["", "w"]),
)  # fmt: skip


@given(histories(), st.lists(HOLDS, max_size=5))
def test_what_held_it_up_takes_its_time_from_the_stages(history: tuple[Milestone, ...], holds: list[Hold]) -> None:
    path = critical_path(history, len(history) - 1)
    split = held(path, holds)
    assert math.isclose(sum(one.length_s for one in split), sum(one.length_s for one in path), abs_tol=1e-9)
    assert all(one.end_s == other.start_s for one, other in itertools.pairwise(split)), "without a gap"
    assert all(one.length_s >= 0 for one in split)


def test_an_outage_and_the_pause_after_it_are_stages_of_their_own() -> None:
    (goal,) = goals(BY_HAND)
    path = critical_path(BY_HAND, goal)
    away = Hold(at_s=35.0, until_s=45.0, cluster="", what="controller away")
    pause = Hold(at_s=42.0, until_s=51.0, cluster="worker-2", what="back-off", subject="red")
    assert [(stage.name, stage.start_s, stage.end_s) for stage in held(path, (away, pause))] == [
        ("certificate job", 0.0, 40.0), ("controller away", 40.0, 45.0), ("back-off", 45.0, 51.0),
        ("NodePort exchange", 51.0, 52.0), ("gateway pod is ordered", 52.0, 52.1),
        ("gateway pod starts", 52.1, 57.1), ("found up", 57.1, 60.0),
    ]  # fmt: skip
    elsewhere = Hold(at_s=42.0, until_s=51.0, cluster="worker-1", what="back-off", subject="red")
    of_another = Hold(at_s=42.0, until_s=51.0, cluster="worker-2", what="back-off", subject="blue")
    ended_later = Hold(at_s=42.0, until_s=53.0, cluster="", what="controller away")
    assert held(path, (elsewhere, of_another)) == path
    assert held(path[:2], (ended_later,)) == path[:2], "it went on while the controller was away"


@pytest.mark.parametrize("name", ["01-two-clusters", "03-gateway-failure", "07-service-discovery"])
def test_the_path_of_a_scenario_is_as_long_as_its_bring_up(root: Path, name: str) -> None:
    run = ks.simulate(load(root / "scenarios" / name)).run
    ready = {(row.src_cluster, row.src): row.value for row in run.observations if row.metric == "ready_s"}
    told = goals(run.history.milestones)
    assert len(told) == len(ready)
    for goal in told:
        reached = run.history.milestones[goal]
        path = critical_path(run.history.milestones, goal)
        assert path[0].name != "found up", "there is a chain"
        assert sum(stage.length_s for stage in path) == pytest.approx(ready[reached.cluster, reached.subject])
    slices = [goal for goal in told if not run.history.milestones[goal].cluster]
    names = [stage.name for stage in critical_path(run.history.milestones, slices[0])]
    assert names[:3] == ["controller takes it up", "controller makes the pair", "certificate job"]
    assert names[-3:] == ["tunnel comes up", "router takes the tunnels", "found up"]
