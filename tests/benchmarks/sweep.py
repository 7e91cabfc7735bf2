"""Prints how fast 200 runs of a sweep are on one process, on two, and on a local Dask cluster of two workers.

Run it by hand: ``python tests/benchmarks/sweep.py [runs]``. Times are a machine's and are not asserted; that all three
give the same results to the byte is.

What a line covers: everything from the question to the frame, so also starting the workers, importing us there and
loading what numba compiled (the Dask line leaves out starting the cluster, which a user has running). The runs: the
tutorial's two clusters with pings, lookups and bulk TCP for 30 simulated seconds, under ten round-trip times and two
ceilings. *CPU s* is the processor time of all processes together: it hardly changes on a busy machine, and what it
grows by is the price of the workers. Speed-up cannot exceed the processors that the machine leaves us; the first line
says how busy they were.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil

import kubeslice_sim as ks
from kubeslice_sim.sweep.sweep import Sweep

VARIED = {
    "underlay.links[worker-1,worker-2].rtt": [f"{number}ms" for number in range(10, 110, 10)],
    "slice.qosProfileDetails.bandwidthCeilingKbps": [10_000, 30_000],
}
VARIANTS = 20


def cpu_s() -> float:
    """Processor time of this process and of all that it started, whether they live or have ended."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    alive = [child.cpu_times() for child in psutil.Process().children()]
    return time.process_time() + ended.ru_utime + ended.ru_stime + sum(used.user + used.system for used in alive)


def timed(name: str, play: Callable[[Path], Sweep], runs: int, alone_s: float | None) -> tuple[Sweep, bytes, float]:
    """Play, tell how long it took, and give what was found and written."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "sweep.parquet"
        start_s, start_cpu_s = time.perf_counter(), cpu_s()
        found = play(file)
        took_s, worked_s = time.perf_counter() - start_s, cpu_s() - start_cpu_s
        written = file.read_bytes()
    if found.failed:
        raise SystemExit(f"{len(found.failed)} runs failed: {found.failed[0].error}")
    ratio = "" if alone_s is None else f"{alone_s / took_s:6.2f} times one process"
    print(f"  {name:<28}{took_s:8.1f} s{runs / took_s:8.1f} runs/s{worked_s:8.1f} CPU s{ratio}", flush=True)
    return found, written, took_s


def main(runs: int) -> None:
    """One line a way to play the same sweep."""
    from distributed import LocalCluster

    world = ks.example("01-two-clusters")
    replications = max(1, runs // VARIANTS)
    runs = replications * VARIANTS
    print(f"{runs} runs, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f} before we began")
    ks.sweep(world, {}, replications=1, jobs=1)  # numba compiles once and keeps it

    def play(jobs: int | None = None, cluster: str = "") -> Callable[[Path], Sweep]:
        return lambda file: ks.sweep(world, VARIED, replications=replications, jobs=jobs, cluster=cluster, out=file)

    alone, alone_bytes, alone_s = timed("one process", play(1), runs, None)
    two, two_bytes, _ = timed("two processes", play(2), runs, alone_s)
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster:
        dask, dask_bytes, _ = timed("Dask, two workers", play(cluster=cluster.scheduler_address), runs, alone_s)
    assert alone == two == dask, "the results differ"
    assert alone_bytes == two_bytes == dask_bytes, "the files differ"
    print(f"  the same results everywhere: {len(alone_bytes):,} bytes of Parquet, {len(alone.frame()):,} rows")


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 200)
