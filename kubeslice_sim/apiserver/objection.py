"""What an API server and KubeSlice's webhooks have against a document: the first objection, which is their answer."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any

from kubeslice_sim.admission import RULES, Request, State, judge
from kubeslice_sim.admission.rule import ANY_KIND, Operation
from kubeslice_sim.apiserver.answer import Refusal
from kubeslice_sim.apiserver.incoming import admissible, completed
from kubeslice_sim.model.document import key_of
from kubeslice_sim.model.release import DEFAULT_VERSION, KubeSliceVersion
from kubeslice_sim.planner.stored import stored

_ASKED_OF_ALL = frozenset(rule.id for rule in RULES if rule.is_asked_of_requests and rule.kind == ANY_KIND)
"""Those of Kubernetes itself: a kind's own rules are its webhook's."""


def first_objection(
    operation: Operation, document: Any, state: State, *, old: Any = None, now: datetime | None = None,
    webhooks: bool = True,
) -> Refusal | None:  # fmt: skip
    """What the real one would say no with; None if it would not. ``webhooks`` False: no KubeSlice controller is there.

    ``old`` is the object that stands, on update; on delete it is the ``document``.
    """
    kind = key_of(document).kind
    if not is_judged(kind, operation):
        return None
    request = Request(operation=operation, document=document, old=old, state=state, now=now)
    for violation in judge(request, as_asked=True):
        if webhooks or violation.rule in _ASKED_OF_ALL:
            hint = f" ({violation.hint})" if violation.hint else ""
            return Refusal(violation.rule, violation.webhook_field or violation.path, violation.message + hint)
    return None


@cache
def is_judged(kind: str, operation: Operation) -> bool:
    """Whether anybody asks anything of such a request."""
    return any(
        rule.is_asked_of_requests and operation in rule.operations and rule.kind in (kind, ANY_KIND) for rule in RULES
    )  # fmt: skip


def reviewed(document: Any, version: KubeSliceVersion = DEFAULT_VERSION) -> Any:
    """The document as the mutating webhooks hand it on. Raises :exc:`Refusal` for what does not fit its schema."""
    return admissible(completed(stored(document, version), mutate=True, version=version), version)
