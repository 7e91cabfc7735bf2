"""The commands as a user types them: what they print and the code they leave with."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import kubeslice_sim as ks
from kubeslice_sim.cli import execute

IPERF = "scenarios/01-two-clusters"


@pytest.fixture(autouse=True)
def _in_the_checkout(monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
    monkeypatch.chdir(root)


def test_validate_says_what_is_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["validate", IPERF]) == 0
    assert "valid (2 clusters, 1 slice, 1 export, 1 scenario)" in capsys.readouterr().out


@pytest.mark.parametrize("command", [["validate", "-"], ["plan", "-", "-o", "json"], ["run", "-", "--on", "sim"]])
def test_a_world_comes_from_standard_input(command: list[str], root: Path) -> None:
    text = "\n---\n".join(file.read_text() for file in sorted((root / IPERF).glob("*.yaml")))
    done = subprocess.run(
        [sys.executable, "-m", "kubeslice_sim", *command], input=text, text=True, capture_output=True, timeout=120,
        check=False,
    )  # fmt: skip
    said = [line for line in done.stderr.splitlines() if not line.startswith("compiling")]
    assert (done.returncode, said) == (0, [])


def test_python_prints_a_program_that_builds_the_world(capsys: pytest.CaptureFixture[str], root: Path) -> None:
    assert execute(["python", IPERF]) == 0
    names: dict[str, object] = {}
    exec(capsys.readouterr().out, names)  # noqa: S102 - our own text
    assert names["world"] == ks.load(root / IPERF)
    assert execute(["python", "nowhere"]) == 2


def test_plan_as_json_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["plan", IPERF, "-o", "json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert [member["cidr"] for member in plan["slices"][0]["members"]] == ["10.1.0.0/18", "10.1.64.0/18"]


def test_plan_as_yaml_holds_the_controllers_objects(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["plan", IPERF, "-o", "yaml"]) == 0
    text = capsys.readouterr().out
    assert "kind: WorkerSliceGateway" in text
    assert "name: iperf-slice-worker-1-worker-2" in text


def test_plan_as_tables_names_every_tunnel(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["plan", IPERF]) == 0
    text = capsys.readouterr().out
    assert "iperf-slice-worker-1-worker-2-0-0" in text
    assert "iperf-server.iperf.svc.slice.local" in text


def test_verify_answers_both_ways(capsys: pytest.CaptureFixture[str]) -> None:
    target = "iperf-server.iperf.svc.slice.local:5201"
    assert execute(["verify", IPERF, "--from", "iperf/iperf-sleep@worker-1", "--to", target]) == 0
    assert execute(["verify", IPERF, "--from", "other/intruder@worker-1", "--to", target]) == 1


def test_draw_writes_a_picture(tmp_path: Path) -> None:
    for name, head in (("t.svg", b"<?xml"), ("t.png", b"\x89PNG")):
        assert execute(["draw", IPERF, "--file", str(tmp_path / name)]) == 0
        assert (tmp_path / name).read_bytes().startswith(head)


@pytest.mark.parametrize(
    ("command", "word"),
    [
        (["validate", "no-such-folder"], "no-such-folder"),
        (["run", IPERF, "--on", "moon"], "moon"),
        (["run", IPERF, "--scenario", "nope"], "nope"),
        (["run", IPERF, "--seed", "-1"], "at least 0"),
        (["frobnicate"], "frobnicate"),
        (["compare", "tests", "tests"], "tests"),
        (["verify", IPERF, "--from", "iperf/nobody@worker-1", "--to", "x"], "nobody"),
    ],
)
def test_bad_input_is_one_message_and_exit_2(command: list[str], word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(command) == 2
    said = capsys.readouterr()
    assert word in said.err
    assert "Traceback" not in said.err


def test_same_seed_same_bytes(tmp_path: Path) -> None:
    def observations(name: str, seed: int) -> bytes:
        execute(["run", IPERF, "--on", "sim", "--seed", str(seed), "--report", str(tmp_path / name)])
        return (tmp_path / name / "observations.csv").read_bytes()

    assert observations("a", 5) == observations("b", 5)
    # The run's name holds the seed: what was measured must differ, too.
    measured = [[line.partition(b",")[2] for line in observations(*run).splitlines()] for run in (("a", 5), ("c", 6))]
    assert measured[0] != measured[1]


def test_a_fresh_process_gives_the_same_bytes(tmp_path: Path) -> None:
    for name, hash_seed in (("a", "1"), ("b", "2")):
        subprocess.run(
            [sys.executable, "-m", "kubeslice_sim", "run", IPERF, "--report", str(tmp_path / name)],
            check=True, timeout=120, capture_output=True, env={"PYTHONHASHSEED": hash_seed, "PATH": "/usr/bin:/bin"},
        )  # fmt: skip
    assert (tmp_path / "a/observations.csv").read_bytes() == (tmp_path / "b/observations.csv").read_bytes()


def test_schema_and_crds_print(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["schema"]) == 0
    assert "$schema" in json.loads(capsys.readouterr().out)
    assert execute(["crds"]) == 0
    assert capsys.readouterr().out.count("kind: CustomResourceDefinition") == 14


@pytest.mark.parametrize("place", ["afile", "afile/below"])
def test_a_report_that_could_not_be_written_is_refused_before_the_run(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def started(*arguments: object, **options: object) -> None:
        raise AssertionError("the run was started")

    monkeypatch.setattr("kubeslice_sim.facade.run", started)
    (tmp_path / "afile").write_text("mine")
    assert execute(["run", IPERF, "--report", str(tmp_path / place)]) == 2
    assert "afile is a file; give a folder" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["validate"], ["run", "--on", "emulator"], ["deploy"], ["plan"]])
def test_ten_mistakes_are_ten_lines_and_nothing_starts(
    command: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(name: str) -> None:
        raise AssertionError(f"back end {name} was asked for")

    monkeypatch.setattr("kubeslice_sim.backends.backend", refuse)
    first, *rest = command
    if first == "deploy":
        monkeypatch.setattr("kubeslice_sim.backends.deployer", NoCluster)
    assert execute([first, "tests/golden/errors/ten-mistakes.yaml", *rest]) == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if "ten-mistakes.yaml:" in line]
    assert len(lines) == 10


class NoCluster:
    """Stands where the real clusters would: being asked for one thing fails the test."""

    def deploy(self, *arguments: object, **options: object) -> None:
        raise AssertionError("a cluster was asked for")


def test_an_interrupted_command_says_so_and_leaves_with_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("kubeslice_sim.facade.load", interrupted)
    assert execute(["run", IPERF]) == 130
    assert "ksim: interrupted" in capsys.readouterr().err


def test_crds_of_another_release(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["crds", "--kubeslice-version", "next"]) == 0
    told = capsys.readouterr().out
    assert told.count("kind: CustomResourceDefinition") == 14
    assert "HubAndSpoke" in told
    assert execute(["crds"]) == 0
    assert "HubAndSpoke" not in capsys.readouterr().out
    assert execute(["crds", "--kubeslice-version", "0.6"]) == 0
    assert "vpnkeyrotations" not in capsys.readouterr().out
