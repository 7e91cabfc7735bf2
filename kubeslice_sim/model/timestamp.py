"""Times of Kubernetes objects: RFC 3339 text in the file and inside; none of ours is a wall-clock reading."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic_core import CoreSchema

_SHAPE = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)")


@dataclass(frozen=True, slots=True)
class Rfc3339:
    """Text that is a date and a time of day with a zone (``format: date-time`` of the CRDs)."""

    def check(self, text: object) -> str:
        """The text itself. Raises :exc:`ValueError` when it is no such time."""
        if not isinstance(text, str) or not _SHAPE.fullmatch(text):
            raise ValueError(f"{text!r} is not a time; write it as 2026-01-31T12:00:00Z")
        try:
            datetime.fromisoformat(re.sub(r"\.\d+", "", text.upper()).replace("Z", "+00:00"))
        except ValueError as error:
            raise ValueError(f"{text!r} is not a time of the calendar: {error}") from error
        return text

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(
            self.check, serialization=core_schema.plain_serializer_function_ser_schema(str)
        )

    def __get_pydantic_json_schema__(self, schema: Any, handler: GetJsonSchemaHandler) -> Any:
        return {"type": "string", "format": "date-time"}


Timestamp = Annotated[str, Rfc3339()]

ORIGIN = datetime(2026, 1, 1, tzinfo=UTC)
"""What second 0 of every fleet is called. Any date would do; a fixed one makes runs repeatable."""


def timestamp(at_s: float) -> str:
    """The RFC 3339 text of a moment, in whole seconds as Kubernetes writes it."""
    return _text(int(at_s))


@lru_cache(1024)
def _text(at_s: int) -> str:
    """Much is written within a second."""
    return (ORIGIN + timedelta(seconds=at_s)).strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds(text: str) -> float:
    """The reverse of :func:`timestamp`. Raises :exc:`ValueError` for what is not RFC 3339."""
    return (datetime.fromisoformat(text) - ORIGIN).total_seconds()
