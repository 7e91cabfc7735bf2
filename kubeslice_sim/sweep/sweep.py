"""Sweep: what many runs measured, as frames, as means with intervals, as differences between variants, as figures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from kubeslice_sim.errors import BadInput
from kubeslice_sim.model.suggest import meant
from kubeslice_sim.observe.estimate import estimate
from kubeslice_sim.observe.measures import UNITS, Measure
from kubeslice_sim.observe.warm_up import too_short
from kubeslice_sim.sweep.axis import Axis
from kubeslice_sim.sweep.contrast import Contrast, contrasts
from kubeslice_sim.sweep.job import Played

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

CONFIDENCE = 0.95
Key = tuple[str, str, str]
"""Which figure: probe, metric, statistic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mean:
    """One figure of one variant over its runs.

    ``half_width`` is NaN where nothing is known of it: one run alone, or a yes-or-no (``passed``), whose share of a
    few runs is not normal.
    """

    variant: int
    probe: str
    metric: str
    statistic: str
    unit: str
    mean: float
    half_width: float
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """All runs of a sweep, variant by variant, replication by replication.

    ``sample``: how its points were drawn; empty where they are all combinations. ``until``: what its replications went
    on for, as long as they might.
    """

    world: str
    scenario: str
    axes: tuple[Axis, ...]
    variants: tuple[tuple[Any, ...], ...]
    runs: tuple[Played, ...]
    sample: str = ""
    until: tuple[str, ...] = ()

    @property
    def failed(self) -> tuple[Played, ...]:
        """The runs that could not be played; their errors stand in them."""
        return tuple(run for run in self.runs if run.error)

    @property
    def unsettled(self) -> tuple[tuple[str, str], ...]:
        """The series (probe, metric) that may not have reached their steady state in some variant.

        Either most of its runs settled in their second half or not at all, or all of them together are short against
        what happens in them (:func:`~kubeslice_sim.observe.warm_up.too_short`). In a single run chance alone looks like
        that once in thirty times.
        """
        runs: dict[tuple[int, str, str], list[Measure]] = {}
        for run in self.runs:
            series = {(run.variant, item.probe, item.metric): item for item in run.measures}
            for key, item in series.items():
                runs.setdefault(key, []).append(item)
        return tuple(dict.fromkeys(
            key[1:] for key, items in runs.items()
            if 2 * sum(not item.settled for item in items) > len(items) or too_short([item.memory for item in items])
        ))  # fmt: skip

    def means(self, confidence: float = CONFIDENCE) -> tuple[Mean, ...]:
        """Each figure of each variant: the mean of its runs and half the width of its Student-t interval."""
        _check(confidence)
        found = []
        for variant, figures in enumerate(self.values()):
            for (probe, metric, statistic), by_replication in figures.items():
                values = list(by_replication.values())
                half = estimate(values, confidence).half if len(values) > 1 and metric != "passed" else math.nan
                found.append(Mean(variant=variant, probe=probe, metric=metric, statistic=statistic,
                                  unit=UNITS[metric], mean=fmean(values), half_width=half, n=len(values)))  # fmt: skip
        return tuple(found)

    def contrasts(self, baseline: int | None = 0, confidence: float = CONFIDENCE) -> tuple[Contrast, ...]:
        """How far each figure of the other variants lies from the baseline's, seed by seed; None: of every pair.

        The runs of two variants share their seeds, so what chance did to both cancels. Of many intervals of 95 % one
        in twenty misses: these are wider, so that all of one figure hold at once, and p-values are adjusted likewise
        (see :class:`Contrast`). Who picks the figure that differs out of many does yet more comparisons than are
        counted here. Raises :exc:`BadInput` for a variant that there is not.
        """
        _check(confidence)
        return contrasts(self, baseline, confidence)

    def missed(self) -> dict[str, tuple[int, ...]]:
        """The rules of ``until`` that do not hold, each with the variants where it does not."""
        from kubeslice_sim.sweep.until import missed, rules_of

        found: dict[str, list[int]] = {}
        rules = rules_of(self.until, None)
        for variant in range(len(self.variants)):
            runs = [run for run in self.runs if run.variant == variant]
            for rule in missed(rules, runs, CONFIDENCE):
                found.setdefault(rule.text, []).append(variant)
        return {text: tuple(variants) for text, variants in found.items()}

    def frame(self) -> pd.DataFrame:
        """One row a figure of a run: the varied fields, the run's seed, the figure, its value; a failed run's error."""
        from kubeslice_sim.sweep.frames import run_frame

        return run_frame(self)

    def summary(self, confidence: float = CONFIDENCE) -> pd.DataFrame:
        """One row a figure of a variant: the varied fields, the figure, ``mean``, ``half_width`` and ``n``."""
        from kubeslice_sim.sweep.frames import mean_frame

        return mean_frame(self, self.means(confidence))

    def contrast(self, baseline: int | None = 0, confidence: float = CONFIDENCE) -> pd.DataFrame:
        """One row a difference of :meth:`contrasts`: the varied fields, ``against`` what, ``mean``, ``half_width``, …

        Where ``mean ± half_width`` does not hold 0, or ``p_holm`` is small, the difference is more than chance.
        """
        from kubeslice_sim.sweep.frames import contrast_frame

        return contrast_frame(self, self.contrasts(baseline, confidence))

    def plot(
        self, metric: str = "", *, probe: str = "", statistic: str = "", against: str = "",
        confidence: float = CONFIDENCE,
    ) -> Figure:  # fmt: skip
        """The means with their intervals against the varied field; for two fields a map of the means.

        ``against``: one of several fields; each combination of the others is a line of its own (of a sample: points).
        Without a metric, the first figure of the scenario's first traffic. Raises :exc:`BadInput` for a figure that was
        not measured, a field that does not vary, or where more than two fields vary and none is chosen.
        """
        from kubeslice_sim.sweep.plot import plot

        return plot(self, self.choose(metric, probe=probe, statistic=statistic), confidence, against)

    def choose(self, metric: str = "", *, probe: str = "", statistic: str = "") -> tuple[str, str, str]:
        """The figure (probe, metric, statistic) that these words mean: the first that fits. Raises :exc:`BadInput`."""
        known = self.figures()
        fitting = [
            key for key in known
            if metric in ("", key[1]) and probe in ("", key[0]) and statistic in ("", key[2])
        ]  # fmt: skip
        if not fitting:
            asked = " ".join(word for word in (statistic, metric, probe and f"of {probe}") if word)
            words = {word for key in known for word in key}
            hints = [meant(word, words) for word in (metric, probe, statistic) if word and word not in words]
            raise BadInput(
                f"no run measured {asked or 'anything'}; {next(filter(None, hints), '.summary() lists what there is')}"
            )
        plain = [key for key in fitting if key[0] != "ready" and key[1] != "passed"]
        return (plain or fitting)[0]

    def figures(self) -> tuple[tuple[str, str, str], ...]:
        """Everything that was measured: (probe, metric, statistic), in the scenario's order."""
        return tuple(dict.fromkeys((m.probe, m.metric, m.statistic) for run in self.runs for m in run.measures))

    def write(self, file: str | Path) -> None:
        """Write all runs into a Parquet file, which :func:`kubeslice_sim.read_sweep` reads. Equal runs: equal bytes."""
        from kubeslice_sim.sweep.parquet import write

        write(self, Path(file))

    def values(self) -> list[dict[Key, dict[int, float]]]:
        """Of each variant: figure → replication → value."""
        found: list[dict[Key, dict[int, float]]] = [{} for _ in self.variants]
        for run in self.runs:
            for item in run.measures:
                # Under one replication, not one seed: a sweep over seeds has others in each variant.
                key = (item.probe, item.metric, item.statistic)
                found[run.variant].setdefault(key, {})[run.replication] = item.value
        return found

    def __repr__(self) -> str:
        failed = f", {len(self.failed)} failed" if self.failed else ""
        return f"<Sweep of {self.scenario}: {len(self.variants)} variants, {len(self.runs)} runs{failed}>"

    def _repr_html_(self) -> str:
        from kubeslice_sim.sweep.show import html

        return html(self)


def assembled(
    world: str, scenario: str, axes: Sequence[Axis], variants: Sequence[tuple[Any, ...]], runs: Sequence[Played]
) -> Sweep:
    """The runs in their order, whichever ended first."""
    ordered = sorted(runs, key=lambda run: (run.variant, run.replication))
    return Sweep(world=world, scenario=scenario, axes=tuple(axes), variants=tuple(variants), runs=tuple(ordered))


def _check(confidence: float) -> None:
    if not 0.0 < confidence < 1.0:
        raise BadInput(f"a confidence lies between 0 and 1, such as 0.95; {confidence:g} does not")
