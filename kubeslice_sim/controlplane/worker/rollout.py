"""Rollout: the pods of a namespace that joined or left a slice are replaced, workload by workload.

When a namespace leaves, worker-operator takes its marks off the templates of the workloads (controllers/slice/
namespaces.go), and Kubernetes rolls them out. When one joins it only labels the namespace: the webhook would change the
templates at their next update, so users restart their workloads, and that restart happens here at once.

Templates are not written here: what the webhook would make of one follows from the namespace. Kubernetes may start a
Deployment's new pod before the old one ends; here pods keep their names, so each workload loses one pod at a time, the
highest ordinal first, and the next when all run (a StatefulSet's way). Pods without a workload stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kubeslice_sim.controlplane.built_in import SLICE_LABEL, running
from kubeslice_sim.controlplane.controller import ControllerSpec, Watch
from kubeslice_sim.controlplane.effects import StopPod
from kubeslice_sim.controlplane.reconciler import Delete, Outcome, View
from kubeslice_sim.controlplane.store import Change
from kubeslice_sim.controlplane.worker.app_pods import joins_in_place
from kubeslice_sim.controlplane.worker.injection import eligible, injecting_slice, made_for
from kubeslice_sim.model.document import ObjectKey, key_of
from kubeslice_sim.model.kubernetes import KubernetesObject
from kubeslice_sim.planner.names import SYSTEM_NAMESPACE

_WORKLOADS = ("Deployment", "StatefulSet")


def reconcile(key: ObjectKey, view: View, now_s: float) -> Outcome:
    """Take the next pod of each workload of the namespace whose template is another than its pods'."""
    namespace = key.name
    slice_ = injecting_slice(namespace, view.local)
    victims = [
        victim for kind in _WORKLOADS for workload in view.local.objects(kind, namespace)
        for victim in _next(workload, slice_, view)
    ]  # fmt: skip
    return Outcome(
        writes=tuple(Delete(key=key_of(pod)) for pod in victims),
        # Told here, because a pod of the same name may be there before anybody has looked at this one's end.
        effects=tuple(
            StopPod(cluster=view.cluster, namespace=namespace, pod=pod.metadata.name) for pod in victims
        ),
    )  # fmt: skip


def stale(pod: KubernetesObject, slice_: str | None, view: View) -> bool:
    """Whether the pod was made from another template than the webhook would let through now."""
    wanted = slice_ if slice_ is not None and eligible(pod, slice_) else ""
    return made_for(pod) != wanted and not (wanted and joins_in_place(pod, wanted, view))


def _next(workload: KubernetesObject, slice_: str | None, view: View) -> Iterator[KubernetesObject]:
    if workload.metadata.deletion_timestamp is not None:
        return
    pods = [item for item in view.local.dependents(workload.metadata.uid) if item.kind == "Pod"]
    old = [pod for pod in pods if stale(pod, slice_, view)]
    if any(pod.metadata.labels.get(SLICE_LABEL, slice_) != slice_ for pod in old):
        return  # the operator takes its marks off the pods first
    if not old:
        return
    down = [pod for pod in old if not running(pod)]
    if down:
        yield from down  # nothing is lost with them
    elif len(pods) >= workload.replicas and all(running(pod) for pod in pods):
        yield old[-1]


def _of_label(change: Change, _: View) -> Iterable[ObjectKey]:
    """The namespace that joins or leaves a slice; the system's own, which is no slice's, never does."""
    before, now = change.previous, change.item
    if change.key.name == SYSTEM_NAMESPACE:
        return ()
    if before is not None and before.metadata.labels.get(SLICE_LABEL) == now.metadata.labels.get(SLICE_LABEL):
        return ()
    return (change.key,)


def _of_pod(change: Change, _: View) -> Iterable[ObjectKey]:
    """The namespace of a pod that begins or ceases to run, or that loses the marks of a slice."""
    before, now = change.previous, change.item
    if change.key.namespace == SYSTEM_NAMESPACE:
        return ()  # where most pods come and go
    if before is not None and change.action == "MODIFIED" and _seen(before) == _seen(now):
        return ()
    return (ObjectKey("Namespace", "", change.key.namespace),)


def _seen(pod: KubernetesObject) -> tuple[bool, str]:
    return running(pod), pod.metadata.labels.get(SLICE_LABEL, "")


ROLLOUT = ControllerSpec(
    name="rollout", reconcile=reconcile,
    watches=(Watch(kind="Namespace", keys=_of_label), Watch(kind="Pod", keys=_of_pod)), kubernetes=True,
)  # fmt: skip
