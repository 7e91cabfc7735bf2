"""NodeLifecycle: a node whose kubelet says nothing becomes NotReady, with its pods, and is tainted.

As kube-controller-manager's node-lifecycle-controller does (Kubernetes pkg/controller/nodelifecycle): it looks every
``node_monitor``, and a node is unreachable when none of its Leases was new for ``node_monitor_grace``. The taint that
evicts (NoExecute) is put on one node every 10 s; on none where no node of the cluster is Ready, or more than half of
them are not.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil

from kubeslice_sim.controlplane.built_in import node_of, with_spec
from kubeslice_sim.controlplane.controller import ControllerSpec, Watch
from kubeslice_sim.controlplane.node import (
    NO_EXECUTE,
    NO_SCHEDULE,
    UNREACHABLE,
    is_ready,
    last_heard_s,
    ready_condition,
    taint,
    with_ready,
)
from kubeslice_sim.controlplane.reconciler import NOTHING, Note, Outcome, Update, UpdateStatus, View, Write
from kubeslice_sim.controlplane.store import Change
from kubeslice_sim.controlplane.timestamp import micro_time, seconds
from kubeslice_sim.model.document import ObjectKey, key_of
from kubeslice_sim.model.kubernetes import KubernetesObject
from kubeslice_sim.model.timing import Timing

EVICTION_PAUSE_S = 10.0
"""Between the NoExecute taints of two nodes (``--node-eviction-rate`` 0.1)."""
UNHEALTHY_SHARE = 0.55
"""From this share of nodes that are not Ready on, if they are more than two, nothing is evicted (50 nodes or less)."""
UNHEALTHY_NODES = 2


def reconcile(key: ObjectKey, view: View, now_s: float) -> Outcome:
    """Judge one node by when its kubelet was heard of last."""
    node = view.local.find("Node", "", key.name)
    if node is None:
        return NOTHING
    heard_s = last_heard_s(node)
    if heard_s is None:
        return _untaint(node, view, now_s)
    due_s = unreachable_s(heard_s, view.timing)
    if now_s < due_s:
        return Outcome(requeue_after_s=due_s - now_s)
    return _mark(node, view, now_s)


def unreachable_s(heard_s: float, timing: Timing) -> float:
    """When a kubelet that was heard of last at that moment makes its node unreachable.

    What counts is when a look at the Leases saw the last renewal, and the look at which the patience is over.
    """
    seen_s = _next_look_s(heard_s, timing)
    return _next_look_s(seen_s + timing.node_monitor_grace_s, timing)


def _next_look_s(after_s: float, timing: Timing) -> float:
    return ceil(after_s / timing.node_monitor_s - 1e-9) * timing.node_monitor_s


def _mark(node: KubernetesObject, view: View, now_s: float) -> Outcome:
    writes: list[Write] = []
    events: list[Note] = []
    if ready_condition(node)["status"] != "Unknown":
        heard = str(ready_condition(node)["lastHeartbeatTime"])
        said = with_ready(node, "Unknown", now_s, lastHeartbeatTime=heard, reason="NodeStatusUnknown")
        writes.append(UpdateStatus(item=said))
        events.append(Note(name="NodeNotReady", subject=key_of(node), message="kubelet stopped posting node status"))
    taints, again_s = _taints(node, view, now_s)
    if taints != tuple(item for item in node.spec.get("taints") or () if item["key"] == UNREACHABLE):
        writes.append(Update(item=_tainted(node, taints)))
    writes += [
        UpdateStatus(item=with_ready(pod, "False", now_s, reason="NodeNotReady"))
        for pod in view.local.objects("Pod")
        if node_of(pod) == node.metadata.name and ready_condition(pod).get("status") == "True"
    ]
    return Outcome(writes=tuple(writes), events=tuple(events), requeue_after_s=again_s)


def _taints(node: KubernetesObject, view: View, now_s: float) -> tuple[tuple[dict[str, str], ...], float | None]:
    """The taints that an unreachable node is to have now, and when to look again for the one that evicts."""
    taints = [{"key": UNREACHABLE, "effect": NO_SCHEDULE}]
    nodes = view.local.objects("Node")
    lost = [item for item in nodes if item.metadata.name == node.metadata.name or not is_ready(item)]
    held = taint(node, NO_EXECUTE)
    if len(lost) == len(nodes):
        return tuple(taints), None  # the fault is rather here: whoever was to be evicted stays
    if held is not None:
        return (*taints, dict(held)), None
    if len(lost) > UNHEALTHY_NODES and len(lost) >= UNHEALTHY_SHARE * len(nodes):
        return tuple(taints), None
    others = [seconds(str(found["timeAdded"])) for item in nodes if (found := taint(item, NO_EXECUTE)) is not None]
    due_s = max(others, default=float("-inf")) + EVICTION_PAUSE_S
    if now_s < due_s:
        return tuple(taints), due_s - now_s
    return (*taints, {"key": UNREACHABLE, "effect": NO_EXECUTE, "timeAdded": micro_time(now_s)}), None


def _untaint(node: KubernetesObject, view: View, now_s: float) -> Outcome:
    """A kubelet that is back says itself that its node is Ready; the taints go at the next look."""
    held = ready_condition(node)
    if not any(taint(node, effect) for effect in (NO_SCHEDULE, NO_EXECUTE)):
        return NOTHING
    due_s = _next_look_s(seconds(str(held["lastTransitionTime"])), view.timing)
    if now_s < due_s:
        return Outcome(requeue_after_s=due_s - now_s)
    return Outcome(
        writes=(Update(item=_tainted(node, ())),), events=(Note(name="NodeReady", subject=key_of(node)),)
    )  # fmt: skip


def _tainted(node: KubernetesObject, taints: Iterable[dict[str, str]]) -> KubernetesObject:
    others = [item for item in node.spec.get("taints") or () if item["key"] != UNREACHABLE]
    return with_spec(node, taints=[*others, *taints])


def _with_those_not_ready(change: Change, view: View) -> tuple[ObjectKey, ...]:
    """The node, and those that are not Ready: whether they evict hangs on how many others are."""
    others = (key_of(item) for item in view.local.objects("Node") if not is_ready(item))
    return tuple(dict.fromkeys((change.key, *others)))


NODE_LIFECYCLE = ControllerSpec(
    name="node-lifecycle", reconcile=reconcile, watches=(Watch(kind="Node", keys=_with_those_not_ready),),
    kubernetes=True,
)  # fmt: skip
