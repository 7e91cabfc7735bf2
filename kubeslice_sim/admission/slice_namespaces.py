"""Rules on the namespaces of a slice (kubeslice-controller service/slice_config_webhook_validation.go).

KubeSlice goes through the entries one by one, twice; so do these rules, by ``turn``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kubeslice_sim.admission.rule import WRITE, Finding, Request, rule
from kubeslice_sim.admission.slice_members import SOURCE
from kubeslice_sim.model.document import ObjectKey
from kubeslice_sim.model.field_path import FieldPath
from kubeslice_sim.model.project import PROJECT_NAMESPACE_PREFIX
from kubeslice_sim.model.slice_config import NamespaceSelection, SliceConfig
from kubeslice_sim.model.suggest import meant

_NAME = re.compile(r"[a-zA-Z0-9-]+")
_PROFILE = "Spec.NamespaceIsolationProfile"
APPLICATION, ALLOWED = "applicationNamespaces", "allowedNamespaces"
DEFAULT_SLICE_SUFFIX = "-default-slice"
_NAME_GIVEN, _NAME_SOUND, _CLUSTERS_GIVEN, _NAME_ONCE, _STEPS = range(5)
"""What the second round looks at in an entry, in its order; the clusters come last."""


@rule("SliceConfig", on=WRITE, source=SOURCE, field=f"{_PROFILE}.ApplicationNamespaces")
def application_namespaces_complete(request: Request) -> Iterator[Finding]:
    """An application namespace names both itself and its clusters (an empty entry makes KubeSlice's webhook panic)."""
    yield from _incomplete(request.document, APPLICATION, "ApplicationNamespaces")


@rule("SliceConfig", on=WRITE, source=SOURCE, field=f"{_PROFILE}.ApplicationNamespaces.Clusters")
def application_namespace_clusters_once(request: Request) -> Iterator[Finding]:
    """No cluster stands twice in one entry."""
    yield from _repeated(request.document, APPLICATION)


@rule("SliceConfig", on=WRITE, source=SOURCE, field=f"{_PROFILE}.ApplicationNamespaces.Clusters")
def default_slice_without_sameness(request: Request) -> Iterator[Finding]:
    """The project's default slice takes namespaces cluster by cluster."""
    config: SliceConfig = request.document
    if config.metadata.name != _default_slice(config.metadata.namespace):
        return
    for turn, (path, entry) in enumerate(entries(config, APPLICATION)):
        if entry.clusters[:1] == ("*",):
            message = "namespace sameness (*) is not allowed in the default slice"
            yield Finding((*path, "clusters", 0), message, "name the clusters", turn=turn)


@rule("SliceConfig", on=WRITE, source=SOURCE, field=f"{_PROFILE}.ApplicationNamespaces")
def application_namespace_free(request: Request) -> Iterator[Finding]:
    """A namespace of a cluster belongs to one slice at most (the default slice does not count)."""
    config: SliceConfig = request.document
    for turn, (path, entry) in enumerate(entries(config, APPLICATION)):
        for cluster in spread(config, entry):
            holder = _holder(request, config, cluster, entry.namespace)
            if holder:
                yield Finding(
                    (*path, "namespace"),
                    f"the namespace {entry.namespace} of cluster {cluster} is already acquired by the slice {holder}",
                    "a namespace joins one slice: take it out of the other slice, or use another namespace",
                    (ObjectKey("SliceConfig", config.metadata.namespace, holder),),
                    turn,
                )


@rule("SliceConfig", on=WRITE, source=SOURCE, field=f"{_PROFILE}.AllowedNamespaces.Clusters")
def allowed_namespace_clusters_once(request: Request) -> Iterator[Finding]:
    """No cluster stands twice in one entry."""
    yield from _repeated(request.document, ALLOWED)


@rule("SliceConfig", on=WRITE, source=SOURCE, field=_PROFILE)
def isolation_namespaces(request: Request) -> Iterator[Finding]:
    """A namespace's name has letters, digits and hyphens, and stands once in its list."""
    for which, webhook in ((APPLICATION, "ApplicationNamespaces"), (ALLOWED, "AllowedNamespaces")):
        seen: set[str] = set()
        field = f"{_PROFILE}.{webhook}.Namespace"
        for number, (path, entry) in enumerate(entries(request.document, which)):
            if entry.namespace and not _NAME.fullmatch(entry.namespace):
                message = f'"{entry.namespace}": namespaces cannot contain special characters'
                turn = _second_round(request.document, which, number, _NAME_SOUND)
                yield Finding((*path, "namespace"), message, "letters, digits and hyphens", turn=turn, field=field)
            if entry.namespace and entry.namespace in seen:
                message, hint = f"{entry.namespace} is listed twice", "one entry with all its clusters"
                turn = _second_round(request.document, which, number, _NAME_ONCE)
                yield Finding((*path, "namespace"), message, hint, turn=turn, field=field)
            seen.add(entry.namespace)


@rule("SliceConfig", on=WRITE, source=SOURCE, field=_PROFILE)
def isolation_clusters(request: Request) -> Iterator[Finding]:
    """The clusters of an entry are members of the slice, or ``*`` alone."""
    members = request.document.spec.clusters
    for which, webhook in ((APPLICATION, "ApplicationNamespaces"), (ALLOWED, "AllowedNamespaces")):
        field = f"{_PROFILE}.{webhook}.Clusters"
        for number, (path, entry) in enumerate(entries(request.document, which)):
            turn = _second_round(request.document, which, number, _STEPS)
            for index, cluster in enumerate(entry.clusters):
                at = (*path, "clusters", index)
                if cluster == "*" and len(entry.clusters) > 1:
                    message, hint = "other clusters are not allowed when * is present", 'write only "*", or only names'
                    yield Finding(at, message, hint, turn=turn, field=field)
                elif cluster != "*" and cluster not in members:
                    message = f"the cluster {cluster} does not participate in the slice"
                    hint, against = meant(cluster, members, "add it to spec.clusters"), (("spec", "clusters"),)
                    yield Finding(at, message, hint, turn=turn, field=field, against=against)


@rule("SliceConfig", on=WRITE, source=SOURCE, field=f"{_PROFILE}.AllowedNamespaces")
def allowed_namespaces_complete(request: Request) -> Iterator[Finding]:
    """An allowed namespace names both itself and its clusters."""
    yield from _incomplete(request.document, ALLOWED, "AllowedNamespaces")


def entries(config: SliceConfig, which: str) -> Iterator[tuple[FieldPath, NamespaceSelection]]:
    """The entries of one of the two lists, with their paths."""
    profile = config.spec.namespace_isolation_profile
    selections = profile.application_namespaces if which == APPLICATION else profile.allowed_namespaces
    for index, entry in enumerate(selections):
        yield ("spec", "namespaceIsolationProfile", which, index), entry


def _incomplete(config: SliceConfig, which: str, webhook: str) -> Iterator[Finding]:
    for number, (path, entry) in enumerate(entries(config, which)):
        first, then = number, number
        if which == ALLOWED:
            first, then = (_second_round(config, which, number, step) for step in (_NAME_GIVEN, _CLUSTERS_GIVEN))
        if not entry.namespace:
            field = f"{_PROFILE}.{webhook}.Namespace"
            yield Finding((*path, "namespace"), "the namespace is required", turn=first, field=field)
        if not entry.clusters:
            field, hint = f"{_PROFILE}.{webhook}.Clusters", 'the clusters that have it, or ["*"] for all'
            yield Finding((*path, "clusters"), "clusters are required", hint, turn=then, field=field)


def _repeated(config: SliceConfig, which: str) -> Iterator[Finding]:
    for turn, (path, entry) in enumerate(entries(config, which)):
        for index, cluster in enumerate(entry.clusters):
            if cluster in entry.clusters[:index]:
                message = f"the cluster {cluster} is listed twice"
                yield Finding((*path, "clusters", index), message, "list it once", turn=turn)


def _second_round(config: SliceConfig, which: str, number: int, step: int) -> int:
    """The turn of one look at one entry: application namespaces first, each entry in full."""
    before = len(config.spec.namespace_isolation_profile.application_namespaces) if which == ALLOWED else 0
    return (before + number) * (_STEPS + 1) + step


def spread(config: SliceConfig, entry: NamespaceSelection) -> tuple[str, ...]:
    """The clusters that an entry means."""
    return config.spec.clusters if entry.clusters[:1] == ("*",) else entry.clusters


def _holder(request: Request, config: SliceConfig, cluster: str, namespace: str) -> str:
    """The other slice that holds the namespace there, as the cluster's worker reports."""
    own, default = config.metadata, _default_slice(config.metadata.namespace)
    found = request.state.find("Cluster", own.namespace, cluster)
    for item in request.state.status_of(found).namespaces if found is not None else ():
        if item.name == namespace and item.slice_name not in ("", own.name, default):
            return item.slice_name
    return ""


def _default_slice(namespace: str) -> str:
    """The name of the default slice of the project whose namespace this is."""
    return namespace.removeprefix(PROJECT_NAMESPACE_PREFIX) + DEFAULT_SLICE_SUFFIX


def is_default_slice(name: str) -> bool:
    """Whether a slice of that name is some project's default slice."""
    return name.endswith(DEFAULT_SLICE_SUFFIX)
