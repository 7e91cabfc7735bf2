"""Distribution: of service times, gaps and sizes, with the moments that closed forms ask for."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """Made by the functions below. ``mean`` and ``second`` are its first two moments, exact."""

    kind: int
    a: float = 0.0
    b: float = 0.0
    c: float = 0.0
    mean: float
    second: float

    @property
    def squared_variation(self) -> float:
        """The squared coefficient of variation: 0 deterministic, 1 exponential."""
        return self.second / self.mean**2 - 1.0


def deterministic(value: float) -> Distribution:
    """Always the same."""
    return Distribution(kind=1, a=_positive(value), mean=value, second=value**2)


def exponential(mean: float) -> Distribution:
    """Without memory."""
    return Distribution(kind=2, a=_positive(mean), mean=mean, second=2.0 * mean**2)


def uniform(low: float, high: float) -> Distribution:
    """Evenly between the two."""
    if not 0.0 <= low < high:
        raise ValueError(f"a uniform distribution of times needs 0 <= low < high, not {low} and {high}")
    return Distribution(kind=3, a=low, b=high, mean=(low + high) / 2, second=(low**2 + low * high + high**2) / 3)


def erlang(phases: int, mean: float) -> Distribution:
    """The sum of equal exponential phases; its squared variation is 1 / phases."""
    if phases < 1:
        raise ValueError(f"an Erlang distribution has one phase or more, not {phases}")
    return Distribution(kind=4, a=_positive(mean) / phases, b=phases, mean=mean, second=mean**2 * (1.0 + 1.0 / phases))


def hyperexponential(chance: float, mean: float, other_mean: float) -> Distribution:
    """Exponential of ``mean`` with ``chance``, else of ``other_mean``; its squared variation is 1 or more."""
    if not 0.0 < chance < 1.0:
        raise ValueError(f"a chance between 0 and 1 chooses the branch, not {chance}")
    first = chance * _positive(mean) + (1.0 - chance) * _positive(other_mean)
    second = 2.0 * (chance * mean**2 + (1.0 - chance) * other_mean**2)
    return Distribution(kind=5, a=mean, b=other_mean, c=chance, mean=first, second=second)


def lognormal(mean: float, squared_variation: float) -> Distribution:
    """Of this mean and squared coefficient of variation."""
    sigma2 = math.log1p(_positive(squared_variation))
    return Distribution(
        kind=6, a=math.log(_positive(mean)) - sigma2 / 2, b=math.sqrt(sigma2), mean=mean,
        second=mean**2 * (1.0 + squared_variation),
    )  # fmt: skip


def _positive(value: float) -> float:
    if not (value > 0.0 and math.isfinite(value)):
        raise ValueError(f"a positive finite number is needed, not {value}")
    return value
