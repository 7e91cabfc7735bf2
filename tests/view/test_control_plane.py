"""What a run tells of its control plane: frames of a fixed schema, figures, a Gantt picture, a part of the report."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import kubeslice_sim as ks
from kubeslice_sim.cli import execute
from kubeslice_sim.controlplane.answers import answer
from kubeslice_sim.controlplane.critical_path import critical_path, goals
from kubeslice_sim.errors import BadInput
from kubeslice_sim.manifest import load
from kubeslice_sim.observe.history import History, history_data, history_of
from kubeslice_sim.observe.units import seconds
from kubeslice_sim.results import Result
from kubeslice_sim.view.data import result_data
from kubeslice_sim.view.figure import svg_text
from kubeslice_sim.view.gantt import draw_gantt, groups_of, lanes_of


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
    frame = result.stage_frame()
    stages = frame[frame.goal == "shop/stock"].set_index("stage")
    assert stages.length_s.sum() == pytest.approx(late.value)
    away, paused = stages.loc["controller away"], stages.loc["back-off"]
    assert away.start_s == pytest.approx(6, abs=0.1) and 18 <= away.end_s < 20, "its API server, then its new leader"
    assert paused.start_s == away.end_s and paused.cluster == "worker-2"
    assert away.length_s + paused.length_s > 0.98 * late.value
    assert result.critical_path("shop/stock").startswith("controller away")
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


@pytest.fixture(scope="module")
def changed(root: Path) -> Result:
    """A cluster joins at 8 s, another leaves at 35.1 s and is deregistered at 48 s."""
    return ks.simulate(load(root / "scenarios" / "06-cluster-joins-and-leaves"))


def moments(result: Result, cluster: str, kind: str, name: str, change: str) -> list[float]:
    frame = result.object_frame()
    here = frame[(frame.cluster == cluster) & (frame.kind == kind) & (frame.name == name) & (frame.change == change)]
    return list(here.at_s)


def test_a_join_is_over_when_the_last_router_took_the_last_tunnel(changed: Result) -> None:
    took_s = figure(changed, "time to join", "worker-3")
    ups = [row.at_s for row in changed.run.observations
           if row.metric == "tunnel_up" and row.value and "worker-3" in (row.src_cluster, row.dst_cluster)]  # fmt: skip
    taken = [item.at_s for item in changed.run.history.routes if item.tunnels and 8 < item.at_s < 30]
    assert len(ups) == 8 and max(ups) <= 8 + took_s
    assert 8 + took_s == pytest.approx(max(taken))
    path = changed.stage_frame()
    path = path[path.goal == "worker-3 joins red"]
    assert path.start_s.iloc[0] == 8 and path.length_s.sum() == pytest.approx(took_s)
    assert list(path.stage)[:2] == ["controller makes the pair", "certificate job"]


def test_a_leave_is_over_when_the_last_object_is_gone(changed: Result) -> None:
    gone = [moments(changed, "controller", "WorkerSliceConfig", "red-worker-2", "deleted")[0]]
    for name in ("red-worker-1-worker-2", "red-worker-2-worker-1", "red-worker-2-worker-3", "red-worker-3-worker-2"):
        gone += moments(changed, "controller", "WorkerSliceGateway", name, "deleted")
        gone += moments(changed, name.split("-", 1)[1].rsplit("-worker", 1)[0], "SliceGateway", name, "deleted")
    assert len(gone) == 9
    assert figure(changed, "time to leave", "worker-2") == pytest.approx(max(gone) - 35.1)
    (forgotten_s,) = moments(changed, "controller", "Cluster", "worker-2", "deleted")
    assert figure(changed, "time to deregister", "worker-2") == pytest.approx(forgotten_s - 48)
    assert not any("was not over" in notice for notice in changed.run.notices)


def test_the_figure_has_a_group_for_each_undertaking(changed: Result, tmp_path: Path) -> None:
    titles = [group.title.partition(",")[0] for group in groups_of(changed.run)]
    assert titles == [
        "slice red: created → up",
        "worker-3 joins red",
        "worker-2 leaves red",
        "worker-2 is deregistered",
    ]
    assert all(lane.bars == lane.critical != () for group in groups_of(changed.run) for lane in group.lanes)
    (alone,) = groups_of(changed.run, "worker-3 joins red")
    assert any(not lane.critical for lane in alone.lanes), "alone it shows what was not critical, too"
    assert all(8 <= bar.start_s <= bar.end_s <= alone.end_s for lane in alone.lanes for bar in lane.bars)
    text = svg_text(changed.gantt())
    assert all(title in text for title in titles)
    page = changed.report(tmp_path).read_text()
    assert "time to join" in page and "time to leave" in page and "time to deregister" in page
    assert ks.read_report(tmp_path).run.history == changed.run.history


def test_a_rotation_is_over_when_every_gateway_is_complete(root: Path) -> None:
    result = ks.simulate(load(root / "scenarios" / "05-key-rotation"))
    frame = result.object_frame()
    rotation = frame[(frame.kind == "VpnKeyRotation") & (frame.at_s > 20)]
    assert rotation.state.iloc[-1] == "rotation 2: COMPLETE"
    (found,) = (item for item in answer(result.run) if item.question == "time to rotate")
    assert found.value is not None
    assert rotation.at_s.iloc[-1] <= 20 + found.value < rotation.at_s.iloc[-1] + 1, "then the old keys go"
    for stage in ("certificate job", "controller begins the rotation", "recycler: old pods are gone"):
        assert stage in found.detail


def told(root: Path, name: str, scenario: str, timeline: list[dict[str, object]]) -> Result:
    world = ks.vary(load(root / "scenarios" / name), {f"scenario/{scenario}.timeline": timeline})
    return ks.simulate(world)


RED = {"kind": "SliceConfig", "metadata": {"name": "red", "namespace": "kubeslice-demo"}}


def test_a_leave_that_is_blocked_is_told_with_what_blocks_it(root: Path) -> None:
    result = told(root, "06-cluster-joins-and-leaves", "in-and-out", [
        {"at": "30s", "fault": {"name": "cut off", "partition": ["controller", "worker-2"]}},
        {"at": "35s", "patch": {**RED, "spec": {"clusters": ["worker-1"]}}},
    ])  # fmt: skip
    (found,) = (item for item in answer(result.run) if item.question == "time to leave")
    assert found.value is None and found.cluster == "worker-2"
    notice = next(item for item in result.run.notices if item.startswith("worker-2 leaves red (begun at 35 s)"))
    assert "worker-2 still has Slice red, held by networking.kubeslice.io/slice-finalizer" in notice
    assert "worker-2 leaves red" in svg_text(result.gantt())


def test_a_rotation_whose_day_is_over_is_told(root: Path) -> None:
    result = told(root, "05-key-rotation", "keys-renewed", [
        {"at": "10s", "fault": {"name": "fast clock", "clock": "ahead", "by": "960h", "cluster": "controller"}},
        {"at": "20s", "patch": {**RED, "spec": {"renewBefore": "2026-01-01T00:00:20Z"}}},
    ])  # fmt: skip
    (notice,) = (item for item in result.run.notices if item.startswith("rotation 2 of red"))
    assert "is IN_PROGRESS on worker-1" in notice and "only on the day of the certificates" in notice


def test_what_was_undertaken_is_told_with_a_run(
    changed: Result, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    took_s = figure(changed, "time to join", "worker-3")
    sentence = f"worker-3 joins red: {seconds(took_s)} (certificate job 3 s → "
    assert sentence in changed._repr_html_()
    assert execute(["run", str(root / "scenarios" / "06-cluster-joins-and-leaves")]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert sentence in shown and "worker-2 leaves red: " in shown
    data = result_data(changed.run, changed.verdicts)["control_plane"]["figures"]
    assert {"time to join", "time to leave", "time to deregister"} <= {item["question"] for item in data}


@pytest.mark.parametrize("ask", [Result.critical_path, Result.gantt])
def test_a_name_that_nothing_has_is_told_with_what_was_meant(
    failed: Result, ask: Callable[[Result, str], object]
) -> None:
    with pytest.raises(BadInput, match=r"nothing in this run is called rad \(did you mean red\?\)"):
        ask(failed, "rad")
    ask(failed, "red")
