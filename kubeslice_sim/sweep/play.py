"""Playing a sweep: what is there is kept, what is missing is played, wherever and by however many workers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kubeslice_sim.errors import BadInput
from kubeslice_sim.model.scenario import Scenario
from kubeslice_sim.model.world import World
from kubeslice_sim.sweep import parquet
from kubeslice_sim.sweep.job import Played, jobs_of
from kubeslice_sim.sweep.parts import Parts, placed
from kubeslice_sim.sweep.sweep import Sweep, assembled
from kubeslice_sim.sweep.variant import axes_of, variants_of
from kubeslice_sim.sweep.workers import available_cpus, dask_cluster, play_all, processes

MOST_RUNS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """How far a sweep is: runs done (``kept`` of them from before, ``failed`` of them in vain), of how many."""

    done: int
    total: int
    kept: int
    failed: int


def play_sweep(
    world: World,
    scenario: Scenario,
    varied: Mapping[str, Sequence[Any]],
    *,
    replications: int,
    seed: int | None = None,
    jobs: int | None = None,
    cluster: str = "",
    executor: Executor | None = None,
    out: Path | None = None,
    on_progress: Callable[[Done], None] = lambda done: None,
) -> Sweep:
    """Every combination of the varied fields' values, each ``replications`` times, the same whoever plays it.

    Played by ``executor``, or by a Dask ``cluster``, or by ``jobs`` processes (None: one a processor; 1: this one).
    With ``out`` every run is kept as it ends; a sweep that was interrupted goes on where it was, one that is asked for
    again with more values or replications plays only those. Raises :exc:`BadInput` with all that is wrong in any
    variant, before anything is played.
    """
    _check(replications, seed, jobs, cluster, executor)
    axes = axes_of(varied)
    variants = variants_of(world, axes, scenario)
    if len(variants) * replications > MOST_RUNS:
        raise BadInput(f"that is {len(variants) * replications:,} runs, more than {MOST_RUNS:,}; ask for fewer")
    parts = None if out is None else Parts(out=out)
    if parts is not None:
        parts.check()
    kept = {} if parts is None else parts.kept()
    runs: list[Played] = []
    missing = []
    for job in jobs_of(variants, replications, seed):
        if job.key in kept:
            runs.append(placed(kept[job.key], job))
        else:
            missing.append(job)
    total, before, failures = len(runs) + len(missing), len(runs), 0
    on_progress(Done(done=before, total=total, kept=before, failed=0))
    with ExitStack() as stack:
        if missing and executor is None:
            workers = min(jobs or available_cpus(), len(missing))
            if cluster:
                executor = stack.enter_context(dask_cluster(cluster))
            elif workers > 1:
                executor = stack.enter_context(processes(workers))
        for run in play_all(missing, executor):
            runs.append(run)
            failures += bool(run.error)
            if parts is not None:
                parts.keep(run)
            on_progress(Done(done=len(runs), total=total, kept=before, failed=failures))
    made = assembled(world.name, scenario.metadata.name, axes, [variant.values for variant in variants], runs)
    if parts is not None:
        parquet.write(made, parts.out)
        parts.clear()
    return made


def _check(replications: int, seed: int | None, jobs: int | None, cluster: str, executor: Executor | None) -> None:
    if replications < 1:
        raise BadInput(f"a variant is played once or more often, not {replications} times")
    if seed is not None and seed < 0:
        raise BadInput(f"the seed must be at least 0, not {seed}")
    if jobs is not None and jobs < 1:
        raise BadInput(f"a sweep needs one process or more, not {jobs}")
    if sum(item is not None for item in (jobs, cluster or None, executor)) > 1:
        raise BadInput("say who plays the runs in one way: a number of processes, a cluster or an executor")
