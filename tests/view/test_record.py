from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from kubeslice_sim import manifest
from kubeslice_sim.errors import BadInput
from kubeslice_sim.model.frozen import FrozenMap
from kubeslice_sim.observe.history import ApiRequests, History, Milestone, StaleName
from kubeslice_sim.observe.run import Event, Run
from kubeslice_sim.observe.table import in_order
from kubeslice_sim.view.record import read_run, write_run
from tests.observe.rows import attempts, rates, run

SECRET = "hunter2-in-the-clear"
WORLD = f"""
apiVersion: controller.kubeslice.io/v1alpha1
kind: Project
metadata: {{name: demo, namespace: kubeslice-controller}}
---
apiVersion: controller.kubeslice.io/v1alpha1
kind: Cluster
metadata: {{name: worker-1, namespace: kubeslice-demo}}
spec: {{clusterProperty: {{monitoring: {{kubernetesDashboard: {{enabled: true, accessToken: {SECRET}}}}}}}}}
---
apiVersion: v1
kind: Secret
metadata:
  name: password
  namespace: iperf
  annotations: {{kubectl.kubernetes.io/last-applied-configuration: "{SECRET}", kubeslice-sim.io/clusters: worker-1}}
stringData: {{password: {SECRET}}}
"""


@pytest.fixture
def made() -> Run:
    of = run(()).scenario
    world = replace(manifest.load_text(WORLD.partition("---\napiVersion: v1")[0]), scenarios=(of,), name="by hand")
    world = replace(world, clusters=tuple(replace(item, spec=type(item.spec)()) for item in world.clusters))
    return run(
        (*rates([1e6 / 3, 2e6]), *attempts({1}, 4)), of, world=world, seed=7,
        events=(Event(at_s=0.1, name="SliceCreated", cluster="worker-1", subject="red", message="ok"),),
        environment=FrozenMap(kernel="6.1", python="3.11"), notices=("netem is missing: substituted",),
    )  # fmt: skip


def test_a_run_reads_back(made: Run, tmp_path: Path) -> None:
    write_run(made, tmp_path / "new" / "folder")
    assert read_run(tmp_path / "new" / "folder") == replace(made, observations=in_order(made.observations))


def test_equal_runs_give_equal_bytes(made: Run, tmp_path: Path) -> None:
    write_run(made, tmp_path / "a")
    write_run(replace(made, observations=made.observations[::-1]), tmp_path / "b")
    for name in ("observations.csv", "run.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
        assert b"\r" not in (tmp_path / "a" / name).read_bytes()
    assert sorted(item.name for item in (tmp_path / "a").iterdir()) == ["observations.csv", "run.json"]


HISTORY = History(
    slot_s=1.0, ttl_s=3.0,
    milestones=(Milestone(at_s=-4.0, stage="slice asked for", slice="red", cluster="", subject="red"),
                Milestone(at_s=0.0, stage="found up", slice="red", cluster="", subject="red", after=(0,), goal=True)),
    stale_names=(StaleName(at_s=1.0, cluster="worker-1", name="cart", pod="shop/cart-0@worker-2", until_s=None),),
    requests=(ApiRequests(at_s=-4.0, server="controller", client="worker-1", verb="get", kind="Lease", requests=3),),
)  # fmt: skip


def test_a_history_reads_back_and_is_guarded(made: Run, tmp_path: Path) -> None:
    run_told = replace(made, history=HISTORY, observations=in_order(made.observations))
    write_run(run_told, tmp_path)
    assert read_run(tmp_path) == run_told
    text = (tmp_path / "history.json").read_text()
    (tmp_path / "history.json").write_text(text.replace("worker-1", "worker-9"))
    with pytest.raises(BadInput, match=r"history\.json is not the one"):
        read_run(tmp_path)


def test_a_scenario_that_the_world_does_not_hold_reads_back(made: Run, tmp_path: Path) -> None:
    other = replace(made.scenario, spec=replace(made.scenario.spec, duration_s=33.0, seed=9))
    write_run(replace(made, scenario=other), tmp_path)
    assert read_run(tmp_path).scenario == other


def test_an_earlier_run_is_replaced_and_nothing_else(made: Run, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    write_run(made, tmp_path)
    write_run(replace(made, observations=()), tmp_path)
    assert read_run(tmp_path).observations == ()
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_secrets_are_left_out(made: Run, tmp_path: Path) -> None:
    world = manifest.load_text(WORLD)
    assert SECRET in manifest.dump(world)
    write_run(replace(made, world=replace(world, scenarios=made.world.scenarios)), tmp_path)
    assert SECRET not in (tmp_path / "run.json").read_text()
    assert read_run(tmp_path).world.objects[0].body["stringData"] == {"password": "redacted"}


def test_a_folder_without_a_run_is_refused(made: Run, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"run\.json is missing; give a folder that"):
        read_run(tmp_path)
    with pytest.raises(BadInput, match=r"run\.json is missing"):
        read_run(tmp_path / "nowhere")


def test_writing_that_was_broken_off_is_found_out(made: Run, tmp_path: Path) -> None:
    write_run(made, tmp_path)
    lines = (tmp_path / "observations.csv").read_text().splitlines(keepends=True)
    (tmp_path / "observations.csv").write_text("".join(lines[:-1]))
    with pytest.raises(BadInput, match=r"not the one that run\.json describes"):
        read_run(tmp_path)
    (tmp_path / "observations.csv").unlink()
    with pytest.raises(BadInput, match=r"observations\.csv is missing"):
        read_run(tmp_path)
    (tmp_path / "run.json").write_text((tmp_path / "run.json").read_text()[:100])
    with pytest.raises(BadInput, match="not a run of kubeslice-sim"):
        read_run(tmp_path)


def test_observations_without_a_run_are_ours_to_replace(made: Run, tmp_path: Path) -> None:
    write_run(made, tmp_path)
    (tmp_path / "run.json").unlink()
    write_run(made, tmp_path)
    assert read_run(tmp_path).seed == 7


@pytest.mark.parametrize(
    ("name", "text"), [("run.json", "{}"), ("run.json", "[1]"), ("run.json", "x"), ("observations.csv", "a,b\n")]
)
def test_files_of_somebody_else_are_not_overwritten(made: Run, tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(BadInput):
        write_run(made, tmp_path)
    assert [(item.name, item.read_text()) for item in tmp_path.iterdir()] == [(name, text)]


def test_a_file_is_not_a_folder(made: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(BadInput, match="is a file; give a folder"):
        write_run(made, tmp_path / "file")


@pytest.mark.parametrize("part", ["run_id", "world", "events", "environment", "world_name"])
def test_a_run_that_lacks_a_part_is_refused(made: Run, tmp_path: Path, part: str) -> None:
    write_run(made, tmp_path)
    document = json.loads((tmp_path / "run.json").read_text())
    del document[part]
    (tmp_path / "run.json").write_text(json.dumps(document))
    with pytest.raises(BadInput, match=part):
        read_run(tmp_path)
