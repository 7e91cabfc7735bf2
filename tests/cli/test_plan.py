"""``ksim plan`` with its questions: what changes, what room is left, how a packet travels, where a value is from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kubeslice_sim.cli import execute

IPERF = "scenarios/01-two-clusters"
MESH = "scenarios/03-gateway-failure/world.yaml"
SERVER = "iperf-server.iperf.svc.slice.local:5201"
THREE = "clusters: [worker-1, worker-2, worker-3]"


@pytest.fixture(autouse=True)
def _in_the_checkout(monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
    monkeypatch.chdir(root)


@pytest.fixture
def two(tmp_path: Path) -> str:
    """The mesh of three as it was with two members."""
    return _with_members(tmp_path / "two.yaml", "worker-1, worker-2")


def _with_members(file: Path, members: str) -> str:
    text = Path(MESH).read_text()
    assert THREE in text
    file.write_text(text.replace(THREE, f"clusters: [{members}]"))
    return str(file)


def test_what_changes_is_told_in_sentences(two: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["plan", MESH, "--previous", two]) == 0
    text = capsys.readouterr().out
    assert "red: worker-3 joins: 2 new tunnel pairs, nobody's CIDR moves, 1 pod restarts (on worker-3 only)" in text
    assert "2 tunnels between worker-1 and worker-3: worker-1 serves, worker-3 dials" in text


def test_elapsed_time_counts_from_something(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["plan", MESH, "--elapsed", "25h"]) == 2
    assert "name it with --previous" in capsys.readouterr().err


def test_what_changes_is_told_to_machines(two: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["plan", MESH, "--previous", two, "-o", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told) == {"headlines", "changes"}
    assert {"kind": "cluster joins", "slice": "red", "cluster": "worker-3", "subject": "worker-3", "before": "",
            "after": "slot 2, 10.3.128.0/18",
            "sentence": "worker-3 joins red with slot 2, 10.3.128.0/18"} in told["changes"]  # fmt: skip
    assert execute(["plan", MESH, "--previous", MESH]) == 0
    assert capsys.readouterr().out == "nothing changes\n"


def test_a_longer_past_is_given_oldest_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    left = _with_members(tmp_path / "left.yaml", "worker-2, worker-3")
    again = _with_members(tmp_path / "again.yaml", "worker-2, worker-3, worker-1")
    assert execute(["plan", again, "--previous", MESH, "--previous", left, "--why", "red/worker-1/slot"]) == 0
    assert "red/worker-1/slot = 0" in capsys.readouterr().out
    assert execute(["plan", again, "--why", "red/worker-1/slot"]) == 0
    assert "red/worker-1/slot = 2" in capsys.readouterr().out


def test_objects_are_those_of_the_world_with_its_past(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    turned = _with_members(tmp_path / "turned.yaml", "worker-3, worker-2, worker-1")
    assert execute(["plan", turned, "-o", "yaml"]) == 0
    fresh = capsys.readouterr().out
    assert execute(["plan", turned, "--previous", MESH, "-o", "yaml"]) == 0
    kept = capsys.readouterr().out
    assert "kind: WorkerSliceGateway" in kept
    assert fresh != kept


def test_capacity_as_tables_and_as_data(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["plan", MESH, "--capacity"]) == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "red 3 of 4 1 3 6 12 6 73.1" in lines
    assert execute(["plan", MESH, "--capacity", "-o", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["slices"][0]["clusters_left"] == 1
    assert told["slices"][0]["members"][0]["addresses_left"] == 16383 - 1 - 4
    assert told["clusters"][0]["node_ports_left"] == 2768 - 4


def test_a_way_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["plan", IPERF, "--explain", "iperf/iperf-sleep@worker-1", SERVER]) == 0
    text = capsys.readouterr().out
    assert "✓ iperf/iperf-sleep-0@worker-1 reaches" in text
    assert "WireGuard" in text or "OpenVPN" in text
    assert execute(["plan", IPERF, "--explain", "other/intruder@worker-1", SERVER, "-o", "json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert [rule["verdict"] for rule in told["rules"]] == ["stops", "stops", "does not apply"]
    assert told["legs"] == []


def test_where_a_value_is_from(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["plan", IPERF, "--why", "iperf-slice/worker-2/cidr"]) == 0
    text = capsys.readouterr().out
    assert "iperf-slice/worker-2/cidr = 10.1.64.0/18" in text
    assert "10.1.(1 × 64).0/18" in text
    assert execute(["plan", IPERF, "--why", "iperf-slice/worker-2/cidr", "-o", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["value"] == "10.1.64.0/18"


def test_what_can_be_asked_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["plan", IPERF, "--why", ".", "-o", "json"]) == 0
    everything = json.loads(capsys.readouterr().out)
    assert execute(["plan", IPERF, "--why", "iperf-slice/worker-2"]) == 0
    text = capsys.readouterr().out
    assert "values can be asked for" in text
    part = [item for item in everything if item["path"].startswith("iperf-slice/worker-2/")]
    assert 0 < len(part) < len(everything)
    assert all(item["path"] in text for item in part)


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--why", "iperf-slice/worker-2/cdir"], "did you mean iperf-slice/worker-2/cidr"),
        (["--explain", "iperf/iperf-slep", SERVER], "did you mean"),
        (["--capacity", "--warnings"], "one at a time"),
        (["--previous", "nowhere"], "nowhere"),
    ],
)
def test_bad_questions_are_one_message_and_exit_2(
    options: list[str], word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute(["plan", IPERF, *options]) == 2
    said = capsys.readouterr()
    assert word in said.err
    assert said.out == ""
