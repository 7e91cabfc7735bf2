"""Is a live object as far as it gets, and if not, what is missing: by the status its controllers write."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from real.connection import Object

State = Literal["ready", "waiting", "failed", "absent"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """``failed`` does not mend by waiting; the reason says what is missing, empty when ready."""

    state: State
    reason: str = ""


READY = Readiness(state="ready")


def readiness(live: Object | None, related: Sequence[Object] = ()) -> Readiness:
    """Judge one object by its status; kinds that have nothing to get ready are ready when they exist.

    related: for a SliceConfig the WorkerSliceConfigs that the controller made from it.
    """
    if live is None:
        return Readiness(state="absent", reason="not deployed")
    if live["metadata"].get("deletionTimestamp"):
        return _waiting("is being deleted")
    if live["kind"] == "SliceConfig":
        return _slice(live, related)
    judge = _JUDGES.get(str(live["kind"]))
    return judge(live.get("spec") or {}, live.get("status") or {}) if judge else READY


def _cluster(_spec: Mapping[str, Any], status: Mapping[str, Any]) -> Readiness:
    registered = status.get("registrationStatus") or ""
    if registered in ("Failed", "DeregisterFailed"):
        return Readiness(state="failed", reason=f"registration: {registered}")
    if registered != "Registered":
        secret = status.get("secretName")
        how = f" with the credentials in secret {secret}" if secret else ""
        return _waiting(f"registration: {registered or 'none'}: install the worker operator on that cluster{how}")
    return _health(status.get("clusterHealth") or {}, "clusterHealthStatus")


def _slice(live: Object, workers: Sequence[Object]) -> Readiness:
    by_cluster = {(item.get("metadata", {}).get("labels") or {}).get("worker-cluster"): item for item in workers}
    waits, failures = [], []
    for cluster in (live.get("spec") or {}).get("clusters") or ():
        if cluster not in by_cluster:
            waits.append(f"{cluster}: the controller has not made its WorkerSliceConfig; is it running?")
            continue
        health = (by_cluster[cluster].get("status") or {}).get("sliceHealth")
        if not health:
            waits.append(f"{cluster}: the worker operator has not reported the slice's health")
            continue
        one = _health(health, "sliceHealthStatus")
        if one.state != "ready":
            failures.append(f"{cluster}: {one.reason}")
    # Health is written every 120 s and turns Normal by itself while pods and tunnels come up.
    return _waiting("; ".join((*waits, *failures))) if waits or failures else READY


def _health(health: Mapping[str, Any], field: str) -> Readiness:
    if health.get(field, "Normal") == "Normal":
        return READY
    parts = [
        (item.get("component"), item.get("componentHealthStatus")) for item in health.get("componentStatuses") or ()
    ]
    ill = [f"{component} {state}" for component, state in parts if state != "Normal"]
    return _waiting(f"health {health[field]}: {', '.join(ill) or 'no component named'}")


def _export(_spec: Mapping[str, Any], status: Mapping[str, Any]) -> Readiness:
    state = status.get("exportStatus") or "none"
    if state == "READY":
        return READY
    return _waiting(f"export status: {state}: is the namespace on the slice, and the worker operator running?")


def _replicas(spec: Mapping[str, Any], status: Mapping[str, Any]) -> Readiness:
    wanted = spec.get("replicas", 1)
    ready = status.get("readyReplicas") or 0
    updated = status.get("updatedReplicas") or 0
    if min(ready, updated) >= wanted:
        return READY
    return _waiting(f"{min(ready, updated)} of {wanted} pods ready")


def _pod(_spec: Mapping[str, Any], status: Mapping[str, Any]) -> Readiness:
    phase = status.get("phase") or "Pending"
    if phase == "Failed":
        return Readiness(state="failed", reason=str(status.get("message") or status.get("reason") or "the pod failed"))
    ready = any(item.get("type") == "Ready" and item.get("status") == "True" for item in status.get("conditions") or ())
    return READY if ready or phase == "Succeeded" else _waiting(f"pod {phase}, not ready")


def _namespace(_spec: Mapping[str, Any], status: Mapping[str, Any]) -> Readiness:
    phase = status.get("phase") or "Active"
    return READY if phase == "Active" else _waiting(f"namespace {phase}")


def _waiting(reason: str) -> Readiness:
    return Readiness(state="waiting", reason=reason)


_JUDGES: Mapping[str, Callable[[Mapping[str, Any], Mapping[str, Any]], Readiness]] = {
    "Cluster": _cluster,
    "Deployment": _replicas,
    "Namespace": _namespace,
    "Pod": _pod,
    "ServiceExport": _export,
    "StatefulSet": _replicas,
}
