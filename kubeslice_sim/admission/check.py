"""Ask every rule; gather every answer where the real one stops at the first."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from kubeslice_sim.admission.rule import ANY_KIND, Operation, Request
from kubeslice_sim.admission.state import WorldState
from kubeslice_sim.admission.table import STAGES, Stage
from kubeslice_sim.admission.violation import Violation
from kubeslice_sim.model.document import key_of
from kubeslice_sim.model.field_path import show_path
from kubeslice_sim.model.world import World


def check(world: World) -> tuple[Violation, ...]:
    """Everything that the API server, KubeSlice's webhooks or we have against this world, document by document.

    Within a document the order is that of KubeSlice's own checks: its first error is what the webhook would answer.
    Errors refuse a document; warnings are advice.
    """
    state = WorldState(world)
    return tuple(
        violation
        for document in world.documents()
        for violation in judge(Request(operation="create", document=document, state=state))
    )


def judge(request: Request, *, as_asked: bool = False) -> Iterator[Violation]:
    """Every violation of one request, in the order in which the real system asks.

    ``as_asked``: only what the API server and webhooks ask of a request, without our own rules on worlds.
    """
    key = key_of(request.document)
    for stage in _stages(key.kind, request.operation, as_asked):
        found = [(rule, finding) for rule in stage for finding in rule.check(request)]
        for rule, finding in sorted(found, key=lambda pair: pair[1].turn):
            yield Violation(
                rule=rule.id,
                severity=rule.severity,
                key=key,
                path=show_path(finding.path),
                message=finding.message,
                hint=finding.hint,
                webhook_field=(finding.field or rule.field).format(turn=finding.turn),
                about=finding.about,
                against=finding.against,
                document=request.document,
            )


@cache
def _stages(kind: str, operation: Operation, as_asked: bool) -> tuple[Stage, ...]:
    stages = (
        tuple(
            rule for rule in stage
            if operation in rule.operations and rule.kind in (kind, ANY_KIND)
            and (rule.is_asked_of_requests or not as_asked)
        )
        for stage in STAGES
    )  # fmt: skip
    return tuple(stage for stage in stages if stage)
