"""Project: its namespace, roles, accounts and default QoS profile (kubeslice-controller service/project_service.go)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from kubeslice_sim.controlplane import finalizer
from kubeslice_sim.controlplane.controller import ControllerSpec, Watch, itself
from kubeslice_sim.controlplane.reconciler import NOTHING, Create, Delete, Note, Outcome, Update, View, Write
from kubeslice_sim.controlplane.status import with_metadata
from kubeslice_sim.model.cluster import Cluster
from kubeslice_sim.model.document import ObjectKey, key_of
from kubeslice_sim.model.project import Project
from kubeslice_sim.model.release import MAKES_DEFAULT_QOS, includes
from kubeslice_sim.model.service_export_config import ServiceExportConfig
from kubeslice_sim.model.slice_config import SliceConfig
from kubeslice_sim.model.slice_qos_config import SliceQosConfig
from kubeslice_sim.planner.objects_access import roles, user_accounts
from kubeslice_sim.planner.objects_metadata import ACCESS_ANNOTATION, PROJECT_FINALIZER, owner_labels
from kubeslice_sim.planner.objects_project import default_qos_profile, project_namespace, registered_project

EVENTS = {
    "Namespace": "NamespaceCreated",
    "SliceQoSConfig": "DefaultSliceQoSConfigCreated",
    "ServiceAccount": "ServiceAccountCreated",
    "Secret": "ServiceAccountSecretCreated",
    "RoleBinding": "DefaultRoleBindingCreated",
}
USER_ACCESS = frozenset({"read-only", "read-write"})
ROLE_EVENTS = {
    "kubeslice-read-only": "ReadOnlyRoleCreated",
    "kubeslice-read-write": "ReadWriteRoleCreated",
    "kubeslice-worker-cluster": "WorkerClusterRoleCreated",
}


def reconcile(key: ObjectKey, view: View, now_s: float) -> Outcome:
    """Give the project what is missing of its own, and take accounts away from users that it no longer names.

    When it goes, what stands in it is deleted, in KubeSlice's order; its namespace takes the rest along.
    """
    project = view.hub.get(Project, key.namespace, key.name)
    if project is None:
        return NOTHING
    namespace = project_namespace(project)
    if finalizer.deleting(project):
        return _leave(project, view)
    profiles = (default_qos_profile(project),) if _makes_default_qos(view) else ()
    own = (namespace, *roles(project), *user_accounts(project), *profiles)
    missing = missing_of(own, view)
    gone = _obsolete_accounts(project, own, view)
    writes: list[Write] = [*missing.writes]
    there = view.hub.find("Namespace", "", namespace.metadata.name)
    if there is not None:
        meta = there.metadata
        taken = with_metadata(
            there, labels=meta.labels.with_items(namespace.metadata.labels),
            annotations=meta.annotations.with_items(namespace.metadata.annotations),
        )  # fmt: skip
        writes.extend([Update(item=taken)] if taken != there else [])
    for role in roles(project):
        held = view.hub.find("Role", role.metadata.namespace, role.metadata.name)
        if held is not None and held.body != role.body:
            writes.append(Update(item=replace(held, body=role.body)))
    wanted = registered_project(project).metadata
    finalizers = finalizer.added(project, PROJECT_FINALIZER).metadata.finalizers
    registered = with_metadata(project, labels=wanted.labels, finalizers=finalizers)
    if registered != project:
        # The namespace takes the user's labels over before the Project loses them.
        writes.append(Update(item=registered))
    return Outcome(writes=(*writes, *gone.writes), events=(*missing.events, *gone.events))


def _makes_default_qos(view: View) -> bool:
    return includes(view.underlay.spec.kubeslice_version, MAKES_DEFAULT_QOS)


def _leave(project: Project, view: View) -> Outcome:
    """Exports, slices, clusters, profiles, then the namespace (service/project_service.go CleanUpProjectResources)."""
    space = project.project_namespace
    inside = (
        *view.hub.list(ServiceExportConfig, space), *view.hub.list(SliceConfig, space),
        *view.hub.list(Cluster, space), *view.hub.list(SliceQosConfig, space),
    )  # fmt: skip
    return Outcome(
        writes=(
            *(Delete(key=key_of(item)) for item in inside),
            Delete(key=ObjectKey("Namespace", "", space)),
            Update(item=finalizer.removed(project, PROJECT_FINALIZER)),
        ),
        events=(Note(name="ProjectDeleted", subject=key_of(project)),),
    )


def _obsolete_accounts(project: Project, own: tuple[Any, ...], view: View) -> Outcome:
    """Role bindings and service accounts of users whom the project no longer names, with their token secrets."""
    kept = {key_of(item) for item in own}
    owner = owner_labels("Project", project.metadata.name)
    found = [
        item for kind in ("RoleBinding", "ServiceAccount")
        for item in view.hub.objects(kind, project.project_namespace, owner)
        if key_of(item) not in kept and item.metadata.annotations.get(ACCESS_ANNOTATION) in USER_ACCESS
    ]  # fmt: skip
    secrets = [key_of(item)._replace(kind="Secret") for item in found if item.kind == "ServiceAccount"]
    return Outcome(
        writes=(*(Delete(key=key_of(item)) for item in found), *(Delete(key=key) for key in secrets)),
        events=tuple(Note(name=f"Inactive{item.kind}Deleted", subject=key_of(item)) for item in found),
    )


def missing_of(wanted: tuple[Any, ...], view: View) -> Outcome:
    """Create what is not there yet, with KubeSlice's events."""
    missing = [item for item in wanted if view.hub.at(key_of(item)) is None]
    return Outcome(
        writes=tuple(Create(item=item) for item in missing),
        events=tuple(Note(name=_event(key_of(item)), subject=key_of(item)) for item in missing),
    )


def _event(key: ObjectKey) -> str:
    return ROLE_EVENTS.get(key.name, "") if key.kind == "Role" else EVENTS[key.kind]


PROJECT = ControllerSpec(name="project", reconcile=reconcile, watches=(Watch(kind="Project", keys=itself),))
