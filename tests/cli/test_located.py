"""What the planner has against a world is told by file and line, by every command that plans."""

from __future__ import annotations

from pathlib import Path

import pytest

from kubeslice_sim.cli import execute

RUNS = Path(__file__).parents[1] / "golden" / "runs"


@pytest.mark.parametrize("command", [["plan"], ["run", "--on", "sim"], ["draw", "-f", "drawn.svg"]])
def test_a_cidr_that_is_too_small(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    text = (RUNS / "chain.yaml").read_text()
    line = next(number for number, item in enumerate(text.splitlines(), 1) if "subnetSize" in item)
    world = tmp_path / "world.yaml"
    world.write_text(text.replace("subnetSize: 24", "subnetSize: 30"))
    assert execute([command[0], str(world), *command[1:]]) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"{world}:{line}: spec.ipam.subnetSize: 10.1.0.4/30 has no address left for another client")


def test_subnets_that_a_leaver_still_holds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (RUNS / "chain.yaml").read_text().replace("subnetSize: 24", "subnetSize: 17")
    text = text.replace("{kubeslice-sim.io/clusters: right}", "{kubeslice-sim.io/clusters: middle}")
    first, then = tmp_path / "first.yaml", tmp_path / "then.yaml"
    first.write_text(text.replace("clusters: [left, middle, right]", "clusters: [left, middle]"))
    then.write_text(text.replace("clusters: [left, middle, right]", "clusters: [middle, right]"))
    asked = ["plan", str(then), "--previous", str(first)]
    assert execute([*asked, "--elapsed", "1h"]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"{then}:") and "no available subnets for right" in said and "in 24.0 h" in said
    between = tmp_path / "between.yaml"
    between.write_text(text.replace("clusters: [left, middle, right]", "clusters: [middle]"))
    assert execute(["plan", str(then), "--previous", str(first), "--previous", str(between), "--elapsed", "25h"]) == 0
    assert "right joins red with slot 0, 10.1.0.0/17" in " ".join(capsys.readouterr().out.split())
