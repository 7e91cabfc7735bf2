"""The verbs that play a world many times: ``ks.sweep``, ``ks.replicate``, ``ks.read_sweep``.

They play on the simulator, whose runs are the same on every machine with the same versions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

from kubeslice_sim import facade
from kubeslice_sim.errors import BadInput
from kubeslice_sim.model.world import World
from kubeslice_sim.sweep import parquet
from kubeslice_sim.sweep.design_file import DesignFile, read_design
from kubeslice_sim.sweep.play import Crew, Done, Question, play_sweep
from kubeslice_sim.sweep.sweep import Sweep

REPLICATIONS = 5


def sweep(
    world: World,
    varied: Mapping[str, Any] | None = None,
    *,
    together: Sequence[Mapping[str, Any]] = (),
    sample: int | str | None = None,
    replications: int | None = None,
    until: str | Sequence[str] = (),
    at_most: int | None = None,
    design: str | Path | None = None,
    scenario: str = "",
    seed: int | None = None,
    jobs: int | None = None,
    cluster: str = "",
    executor: Executor | None = None,
    out: str | Path | None = None,
    on_progress: Callable[[Done], None] = lambda done: None,
) -> Sweep:
    """Play every combination of the fields' values, each several times: what if?

    ``varied``: paths as :func:`ks.vary` takes them, each with the values to try: a list, or a range in words
    (``"10ms..200ms step 10ms"``, ``"10ms..200ms count 5"``, ``"1..1000 count 4 log"``: equal ratios, six digits; both
    ends included). ``together``: mappings of fields that change as one, the n-th value of each with the n-th of the
    others. ``sample``: so many points instead of every combination: ``40``, ``"40 random"``,
    ``"40 latin-hypercube seed 3"``; then ranges may be without step and count.

    The n-th replication has the same seed (``seed``, or the scenario's own, plus n) in every variant, so differences
    between variants are not chance's (``.contrast()``). ``until``: go on replicating a variant until half of a 95 %
    interval is small enough, ``"bulk rate_bps relative 2%"`` (of the mean) or ``"ping rtt_s p95 absolute 1ms"``, at
    most ``at_most`` times (50). Such intervals cover a little less than they say, because they stop where they happen
    to be narrow: of 95 % about 93 from 5 runs on, 95 from 10 on (measured on normal values; on exponential ones 2 to 4
    less, with or without the rule). ``.missed()`` says what was not reached.

    ``design``: a YAML file with any of ``vary``, ``together``, ``sample``, ``replications`` (5), ``until``, ``atMost``,
    ``seed`` and ``scenario``. What is said here goes before it; fields that vary here vary beside the file's.

    What the scenario's ``warmUp`` covers does not count; without one, each steady series loses its own warm-up (see
    :func:`kubeslice_sim.observe.warm_up.mser`), and a scenario with a timeline none.

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
    file = DesignFile(file="", options={}) if design is None else read_design(Path(design))
    given = file.options | {
        name: value
        for name, value in (("sample", sample), ("replications", replications), ("until", until), ("at_most", at_most),
                            ("scenario", scenario), ("seed", seed))
        if value is not None and value not in ("", ())
    }  # fmt: skip
    try:
        question = Question(
            varied=(*file.options.get("vary", {}).items(), *_varied(varied).items()),
            together=(*file.options.get("together", ()), *together),
            **{"replications": REPLICATIONS} | {name: value for name, value in given.items() if name in _ASKED},
        )
        chosen = facade.choose_scenario(world, given.get("scenario", ""))
        crew = Crew(jobs=jobs, cluster=cluster, executor=executor)
        return play_sweep(
            world, chosen, question, crew, out=None if out is None else Path(out), on_progress=on_progress
        )
    except BadInput as error:
        raise file.located(error) from error


_ASKED = ("sample", "replications", "until", "at_most", "seed")


def _varied(varied: Mapping[str, Any] | None) -> Mapping[str, Any]:
    if varied is not None and not isinstance(varied, Mapping):
        raise BadInput("what varies is a mapping of paths to values, such as {'slice.maxClusters': [4, 8]}")
    return varied or {}


def replicate(world: World, replications: int = 10, **options: Any) -> Sweep:
    """The same world under so many seeds: ``.summary()`` has each figure's mean and its Student-t interval.

    ``options`` as for :func:`sweep`.
    """
    return sweep(world, {}, replications=replications, **options)


def read_sweep(file: str | Path) -> Sweep:
    """The sweep in a Parquet file that ``out=`` or ``ksim sweep --out`` wrote. Raises :exc:`BadInput` for another."""
    return parquet.read(Path(file))
