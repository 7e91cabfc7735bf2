"""Project: its namespace, roles, accounts and default QoS profile (kubeslice-controller service/project_service.go)."""

from __future__ import annotations

from typing import Any

from kubeslice_sim.controlplane import finalizer
from kubeslice_sim.controlplane.controller import ControllerSpec, Watch, itself
from kubeslice_sim.controlplane.reconciler import NOTHING, Create, Delete, Note, Outcome, Update, View
from kubeslice_sim.controlplane.status import with_metadata
from kubeslice_sim.model.document import ObjectKey, key_of
from kubeslice_sim.model.project import Project
from kubeslice_sim.planner.objects_access import roles, user_accounts
from kubeslice_sim.planner.objects_metadata import PROJECT_FINALIZER
from kubeslice_sim.planner.objects_project import default_qos_profile, project_namespace, registered_project

EVENTS = {
    "Namespace": "NamespaceCreated",
    "SliceQoSConfig": "DefaultSliceQoSConfigCreated",
    "ServiceAccount": "ServiceAccountCreated",
    "Secret": "ServiceAccountSecretCreated",
    "RoleBinding": "DefaultRoleBindingCreated",
}
ROLE_EVENTS = {
    "kubeslice-read-only": "ReadOnlyRoleCreated",
    "kubeslice-read-write": "ReadWriteRoleCreated",
    "kubeslice-worker-cluster": "WorkerClusterRoleCreated",
}


def reconcile(key: ObjectKey, view: View, now_s: float) -> Outcome:
    """Give the project what is missing of its own; when it goes, what it was given goes with it."""
    project = view.hub.get(Project, key.namespace, key.name)
    if project is None:
        return NOTHING
    own = (project_namespace(project), *roles(project), *user_accounts(project), default_qos_profile(project))
    if finalizer.deleting(project):
        return Outcome(
            writes=(
                *(Delete(key=key_of(item)) for item in reversed(own)),
                Update(item=finalizer.removed(project, PROJECT_FINALIZER)),
            ),
            events=(Note(name="ProjectDeleted", subject=key),),
        )
    missing = missing_of(own, view)
    if finalizer.held(project, PROJECT_FINALIZER):
        return missing
    wanted = registered_project(project).metadata
    registered = with_metadata(project, labels=wanted.labels, finalizers=wanted.finalizers)
    # The namespace takes the user's labels over before the Project loses them.
    return Outcome(writes=(*missing.writes, Update(item=registered)), events=missing.events)


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
