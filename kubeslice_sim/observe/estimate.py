"""Estimate: a mean with its confidence interval, from independent runs or from batches of one long run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import fmean, stdev


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
    """The mean of independent values and its two-sided interval by Student's t.

    Exact for normal values, and good for the means of runs, which are nearly normal (Law, Simulation Modeling and
    Analysis, 5th edition, 4.5 and 9.4.1). Raises :exc:`ValueError` for fewer than two values or a confidence outside
    (0, 1).
    """
    if len(values) < 2:
        raise ValueError("an interval needs two values or more")
    half = student_t(0.5 + confidence / 2.0, len(values) - 1) * stdev(values) / math.sqrt(len(values))
    return Estimate(mean=fmean(values), half=half, count=len(values), confidence=confidence)


def paired(a: Sequence[float], b: Sequence[float], confidence: float = 0.95) -> Estimate:
    """The mean of ``a - b``, pair by pair: two variants under the same seeds (common random numbers).

    What both have in common cancels, so the interval is narrower than that of two independent means (Law, 10.2.1 and
    11.2). Raises :exc:`ValueError` as :func:`estimate` does, and for sequences of different lengths.
    """
    return estimate([one - other for one, other in zip(a, b, strict=True)], confidence)


def batch_means(values: Sequence[float], batches: int = 20) -> tuple[float, ...]:
    """The means of so many equal parts of one long stationary series; they are nearly independent where parts are long.

    What does not fill a part is left out at the beginning, which is the less settled end (Law, 9.5.3; 20 parts after
    Schmeiser 1982). Raises :exc:`ValueError` where there are fewer values than parts.
    """
    length = len(values) // batches if batches > 0 else 0
    if length == 0:
        raise ValueError(f"{batches} batches need as many values; there are {len(values)}")
    first = len(values) - batches * length
    return tuple(fmean(values[start : start + length]) for start in range(first, len(values), length))


@lru_cache(maxsize=256)
def student_t(share: float, degrees: int) -> float:
    """The quantile of Student's t: what a value with so many degrees of freedom is below with the chance ``share``.

    Exact to rounding: the distribution is a finite sum for whole degrees (Abramowitz and Stegun 26.7.3 and 26.7.4),
    inverted by bisection. Raises :exc:`ValueError` for a share outside (0, 1) or less than one degree.
    """
    if not 0.0 < share < 1.0 or degrees < 1:
        raise ValueError(f"student_t needs 0 < share < 1 and a degree or more, not {share} and {degrees}")
    if share < 0.5:
        return -student_t(1.0 - share, degrees)
    wanted, low, high = 2.0 * share - 1.0, 0.0, math.pi / 2
    while low < (middle := (low + high) / 2) < high:
        if _within(middle, degrees) < wanted:
            low = middle
        else:
            high = middle
    return math.sqrt(degrees) * math.tan(middle)


def student_t_within(value: float, degrees: int) -> float:
    """The chance that Student's t with so many degrees of freedom lies between ``-value`` and ``value``."""
    return _within(math.atan(value / math.sqrt(degrees)), degrees)


def _within(angle: float, degrees: int) -> float:
    """The chance that ``|t|`` is below ``sqrt(degrees) * tan(angle)``."""
    sine, cosine = math.sin(angle), math.cos(angle)
    odd = degrees % 2
    term = cosine if odd else 1.0
    terms = []
    for step in range(2 + odd, degrees + 1, 2):
        terms.append(term)
        term *= cosine * cosine * (step - 1) / step
    if not odd:
        return sine * math.fsum(terms)
    return 2.0 / math.pi * (angle + sine * math.fsum(terms))
