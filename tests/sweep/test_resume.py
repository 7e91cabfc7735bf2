"""An interrupted sweep goes on where it was, and takes nothing old for new."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

import kubeslice_sim as ks
from kubeslice_sim import manifest
from kubeslice_sim.model.world import World
from kubeslice_sim.simulator.backend import Simulator
from kubeslice_sim.sweep import program
from kubeslice_sim.sweep.play import Done

RTT = "underlay.links[worker-1,worker-2].rtt"
VARIED = {RTT: ["20ms", "60ms"]}


def parts_of(out: Path) -> list[Path]:
    return sorted(out.with_name(out.name + ".parts").glob("*.run.json"))


def test_a_killed_sweep_goes_on_and_ends_the_same(small: World, root: Path, tmp_path: Path) -> None:
    (tmp_path / "world.yaml").write_text(manifest.dump(small))
    rtts = ",".join(f"{number}ms" for number in range(20, 32))
    out, whole = tmp_path / "killed.parquet", tmp_path / "whole.parquet"

    def command(file: Path) -> list[str]:
        return [sys.executable, "-m", "kubeslice_sim", "sweep", str(tmp_path / "world.yaml"), "--vary", f"{RTT}={rtts}",
                "--replications", "2", "--jobs", "2", "--out", str(file)]  # fmt: skip

    with subprocess.Popen(command(out), cwd=root, stdout=subprocess.DEVNULL) as running:
        deadline_s = time.monotonic() + 120
        while not parts_of(out) and running.poll() is None and time.monotonic() < deadline_s:
            time.sleep(0.02)
        workers = psutil.Process(running.pid).children(recursive=True)
        os.kill(running.pid, signal.SIGKILL)
    _, alive = psutil.wait_procs(workers, timeout=30)
    assert workers
    assert not alive
    before = {path: path.stat().st_mtime_ns for path in parts_of(out)}
    assert 1 <= len(before) < 24
    assert not out.exists()

    seen: list[Done] = []
    resumed = ks.sweep(ks.load(tmp_path / "world.yaml"), {RTT: rtts.split(",")}, replications=2, jobs=1, out=out,
                       on_progress=seen.append)  # fmt: skip
    assert seen[0].kept == len(before)
    assert len(resumed.runs) == 24
    assert not parts_of(out)
    subprocess.run(command(whole), cwd=root, check=True, timeout=300, stdout=subprocess.DEVNULL)
    assert out.read_bytes() == whole.read_bytes()
    assert ks.read_sweep(whole) == resumed


def interrupted(small: World, out: Path) -> None:
    """Break off after two runs."""

    def stop(done: Done) -> None:
        if done.done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ks.sweep(small, VARIED, replications=2, jobs=1, out=out, on_progress=stop)
    assert len(parts_of(out)) == 2


def kept(small: World, out: Path, **options: Any) -> int:
    seen: list[Done] = []
    options = {"varied": VARIED, "replications": 2, **options}
    ks.sweep(small, jobs=1, out=out, on_progress=seen.append, **options)
    return seen[0].kept


def test_what_is_done_is_kept(small: World, tmp_path: Path) -> None:
    out = tmp_path / "sweep.parquet"
    interrupted(small, out)
    assert kept(small, out) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["sweep.parquet"]


def test_more_values_and_replications_play_only_the_new(small: World, tmp_path: Path) -> None:
    out = tmp_path / "sweep.parquet"
    assert kept(small, out) == 0
    assert kept(small, out) == 4
    assert kept(small, out, replications=3) == 4
    assert kept(small, out, varied={RTT: ["10ms", "20ms", "60ms"]}, replications=3) == 6
    assert ks.read_sweep(out) == ks.sweep(small, {RTT: ["10ms", "20ms", "60ms"]}, replications=3, jobs=1)


@pytest.mark.parametrize("change", ["world", "seed", "program"])
def test_another_world_seed_or_program_starts_anew(
    small: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    out = tmp_path / "sweep.parquet"
    interrupted(small, out)
    options: dict[str, Any] = {}
    if change == "world":
        small = ks.vary(small, {"slice.maxClusters": 8})
    elif change == "seed":
        options["seed"] = 100
    else:
        monkeypatch.setattr(program, "digest", lambda: "another")
    assert kept(small, out, **options) == 0
    assert not parts_of(out)


def test_what_failed_is_played_again(small: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "sweep.parquet"
    with monkeypatch.context() as patch:
        patch.setattr(Simulator, "run", lambda *_, **__: 1 / 0)
        failed = ks.sweep(small, VARIED, replications=1, jobs=1, out=out)
    assert len(failed.failed) == 2
    assert ks.read_sweep(out) == failed
    assert kept(small, out, replications=1) == 0
    assert not ks.read_sweep(out).failed


def test_a_part_that_is_not_whole_is_played_again(small: World, tmp_path: Path) -> None:
    out = tmp_path / "sweep.parquet"
    interrupted(small, out)
    first = parts_of(out)[0]
    first.write_text(first.read_text()[:40])
    assert kept(small, out) == 1


def test_somebody_elses_file_stays(small: World, tmp_path: Path) -> None:
    out = tmp_path / "notes.parquet"
    out.write_text("mine")
    with pytest.raises(ks.BadInput, match=r"notes\.parquet is not a sweep of kubeslice-sim"):
        ks.sweep(small, VARIED, out=out)
    assert out.read_text() == "mine"


@pytest.mark.parametrize(("name", "said"), [("", "is a folder"), ("world.yaml/x.parquet", "cannot write")])
def test_no_place_for_the_file(small: World, tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "world.yaml").write_text("")
    with pytest.raises(ks.BadInput, match=said):
        ks.sweep(small, VARIED, out=tmp_path / name)


def test_without_pyarrow_it_says_how_to_get_it(small: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ks.BackendUnavailable, match=r"pip install 'kubeslice-sim\[sweep\]'"):
        ks.sweep(small, VARIED, out=tmp_path / "sweep.parquet")
    assert len(ks.sweep(small, VARIED, replications=1, jobs=1).runs) == 2
