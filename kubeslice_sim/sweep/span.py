"""Span: a range of numbers in words, ``10ms..200ms count 5 log``; all its values, or the one at a share of the way."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

from kubeslice_sim.model.metric import PER_SECOND
from kubeslice_sim.model.quantity import DURATION, RATE, SHARE, SIZE

MOST_VALUES = 100_000
EXAMPLES = "10ms..200ms step 10ms, 10ms..200ms count 5, 1..1000 count 4 log"
_NUMBER = r"[+-]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)"
_UNIT = r"[A-Za-zµ%/]*"
_BEGIN = re.compile(rf"\s*{_NUMBER}\s*{_UNIT}\s*\.\.")
_SPAN = re.compile(
    rf"\s*(?P<low>{_NUMBER})(?P<low_unit>{_UNIT})\s*\.\.\s*(?P<high>{_NUMBER})(?P<high_unit>{_UNIT})"
    rf"(?:\s+step\s+(?P<step>{_NUMBER})(?P<step_unit>{_UNIT})|\s+count\s+(?P<count>[0-9]+))?(?P<log>\s+log)?\s*"
)
_EXACT, _WRITTEN = Context(prec=40), Context(prec=6)
"""Arithmetic is decimal, so that it is the same on every machine; what lies between has six digits when written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From ``low`` to ``high``, both included, in ``unit``; linear, or logarithmic (equal ratios).

    With a ``step`` or a ``count`` it has values of its own; without either it is a continuum to draw samples from.
    ``whole``: both ends are written as whole numbers without a unit, and so is all between them.
    """

    text: str
    low: Decimal
    high: Decimal
    unit: str = ""
    step: Decimal | None = None
    count: int | None = None
    log: bool = False
    whole: bool = False

    @property
    def continuous(self) -> bool:
        """Whether it says neither step nor count."""
        return self.step is None and self.count is None

    def values(self) -> tuple[Any, ...]:
        """Every value, as YAML would hold it. Raises :exc:`ValueError` for a continuum."""
        if self.step is not None:
            count = int((self.high - self.low) / self.step) + 1
            return tuple(self._written(self.low + place * self.step) for place in range(count))
        if self.count is None:
            raise ValueError(f"{self.text!r} says neither step nor count; that is for samples only")
        found = [self._between(Decimal(place) / (self.count - 1)) for place in range(self.count)]
        if len(set(found)) < len(found):
            raise ValueError(f"{self.text!r} holds fewer than {self.count} whole numbers; ask for fewer, or write 1.0")
        return tuple(found)

    def at(self, share: float) -> Any:
        """The value at a share of the way from 0 to 1, 1 excluded; every whole number is as likely as the others."""
        if self.whole and not self.log:
            room = abs(self.high - self.low) + 1
            found = min(self.low, self.high) + int(_EXACT.multiply(Decimal(share), room))
            return self._written(found)
        return self._between(Decimal(share))

    def _between(self, share: Decimal) -> Any:
        if share in (0, 1):
            return self._written(self.high if share else self.low)
        if self.log:
            found = _EXACT.multiply(self.low, _EXACT.power(_EXACT.divide(self.high, self.low), share))
        else:
            found = _EXACT.add(self.low, _EXACT.multiply(_EXACT.subtract(self.high, self.low), share))
        return self._written(found.quantize(Decimal(1), ROUND_HALF_EVEN) if self.whole else _WRITTEN.plus(found))

    def _written(self, number: Decimal) -> Any:
        if self.whole:
            return int(number)
        return f"{format(number.normalize(), 'f')}{self.unit}" if self.unit else float(number)


def span_of(text: object) -> Span | None:
    """The span that a text says; None for anything that is none.

    Raises :exc:`ValueError` for one that is not written well or is empty.
    """
    if not isinstance(text, str) or _BEGIN.match(text) is None:
        return None
    found = _SPAN.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no range; write it as {EXAMPLES}")
    numbers = [(found[name], found[f"{name}_unit"]) for name in ("low", "high", "step") if found[name] is not None]
    unit, (low, high, *steps) = _in_one_unit(text, numbers)
    whole = not unit and all(re.fullmatch(r"[+-]?[0-9]+", number) for number, _ in numbers)
    count = int(found["count"]) if found["count"] else None
    step = steps[0] if steps else None
    made = Span(text=text, low=low, high=high, unit=unit, step=step, count=count, log=bool(found["log"]), whole=whole)
    _check(made)
    return made


def _in_one_unit(text: str, numbers: list[tuple[str, str]]) -> tuple[str, list[Decimal]]:
    """All numbers in the first one's unit; zero needs none."""
    units = [unit for number, unit in numbers if Decimal(number) != 0 or unit]
    unit = units[0] if units else ""
    if all(other == unit for other in units):
        return unit, [Decimal(number) for number, _ in numbers]
    if "" in units:
        raise ValueError(f"{text!r} has a number without a unit; write one behind each, as in 10ms..200ms")
    for quantity in (DURATION, RATE, SIZE, SHARE, PER_SECOND):
        factors = {name: Decimal(factor) for name, factor in quantity.units}
        if all(name in factors for name in units):
            return unit, [Decimal(number) * factors[name or unit] / factors[unit] for number, name in numbers]
    raise ValueError(f"{text!r} mixes units that are not of one kind: {', '.join(dict.fromkeys(units))}")


def _check(span: Span) -> None:
    text, low, high, step, count = span.text, span.low, span.high, span.step, span.count
    if step is not None:
        if span.log:
            raise ValueError(f"{text!r}: a logarithmic range has a count, no step")
        if step == 0 or (high - low) / step < 0:
            words = f"steps of {step}{span.unit} never lead from {low}{span.unit} to {high}{span.unit}"
            raise ValueError(f"{text!r} is empty: {words}")
        if (high - low) / step >= MOST_VALUES:
            raise ValueError(f"{text!r} has more than {MOST_VALUES:,} values; take a larger step")
    elif low == high:
        raise ValueError(f"{text!r} is one value; write it alone")
    if count is not None and not 2 <= count <= MOST_VALUES:
        raise ValueError(f"{text!r}: a range has both its ends, so a count of 2 to {MOST_VALUES:,}, not {count}")
    if span.log and (low <= 0 or high <= 0):
        raise ValueError(f"{text!r}: both ends of a logarithmic range are above 0")
