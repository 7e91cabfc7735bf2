"""Put what went wrong with several objects into one error, each line saying which object, which field, what to do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kubeslice_sim.errors import BackendUnavailable, BadInput, Problem
from kubeslice_sim.model.field_path import show_path
from kubeslice_sim.model.kinds import HUB_NOUNS, WORKER_NOUNS
from kubeslice_sim.model.release import KubeSliceVersion, newer_in_data
from real.failures import DeployFailedError
from real.placement import Placement
from real.preflight import Foreign, Objection

_PENDING = "Slice Operator installation is pending"
"""KubeSlice's webhook says this of a cluster that has not registered: time or an installation mends it."""
_NOUNS = {noun.RESOURCE.kind: noun for noun in (*HUB_NOUNS, *WORKER_NOUNS)}
_OLDEST: KubeSliceVersion = "0.6"
_REGISTRATION_HINT = "install the KubeSlice worker operator on that cluster, then deploy again"


def raise_for(objections: Sequence[Objection | Foreign], *, done: Sequence[Placement] = ()) -> None:
    """Raise one error for all objections: BadInput (exit 2) if an object is wrong, else DeployFailedError (exit 1).

    done: what had been applied before, so that the user knows. Returns only when there is no objection.
    """
    if not objections:
        return
    forbidden = [item for item in objections if isinstance(item, Objection) and item.failure.is_forbidden]
    if forbidden:
        raise BackendUnavailable(_text((f"{item.placement}: {item.failure.message}" for item in forbidden), done))
    problems = [problem for item in objections for problem in _problems(item)]
    if any(_is_the_worlds_fault(item) for item in objections):
        raise BadInput((*problems, Problem(message=so_far(done))))
    raise DeployFailedError(_text(map(str, problems), done))


def _is_the_worlds_fault(item: Objection | Foreign) -> bool:
    return isinstance(item, Objection) and item.failure.is_refusal and _PENDING not in item.failure.message


def _problems(item: Objection | Foreign) -> Iterable[Problem]:
    what = str(item.placement)
    if isinstance(item, Foreign):
        whose = f"belongs to the world {item.owner!r}" if item.owner else "was not deployed by ksim"
        yield Problem(path=what, message=f"exists already and {whose}",
                      hint="adopt it with `ksim adopt`, or give yours another name")  # fmt: skip
        return
    failure = item.failure
    if failure.is_field_conflict:
        fields = ", ".join(cause.field.lstrip(".") for cause in failure.causes) or failure.message
        managers = " and ".join(failure.managers)
        advice = "agree on one, drop the field from the world, or take it over with --force-conflicts"
        yield Problem(path=what, message=f"{managers} manages {fields} with another value", hint=advice)
        return
    by = f"refused by the webhook {failure.webhook}: " if failure.webhook else ""
    hint = _REGISTRATION_HINT if _PENDING in failure.message else ""
    secret = item.placement.kind == "Secret"
    if not failure.causes:
        words = f"the API server answers {failure.status} {failure.reason}" if secret else failure.words
        yield Problem(path=what, message=f"{by}{words}", hint=hint)
    for cause in failure.causes:
        # The API server repeats a bad value, and a Secret's must not come out here.
        words = "is not valid" if secret and cause.message != "unknown field" else cause.message
        told = hint or (_since(item.placement, cause.field) if cause.message == "unknown field" else "")
        yield Problem(path=what, message=f"{by}{cause.field}: {words}" if cause.field else f"{by}{words}", hint=told)


def _since(placement: Placement, field: str) -> str:
    """Which KubeSlice brought a field that the cluster's own CRD does not have; empty for no field of KubeSlice's."""
    noun = _NOUNS.get(placement.kind)
    if noun is None:
        return ""
    newer = newer_in_data(noun, placement.manifest, _OLDEST)
    releases = {show_path(item.path): item.release for item in newer}
    release = releases.get(field.lstrip("."))
    return f"the CRD of that cluster has no such field; KubeSlice has it since {release}" if release else ""


def _text(lines: Iterable[str], done: Sequence[Placement]) -> str:
    return "\n".join((*lines, so_far(done)))


def so_far(done: Sequence[Placement]) -> str:
    """What had been applied before something failed, as the last line of its message."""
    if not done:
        return "nothing was applied"
    return f"applied before that: {', '.join(map(str, done))}; deploying again goes on from there"
