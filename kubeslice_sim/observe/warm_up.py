"""Warm-up: how much of a series' beginning is still under way to its steady state and must not count."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

BATCH = 5
"""MSER-5: the series is looked at by means of five (White, Cobb and Spratt 2000)."""
FEWEST_MEANS = 10
"""With fewer the rule drops by chance."""
FEWEST_TO_JUDGE = 20
"""With fewer a steady series seems unsettled too often: of ten means without a beginning, one series in ten."""
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmUp:
    """The first ``dropped`` values do not count. Not ``settled``: the series may still be on its way at its middle."""

    dropped: int
    settled: bool


def mser(values: Sequence[float], batch: int = BATCH) -> WarmUp:
    """How many values to drop at the beginning: those whose absence gives the mean its least standard error.

    The marginal standard error rule on means of ``batch`` values (MSER-5 by default): the d that minimizes
    ``sum((z - mean)**2 for z in means[d:]) / (k - d)**2`` over the first half of the k means. A minimum at the very
    middle says that the run was too short. (White 1997, Simulation 69(6); White, Cobb and Spratt, Winter Simulation
    Conference 2000; Franklin and White, WSC 2008 on its statistical ground.)

    Series too short for twenty batches are judged by smaller ones, down to single values. Of fewer than twenty values
    nothing is said of whether they settled, of fewer than ten nothing is dropped. Raises :exc:`ValueError` for a batch
    below one or a value that is not finite.
    """
    if batch < 1:
        raise ValueError(f"a batch holds one value or more, not {batch}")
    if not all(map(math.isfinite, values)):
        raise ValueError("a warm-up is found in finite values only")
    if len(values) < FEWEST_MEANS:
        return WarmUp(dropped=0, settled=True)
    batch = max(1, min(batch, len(values) // FEWEST_TO_JUDGE))
    whole = len(values) // batch * batch
    means = [math.fsum(values[start : start + batch]) / batch for start in range(0, whole, batch)]
    errors = _marginal_errors(means)
    found = min(range(len(means) // 2 + 1), key=errors.__getitem__)
    settled = found < len(means) // 2 or len(means) < FEWEST_TO_JUDGE
    return WarmUp(dropped=found * batch, settled=settled)


def _marginal_errors(means: Sequence[float]) -> list[float]:
    """The rule's figure for each number of dropped means, in one pass from the end (Welford's update)."""
    scale = max(map(abs, means)) ** 2
    errors = [math.inf] * len(means)
    mean = squares = 0.0
    for place in range(len(means) - 1, -1, -1):
        count = len(means) - place
        step = means[place] - mean
        mean += step / count
        squares += step * (means[place] - mean)
        # What differs by rounding alone is the same: a constant series keeps its beginning.
        errors[place] = squares / count**2 if squares > _ROUNDING * scale * count else 0.0
    return errors
