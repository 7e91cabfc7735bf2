"""``ksim sweep`` as a user types it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kubeslice_sim import facade_sweep, manifest
from kubeslice_sim.cli import execute
from kubeslice_sim.cli_sweep import varied
from kubeslice_sim.errors import BadInput
from kubeslice_sim.facade import example, vary
from kubeslice_sim.simulator.backend import Simulator

RTT = "underlay.links[worker-1,worker-2].rtt"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A world that is played in no time."""
    short = {"scenario.duration": "2s", "scenario.expect": [], "scenario.traffic[bulk]": None,
             "scenario.traffic[lookup]": None, "scenario.traffic[ping].duration": "2s"}  # fmt: skip
    file = tmp_path_factory.mktemp("sweep") / "world.yaml"
    file.write_text(manifest.dump(vary(example("01-two-clusters"), short)))
    return str(file)


def test_a_table_a_file_and_a_good_end(world: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "sweep.parquet"
    words = ["sweep", world, "--vary", f"{RTT}=20ms,60ms", "--vary", "slice.maxClusters=2,16"]
    assert execute([*words, "--replications", "2", "--jobs", "1", "--out", str(out)]) == 0
    text = capsys.readouterr().out
    assert "4 variants, 2 runs each; ± is half of a 95% interval of that mean alone" in text
    assert f"wrote {out}" in text
    found = facade_sweep.read_sweep(out)
    assert [axis.values for axis in found.axes] == [("20ms", "60ms"), (2, 16)]


def test_json_for_machines(world: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["sweep", world, "--vary", f"{RTT}=20ms", "--replications", "1", "--jobs", "1", "-o", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["variants"][0]["values"] == {RTT: "20ms"}
    assert told["runs"] == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--vary", "slice.maxClusters=1,99"], "maxClusters"),
        (["--vary", "slice.maxClusters"], "names no values (write it as slice.maxClusters=4,8)"),
        (["--vary", "slice.maxClusters=2", "--vary", "slice.maxClusters=4"], "is varied twice"),
        (["--vary", "slice.clusters=[a,b"], "leaves a bracket open"),
        (["--replications", "0"], "once or more often"),
        (["--jobs", "1", "--cluster", "tcp://x:1"], "in one way"),
    ],
)
def test_bad_input_is_two(world: str, words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["sweep", world, *words]) == 2
    assert said in capsys.readouterr().err


def test_no_cluster_is_three(world: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr("kubeslice_sim.sweep.workers.CONNECT_S", 1)
    assert execute(["sweep", world, "--cluster", "tcp://127.0.0.1:1"]) == 3
    assert "no Dask scheduler answers" in capsys.readouterr().err


def test_a_run_that_fails_is_one(
    world: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Simulator, "run", lambda *_, **__: 1 / 0)
    assert execute(["sweep", world, "--replications", "2", "--jobs", "1"]) == 1
    assert "2 of 2 runs failed; the first, seed 7: ZeroDivisionError: division by zero" in capsys.readouterr().out


@pytest.mark.parametrize(("text", "path", "values"), [
    ("slice.maxClusters=4, 16", "slice.maxClusters", [4, 16]),
    ("underlay.links[a,b].loss=0.1%,1%", "underlay.links[a,b].loss", ["0.1%", "1%"]),
    ("slice/red.clusters=[a,b],[a,b,c]", "slice/red.clusters", [["a", "b"], ["a", "b", "c"]]),
    ("cluster/a.metadata.labels[\"x=y\"]='1,5',null", 'cluster/a.metadata.labels["x=y"]', ["1,5", None]),
    ("scenario.timing=fast,{profile: fast}", "scenario.timing", ["fast", {"profile": "fast"}]),
    ("x.y=a=b", "x.y", ["a=b"]),
])  # fmt: skip
def test_how_values_are_read(text: str, path: str, values: list[Any]) -> None:
    assert varied([text]) == ({path: values}, [])


def test_fields_that_change_together_stand_in_one_word() -> None:
    alone, together = varied(["a.x=1,2; b.y='p;q',r", "c.z=[1,2]"])
    assert together == [{"a.x": [1, 2], "b.y": ["p;q", "r"]}]
    assert alone == {"c.z": [[1, 2]]}


def test_everything_that_cannot_be_read_is_told() -> None:
    with pytest.raises(BadInput) as caught:
        varied(["a", "b.c='x", "d.e=[1,,2]"])
    assert len(caught.value.problems) == 3
