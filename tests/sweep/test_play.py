"""Playing: the same results whoever plays them, all that is wrong told first, failures as rows, seeds in common."""

from __future__ import annotations

from concurrent.futures import Executor, Future, ThreadPoolExecutor
from multiprocessing import active_children
from pathlib import Path
from typing import Any

import pytest

import kubeslice_sim as ks
from kubeslice_sim.model.world import World
from kubeslice_sim.simulator.backend import Simulator
from kubeslice_sim.sweep.play import Done
from kubeslice_sim.sweep.workers import SweepBroken

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
RTT = "underlay.links[worker-1,worker-2].rtt"
CEILING = "slice.qosProfileDetails.bandwidthCeilingKbps"
VARIED = {RTT: ["20ms", "60ms"], "slice.maxClusters": [2, 16]}


def test_any_number_of_workers_gives_the_same_bytes(small: World, tmp_path: Path) -> None:
    options: dict[str, Any] = {"replications": 2, "seed": 3}
    alone = ks.sweep(small, VARIED, jobs=1, out=tmp_path / "alone.parquet", **options)
    two = ks.sweep(small, VARIED, jobs=2, out=tmp_path / "two.parquet", **options)
    with ThreadPoolExecutor(3) as threads:
        other = ks.sweep(small, VARIED, executor=threads, out=tmp_path / "threads.parquet", **options)
    assert alone == two == other
    bytes_ = [(tmp_path / f"{name}.parquet").read_bytes() for name in ("alone", "two", "threads")]
    assert bytes_[0] == bytes_[1] == bytes_[2]
    assert len(alone.runs) == 8
    assert not alone.failed


def test_a_dask_cluster_gives_the_same(small: World) -> None:
    distributed = pytest.importorskip("distributed")
    alone = ks.sweep(small, VARIED, replications=1, jobs=1)
    with distributed.LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=":0") as cluster:
        assert ks.sweep(small, VARIED, replications=1, cluster=cluster.scheduler_address) == alone


def test_no_scheduler_is_told_as_such(small: World, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr("kubeslice_sim.sweep.workers.CONNECT_S", 1)
    with pytest.raises(ks.BackendUnavailable, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:1"):
        ks.sweep(small, VARIED, cluster="tcp://127.0.0.1:1")


def test_a_run_of_a_sweep_is_an_ordinary_run(small: World) -> None:
    found = ks.sweep(small, {RTT: ["40ms"]}, replications=2, seed=11, jobs=1)
    alone = ks.simulate(ks.vary(small, {RTT: "40ms"}), seed=12)
    rtts = alone.frame().query("metric == 'rtt_s'")["value"]
    measured = {(item.metric, item.statistic): item for item in found.runs[1].measures if item.probe == "ping"}
    assert found.runs[1].seed == 12
    kept = rtts.iloc[measured["rtt_s", "mean"].dropped :]
    assert measured["rtt_s", "mean"].value == pytest.approx(kept.mean(), rel=1e-12)
    assert measured["rtt_s", "p95"].value == pytest.approx(kept.quantile(0.95), rel=1e-12)


def test_variants_share_their_seeds_and_so_their_chance(small: World) -> None:
    found = ks.sweep(ks.vary(small, {"scenario.warmUp": "0s"}), {RTT: ["20ms", "60ms"]}, replications=4, jobs=1)
    assert [run.seed for run in found.runs] == [7, 8, 9, 10] * 2
    rows = [mean for mean in found.means() if (mean.metric, mean.statistic) == ("rtt_s", "mean")]
    (apart,) = [mean for mean in found.contrasts() if (mean.metric, mean.statistic) == ("rtt_s", "mean")]
    assert apart.mean == pytest.approx(0.040, abs=1e-6)
    assert all(apart.half_width < row.half_width / 50 for row in rows)


def test_all_that_is_wrong_is_told_before_anything_is_played(small: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Simulator, "run", lambda *_, **__: pytest.fail("something was played"))
    with pytest.raises(ks.BadInput) as caught:
        ks.sweep(small, {"slice.maxClusters": [4, 1, 99], RTT: ["20ms", "20"]}, jobs=1)
    told = str(caught.value)
    assert "maxClusters=1" in told
    assert "maxClusters=99" in told
    assert "'20' needs a unit" in told
    assert f"[with slice.maxClusters=4, {RTT}=20 and 2 more of 6 variants]" in told


@pytest.mark.parametrize(
    ("varied", "options", "said"),
    [
        ({"slice.maxCluster": [4]}, {}, "maxClusters"),
        ({RTT: []}, {}, "has no values"),
        ({RTT: "20ms"}, {}, "needs a list of values or a range"),
        ({RTT: ["20ms", "20ms"]}, {}, "has a value twice"),
        ({RTT: ["20ms"]}, {"replications": 0}, "once or more often"),
        ({RTT: ["20ms"]}, {"seed": -1}, "at least 0"),
        ({RTT: ["20ms"]}, {"jobs": 0}, "one process or more"),
        ({RTT: ["20ms"]}, {"jobs": 2, "cluster": "tcp://x:1"}, "in one way"),
        ({RTT: ["20ms"]}, {"scenario": "nope"}, "no scenario is called 'nope'"),
        ({"scenario.warmUp": ["1s", "3s"]}, {}, "lasts as long as the scenario"),
        ({"slice.maxClusters": list(range(400)), CEILING: list(range(300))}, {}, "120,000 variants"),
    ],
)  # fmt: skip
def test_bad_questions(small: World, varied: dict[str, Any], options: dict[str, Any], said: str) -> None:
    with pytest.raises(ks.BadInput, match=said):
        ks.sweep(small, varied, **options)


def test_a_run_that_fails_is_a_row(small: World, monkeypatch: pytest.MonkeyPatch) -> None:
    played = Simulator.run

    def fragile(self: Simulator, world: World, *args: Any, seed: int, **options: Any) -> Any:
        if seed == 8:
            raise ZeroDivisionError("a bug of ours")
        return played(self, world, *args, seed=seed, **options)

    monkeypatch.setattr(Simulator, "run", fragile)
    found = ks.sweep(small, {RTT: ["20ms", "60ms"]}, replications=3, jobs=1)
    assert [(run.variant, run.seed, run.error) for run in found.failed] == [
        (0, 8, "ZeroDivisionError: a bug of ours"),
        (1, 8, "ZeroDivisionError: a bug of ours"),
    ]
    assert set(found.summary().query("metric == 'rtt_s'")["n"]) == {2}
    frame = found.frame()
    assert frame[frame["error"] != ""]["seed"].tolist() == [8, 8]
    assert "2 of 6 runs failed; the first, seed 8: ZeroDivisionError: a bug of ours" in found._repr_html_()


class Losing(Executor):
    """Loses every other job with its worker, as a cluster does."""

    def __init__(self) -> None:
        self.asked = 0

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.asked += 1
        if self.asked % 2:
            future.set_result(fn(*args, **kwargs))
        else:
            future.set_exception(RuntimeError("the worker is gone"))
        return future


def test_a_job_lost_with_its_worker_is_a_row(small: World) -> None:
    found = ks.sweep(small, {RTT: ["20ms", "60ms"]}, replications=1, executor=Losing())
    assert [run.error for run in found.runs] == ["", "RuntimeError: the worker is gone"]


class Cancelling(Executor):
    """Gives up every job, as the client of a cluster does that lost its scheduler."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.cancel()
        future.set_running_or_notify_cancel()
        return future


def test_lost_workers_end_the_sweep_with_a_sentence(small: World) -> None:
    with pytest.raises(SweepBroken, match="the workers were lost"):
        ks.sweep(small, {RTT: ["20ms"]}, executor=Cancelling())


def test_worker_processes_that_die_end_it_with_a_sentence(small: World) -> None:
    def kill(done: Done) -> None:
        if done.done == 1:
            for process in active_children():
                process.kill()

    with pytest.raises(SweepBroken, match=r"a worker process died .*run again"):
        ks.sweep(small, {RTT: ["20ms", "60ms"]}, jobs=2, replications=10, on_progress=kill)


def test_progress_counts_every_run(small: World) -> None:
    seen: list[Done] = []
    ks.replicate(small, 3, jobs=1, on_progress=seen.append)
    assert [(item.done, item.total) for item in seen] == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_replications_of_one_world(small: World) -> None:
    found = ks.replicate(small, 4, jobs=1)
    row = found.summary().query("metric == 'rtt_s' and statistic == 'mean'").iloc[0]
    assert (row["n"], row["mean"]) == (4, pytest.approx(0.0625, abs=0.002))
    assert 0 < row["half_width"] < 0.002
