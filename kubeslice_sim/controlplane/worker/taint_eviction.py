"""TaintEviction: pods of a node with a NoExecute taint are deleted when they have tolerated it for long enough.

As kube-controller-manager's taint-eviction-controller does (Kubernetes pkg/controller/tainteviction). Pods that say
nothing tolerate an unreachable node for ``pod_eviction`` (the API server's DefaultTolerationSeconds); a DaemonSet's do
for ever. The deleted pod hangs, because only its kubelet could end it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kubeslice_sim.controlplane import finalizer
from kubeslice_sim.controlplane.built_in import node_of
from kubeslice_sim.controlplane.controller import ControllerSpec, Watch, itself
from kubeslice_sim.controlplane.node import NO_EXECUTE, UNREACHABLE, taint
from kubeslice_sim.controlplane.reconciler import NOTHING, Delete, Note, Outcome, View, Write
from kubeslice_sim.controlplane.timestamp import seconds
from kubeslice_sim.model.document import ObjectKey, key_of
from kubeslice_sim.model.kubernetes import KubernetesObject


def reconcile(key: ObjectKey, view: View, now_s: float) -> Outcome:
    """Delete whose patience is over; look again when the next one's is."""
    node = view.local.find("Node", "", key.name)
    held = taint(node, NO_EXECUTE) if node is not None else None
    if held is None:
        return NOTHING
    since_s = seconds(str(held["timeAdded"]))
    writes: list[Write] = []
    events: list[Note] = []
    later_s: list[float] = []
    for pod in view.local.objects("Pod"):
        if node_of(pod) != key.name or finalizer.deleting(pod):
            continue
        due_s = since_s + tolerates_s(pod, view.timing.pod_eviction_s)
        if due_s > now_s:
            later_s.append(due_s)
        else:
            writes.append(Delete(key=key_of(pod)))
            events.append(Note(name="TaintManagerEviction", subject=key_of(pod), message=f"{key.name} is unreachable"))
    next_s = min(later_s, default=float("inf"))
    return Outcome(
        writes=tuple(writes), events=tuple(events), requeue_after_s=next_s - now_s if next_s < float("inf") else None
    )  # fmt: skip


def tolerates_s(pod: KubernetesObject, default_s: float) -> float:
    """How long the pod stays on an unreachable node: the least of what it says, infinity for ever."""
    if any(owner.kind == "DaemonSet" for owner in pod.metadata.owner_references):
        return float("inf")
    said = [item for item in pod.spec.get("tolerations") or () if _concerns(item)]
    return min((float(item.get("tolerationSeconds", "inf")) for item in said), default=default_s)


def _concerns(toleration: Mapping[str, Any]) -> bool:
    """Whether it is about the taint of unreachable nodes, which has no value."""
    anything = not toleration.get("key") and toleration.get("operator") == "Exists"
    named = toleration.get("key") == UNREACHABLE and not toleration.get("value")
    return (anything or named) and toleration.get("effect", NO_EXECUTE) in ("", NO_EXECUTE)


TAINT_EVICTION = ControllerSpec(
    name="taint-eviction", reconcile=reconcile, watches=(Watch(kind="Node", keys=itself),), kubernetes=True
)
