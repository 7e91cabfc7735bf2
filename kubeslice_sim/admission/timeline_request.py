"""Our rules on what a scenario's timeline asks of the API servers: its patches and deletions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kubeslice_sim.admission.rule import Finding, Request, rule
from kubeslice_sim.model.document import ObjectKey
from kubeslice_sim.model.field_path import FieldPath
from kubeslice_sim.model.kinds import NOUNS, OWN_NOUNS, WORLD_NOUNS
from kubeslice_sim.model.kubernetes import KUBERNETES_KINDS
from kubeslice_sim.model.slice_config import SliceConfig
from kubeslice_sim.model.suggest import meant

_OURS = "kubeslice-sim"
_KINDS = (*(noun.RESOURCE.kind for noun in NOUNS if noun not in OWN_NOUNS or noun.RESOURCE.kind == "SliceTopology"),
          *KUBERNETES_KINDS)  # fmt: skip
_USERS_OWN = (*(noun.RESOURCE.kind for noun in WORLD_NOUNS), "Deployment", "StatefulSet", "NetworkPolicy")
"""Kinds of which there are only those that somebody hands in; of others, controllers make more."""
_NO_NETWORK = "no-network"


@rule("Scenario", source=_OURS)
def timeline_request_names_object(request: Request) -> Iterator[Finding]:
    """A patch or deletion says which object: its kind and its name."""
    for path, body in _requests(request):
        kind, name = body.get("kind"), _metadata(body).get("name")
        if not kind:
            yield Finding((*path, "kind"), "required field missing", "the kind of the object")
        elif kind not in _KINDS:
            yield Finding((*path, "kind"), f'unknown kind "{kind}"', meant(str(kind), _KINDS))
        if not isinstance(name, str) or not name:
            yield Finding((*path, "metadata", "name"), "required field missing", "the name of the object")


@rule("Scenario", source=_OURS, severity="warning")
def timeline_request_meets_object(request: Request) -> Iterator[Finding]:
    """What is patched or deleted stands in the world, or an earlier step applies it."""
    applied: set[tuple[str, str]] = set()
    for index, step in enumerate(request.document.spec.timeline):
        applied |= {(str(body.get("kind")), str(_metadata(body).get("name"))) for body in step.apply}
        for path, body in _of_step(index, step):
            kind, name = str(body.get("kind")), str(_metadata(body).get("name"))
            if kind not in _USERS_OWN or (kind, name) in applied:
                continue
            known = {item.metadata.name for item in request.state.all(kind)}
            if name not in known:
                about = (ObjectKey(kind, "", name),)
                message = f"there is no {kind} {name}: the API server will not find it"
                yield Finding((*path, "metadata", "name"), message, meant(name, sorted(known)), about)


@rule("Scenario", source="kubeslice-controller service/slice_config_webhook_validation.go", severity="warning")
def timeline_slice_fits(request: Request) -> Iterator[Finding]:
    """A slice that leaves no-network has no more clusters than maxClusters, which KubeSlice does not count then."""
    for path, body in _requests(request):
        spec = body.get("spec")
        if body.get("kind") != "SliceConfig" or not isinstance(spec, Mapping):
            continue
        mode, name = spec.get("overlayNetworkDeploymentMode"), _metadata(body).get("name")
        for config in (item for item in request.state.all("SliceConfig") if item.metadata.name == name):
            if mode in (None, _NO_NETWORK) or config.spec.overlay_network_deployment_mode != _NO_NETWORK:
                continue
            count, most = _counts(config, spec)
            if count > most:
                message = f"KubeSlice lets {count} clusters in where maxClusters is {most}, as the mode changes too"
                hint = "it would give some of them blocks such as 10.1.256.0/17, which are no networks: list fewer"
                yield Finding((*path, "spec", "clusters"), message, hint)


def _counts(config: SliceConfig, patch: Mapping[str, Any]) -> tuple[int, int]:
    clusters, most = patch.get("clusters", config.spec.clusters), patch.get("maxClusters", config.spec.max_clusters)
    fair = isinstance(clusters, list | tuple) and isinstance(most, int)
    return (len(clusters), most) if fair else (0, 0)


def _requests(request: Request) -> Iterator[tuple[FieldPath, Mapping[str, Any]]]:
    for index, step in enumerate(request.document.spec.timeline):
        yield from _of_step(index, step)


def _of_step(index: int, step: Any) -> Iterator[tuple[FieldPath, Mapping[str, Any]]]:
    for verb, body in (("patch", step.patch), ("delete", step.delete)):
        if body is not None:
            yield ("spec", "timeline", index, verb), body


def _metadata(body: Mapping[str, Any]) -> Mapping[str, Any]:
    metadata = body.get("metadata")
    return metadata if isinstance(metadata, Mapping) else {}
