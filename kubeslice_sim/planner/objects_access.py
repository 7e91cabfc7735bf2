"""Accounts and roles of a project: who may do what on the controller cluster.

Source: kubeslice-controller service/access_control_service.go and service/kube_slice_resource_names.go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kubeslice_sim.model.document import ObjectMeta
from kubeslice_sim.model.frozen import FrozenMap, freeze
from kubeslice_sim.model.kubernetes import KUBERNETES_KINDS, KubernetesObject
from kubeslice_sim.model.project import Project
from kubeslice_sim.planner import names
from kubeslice_sim.planner.objects_metadata import ACCESS_ANNOTATION, owner_labels

READ_ONLY_ROLE = "kubeslice-read-only"
READ_WRITE_ROLE = "kubeslice-read-write"
WORKER_ROLE = "kubeslice-worker-cluster"

_HUB = "controller.kubeslice.io"
_WORKER = "worker.kubeslice.io"
_LOOK = ("get", "list", "watch")
_CHANGE = ("update", "patch", *_LOOK)
_ALL = ("create", "delete", *_CHANGE)
_USER_KINDS = ("clusters", "sliceconfigs", "sliceqosconfigs", "serviceexportconfigs")
_USER_STATUS = ("clusters/status", "sliceconfigs/status", "serviceexportconfigs/status")
_WORKER_KINDS = ("workersliceconfigs", "workerslicegateways", "workerserviceimports")
_WORKER_STATUS = tuple(f"{kind}/status" for kind in _WORKER_KINDS)

Rule = tuple[Sequence[str], str, Sequence[str]]
"""Verbs, API group, resources."""

ROLES: Mapping[str, tuple[Rule, ...]] = {
    READ_ONLY_ROLE: (
        (_LOOK, _HUB, _USER_KINDS),
        (_LOOK, _WORKER, _WORKER_KINDS),
        (("get",), _HUB, _USER_STATUS),
        (("get",), _WORKER, _WORKER_STATUS),
        (_LOOK, "", ("secrets", "events")),
    ),
    READ_WRITE_ROLE: (
        (_ALL, _HUB, _USER_KINDS),
        (_LOOK, _WORKER, _WORKER_KINDS),
        (("update", "patch", "get"), _HUB, _USER_STATUS),
        (("update", "patch", "get"), _WORKER, _WORKER_STATUS),
        (_LOOK, "", ("secrets", "events")),
    ),
    WORKER_ROLE: (
        (_ALL, _HUB, ("serviceexportconfigs",)),
        (_CHANGE, _HUB, ("clusters",)),
        ((*_CHANGE, "create", "delete"), _WORKER, ("workerslicegwrecyclers",)),
        (_CHANGE, _HUB, ("vpnkeyrotations",)),
        (_CHANGE, _WORKER, _WORKER_KINDS),
        (("update", "patch", "get"), _HUB, ("clusters/status", "vpnkeyrotations/status")),
        (("update", "patch", "get"), _WORKER, (*_WORKER_STATUS, "workerslicegwrecyclers/status")),
        ((*_LOOK, "create", "update", "patch"), "", ("secrets",)),
        (("create", "patch"), "", ("events",)),
    ),
}
"""Role → its rules; the verbs stand in the controller's own order."""


def roles(project: Project) -> tuple[KubernetesObject, ...]:
    """The three roles of a project."""
    labels = owner_labels("Project", project.metadata.name)
    return tuple(
        _object(
            "Role",
            name,
            project.project_namespace,
            labels=labels,
            rules=[{"verbs": list(v), "apiGroups": [group], "resources": list(r)} for v, group, r in rules],
        )
        for name, rules in ROLES.items()
    )


def user_accounts(project: Project) -> tuple[KubernetesObject, ...]:
    """Service account, token secret (without its token) and role binding of each user of a project."""
    namespace, owner = project.project_namespace, owner_labels("Project", project.metadata.name)
    users = project.spec.service_account
    return (
        *(
            item
            for user in users.read_only
            for item in account(names.read_only_account(user), namespace, owner, "read-only", READ_ONLY_ROLE)
        ),
        *(
            item
            for user in users.read_write
            for item in account(names.read_write_account(user), namespace, owner, "read-write", READ_WRITE_ROLE)
        ),
    )


def worker_account(cluster: str, namespace: str) -> tuple[KubernetesObject, ...]:
    """Service account, token secret (without its token) and role binding of a worker cluster's operator."""
    owner = owner_labels("Cluster", cluster)
    return account(names.worker_service_account(cluster), namespace, owner, "cluster-read-write", WORKER_ROLE)


def account(
    name: str, namespace: str, labels: Mapping[str, str], access: str, role: str
) -> tuple[KubernetesObject, KubernetesObject, KubernetesObject]:
    """A service account, its token secret and the binding to a role; all three have one name."""
    annotations = {ACCESS_ANNOTATION: access}
    return (
        _object("ServiceAccount", name, namespace, labels=labels, annotations=annotations, secrets=[{"name": name}]),
        _object(
            "Secret",
            name,
            namespace,
            annotations={"kubernetes.io/service-account.name": name},
            type="kubernetes.io/service-account-token",
        ),
        _object(
            "RoleBinding",
            name,
            namespace,
            labels=labels,
            annotations=annotations,
            subjects=[{"kind": "ServiceAccount", "name": name, "namespace": namespace}],
            roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": role},
        ),
    )


def _object(
    kind: str,
    name: str,
    namespace: str,
    *,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    **body: Any,
) -> KubernetesObject:
    return KubernetesObject(
        api_version=KUBERNETES_KINDS[kind],
        kind=kind,
        metadata=ObjectMeta(
            name=name, namespace=namespace, labels=FrozenMap(labels), annotations=FrozenMap(annotations)
        ),
        body=freeze(body),
    )
