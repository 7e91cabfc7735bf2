"""Kubelet's reports: facts about pods become the phases of Pods."""

from __future__ import annotations

from kubeslice_sim.controlplane.built_in import with_status_fields
from kubeslice_sim.controlplane.facts import PodRunning, PodStopped
from kubeslice_sim.controlplane.store import Store


def report_phase(fact: PodRunning | PodStopped, store: Store) -> None:
    """Set the Pod's phase. A pod that no longer has an object is no error: its stopping was asked for."""
    pod = store.view.find("Pod", fact.namespace, fact.pod)
    if pod is not None:
        store.update_status(with_status_fields(pod, phase="Running" if isinstance(fact, PodRunning) else "Failed"))
