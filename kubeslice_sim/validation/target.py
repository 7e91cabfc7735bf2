"""Target: a number that somebody published, and what counts as meeting it; Row: what was found."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from kubeslice_sim.observe.estimate import Estimate, student_t

Kind = Literal["simulated", "formula", "fitted"]
"""``simulated``: an engine or a solver ran; ``formula``: arithmetic or a transcribed formula against its source's
figures; ``fitted``: a parameter was chosen by this very figure."""
SURE = 0.999
"""With some 70 targets judged by chance, intervals of 95 % would fail three of a faultless simulator; these, none."""
ROUNDING = 1e-9
"""What is exact is exact to the rounding of binary fractions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """``low`` to ``high`` is what the source says (one value: both the same), in ``unit``.

    ``tolerance`` is relative and widens both ends; ``why`` argues it. ``source`` names paper, section or page.
    ``kind``: what a row of it proves; only simulated ones are evidence of how the simulator behaves.
    ``approximate``: the source's own figure leaves something out, so the tolerance alone judges, not an interval.
    """

    name: str
    low: float
    high: float
    source: str
    why: str
    tolerance: float = 0.0
    unit: str = ""
    approximate: bool = False
    kind: Kind = "simulated"

    @property
    def allowed(self) -> tuple[float, float]:
        """The ends within which a measurement without chance must lie."""
        slack = max(self.tolerance, ROUNDING)
        return self.low - slack * abs(self.low), self.high + slack * abs(self.high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A target and what the simulator says. An :class:`Estimate` is what chance left uncertain."""

    target: Target
    found: float | Estimate

    @property
    def value(self) -> float:
        """The mean, or the number itself."""
        return self.found.mean if isinstance(self.found, Estimate) else self.found

    @property
    def sure(self) -> tuple[float, float] | None:
        """The interval of 99.9 %, from the estimate's own."""
        if not isinstance(self.found, Estimate):
            return None
        degrees = self.found.count - 1
        wider = student_t(0.5 + SURE / 2, degrees) / student_t(0.5 + self.found.confidence / 2, degrees)
        return self.found.mean - wider * self.found.half, self.found.mean + wider * self.found.half

    @property
    def inside(self) -> bool:
        """Whether the target is met.

        A mean meets one value if it lies within the tolerance, its own interval is no wider than that, and its interval
        of 99.9 % cannot tell it from the target: an interval so wide that it holds everything proves nothing, and a
        tolerance hides no bias (but for approximate targets, which have their own).
        """
        low, high = self.target.allowed
        if not (math.isfinite(self.value) and low <= self.value <= high):
            return False
        if not isinstance(self.found, Estimate) or self.target.low < self.target.high:
            return True
        if self.found.half > self.target.tolerance * abs(self.target.low):
            return False
        sure = self.sure
        return sure is None or self.target.approximate or (sure[0] <= self.target.high and sure[1] >= self.target.low)

    @property
    def in_its_interval(self) -> bool | None:
        """Whether an exact target lies in the interval that the estimate claims; None for the others."""
        if not isinstance(self.found, Estimate) or self.target.approximate:
            return None
        return self.found.low <= self.target.high and self.found.high >= self.target.low


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Targets that are measured together. ``brief``: it takes a few seconds, so the short tests run it, too."""

    name: str
    rows: Callable[[], Iterator[Row]]
    brief: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Cases that belong together. ``text`` says how they are measured; ``left_out`` what is not, and why."""

    name: str
    title: str
    text: str
    cases: tuple[Case, ...]
    left_out: tuple[str, ...] = ()


def exactly(
    name: str, value: float, found: float, *, source: str, why: str, unit: str = "", kind: Kind = "simulated"
) -> Row:
    """A row without tolerance."""
    target = Target(name=name, low=value, high=value, source=source, why=why, unit=unit, kind=kind)
    return Row(target=target, found=found)


def near(
    name: str, value: float, found: float | Estimate, *, within: float, source: str, why: str, unit: str = "",
    approximate: bool = False, kind: Kind = "simulated",
) -> Row:  # fmt: skip
    """A row around one value, ``within`` a relative tolerance."""
    target = Target(
        name=name, low=value, high=value, tolerance=within, source=source, why=why, unit=unit,
        approximate=approximate, kind=kind,
    )  # fmt: skip
    return Row(target=target, found=found)


def between(
    name: str, low: float, high: float, found: float | Estimate, *, source: str, why: str, within: float = 0.0,
    unit: str = "",
) -> Row:  # fmt: skip
    """A row whose source gives a range, in which the mean must lie."""
    target = Target(
        name=name, low=low, high=high, tolerance=within, source=source, why=why, unit=unit, approximate=True
    )
    return Row(target=target, found=found)
