"""Rules for Projects (kubeslice-controller service/project_webhook_validation.go)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kubeslice_sim.admission.rule import DELETE, UPDATE, WRITE, Finding, Request, rule
from kubeslice_sim.admission.slice_namespaces import DEFAULT_SLICE_SUFFIX
from kubeslice_sim.admission.state import names
from kubeslice_sim.model.document import ObjectKey
from kubeslice_sim.model.project import CONTROLLER_NAMESPACE

_SOURCE = "kubeslice-controller service/project_webhook_validation.go"
LONGEST_PROJECT_NAME = 30
_OWNER = "kubeslice-controller-resource-name"
_USER = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9\-.]{0,62}[a-zA-Z0-9]")


@rule("Project", source=_SOURCE, field="namespace")
def project_in_controller_namespace(request: Request) -> Iterator[Finding]:
    """A Project stands in the controller's own namespace."""
    if request.document.metadata.namespace != CONTROLLER_NAMESPACE:
        yield Finding(
            ("metadata", "namespace"),
            f"a Project must be applied on the kubeslice-manager namespace, {CONTROLLER_NAMESPACE}",
            f"write namespace: {CONTROLLER_NAMESPACE}",
        )


@rule("Project", source=_SOURCE, field="name")
def project_name_without_dot(request: Request) -> Iterator[Finding]:
    """A Project's name has no dot."""
    if "." in request.document.metadata.name:
        yield Finding(("metadata", "name"), "a Project's name cannot contain a dot", "use a hyphen")


@rule("Project", source=_SOURCE, field="name")
def project_name_length(request: Request) -> Iterator[Finding]:
    """A Project's name has at most 30 characters."""
    length = len(request.document.metadata.name)
    if length > LONGEST_PROJECT_NAME:
        message = f"a Project's name cannot have more than {LONGEST_PROJECT_NAME} characters, this has {length}"
        yield Finding(("metadata", "name"), message)


@rule("Project", on=WRITE, source=_SOURCE, field="spec.serviceAccount")
def project_users(request: Request) -> Iterator[Finding]:
    """A user's name has 2 to 64 letters, digits, dots and hyphens, and starts and ends with no sign."""
    accounts = request.document.spec.service_account
    for field, users in (("readOnly", accounts.read_only), ("readWrite", accounts.read_write)):
        for index, user in enumerate(users):
            if not _USER.fullmatch(user):
                yield Finding(
                    ("spec", "serviceAccount", field, index),
                    f'the user name "{user}" is not valid',
                    "2 to 64 letters, digits, dots and hyphens; no sign at either end",
                    field=f"spec.serviceAccount.{field}",
                )


@rule("Project", on=UPDATE, source=_SOURCE, field="spec.serviceAccount")
def project_accounts_its_own(request: Request) -> Iterator[Finding]:
    """No account or role binding of a user's name is there that is not the project's."""
    project = request.document
    users = project.spec.service_account
    for kind, webhook in (("ServiceAccount", "serviceAccount"), ("RoleBinding", "roleBinding")):
        for field, prefix, listed in (
            ("readOnly", "kubeslice-rbac-ro-", users.read_only), ("readWrite", "kubeslice-rbac-rw-", users.read_write),
        ):  # fmt: skip
            for index, user in enumerate(listed):
                found = request.state.find(kind, project.project_namespace, prefix + user)
                owner = found.metadata.labels.get(_OWNER) if found is not None else None
                if found is not None and owner != f"Project-{project.metadata.name}":
                    yield Finding(
                        ("spec", "serviceAccount", field, index),
                        f"the {kind} {prefix}{user} already exists and is not the project's",
                        "choose another user name",
                        field=f"spec.{webhook}.{field}",
                    )


@rule("Project", on=DELETE, source=_SOURCE, field="Project")
def project_without_slices(request: Request) -> Iterator[Finding]:
    """A Project is deleted after its slices (its default slice may stay)."""
    project = request.document
    left = names(request.state.all("SliceConfig", project.project_namespace))
    if left and left != (project.metadata.name + DEFAULT_SLICE_SUFFIX,):
        about = tuple(ObjectKey("SliceConfig", project.project_namespace, name) for name in left)
        yield Finding((), f"the project still has slices: {', '.join(left)}", "delete them first", about)
