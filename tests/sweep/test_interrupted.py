"""Ctrl-C, two sweeps at once, a folder that may not be written: one clear message, nothing running, nothing lost."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import psutil
import pytest

import kubeslice_sim as ks
from kubeslice_sim import manifest
from kubeslice_sim.model.world import World
from kubeslice_sim.sweep import workers
from kubeslice_sim.sweep.play import Done

RTT = "underlay.links[worker-1,worker-2].rtt"
RTTS = [f"{number}ms" for number in range(20, 50)]


def parts_of(out: Path) -> list[Path]:
    return sorted(out.with_name(f"{out.name}.parts").glob("*.run.json"))


def begun(world: World, root: Path, out: Path, *options: str, **environment: str) -> subprocess.Popen[str]:
    """``ksim sweep`` in a process group of its own, as a shell starts it, once it has kept a run."""
    file = out.with_name("world.yaml")
    file.write_text(manifest.dump(world))
    command = [sys.executable, "-m", "kubeslice_sim", "sweep", str(file), "--vary", f"{RTT}=20ms..49ms step 1ms",
               "--replications", "2", "--out", str(out), *options]  # fmt: skip
    # Where the tests themselves run in a shell's background, Ctrl-C is ignored, and their children would inherit that.
    running = subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               start_new_session=True, env={**os.environ, **environment},
                               preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL))  # fmt: skip
    deadline_s = time.monotonic() + 120
    while not parts_of(out) and running.poll() is None and time.monotonic() < deadline_s:
        time.sleep(0.02)
    assert running.poll() is None, running.communicate()[1]
    return running


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_control_c_ends_at_once_and_says_how_to_go_on(small: World, root: Path, tmp_path: Path, jobs: str) -> None:
    out = tmp_path / "sweep.parquet"
    with begun(small, root, out, "--jobs", jobs) as running:
        family = psutil.Process(running.pid).children(recursive=True)
        os.killpg(running.pid, signal.SIGINT)
        _, err = running.communicate(timeout=60)
    _, alive = psutil.wait_procs(family, timeout=30)
    assert not alive
    assert running.returncode == 130
    done = len(parts_of(out))
    assert "Traceback" not in err
    said = r"ksim: interrupted; (\d+) of 60 runs are kept beside (.*): the same command goes on from there"
    told = re.fullmatch(said, err.splitlines()[-1])
    assert told is not None
    assert done - 1 <= int(told[1]) <= done
    assert told[2] == str(out)
    seen: list[Done] = []
    ks.sweep(small, {RTT: RTTS}, replications=2, jobs=1, out=out, on_progress=seen.append)
    assert (seen[0].kept, seen[0].total) == (done, 60)


def test_two_sweeps_do_not_write_one_file(small: World, root: Path, tmp_path: Path) -> None:
    out = tmp_path / "sweep.parquet"
    with begun(small, root, out, "--jobs", "1") as running:
        with pytest.raises(ks.BadInput, match=rf"another sweep \(process {running.pid}\) is writing .*sweep\.parquet"):
            ks.sweep(small, {"slice.maxClusters": [2, 4]}, jobs=1, out=out)
        running.kill()
        running.communicate()
    # The kernel gives the lock back, whatever became of its holder.
    ks.sweep(small, {"slice.maxClusters": [2, 4]}, replications=1, jobs=1, out=out)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["sweep.parquet", "world.yaml"]


def test_runs_of_another_question_are_told_before_they_go(small: World, tmp_path: Path) -> None:
    out = tmp_path / "sweep.parquet"
    seen: list[Done] = []
    ks.sweep(small, {"slice.maxClusters": [2, 4]}, replications=2, jobs=1, out=out)
    ks.sweep(small, {"slice.maxClusters": [4, 8]}, replications=1, jobs=1, out=out, on_progress=seen.append)
    assert (seen[-1].kept, seen[-1].replaced) == (1, 3)


def test_a_folder_that_may_not_be_written(small: World, root: Path, tmp_path: Path) -> None:
    if os.geteuid() == 0:
        place = Path("/proc/self/sweep.parquet")  # root may write anywhere else
    else:
        (tmp_path / "shut").mkdir(mode=0o500)
        place = tmp_path / "shut" / "sweep.parquet"
    with pytest.raises(ks.BadInput, match="cannot write"):
        ks.sweep(small, {RTT: ["20ms"]}, jobs=1, out=place)


def threads() -> set[str]:
    return {thread.name for thread in threading.enumerate()}


def test_a_scheduler_that_does_not_answer_leaves_nothing_behind(small: World, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr(workers, "CONNECT_S", 1)
    before = threads()
    with pytest.raises(ks.BackendUnavailable) as caught:
        ks.sweep(small, {RTT: ["20ms"]}, cluster="tcp://127.0.0.1:1")
    assert str(caught.value).count("\n") == 0
    assert threads() <= before


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_an_interruption_closes_the_client_and_takes_its_jobs_back(small: World, tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    out = tmp_path / "sweep.parquet"

    def stop(done: Done) -> None:
        if done.done == 3:
            raise KeyboardInterrupt

    with distributed.LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=":0") as cluster:
        before = threads()
        with pytest.raises(KeyboardInterrupt):
            ks.sweep(small, {RTT: RTTS}, replications=1, cluster=cluster.scheduler_address, out=out, on_progress=stop)
        assert {name for name in threads() - before if "Dask client" in name or "IO loop" in name} == set()
        deadline_s = time.monotonic() + 60
        while cluster.scheduler.clients.keys() - {"fire-and-forget"} and time.monotonic() < deadline_s:
            time.sleep(0.05)
        assert not cluster.scheduler.clients.keys() - {"fire-and-forget"}
        assert not cluster.scheduler.tasks
    assert len(parts_of(out)) == 3
