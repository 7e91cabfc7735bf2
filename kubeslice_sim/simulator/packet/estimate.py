"""Estimate: a mean with its confidence interval, from batches of one long run or from independent runs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean, stdev


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """``mean`` of ``count`` values that are as good as independent; it lies within ``± half`` with the confidence."""

    mean: float
    half: float
    count: int
    confidence: float

    @property
    def low(self) -> float:
        """The interval's lower end."""
        return self.mean - self.half

    @property
    def high(self) -> float:
        """The interval's upper end."""
        return self.mean + self.half

    def holds(self, value: float) -> bool:
        """Whether a value lies in the interval."""
        return self.low <= value <= self.high


def estimate(values: Sequence[float], confidence: float = 0.95) -> Estimate:
    """The mean of independent values and its interval by Student's t. Raises :exc:`ValueError` for fewer than two."""
    if len(values) < 2:
        raise ValueError("an interval needs two values or more")
    half = student_t(0.5 + confidence / 2.0, len(values) - 1) * stdev(values) / math.sqrt(len(values))
    return Estimate(mean=fmean(values), half=half, count=len(values), confidence=confidence)


def student_t(share: float, degrees: int) -> float:
    """The quantile of Student's t: exact for 1 and 2 degrees of freedom, else by its expansion about the normal's.

    Abramowitz and Stegun 26.7.5, to the fourth order: below 0.1 % of error from 6 degrees on at 97.5 %, 1 % at 3.
    """
    if degrees == 1:
        return math.tan(math.pi * (share - 0.5))
    if degrees == 2:
        return (2.0 * share - 1.0) / math.sqrt(2.0 * share * (1.0 - share))
    x = NormalDist().inv_cdf(share)
    g1 = (x**3 + x) / 4.0
    g2 = (5 * x**5 + 16 * x**3 + 3 * x) / 96.0
    g3 = (3 * x**7 + 19 * x**5 + 17 * x**3 - 15 * x) / 384.0
    g4 = (79 * x**9 + 776 * x**7 + 1482 * x**5 - 1920 * x**3 - 945 * x) / 92160.0
    return x + g1 / degrees + g2 / degrees**2 + g3 / degrees**3 + g4 / degrees**4
