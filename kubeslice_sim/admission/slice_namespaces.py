"""Rules on the namespaces of a slice (kubeslice-controller service/slice_config_webhook_validation.go)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kubeslice_sim.admission.rule import Finding, Request, rule
from kubeslice_sim.admission.slice_members import SOURCE
from kubeslice_sim.admission.suggest import meant
from kubeslice_sim.model.document import ObjectKey
from kubeslice_sim.model.field_path import FieldPath
from kubeslice_sim.model.slice_config import NamespaceSelection, SliceConfig

_NAME = re.compile(r"[a-zA-Z0-9-]+")
_PROFILE = "Spec.NamespaceIsolationProfile"
APPLICATION, ALLOWED = "applicationNamespaces", "allowedNamespaces"
DEFAULT_SLICE_SUFFIX = "-default-slice"


@rule("SliceConfig", source=SOURCE, field=f"{_PROFILE}.ApplicationNamespaces")
def application_namespaces_complete(request: Request) -> Iterator[Finding]:
    """An application namespace names both itself and its clusters (an empty entry makes KubeSlice's webhook panic)."""
    yield from _incomplete(request.document, APPLICATION, "ApplicationNamespaces")


@rule("SliceConfig", source=SOURCE, field=f"{_PROFILE}.ApplicationNamespaces.Clusters")
def application_namespace_clusters_once(request: Request) -> Iterator[Finding]:
    """No cluster stands twice in one entry."""
    yield from _repeated(request.document, APPLICATION)


@rule("SliceConfig", source=SOURCE, field=f"{_PROFILE}.ApplicationNamespaces.Clusters")
def default_slice_without_sameness(request: Request) -> Iterator[Finding]:
    """The project's default slice takes namespaces cluster by cluster."""
    config: SliceConfig = request.document
    project = config.metadata.namespace.removeprefix("kubeslice-")
    if config.metadata.name != project + DEFAULT_SLICE_SUFFIX:
        return
    for path, entry in entries(config, APPLICATION):
        if entry.clusters[:1] == ("*",):
            message = "namespace sameness (*) is not allowed in the default slice"
            yield Finding((*path, "clusters", 0), message, "name the clusters")


@rule("SliceConfig", source=SOURCE, field=f"{_PROFILE}.ApplicationNamespaces")
def application_namespace_free(request: Request) -> Iterator[Finding]:
    """A namespace of a cluster belongs to one slice at most (the default slice does not count)."""
    config: SliceConfig = request.document
    for path, entry in entries(config, APPLICATION):
        for cluster in spread(config, entry):
            holder = _holder(request, config, cluster, entry.namespace)
            if holder:
                yield Finding(
                    (*path, "namespace"),
                    f"the namespace {entry.namespace} of cluster {cluster} is already acquired by the slice {holder}",
                    "a namespace joins one slice: take it out of the other slice, or use another namespace",
                    (ObjectKey("SliceConfig", config.metadata.namespace, holder),),
                )


@rule("SliceConfig", source=SOURCE, field=f"{_PROFILE}.AllowedNamespaces.Clusters")
def allowed_namespace_clusters_once(request: Request) -> Iterator[Finding]:
    """No cluster stands twice in one entry."""
    yield from _repeated(request.document, ALLOWED)


@rule("SliceConfig", source=SOURCE, field=_PROFILE)
def isolation_namespaces(request: Request) -> Iterator[Finding]:
    """A namespace's name has letters, digits and hyphens, and stands once in its list."""
    for which, webhook in ((APPLICATION, "ApplicationNamespaces"), (ALLOWED, "AllowedNamespaces")):
        seen: set[str] = set()
        field = f"{_PROFILE}.{webhook}.Namespace"
        for path, entry in entries(request.document, which):
            if entry.namespace and not _NAME.fullmatch(entry.namespace):
                message = f'"{entry.namespace}": namespaces cannot contain special characters'
                yield Finding((*path, "namespace"), message, "letters, digits and hyphens", field=field)
            if entry.namespace and entry.namespace in seen:
                hint = "one entry with all its clusters"
                yield Finding((*path, "namespace"), f"{entry.namespace} is listed twice", hint, field=field)
            seen.add(entry.namespace)


@rule("SliceConfig", source=SOURCE, field=_PROFILE)
def isolation_clusters(request: Request) -> Iterator[Finding]:
    """The clusters of an entry are members of the slice, or ``*`` alone."""
    members = request.document.spec.clusters
    for which, webhook in ((APPLICATION, "ApplicationNamespaces"), (ALLOWED, "AllowedNamespaces")):
        field = f"{_PROFILE}.{webhook}.Clusters"
        for path, entry in entries(request.document, which):
            for index, cluster in enumerate(entry.clusters):
                at = (*path, "clusters", index)
                if cluster == "*" and len(entry.clusters) > 1:
                    hint = 'write only "*", or only names'
                    yield Finding(at, "other clusters are not allowed when * is present", hint, field=field)
                elif cluster != "*" and cluster not in members:
                    message = f"the cluster {cluster} does not participate in the slice"
                    yield Finding(at, message, meant(cluster, members, "add it to spec.clusters"), field=field)


@rule("SliceConfig", source=SOURCE, field=f"{_PROFILE}.AllowedNamespaces")
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
    for path, entry in entries(config, which):
        if not entry.namespace:
            yield Finding((*path, "namespace"), "the namespace is required", field=f"{_PROFILE}.{webhook}.Namespace")
        if not entry.clusters:
            hint = 'the clusters that have it, or ["*"] for all'
            yield Finding((*path, "clusters"), "clusters are required", hint, field=f"{_PROFILE}.{webhook}.Clusters")


def _repeated(config: SliceConfig, which: str) -> Iterator[Finding]:
    for path, entry in entries(config, which):
        for index, cluster in enumerate(entry.clusters):
            if cluster in entry.clusters[:index]:
                yield Finding((*path, "clusters", index), f"the cluster {cluster} is listed twice", "list it once")


def spread(config: SliceConfig, entry: NamespaceSelection) -> tuple[str, ...]:
    """The clusters that an entry means."""
    return config.spec.clusters if entry.clusters[:1] == ("*",) else entry.clusters


def _holder(request: Request, config: SliceConfig, cluster: str, namespace: str) -> str:
    """The other slice that holds the namespace there, as the cluster's worker reports."""
    own = config.metadata
    found = request.state.find("Cluster", own.namespace, cluster)
    for item in request.state.status_of(found).namespaces if found is not None else ():
        if item.name == namespace and item.slice_name not in ("", own.name) and not is_default_slice(item.slice_name):
            return item.slice_name
    return ""


def is_default_slice(name: str) -> bool:
    """Whether a slice of that name is some project's default slice."""
    return name.endswith(DEFAULT_SLICE_SUFFIX)
