"""Answer: what an API server says to one request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kubeslice_sim.model.frozen import FrozenMap, thaw


class Refusal(Exception):
    """A request that is refused: the rule that it breaks, the field as the server names it, and the reason."""

    def __init__(self, rule: str, field: str, message: str) -> None:
        super().__init__(message)
        self.rule, self.field = rule, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """``rule``, ``field`` and ``message`` say why a request is refused; ``message`` alone may explain an allowed one.

    ``field`` is written as the real server or webhook writes it in the causes of its answer. ``stored`` is the spec as
    it would be stored, None when nothing is.
    """

    id: str
    allowed: bool
    rule: str = ""
    field: str = ""
    message: str = ""
    stored: FrozenMap[Any] | None = None
    document: Any = None
    """The whole object as it would be stored, None where nothing is (a delete, a refusal)."""
    data: Mapping[str, Any] | None = None
    """The same as JSON-like data, with the zero values that were written out."""

    def row(self) -> dict[str, Any]:
        """The answer as JSON-like data."""
        return {
            "id": self.id, "allowed": self.allowed, "rule": self.rule, "field": self.field, "message": self.message,
            "stored": thaw(self.stored) if self.stored is not None else None,
        }  # fmt: skip

    def __str__(self) -> str:
        if self.allowed:
            return f"{self.id}: allowed" + (f" ({self.message})" if self.message else "")
        where = f" {self.field}:" if self.field else ""
        return f"{self.id}: refused:{where} {self.message} [{self.rule}]"
