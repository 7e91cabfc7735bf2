"""Workload: Deployments and StatefulSets become Pods, as kube-controller-manager's controllers do."""

from __future__ import annotations

from kubeslice_sim.controlplane.built_in import built_in, owned_by
from kubeslice_sim.controlplane.controller import ControllerSpec, Watch, differs, itself, only, owner
from kubeslice_sim.controlplane.reconciler import NOTHING, Create, Delete, Outcome, View
from kubeslice_sim.controlplane.worker.placement import pods_of
from kubeslice_sim.model.document import EMULATE_ANNOTATION, ObjectKey, key_of
from kubeslice_sim.model.kubernetes import KubernetesObject


def reconcile(key: ObjectKey, view: View, now_s: float) -> Outcome:
    """Create the pods that are missing and delete those beyond ``replicas``, the highest ordinal first."""
    workload = view.local.find(key.kind, key.namespace, key.name)
    if workload is None or workload.metadata.deletion_timestamp is not None:
        return NOTHING
    wanted = pods_of(workload, view)
    owned = [item for item in view.local.dependents(workload.metadata.uid) if item.kind == "Pod"]
    there = {pod.metadata.name for pod in owned}
    return Outcome(writes=(
        *(Create(item=_pod(workload, name)) for name in wanted if name not in there),
        *(Delete(key=key_of(pod)) for pod in reversed(owned) if pod.metadata.name not in wanted),
    ))  # fmt: skip


def _pod(workload: KubernetesObject, name: str) -> KubernetesObject:
    template = workload.pod_template
    annotations = dict((template.get("metadata") or {}).get("annotations") or {})
    if workload.emulate:
        annotations[EMULATE_ANNOTATION] = workload.emulate
    return built_in(
        "Pod", workload.metadata.namespace, name, labels=workload.pod_labels, annotations=annotations,
        owners=(owned_by(workload, workload.kind, workload.api_version),),
        body={"spec": template.get("spec") or {}},
    )  # fmt: skip


_OF_ANOTHER = differs(lambda pod: pod.metadata.owner_references)
WORKLOAD = ControllerSpec(
    name="workload",
    reconcile=reconcile,
    kubernetes=True,
    watches=(
        Watch(kind="Deployment", keys=itself),
        Watch(kind="StatefulSet", keys=itself),
        Watch(kind="Pod", keys=only(_OF_ANOTHER, owner("Deployment"))),
        Watch(kind="Pod", keys=only(_OF_ANOTHER, owner("StatefulSet"))),
    ),
)
