"""What a run tells of its control plane: frames of a fixed schema, figures, a Gantt picture, a part of the report."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

import kubeslice_sim as ks
from kubeslice_sim.controlplane.answers import answer
from kubeslice_sim.controlplane.critical_path import critical_path, goals
from kubeslice_sim.manifest import load
from kubeslice_sim.observe.history import History, history_data, history_of
from kubeslice_sim.results import Result
from kubeslice_sim.view.figure import svg_text
from kubeslice_sim.view.gantt import draw_gantt, lanes_of


@pytest.fixture(scope="module")
def failed(root: Path) -> Result:
    """A gateway of worker-1 dies at 20 s and is back at 42.5 s."""
    return ks.simulate(load(root / "scenarios" / "03-gateway-failure"))


def figure(result: Result, question: str, cluster: str) -> float:
    (found,) = (item for item in answer(result.run) if (item.question, item.cluster) == (question, cluster))
    assert found.value is not None
    return found.value


def test_who_notices_a_dead_gateway_and_when(failed: Result) -> None:
    timing = failed.run.scenario.timing
    assert figure(failed, "time to detect", "worker-1") < 0.1, "its own operator sees its pod"
    rounds_s = timing.rounds_until_down * timing.ping_round_s
    assert figure(failed, "time to detect", "worker-2") == pytest.approx(rounds_s, rel=0.1)
    withdrawn_s = figure(failed, "time to withdraw", "worker-2")
    assert rounds_s * 0.9 < withdrawn_s < rounds_s * 1.1 + timing.gateway_reconcile_s
    left = [item for item in failed.run.history.routes if item.cluster == "worker-2" and item.at_s > 20]
    assert left[0].at_s == pytest.approx(20 + withdrawn_s)
    assert len(left[0].via) == left[0].tunnels == 1
    for cluster in ("worker-1", "worker-2"):
        assert figure(failed, "time to recover", cluster) > 42.5 - 20
    assert not any(item.cluster == "worker-3" and "time to" in item.question for item in answer(failed.run))


def test_load_and_queues_are_those_of_the_history(failed: Result) -> None:
    history = failed.run.history
    total = sum(item.requests for item in history.requests if item.server == "controller")
    (load_,) = (item for item in answer(failed.run) if (item.question, item.subject) == ("mean API load", "controller"))
    assert load_.detail.startswith(f"{total} requests; ")
    assert figure(failed, "peak API load", "controller") >= figure(failed, "mean API load", "controller") > 0
    deepest = max(item.depth for item in history.depths if item.cluster == "worker-1")
    assert figure(failed, "deepest queue", "worker-1") == deepest


def test_stale_names_are_told_by_cluster(root: Path) -> None:
    result = ks.simulate(load(root / "scenarios" / "07-service-discovery"))
    stale = {item.cluster: item for item in answer(result.run) if item.question == "stale name"}
    assert set(stale) == {"worker-1", "worker-2", "worker-3"}
    assert all(item.value is not None and 0 < item.value < 1 for item in stale.values())
    assert stale["worker-3"].detail.endswith("0.5 s more"), "the scenario's own TTL"


def test_what_is_asked_for_later_is_ready_so_long_after_that(root: Path) -> None:
    result = ks.simulate(load(root / "scenarios" / "04-controller-outage"))
    (late,) = (item for item in answer(result.run) if item.subject == "shop/stock")
    assert late.value is not None
    assert 12 < late.value < 24, "the controller was away for 12 s more, and whoever was refused pauses"
    assert result.critical_path("shop/stock").startswith("export told to the hub (worker-2)")
    cut_off = {item.detail.partition(":")[0] for item in answer(result.run) if item.question.startswith("longest")}
    assert cut_off == {"pulse"}, "a name that never was cannot be cut off"


@pytest.mark.parametrize("name", [
    "control_frame", "event_frame", "object_frame", "stage_frame", "request_frame", "queue_frame",
])  # fmt: skip
def test_frames_have_their_columns_with_and_without_a_history(failed: Result, name: str) -> None:
    full = getattr(failed, name)()
    nothing = replace(failed, run=replace(failed.run, history=History(), events=(), observations=()))
    empty = getattr(nothing, name)()
    assert len(full) and not len(empty)
    assert dict(full.dtypes) == dict(empty.dtypes)


def test_objects_tell_their_states(failed: Result) -> None:
    frame = failed.object_frame()
    pod = frame[(frame.kind == "Pod") & (frame.cluster == "worker-1") & (frame.name == "red-worker-1-worker-2-0-0")]
    assert [state for state in pod.state if state][-3:] == ["Running", "Failed", "Running"]
    assert not frame.duplicated(subset=["at_s", "cluster", "kind", "namespace", "name", "change", "state"]).any()


def test_the_figure_shows_what_the_slice_waited_for(failed: Result) -> None:
    history = failed.run.history.milestones
    (goal,) = (goal for goal in goals(history) if history[goal].subject == "red")
    path = critical_path(history, goal)
    lanes = lanes_of(history, goal, path)
    assert {lane.cluster for lane in lanes} == {"controller cluster", "worker-1", "worker-2", "worker-3"}
    assert sorted(bar.start_s for lane in lanes for bar in lane.critical) == [stage.start_s for stage in path]
    assert all(path[0].start_s <= bar.start_s <= bar.end_s <= path[-1].end_s for lane in lanes for bar in lane.bars
               if bar in path)  # fmt: skip
    text = svg_text(failed.gantt())
    assert "certificate job" in text and "created → up" in text
    assert text == svg_text(failed.gantt("red"))
    assert "did not come up" in svg_text(draw_gantt(failed.run, "green"))


def test_the_report_tells_it_and_keeps_it(failed: Result, tmp_path: Path) -> None:
    page = failed.report(tmp_path).read_text()
    assert failed.critical_path() in page
    assert "time to detect" in page and (tmp_path / "gantt.svg").is_file()
    assert ks.read_report(tmp_path).run.history == failed.run.history


def test_a_history_survives_json(failed: Result) -> None:
    history = failed.run.history
    assert history_of(json.loads(json.dumps(history_data(history)))) == history
