"""A job: one run of one variant under one seed. It is sent to where it is played, and what it measured comes back."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from kubeslice_sim import manifest, observe, planner
from kubeslice_sim.model.scenario import Scenario
from kubeslice_sim.model.world import World
from kubeslice_sim.observe.measures import Measure, measures
from kubeslice_sim.simulator.backend import Simulator
from kubeslice_sim.sweep import program
from kubeslice_sim.sweep.variant import Variant


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """All that a run needs. ``key`` tells it from every run that could measure something else."""

    key: str
    variant: int
    replication: int
    seed: int
    world: World
    scenario: Scenario
    program: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What a job measured, or why it failed (``error``)."""

    key: str
    variant: int
    replication: int
    seed: int
    measures: tuple[Measure, ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Jobs:
    """Every run that a variant may have. ``seed``: of its first replication.

    The n-th replication has the same seed in all variants of a sweep: common random numbers, as every purpose in the
    simulator draws from a stream of its own. Its rows are those of ``ksim run --seed``.
    """

    variant: Variant
    seed: int
    digest: str

    def runs(self, first: int, end: int) -> Iterator[Job]:
        """The replications from ``first`` (included) to ``end`` (excluded)."""
        name = self.variant.scenario.metadata.name
        for replication in range(first, end):
            seed = self.seed + replication
            said = f"{program.digest()}/{self.digest}/{name}/{seed}"
            yield Job(key=hashlib.sha256(said.encode()).hexdigest()[:24], variant=self.variant.index,
                      replication=replication, seed=seed, world=self.variant.world,
                      scenario=self.variant.scenario, program=program.digest())  # fmt: skip


def jobs_of(variant: Variant, seed: int | None) -> Jobs:
    """The variant's runs, under the seeds from ``seed`` (None: its scenario's own) on."""
    first = variant.scenario.spec.seed if seed is None else seed
    digest = hashlib.sha256(manifest.dump(variant.world).encode()).hexdigest()
    return Jobs(variant=variant, seed=first, digest=digest)


def play(job: Job) -> Played:
    """Play the job on the simulator, here and now. Whatever goes wrong in it is told in its ``error``."""
    try:
        if program.digest() != job.program:
            return failed(job, "this worker has another kubeslice-sim than the one that asked; install the same")
        run = Simulator().run(job.world, job.scenario, seed=job.seed, run_id=job.key, on_progress=lambda _: None)
        probes = planner.probes(planner.plan(job.world), job.scenario)
        found = measures(run, observe.judge(job.scenario, run.observations, probes))
    except Exception as error:  # a bug of ours or a world that we cannot play: one run of many
        return failed(job, f"{type(error).__name__}: {error}")
    if not found:
        return failed(job, "nothing was measured: the scenario has no traffic and no expectation")
    return Played(key=job.key, variant=job.variant, replication=job.replication, seed=job.seed, measures=found)


def failed(job: Job, why: str) -> Played:
    """The job as one that failed."""
    return Played(key=job.key, variant=job.variant, replication=job.replication, seed=job.seed, error=why)
