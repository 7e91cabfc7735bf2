"""What admission has against the documents that were read, each at its file and line."""

from __future__ import annotations

from collections.abc import Iterator

from kubeslice_sim import admission
from kubeslice_sim.admission import Violation
from kubeslice_sim.admission.versions import FEATURES, newer_in_document
from kubeslice_sim.errors import Problem
from kubeslice_sim.manifest.assemble import Draft
from kubeslice_sim.model.document import ObjectKey, key_of
from kubeslice_sim.model.field_path import FieldPath, read_path
from kubeslice_sim.model.kinds import NOUNS
from kubeslice_sim.model.kubernetes import KUBERNETES_KINDS
from kubeslice_sim.model.world import World

_KINDS = frozenset((*(noun.RESOURCE.kind for noun in NOUNS), *KUBERNETES_KINDS))


def admit(draft: Draft, world: World, *, whole: bool) -> tuple[list[Problem], list[Problem]]:
    """Errors and warnings of the world's documents.

    Left out is what only follows from a problem that is told already: of a field that could not be read, of an object
    that could not be read, and (``whole`` is False: a file had faults) of an object that nobody has seen.
    """
    errors: list[Problem] = list(_newer(draft, world))
    warnings: list[Problem] = []
    seen = {key_of(document) for document in world.documents()}
    for violation in admission.check(world):
        if not _follows(violation, draft, seen, whole):
            (errors if violation.severity == "error" else warnings).append(_problem(violation, draft))
    return errors, warnings


def refusals(world: World) -> list[Problem]:
    """What the API server or the webhooks would refuse of a world that was made or changed in Python."""
    return [
        Problem(
            path=f"{item.key.kind}/{item.key.name}.{item.path}", message=item.message, hint=item.hint, rule=item.rule
        )
        for item in admission.check(world)
        if item.severity == "error"
    ]


def _newer(draft: Draft, world: World) -> Iterator[Problem]:
    """What a document names that the world's version does not have; admission misses what only says a default."""
    for document in world.documents():
        source = draft.sources.get(id(document))
        kind = key_of(document).kind
        if source is not None and kind in FEATURES:
            for found in newer_in_document(kind, source.data, world.underlay.spec.kubeslice_version):
                yield source.problem(found.path, found.message, found.hint, FEATURES[kind].id)


def _problem(violation: Violation, draft: Draft) -> Problem:
    source = draft.sources.get(id(violation.document))
    path = read_path(violation.path)
    if source is None:
        return Problem(path=violation.path, message=violation.message, hint=violation.hint, rule=violation.rule)
    return source.problem(path, violation.message, violation.hint, violation.rule)


def _follows(violation: Violation, draft: Draft, seen: set[ObjectKey], whole: bool) -> bool:
    looked_at = (read_path(violation.path), *violation.against)
    troubled_here = draft.troubled_paths.get(id(violation.document), ())
    if any(_touch(path, troubled) for path in looked_at for troubled in troubled_here):
        return True
    if any(_may_be(key, troubled) for key in violation.about for troubled in draft.troubled):
        return True
    return not whole and any(not any(_may_be(key, known) for known in seen) for key in violation.about)


def _touch(path: FieldPath, other: FieldPath) -> bool:
    shorter = min(len(path), len(other))
    return path[:shorter] == other[:shorter]


def _may_be(key: ObjectKey, other: ObjectKey) -> bool:
    """Whether two keys may name one object; what is empty in either fits all, and a misspelled kind fits any."""
    kinds = (key.kind, other.kind)
    same_kind = key.kind == other.kind or not all(kinds) or any(kind not in _KINDS for kind in kinds)
    return same_kind and all(
        mine == theirs or not mine or not theirs for mine, theirs in zip(key[1:], other[1:], strict=True)
    )
