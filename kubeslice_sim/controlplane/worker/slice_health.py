"""Slice health: what a worker reports of a slice every two minutes (worker-operator pkg/hub/controllers)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kubeslice_sim.controlplane import finalizer
from kubeslice_sim.controlplane.built_in import DNS, GATEWAY_LABEL, SLICE_LABEL, running
from kubeslice_sim.controlplane.controller import ControllerSpec, Watch, itself
from kubeslice_sim.controlplane.reconciler import NOTHING, Note, Outcome, UpdateStatus, View
from kubeslice_sim.controlplane.timestamp import seconds, timestamp
from kubeslice_sim.controlplane.worker.router import router_runs
from kubeslice_sim.model.cluster import ComponentHealth, ComponentStatus
from kubeslice_sim.model.document import ObjectKey
from kubeslice_sim.model.slice_gateway import SliceGateway
from kubeslice_sim.model.worker_slice_config import SliceHealth, WorkerSliceConfig
from kubeslice_sim.planner.names import SYSTEM_NAMESPACE
from kubeslice_sim.planner.objects_gateway import gateway_count


def reconcile(key: ObjectKey, view: View, now_s: float) -> Outcome:
    """Report the health of the slice's parts, if the last report is old enough."""
    config = view.hub.get(WorkerSliceConfig, key.namespace, key.name)
    if config is None or finalizer.deleting(config):
        return NOTHING
    held = config.status.slice_health
    age_s = now_s - seconds(held.last_updated) if held is not None and held.last_updated else float("inf")
    if age_s < view.timing.health_report_s:
        return Outcome(requeue_after_s=view.timing.health_report_s - age_s)
    parts = _parts(config, view)
    healthy = all(part.component_health_status == "Normal" for part in parts)
    health = SliceHealth(
        slice_health_status="Normal" if healthy else "Warning", component_statuses=parts, last_updated=timestamp(now_s)
    )
    return Outcome(
        writes=(UpdateStatus(item=replace(config, status=replace(config.status, slice_health=health)), at="hub"),),
        events=(Note(name="WorkerSliceHealthUpdated", subject=key),),
        requeue_after_s=view.timing.health_report_s,
    )


def _parts(config: WorkerSliceConfig, view: View) -> tuple[ComponentStatus, ...]:
    slice_ = config.spec.slice_name
    if config.spec.overlay_network_deployment_mode == "no-network":
        return ()
    gateways = view.local.list(SliceGateway, SYSTEM_NAMESPACE, {SLICE_LABEL: slice_})
    dns = view.local.find("Pod", SYSTEM_NAMESPACE, DNS)
    pods = [
        sum(running(pod) for pod in view.local.objects("Pod", SYSTEM_NAMESPACE, {GATEWAY_LABEL: item.metadata.name}))
        for item in gateways
    ]
    tunnels = [
        sum(pod.tunnel_status.tunnel_state == "UP" for pod in item.status.gateway_pod_status) for item in gateways
    ]
    wanted = [gateway_count(item.metadata) for item in gateways]
    found: dict[str, ComponentHealth] = {
        "dns": "Normal" if dns is not None and running(dns) else "Error",
        "slice-gateway": _share(pods, wanted),
        "slice-router": "Normal" if router_runs(slice_, view) else "Error",
        "gateway-tunnel": _share(tunnels, wanted),
    }
    return tuple(ComponentStatus(component=name, component_health_status=health) for name, health in found.items())


def _share(counts: Sequence[int], wanted: Sequence[int]) -> ComponentHealth:
    """Every gateway has all of its pods (or tunnels): Normal; some: Warning; none: Error."""
    if all(count >= full for count, full in zip(counts, wanted, strict=True)):
        return "Normal"
    return "Warning" if any(counts) else "Error"


SLICE_HEALTH = ControllerSpec(
    name="slice-health", reconcile=reconcile, watches=(Watch(kind="WorkerSliceConfig", keys=itself, at="hub"),)
)
