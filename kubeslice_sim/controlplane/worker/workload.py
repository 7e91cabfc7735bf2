"""Workload: Deployments and StatefulSets become Pods, as kube-controller-manager's controllers do."""

from __future__ import annotations

from collections.abc import Iterable

from kubeslice_sim.controlplane.built_in import built_in, owned_by
from kubeslice_sim.controlplane.controller import ControllerSpec, Watch, differs, itself, only, owner
from kubeslice_sim.controlplane.effects import StopPod
from kubeslice_sim.controlplane.finalizer import deleting
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
    counted = [pod for pod in owned if workload.kind == "StatefulSet" or not deleting(pod)]
    missing = [name for name in wanted if name not in {pod.metadata.name for pod in counted}]
    hanging = [] if workload.kind == "StatefulSet" else _hanging(workload.metadata.namespace, missing, view)
    return Outcome(
        writes=(
            *(Delete(key=key, at_once=True) for key in hanging),
            *(Create(item=_pod(workload, name)) for name in missing),
            *(Delete(key=key_of(pod)) for pod in reversed(counted) if pod.metadata.name not in wanted),
        ),
        # Told here, because a pod of the same name is there before anybody has looked at this one's end.
        effects=tuple(StopPod(cluster=view.cluster, namespace=key.namespace, pod=key.name) for key in hanging),
    )


def _hanging(namespace: str, names: Iterable[str], view: View) -> list[ObjectKey]:
    """The pods of those names that wait for a kubelet that is gone.

    A Deployment replaces such a pod at once, under a name of its own. Ours bears the old one's (names are what runs are
    joined on), so the old one is forgotten; a StatefulSet waits for it, in Kubernetes as here.
    """
    found = (view.local.find("Pod", namespace, name) for name in names)
    return [key_of(pod) for pod in found if pod is not None and deleting(pod)]


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


_OF_ANOTHER = differs(lambda pod: (pod.metadata.owner_references, pod.metadata.deletion_timestamp))
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
