"""Quantities: units in the file (``35ms``, ``100Mbit``, ``1280B``), plain SI numbers inside."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Annotated, Any

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic_core import CoreSchema

_NUMBER = re.compile(r"^\s*([+-]?[0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?)\s*([A-Za-zµ%/]*)\s*$")

DURATION_UNITS = {
    "ns": "1e-9",
    "us": "1e-6",
    "µs": "1e-6",
    "ms": "1e-3",
    "s": "1",
    "m": "60",
    "h": "3600",
    "d": "86400",
}
RATE_UNITS = {"bit": "1", "kbit": "1e3", "Kbit": "1e3", "Mbit": "1e6", "Gbit": "1e9", "Tbit": "1e12"}
SIZE_UNITS = {
    "B": "1", "kB": "1e3", "KB": "1e3", "MB": "1e6", "GB": "1e9", "TB": "1e12",
    "KiB": str(2**10), "MiB": str(2**20), "GiB": str(2**30),
}  # fmt: skip
SHARE_UNITS = {"": "1", "%": "0.01"}


@dataclass(frozen=True, slots=True)
class Quantity:
    """How one dimension is written: its units (factor to SI), an example, and what a bare number means."""

    dimension: str
    units: tuple[tuple[str, str], ...]
    example: str
    minimum: float | None = 0.0
    maximum: float | None = None

    def parse(self, text: object) -> float:
        """The SI value of ``text``.

        Raises :exc:`ValueError` for an unknown unit, a missing unit (except 0) or a value out of bounds.
        """
        if isinstance(text, bool) or not isinstance(text, str | int | float):
            raise ValueError(f"should be a {self.dimension} such as {self.example}")
        found = _NUMBER.match(str(text))
        if not found:
            raise ValueError(f"{text!r} is not a {self.dimension}; write it as {self.example}")
        number, unit = found.groups()
        factor = dict(self.units).get(unit)
        if factor is None and not unit and float(number) == 0:
            factor = "1"
        if factor is None:
            known = ", ".join(name for name, _ in self.units if name)
            what = f"has no unit we know ({unit!r})" if unit else "needs a unit"
            raise ValueError(f"{text!r} {what}; use one of {known}, as in {self.example}")
        try:
            value = float(Decimal(number) * Decimal(factor))
        except InvalidOperation as error:  # pragma: no cover - the regular expression admits only numbers
            raise ValueError(f"{text!r} is not a number") from error
        if self.minimum is not None and value < self.minimum:
            raise ValueError(f"{text!r} must not be below {self.format(self.minimum)}")
        if self.maximum is not None and value > self.maximum:
            raise ValueError(f"{text!r} must not be above {self.format(self.maximum)}")
        return value

    def format(self, value: float) -> str:
        """The shortest text that :meth:`parse` reads back as exactly ``value``."""
        exact = Decimal(repr(float(value)))
        if exact == 0:
            return f"0{self.units[0][0]}" if self.dimension != "share" else "0"
        best = ""
        for unit, factor in self.units:
            number = exact / Decimal(factor)
            text = f"{format(number.normalize(), 'f')}{unit}"
            if self._reads_as(text, value) and (not best or len(text) < len(best)):
                best = text
        return best or f"{value!r}{self.units[0][0]}"

    def _reads_as(self, text: str, value: float) -> bool:
        found = _NUMBER.match(text)
        return bool(found) and float(Decimal(found[1]) * Decimal(dict(self.units)[found[2]])) == value  # type: ignore[index]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        def read(text: object) -> float:
            return text.si if isinstance(text, Si) else self.parse(text)

        return core_schema.no_info_plain_validator_function(
            read, serialization=core_schema.plain_serializer_function_ser_schema(self.format)
        )

    def __get_pydantic_json_schema__(self, schema: Any, handler: GetJsonSchemaHandler) -> Any:
        units = "|".join(re.escape(unit) for unit, _ in self.units if unit)
        return {
            "anyOf": [{"type": "string", "pattern": rf"^[0-9.eE+-]+\s*({units})?$"}, {"type": "number"}],
            "description": f"A {self.dimension}, such as {self.example}",
            "examples": [self.example],
        }


@dataclass(frozen=True, slots=True)
class Si:
    """A number that is in SI units already, for code that builds a document."""

    si: float


# The upper bounds are beyond every network; they keep the arithmetic of the back ends finite.
DURATION = Quantity("duration", tuple(DURATION_UNITS.items()), "35ms", maximum=36_500 * 86_400.0)
RATE = Quantity("rate", tuple(RATE_UNITS.items()), "100Mbit", maximum=1e15)
SIZE = Quantity("size", tuple(SIZE_UNITS.items()), "1280B", maximum=1e18)
SHARE = Quantity("share", tuple(SHARE_UNITS.items()), "0.01%", maximum=1.0)
SPAN = replace(DURATION, units=(*DURATION.units, ("y", "31536000")), example="5y", minimum=1.0)
"""How long something is looked ahead: also in years of 365 days."""
INTERVAL = replace(DURATION, minimum=0.001)
BANDWIDTH = replace(RATE, minimum=1000.0)
WORK = replace(DURATION, minimum=1e-6, example="2ms")
DATAGRAM = replace(SIZE, maximum=65507.0)

Seconds = Annotated[float, DURATION]
Interval = Annotated[float, INTERVAL]
"""Between two of something that repeats: never so short that nothing else ever happens."""
Bandwidth = Annotated[float, BANDWIDTH]
"""What a wire carries: a wire that carries nothing is a partition, which is a fault of its own."""
BitsPerSecond = Annotated[float, RATE]
Bytes = Annotated[float, SIZE]
Work = Annotated[float, WORK]
"""What a server spends on a request."""
Datagram = Annotated[float, DATAGRAM]
"""What IPv4's 65,535 bytes leave behind its header and that of UDP or of a ping (RFC 791, 768, 792)."""
Share = Annotated[float, SHARE]
