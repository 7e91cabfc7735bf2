"""Rules for Projects (kubeslice-controller service/project_webhook_validation.go)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kubeslice_sim.admission.rule import Finding, Request, rule
from kubeslice_sim.model.project import CONTROLLER_NAMESPACE

_SOURCE = "kubeslice-controller service/project_webhook_validation.go"
LONGEST_PROJECT_NAME = 30
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


@rule("Project", source=_SOURCE, field="spec.serviceAccount")
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
