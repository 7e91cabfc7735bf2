"""``ksim hub``: a world, requests, and what the controller makes of them, for people, machines and a folder."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

import kubeslice_sim as ks
from kubeslice_sim.cli import execute
from kubeslice_sim.errors import BadInput

SHRINK = "op: merge-patch\ntarget: [SliceConfig, iperf-slice]\npatch: {spec: {clusters: [worker-1]}}\n"
WRONG = "op: merge-patch\ntarget: [SliceConfig, iperf-slice]\npatch: {spec: {sliceSubnet: 10.9.0.0/16}}\n"
EXAMPLE = "scenarios/01-two-clusters"


def write(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text(text)
    return str(path)


@pytest.fixture
def steps(tmp_path: Path) -> tuple[str, str]:
    return write(tmp_path, "01-wrong-input.yaml", WRONG), write(tmp_path, "02-shrink-input.yaml", SHRINK)


def test_changes_for_people(root: Path, steps: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["hub", str(root / EXAMPLE), steps[1]]) == 0
    told = capsys.readouterr().out
    assert "02-shrink:\n  1: allowed\n" in told
    assert "- WorkerSliceGateway kubeslice-demo/iperf-slice-worker-1-worker-2" in told
    assert "      spec.clusters: ['worker-1', 'worker-2'] → ['worker-1']" in told


def test_a_refused_request_leaves_everything(
    root: Path, steps: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute(["hub", str(root / EXAMPLE), *steps, "-o", "json"]) == 1
    world, wrong, shrink = json.loads(capsys.readouterr().out)
    assert (world["name"], wrong["name"], shrink["name"]) == ("world", "01-wrong", "02-shrink")
    assert (wrong["answers"][0]["allowed"], wrong["changes"]) == (False, [])
    assert shrink["answers"][0]["allowed"]
    gone = {item["name"] for item in shrink["changes"] if item["action"] == "deleted" and item["kind"] != "Job"}
    assert gone == {"iperf-slice-worker-1-worker-2", "iperf-slice-worker-2-worker-1", "iperf-slice-worker-2"}


def test_every_moment_goes_to_a_folder(
    root: Path, tmp_path: Path, steps: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "each"
    assert execute(["hub", str(root / EXAMPLE), *steps, "--each", str(folder), "-o", "yaml"]) == 1
    told = capsys.readouterr()
    assert (told.out, "01-wrong: 1: refused" in told.err) == ("", True)
    world, wrong, shrink = sorted(folder.iterdir())
    assert [path.name for path in (world, wrong, shrink)] == ["00-world.yaml", "01-01-wrong.yaml", "02-02-shrink.yaml"]
    assert world.read_text() == wrong.read_text()
    before, after = (list(yaml.safe_load_all(path.read_text())) for path in (world, shrink))
    assert len(after) < len(before)
    secrets = [item for item in before if item["kind"] == "Secret"]
    assert secrets
    assert not any({"data", "stringData"} & item.keys() for item in secrets), "no key material"
    (folder / "left-over.yaml").write_text("")
    assert execute(["hub", str(root / EXAMPLE), *steps, "--each", str(folder)]) == 2
    assert "choose an empty folder" in capsys.readouterr().err


def test_objects_at_the_end_as_yaml(root: Path, steps: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["hub", str(root / EXAMPLE), steps[1], "-o", "yaml"]) == 0
    objects = list(yaml.safe_load_all(capsys.readouterr().out))
    shares = [item["metadata"]["name"] for item in objects if item["kind"] == "WorkerSliceConfig"]
    assert shares == ["iperf-slice-worker-1"]


def test_in_a_notebook(root: Path) -> None:
    seen = ks.hub(ks.load(root / EXAMPLE), yaml.safe_load(SHRINK), yaml.safe_load(WRONG))
    assert repr(seen).startswith("<Rehearsal: 2 requests, 1 refused, ")
    frame = seen.frame()
    assert list(frame["moment"].unique()) == ["world", "step-1", "step-2"]
    assert list(frame[frame["moment"] == "step-2"]["action"]) == ["refused"]
    assert "iperf-slice-worker-1-worker-2" in seen._repr_html_()


def test_what_cannot_be_read_is_bad_input(root: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="op is one of"):
        ks.hub(root / EXAMPLE, {"op": "destroy", "target": ["SliceConfig", "iperf-slice"]})
    assert execute(["hub", str(root / EXAMPLE), write(tmp_path, "bad.yaml", "op: [")]) == 2


def test_a_state_that_the_cluster_itself_showed_is_taken_up(root: Path, tmp_path: Path) -> None:
    """What one rehearsal leaves is the state of the next: nothing changes, and requests work on it."""
    folder = tmp_path / "each"
    assert execute(["hub", str(root / EXAMPLE), "--each", str(folder)]) == 0
    again = ks.hub(folder / "00-world.yaml", yaml.safe_load(SHRINK))
    first = {(item["kind"], item["metadata"]["name"]) for item in again.moments[0].objects}
    shown = yaml.safe_load_all((folder / "00-world.yaml").read_text())
    assert first == {(item["kind"], item["metadata"]["name"]) for item in shown}
    assert again.moments[1].answers[0].allowed


def test_a_world_that_would_be_refused_is_bad_input(root: Path) -> None:
    world = ks.load(root / EXAMPLE)
    config = world.slices[0]
    wrong = replace(world, slices=(replace(config, spec=replace(config.spec, slice_subnet="10.1.0.0/24")),))
    with pytest.raises(BadInput, match="iperf-slice"):
        ks.hub(wrong)
