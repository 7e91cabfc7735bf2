"""Rules on where the controller's objects stand and how they are named."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kubeslice_sim.admission.rule import ANY_KIND, Finding, Request, Rule, rule
from kubeslice_sim.model.document import ObjectKey
from kubeslice_sim.model.project import CONTROLLER_NAMESPACE, PROJECT_NAMESPACE_PREFIX
from kubeslice_sim.model.suggest import meant

_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_LONGEST_SUBDOMAIN, _LONGEST_LABEL = 253, 63
_LABEL_KINDS = ("Namespace", "Service")


@rule(ANY_KIND, source="kube-apiserver, DNS-1123 subdomain", field="metadata.name")
def object_name(request: Request) -> Iterator[Finding]:
    """An object's name is a DNS-1123 subdomain (a Namespace's or Service's: a label)."""
    document = request.document
    name, kind = document.metadata.name, getattr(document, "kind", "")
    pattern, longest = (_LABEL, _LONGEST_LABEL) if kind in _LABEL_KINDS else (_SUBDOMAIN, _LONGEST_SUBDOMAIN)
    if not pattern.fullmatch(name):
        hint = "lower-case letters, digits and '-', and '.' within; a letter or digit at both ends"
        yield Finding(("metadata", "name"), f'"{name}" is no name for an object', hint)
    elif len(name) > longest:
        yield Finding(("metadata", "name"), f"the name has {len(name)} characters; at most {longest} are allowed")


@rule(ANY_KIND, source="kube-apiserver, DNS-1123 label", field="metadata.namespace")
def namespace_name(request: Request) -> Iterator[Finding]:
    """A namespace is a DNS-1123 label."""
    namespace = request.document.metadata.namespace
    if namespace and (not _LABEL.fullmatch(namespace) or len(namespace) > _LONGEST_LABEL):
        hint = "lower-case letters, digits and '-', at most 63"
        yield Finding(("metadata", "namespace"), f'"{namespace}" is no name for a namespace', hint)


def in_project_namespace(kind: str, source: str) -> Rule:
    """The rule that objects of this kind stand in the namespace of a project that exists."""

    def check(request: Request) -> Iterator[Finding]:
        """It stands in a project's namespace."""
        namespace = request.document.metadata.namespace
        known = [project.project_namespace for project in request.state.all("Project", CONTROLLER_NAMESPACE)]
        if namespace not in known:
            project = namespace.removeprefix(PROJECT_NAMESPACE_PREFIX)
            said = f'"{namespace}" is no project\'s namespace' if namespace else "the namespace is missing"
            hint = meant(namespace, known, f"write namespace: {known[0]}" if known else "add a Project")
            yield Finding(
                ("metadata", "namespace"), f"a {kind} must be applied on a project's namespace: {said}", hint,
                about=(ObjectKey("Project", CONTROLLER_NAMESPACE, project),),
            )  # fmt: skip

    return rule(kind, source=source, field="metadata.namespace", id="in-project-namespace")(check)
