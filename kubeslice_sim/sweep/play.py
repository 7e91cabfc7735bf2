"""Playing a sweep: what is there is kept, what is missing is played, wherever and by however many workers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kubeslice_sim.errors import BadInput, Problem
from kubeslice_sim.model.scenario import Scenario
from kubeslice_sim.model.world import World
from kubeslice_sim.simulator.warm import cold, warm
from kubeslice_sim.sweep import parquet
from kubeslice_sim.sweep.axis import Varied, groups_of
from kubeslice_sim.sweep.job import Job, Played, jobs_of
from kubeslice_sim.sweep.parts import Parts, placed
from kubeslice_sim.sweep.points import points_of, sample_of
from kubeslice_sim.sweep.sweep import CONFIDENCE, Sweep, assembled
from kubeslice_sim.sweep.until import AT_MOST, more_runs, rules_of
from kubeslice_sim.sweep.variant import variants_of
from kubeslice_sim.sweep.workers import available_cpus, dask_cluster, play_all, processes

MOST_RUNS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """How far a sweep is: runs done (``kept`` of them from before, ``failed`` of them in vain), of how many.

    ``total`` grows where a rule asks for more replications. ``replaced``: runs of the output's earlier sweep that are
    not of this one and will go.
    """

    done: int
    total: int
    kept: int
    failed: int
    replaced: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a sweep is to find out; :func:`kubeslice_sim.facade_sweep.sweep` says what each word means."""

    varied: Sequence[tuple[str, Any]]
    together: tuple[Varied, ...] = ()
    sample: int | str | None = None
    replications: int = 5
    until: str | Sequence[str] = ()
    at_most: int | None = None
    seed: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """Who plays: an ``executor``, a Dask ``cluster``, or so many processes (``jobs``; None: one a processor)."""

    jobs: int | None = None
    cluster: str = ""
    executor: Executor | None = None


def play_sweep(
    world: World, scenario: Scenario, question: Question, crew: Crew, *, out: Path | None = None,
    on_progress: Callable[[Done], None] = lambda done: None,
) -> Sweep:  # fmt: skip
    """Play every point of the question, each so often as it says; the same whoever plays it.

    With ``out`` every run is kept as it ends; a sweep that was interrupted goes on where it was, one that is asked for
    again with more values or replications plays only those. Raises :exc:`BadInput` with all that is wrong in any
    variant, before anything is played.
    """
    _check(question, crew)
    sample = sample_of(question.sample)
    rules = rules_of(question.until, [traffic.name for traffic in scenario.spec.traffic])
    axes, points = points_of(groups_of(question.varied, question.together, sampled=sample is not None), sample)
    variants = variants_of(world, axes, points, scenario)
    at_most = max(question.replications, question.at_most or AT_MOST) if rules else question.replications
    count = len(variants) * question.replications
    if count > MOST_RUNS:
        raise BadInput(f"that is {count:,} runs, more than {MOST_RUNS:,}; ask for fewer")
    queues = [jobs_of(variant, question.seed) for variant in variants]
    runs: list[list[Played]] = [[] for _ in variants]
    with ExitStack() as stack:
        parts = None if out is None else stack.enter_context(Parts(out=out).held())
        kept = {} if parts is None else parts.kept()
        packets = any("packet" in (item.engine, variant.scenario.spec.engine)
                      for variant in variants for item in variant.scenario.spec.traffic)  # fmt: skip
        table = _Table(kept=kept, parts=parts, crew=crew, stack=stack, packets=packets, on_progress=on_progress)
        wanted = [question.replications] * len(variants)
        while any(len(have) < want for have, want in zip(runs, wanted, strict=True)):
            jobs = [job for queue, have, want in zip(queues, runs, wanted, strict=True)
                    for job in queue.runs(len(have), want)]  # fmt: skip
            for run in table.played(jobs):
                runs[run.variant].append(run)
            if rules:
                wanted = [more_runs(rules, sorted(have, key=lambda run: run.replication), CONFIDENCE, at_most)
                          for have in runs]  # fmt: skip
        made = assembled(world.name, scenario.metadata.name, axes, points, [run for have in runs for run in have])
        made = replace(made, sample=str(sample or ""), until=tuple(rule.text for rule in rules))
        if parts is not None:
            parquet.write(made, parts.out)
            parts.clear()
    return made


class _Table:
    """Where runs are dealt out and come in: those that are kept at once, the others from a crew that is called once."""

    def __init__(
        self, *, kept: dict[str, Played], parts: Parts | None, crew: Crew, stack: ExitStack, packets: bool,
        on_progress: Callable[[Done], None],
    ) -> None:  # fmt: skip
        self._kept, self._parts, self._crew, self._stack = kept, parts, crew, stack
        self._packets, self._on_progress = packets, on_progress
        self._executor = crew.executor
        self._called = crew.executor is not None
        self._done = Done(done=0, total=0, kept=0, failed=0, replaced=len(kept))

    def played(self, jobs: Sequence[Job]) -> Iterable[Played]:
        """What these jobs measured, as it is known; each new run is kept before it is told."""
        known = [placed(self._kept[job.key], job) for job in jobs if job.key in self._kept]
        missing = [job for job in jobs if job.key not in self._kept]
        self._tell(done=len(known), total=len(jobs), kept=len(known), replaced=-len(known))
        yield from known
        for run in play_all(missing, self._workers(len(missing))):
            if self._parts is not None:
                self._parts.keep(run)
            self._tell(done=1, failed=int(bool(run.error)))
            yield run

    def _tell(self, **more: int) -> None:
        self._done = replace(self._done, **{name: getattr(self._done, name) + count for name, count in more.items()})
        self._on_progress(self._done)

    def _workers(self, runs: int) -> Executor | None:
        if runs and not self._called:
            self._called = True
            count = min(self._crew.jobs or available_cpus(), max(runs, 1))
            if self._crew.cluster:
                self._executor = self._stack.enter_context(dask_cluster(self._crew.cluster))
            elif count > 1:
                warm(cold(packets=self._packets))  # or every process would compile the same
                self._executor = self._stack.enter_context(processes(count))
        return self._executor


def _check(question: Question, crew: Crew) -> None:
    first, at_most = question.replications, question.at_most
    problems = []
    if first < 1:
        problems.append(
            Problem(path="replications", message=f"a variant is played once or more often, not {first} times")
        )
    elif question.until and first < 2:
        problems.append(Problem(path="replications", message="an interval needs two runs or more to begin with"))
    if question.seed is not None and question.seed < 0:
        problems.append(Problem(path="seed", message=f"must be at least 0, not {question.seed}"))
    if at_most is not None and not question.until:
        hint = "such as 'bulk rate_bps relative 2%'"
        problems.append(Problem(path="atMost", message="bounds what a rule asks for: say until what", hint=hint))
    elif at_most is not None and at_most < first:
        problems.append(Problem(path="atMost", message=f"{at_most} runs are fewer than the {first} to begin with"))
    if crew.jobs is not None and crew.jobs < 1:
        problems.append(Problem(message=f"a sweep needs one process or more, not {crew.jobs}"))
    if sum(item is not None for item in (crew.jobs, crew.cluster or None, crew.executor)) > 1:
        message = "say who plays the runs in one way: a number of processes, a cluster or an executor"
        problems.append(Problem(message=message))
    if problems:
        raise BadInput(problems)
