"""Scale: a varied field's values as numbers, where they are numbers or quantities of one kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kubeslice_sim.model.quantity import DURATION, RATE, SIZE, Quantity
from kubeslice_sim.sweep.axis import Axis

_UNITS: tuple[tuple[str, Quantity], ...] = (("s", DURATION), ("bit/s", RATE), ("B", SIZE))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """``numbers``: an axis' values, one each. ``unit`` is empty where they were written as plain numbers."""

    unit: str
    numbers: tuple[float, ...]


def scale_of(axis: Axis) -> Scale | None:
    """Plain numbers as they are, shares in ``%``, durations in s, rates in bit/s, sizes in B; None for all else."""
    plain = [_number(value) for value in axis.values]
    if None not in plain:
        return Scale(unit="", numbers=_known(plain))
    shares = [_number(value[:-1]) if isinstance(value, str) and value.endswith("%") else None for value in axis.values]
    if None not in shares:
        return Scale(unit="%", numbers=_known(shares))
    for unit, quantity in _UNITS:
        found = [_parsed(quantity, value) for value in axis.values]
        if None not in found:
            return Scale(unit=unit, numbers=_known(found))
    return None


def _known(numbers: list[float | None]) -> tuple[float, ...]:
    return tuple(number for number in numbers if number is not None)


def _number(value: Any) -> float | None:
    try:
        return None if isinstance(value, bool) or value is None else float(value)
    except (TypeError, ValueError):
        return None


def _parsed(quantity: Quantity, value: Any) -> float | None:
    try:
        return quantity.parse(value)
    except ValueError:
        return None
