"""Node: what a Node says of its kubelet and whom it takes in: condition Ready, taints, and the nodes for new pods."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kubeslice_sim.controlplane.built_in import with_status_fields
from kubeslice_sim.controlplane.table import StoreView
from kubeslice_sim.controlplane.timestamp import micro_time, seconds
from kubeslice_sim.model.kubernetes import KubernetesObject
from kubeslice_sim.planner.names import GATEWAY_NODE_LABEL

UNREACHABLE = "node.kubernetes.io/unreachable"
"""The taint of a node whose kubelet says nothing."""
NO_SCHEDULE, NO_EXECUTE = "NoSchedule", "NoExecute"


def ready_condition(item: KubernetesObject) -> Mapping[str, Any]:
    """The condition Ready of a Node or a Pod, empty where nobody has said anything."""
    found = item.status.get("conditions") or ()
    return next((entry for entry in found if entry["type"] == "Ready"), {})


def is_ready(item: KubernetesObject) -> bool:
    """Whether a Node or a Pod is Ready."""
    return bool(ready_condition(item).get("status") == "True")


def with_ready(item: KubernetesObject, status: str, at_s: float, **more: str) -> KubernetesObject:
    """The Node or Pod with this condition Ready, since ``at_s`` if it was another before."""
    held = ready_condition(item)
    since = held["lastTransitionTime"] if held.get("status") == status else micro_time(at_s)
    others = [entry for entry in item.status.get("conditions") or () if entry["type"] != "Ready"]
    condition = {"type": "Ready", "status": status, "lastTransitionTime": since, **more}
    return with_status_fields(item, conditions=[*others, condition])


def last_heard_s(node: KubernetesObject) -> float | None:
    """When the kubelet was heard of last; None while it renews its Lease.

    A heartbeat that comes is worked out, not played: only one that nothing followed is written down.
    """
    said = ready_condition(node).get("lastHeartbeatTime")
    return seconds(str(said)) if said else None


def taint(node: KubernetesObject, effect: str) -> Mapping[str, Any] | None:
    """The taint ``unreachable`` with that effect, None where the node has none."""
    return next(
        (item for item in node.spec.get("taints") or () if (item["key"], item["effect"]) == (UNREACHABLE, effect)), None
    )


def untainted(nodes: Iterable[KubernetesObject]) -> tuple[KubernetesObject, ...]:
    """The nodes that the scheduler gives new pods; what a pod could tolerate is not looked at."""
    return tuple(node for node in nodes if not node.spec.get("taints"))


def gateway_nodes(view: StoreView) -> tuple[str, ...]:
    """The nodes for KubeSlice's pods, without those that take none now."""
    return tuple(node.metadata.name for node in untainted(view.objects("Node", labels={GATEWAY_NODE_LABEL: "gateway"})))


def other_nodes(view: StoreView) -> tuple[str, ...]:
    """The nodes for everybody else: those without gateways, all where there are no others."""
    nodes = untainted(view.objects("Node"))
    others = [node for node in nodes if node.metadata.labels.get(GATEWAY_NODE_LABEL) != "gateway"]
    return tuple(node.metadata.name for node in others or nodes)
