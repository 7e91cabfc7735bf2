"""Kubelet's reports: facts about pods become their phases, facts about nodes what the API server heard of them last."""

from __future__ import annotations

from math import floor

from kubeslice_sim.controlplane import finalizer
from kubeslice_sim.controlplane.built_in import node_of, with_status_fields
from kubeslice_sim.controlplane.facts import NodeRunning, NodeStopped, PodRunning, PodStopped
from kubeslice_sim.controlplane.node import ready_condition, with_ready
from kubeslice_sim.controlplane.store import Store
from kubeslice_sim.controlplane.timestamp import micro_time
from kubeslice_sim.model.document import key_of
from kubeslice_sim.model.kubernetes import KubernetesObject


def report_phase(fact: PodRunning | PodStopped, store: Store, now_s: float) -> None:
    """Set the Pod's phase. A pod that no longer has an object is no error: its stopping was asked for."""
    pod = store.view.find("Pod", fact.namespace, fact.pod)
    if pod is None:
        return
    runs = isinstance(fact, PodRunning)
    told = with_status_fields(pod, phase="Running" if runs else "Failed")
    store.update_status(with_ready(told, "True" if runs else "False", now_s))


def fall_silent(fact: NodeStopped, store: Store, lease_s: float, now_s: float) -> None:
    """The node's kubelet renews its Lease no more, and ends no pod: the last renewal was at a multiple of ``lease_s``.

    Nobody is told. That it was the last shows only by the next ones missing (``worker/node_lifecycle.py``).
    """
    node = store.view.find("Node", "", fact.node)
    if node is None or fact.node in store.silent_kubelets:
        return
    store.silent_kubelets.add(fact.node)
    last_s = floor(now_s / lease_s) * lease_s
    held = str(ready_condition(node)["status"])
    store.update_status(with_ready(node, held, now_s, lastHeartbeatTime=micro_time(last_s)))


def come_back(fact: NodeRunning, store: Store, now_s: float) -> None:
    """The kubelet says that its node is Ready, ends the pods that were deleted meanwhile, and starts the others."""
    node = store.view.find("Node", "", fact.node)
    if node is None or fact.node not in store.silent_kubelets:
        return
    store.silent_kubelets.discard(fact.node)
    store.update_status(with_ready(node, "True", now_s))
    for pod in pods_on(fact.node, store):
        if finalizer.deleting(pod):
            store.delete(key_of(pod), now_s, at_once=True)
        else:
            store.update_status(with_ready(pod, "False", now_s, reason="ContainersNotReady"))


def pods_on(node: str, store: Store) -> tuple[KubernetesObject, ...]:
    """The pods that were scheduled to the node."""
    return tuple(pod for pod in store.view.objects("Pod") if node_of(pod) == node)
