"""The verbs that play a world many times: ``ks.sweep``, ``ks.replicate``, ``ks.read_sweep``.

They play on the simulator, whose runs are the same on every machine with the same versions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

from kubeslice_sim import facade
from kubeslice_sim.model.world import World
from kubeslice_sim.sweep import parquet
from kubeslice_sim.sweep.play import Done, play_sweep
from kubeslice_sim.sweep.sweep import Sweep

REPLICATIONS = 5


def sweep(
    world: World,
    varied: Mapping[str, Sequence[Any]],
    *,
    replications: int = REPLICATIONS,
    scenario: str = "",
    seed: int | None = None,
    jobs: int | None = None,
    cluster: str = "",
    executor: Executor | None = None,
    out: str | Path | None = None,
    on_progress: Callable[[Done], None] = lambda done: None,
) -> Sweep:
    """Play every combination of the fields' values, each several times: what if?

    ``varied``: paths as :func:`ks.vary` takes them, each with the values to try. The n-th replication has the same seed
    (``seed``, or the scenario's own, plus n) in every variant, so differences between variants are not chance's
    (``.contrast()``). What the scenario's ``warmUp`` covers does not count; without one, each steady series loses its
    own warm-up by the MSER-5 rule, and a scenario with a timeline none.

    Runs are played by ``jobs`` processes (None: one a processor; 1: here), by the Dask ``cluster`` at an address, or by
    any ``executor``: the results are the same. A script must call this under ``if __name__ == "__main__":``, because
    new processes import it. ``out``: a Parquet file; each run is kept beside it as it ends, so that an interrupted
    sweep goes on where it was, and one with more values or replications plays only the new.

    A run that fails is a row with its error. Raises :exc:`BadInput` with every problem of every variant before anything
    is played, :exc:`BackendUnavailable` without a cluster or without pyarrow where it is needed.

    >>> import kubeslice_sim as ks
    >>> found = ks.sweep(ks.example("01-two-clusters"), {"slice.maxClusters": [2, 16]}, replications=2, jobs=1)
    >>> found.summary().query("probe == 'bulk' and metric == 'rate_bps'")["n"].tolist()
    [2, 2]
    """
    chosen = facade.choose_scenario(world, scenario)
    return play_sweep(
        world, chosen, varied, replications=replications, seed=seed, jobs=jobs, cluster=cluster, executor=executor,
        out=None if out is None else Path(out), on_progress=on_progress,
    )  # fmt: skip


def replicate(world: World, replications: int = 10, **options: Any) -> Sweep:
    """The same world under so many seeds: ``.summary()`` has each figure's mean and its Student-t interval.

    ``options`` as for :func:`sweep`.
    """
    return sweep(world, {}, replications=replications, **options)


def read_sweep(file: str | Path) -> Sweep:
    """The sweep in a Parquet file that ``out=`` or ``ksim sweep --out`` wrote. Raises :exc:`BadInput` for another."""
    return parquet.read(Path(file))
