"""Rule: one small function that says what is wrong with one document, and where KubeSlice says the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from kubeslice_sim.admission.state import State
from kubeslice_sim.admission.violation import Severity
from kubeslice_sim.model.document import ObjectKey
from kubeslice_sim.model.field_path import FieldPath

Operation = Literal["create", "update", "delete"]
CREATE: tuple[Operation, ...] = ("create",)
WRITE: tuple[Operation, ...] = ("create", "update")
UPDATE: tuple[Operation, ...] = ("update",)
DELETE: tuple[Operation, ...] = ("delete",)
ANY_KIND = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked of an API server. ``document`` is the new object (on delete: the one that stands).

    ``old`` is the object that stands, on update. ``now`` is the moment of the request; None: rules about time pass.
    """

    operation: Operation
    document: Any
    state: State
    old: Any = None
    now: datetime | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong. ``turn`` puts findings of rules that KubeSlice checks in one loop in the loop's order.

    ``against`` names the other fields of the document that ``path`` was held against: where one of them could not be
    read, the finding only follows from that.
    """

    path: FieldPath
    message: str
    hint: str = ""
    about: tuple[ObjectKey, ...] = ()
    turn: int = 0
    field: str = ""
    against: tuple[FieldPath, ...] = ()


Check = Callable[[Request], Iterator[Finding]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A row of the table. ``source``: who decides so; ``field``: the field as the webhook's answer names it."""

    id: str
    kind: str
    operations: tuple[Operation, ...]
    severity: Severity
    source: str
    field: str
    promise: str
    check: Check

    @property
    def is_asked_of_requests(self) -> bool:
        """Whether the API server or a webhook asks it, as its source says; the others are ours, asked of worlds."""
        return self.severity == "error" and ("webhook" in self.source or self.source.startswith("kube-apiserver"))


def rule(
    kind: str,
    *,
    source: str,
    on: tuple[Operation, ...] = CREATE,
    severity: Severity = "error",
    field: str = "",
    id: str = "",
) -> Callable[[Check], Rule]:
    """Make a function a rule; its id is its name with hyphens, its promise the first line of its docstring."""

    def make(check: Check) -> Rule:
        name = getattr(check, "__name__", "")
        promise = (check.__doc__ or "").strip().splitlines()[0]
        return Rule(
            id=id or name.replace("_", "-"), kind=kind, operations=on, severity=severity, source=source, field=field,
            promise=promise, check=check,
        )  # fmt: skip

    return make
