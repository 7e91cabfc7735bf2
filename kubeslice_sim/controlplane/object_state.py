"""Object state: what an object's status says, in a word or two, as ``kubectl get`` would; no times, no counters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kubeslice_sim.controlplane.finalizer import deleting
from kubeslice_sim.controlplane.node import is_ready, ready_condition
from kubeslice_sim.model.kubernetes import KubernetesObject

WATCHED = frozenset({
    "Project", "Cluster", "SliceConfig", "VpnKeyRotation", "WorkerSliceConfig", "WorkerSliceGateway",
    "WorkerServiceImport", "WorkerSliceGwRecycler", "Job", "Slice", "SliceGateway", "ServiceExport", "ServiceImport",
    "Deployment", "Pod", "Secret", "Node",
})  # fmt: skip
"""The kinds whose lives a history tells; the others are made once and stay."""


def state_of(item: Any) -> str:
    """The object's state; empty where its status says nothing yet."""
    said = _SAYINGS.get(item.RESOURCE.kind if not isinstance(item, KubernetesObject) else item.kind)
    parts = [said(item)] if said is not None else []
    if deleting(item):
        parts.append("Terminating")
    return ", ".join(part for part in parts if part)


def conditions_of(item: Any) -> str:
    """The object's conditions, as ``Type=Status (Reason)``."""
    if isinstance(item, KubernetesObject) and item.kind in ("Node", "Pod"):
        return ""  # the state has said it
    found = item.status.get("conditions", ()) if isinstance(item, KubernetesObject) else _own_conditions(item)
    told = (f"{_of(entry, 'type')}={_of(entry, 'status')}{_reason(entry)}" for entry in found)
    return ", ".join(told)


def _own_conditions(item: Any) -> Any:
    return getattr(getattr(item, "status", None), "conditions", ())


def _reason(entry: Any) -> str:
    reason = _of(entry, "reason")
    return f" ({reason})" if reason else ""


def _of(entry: Any, field: str) -> str:
    value = entry.get(field) if isinstance(entry, Mapping) else getattr(entry, field)
    return str(value or "")


def _cluster(item: Any) -> str:
    status = item.status
    if status is None:
        return ""
    health = status.cluster_health.cluster_health_status if status.cluster_health is not None else None
    return " ".join(part for part in (status.registration_status, health) if part)


def _worker_slice_config(item: Any) -> str:
    health = item.status.slice_health
    return str(health.slice_health_status or "") if health is not None else ""


def _worker_slice_gateway(item: Any) -> str:
    ports = item.spec.local_gateway_config.node_ports
    exchanged = f"NodePorts {', '.join(map(str, ports))}" if ports else ""
    return " ".join(part for part in (exchanged, item.status.connection_state) if part)


def _slice(item: Any) -> str:
    return f"{len(item.status.app_pods)} pods on the overlay" if item.status.slice_config is not None else ""


def _slice_gateway(item: Any) -> str:
    pods = item.status.gateway_pod_status
    return ", ".join(f"{pod.pod_name} {pod.tunnel_status.tunnel_state}".rstrip() for pod in pods)


def _rotation(item: Any) -> str:
    states = sorted({state.status for state in item.status.current_rotation_state.values() if state.status})
    return f"rotation {item.spec.rotation_count}{': ' if states else ''}{' and '.join(states)}"


def _recycler(item: Any) -> str:
    return str(item.spec.state)


def _export(item: Any) -> str:
    return f"{item.status.export_status} {len(item.status.pods)} endpoints" if item.status.export_status else ""


def _import(item: Any) -> str:
    return f"{item.status.import_status} {len(item.status.endpoints)} endpoints" if item.status.import_status else ""


def _pod(item: Any) -> str:
    phase = str(item.status.get("phase") or "")
    return f"{phase} NotReady" if phase == "Running" and not is_ready(item) else phase


def _node(item: Any) -> str:
    return "Ready" if is_ready(item) else "NotReady" if ready_condition(item) else ""


_SAYINGS: Mapping[str, Callable[[Any], str]] = {
    "Cluster": _cluster, "WorkerSliceConfig": _worker_slice_config, "WorkerSliceGateway": _worker_slice_gateway,
    "Slice": _slice, "SliceGateway": _slice_gateway, "VpnKeyRotation": _rotation, "WorkerSliceGwRecycler": _recycler,
    "ServiceExport": _export, "ServiceImport": _import, "Pod": _pod,
    "Node": _node,
}  # fmt: skip
