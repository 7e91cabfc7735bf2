"""What a KubeSlice release does not have: fields, values and kinds that came later (``model.release`` knows which).

A real API server would drop the fields without a word; a world that names them means them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kubeslice_sim.admission.rule import WRITE, Finding, Request, Rule, rule
from kubeslice_sim.model.field_path import FieldPath
from kubeslice_sim.model.kinds import NOUNS
from kubeslice_sim.model.release import KubeSliceVersion, Newer, includes, newer_in, newer_in_data

_SOURCE = "KubeSlice release notes"
_NOUNS = {noun.RESOURCE.kind: noun for noun in NOUNS}
_IN_REQUESTS = ("spec", "status")


def absent(found: Newer, version: KubeSliceVersion) -> Finding:
    """The finding that a release does not have something, and which has it."""
    hint = f"KubeSlice has it since {found.release}: set kubesliceVersion in the Underlay, or leave it out"
    return Finding(found.path, f"KubeSlice {version} has no {found.what}", hint)


def _features(kind: str, called: str) -> Rule:
    """The rule that a document of that kind uses only what the world's KubeSlice version has."""

    def check(request: Request) -> Iterator[Finding]:
        for found in newer_in(request.document, request.state.version):
            yield absent(found, request.state.version)

    check.__doc__ = f"A {kind} uses only what the world's KubeSlice version has."
    return rule(kind, on=WRITE, source=_SOURCE, id=f"{called}-features-of-version")(check)


project_features_of_version = _features("Project", "project")
cluster_features_of_version = _features("Cluster", "cluster")
slice_features_of_version = _features("SliceConfig", "slice")
export_features_of_version = _features("ServiceExport", "export")
FEATURES: Mapping[str, Rule] = {
    item.kind: item
    for item in (
        project_features_of_version, cluster_features_of_version, slice_features_of_version, export_features_of_version,
    )
}  # fmt: skip
"""The rule of each kind that a world holds."""


@rule("Scenario", source=_SOURCE)
def timeline_features_of_version(request: Request) -> Iterator[Finding]:
    """What a timeline applies and patches is known to the world's KubeSlice version."""
    version = request.state.version
    for index, step in enumerate(request.document.spec.timeline):
        at: FieldPath = ("spec", "timeline", index)
        for number, body in enumerate(step.apply):
            yield from _newer_in_request(body, version, (*at, "apply", number))
        if step.patch is not None:
            yield from _newer_in_request(step.patch, version, (*at, "patch"))


def newer_in_document(kind: str, data: Mapping[str, object], version: KubeSliceVersion) -> tuple[Finding, ...]:
    """What a document as it was written names that the version does not have, even if only to say its default."""
    if kind not in FEATURES:
        return ()
    return tuple(absent(found, version) for found in newer_in_data(_NOUNS[kind], data, version))


def _newer_in_request(body: Mapping[str, object], version: KubeSliceVersion, at: FieldPath) -> Iterator[Finding]:
    noun = _NOUNS.get(str(body.get("kind")))
    if noun is None:
        return
    if not includes(version, noun.RESOURCE.since):
        yield absent(Newer((*at, "kind"), f"kind {noun.RESOURCE.kind}", noun.RESOURCE.since), version)
        return
    for found in newer_in_data(noun, {key: body[key] for key in _IN_REQUESTS if key in body}, version, at):
        yield absent(found, version)
