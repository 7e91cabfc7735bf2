"""Violation: one rule that one document breaks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from kubeslice_sim.model.document import ObjectKey
from kubeslice_sim.model.field_path import FieldPath

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """``error``: the document is refused. ``warning``: our advice, which refuses nothing.

    ``path`` is the field in the document as it is written; ``webhook_field`` the name that KubeSlice's webhook gives
    it, where there is one. ``about`` names other objects that the rule looked at, ``against`` other fields of the
    document. ``document`` is the very document.
    """

    rule: str
    severity: Severity
    key: ObjectKey
    path: str
    message: str
    hint: str = ""
    webhook_field: str = ""
    about: tuple[ObjectKey, ...] = ()
    against: tuple[FieldPath, ...] = ()
    document: Any = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        where = f"{self.key}: {self.path}" if self.path else str(self.key)
        return f"{where}: {self.message}" + (f" ({self.hint})" if self.hint else "")
