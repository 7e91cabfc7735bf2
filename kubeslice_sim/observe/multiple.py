"""Multiple: what is left of a chance of 5 % where many are taken, because many things are compared at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean, stdev

from kubeslice_sim.observe.estimate import student_t_within


def p_value(values: Sequence[float]) -> float:
    """The chance of a mean so far from 0 (on either side) or farther, if it were 0: Student's t test.

    NaN for fewer than two values. Values that are all the same leave nothing to chance: 1 where they are 0, else 0.
    """
    if len(values) < 2:
        return math.nan
    mean, error = fmean(values), stdev(values) / math.sqrt(len(values))
    if error == 0.0:
        return float(mean == 0.0)
    return max(0.0, 1.0 - student_t_within(abs(mean) / error, len(values) - 1))


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """The p-values for the whole family: who rejects those below α errs with a chance of α at most, even once.

    Holm's step-down of Bonferroni (Holm 1979, Scandinavian Journal of Statistics 6(2)): the i-th smallest of m is
    multiplied by m - i + 1, and none falls below one before it. Good whatever ties the comparisons together, as common
    seeds and a common baseline do; Tukey's range and Dunnett's test ask for independent means of one variance. A NaN
    stays one and counts for none.
    """
    known = sorted((value, place) for place, value in enumerate(p_values) if not math.isnan(value))
    found = [math.nan] * len(p_values)
    least = 0.0
    for before, (value, place) in enumerate(known):
        least = max(least, min(1.0, (len(known) - before) * value))
        found[place] = least
    return tuple(found)


def bonferroni(confidence: float, comparisons: int) -> float:
    """The confidence that each of so many intervals needs, so that with ``confidence`` all of them hold at once.

    Good whatever ties them together (Law, Simulation Modeling and Analysis, 5th edition, 9.7 and 10.3).
    """
    return 1.0 - (1.0 - confidence) / max(1, comparisons)
