"""Slice health: what a worker reports of a slice every two minutes (worker-operator pkg/hub/controllers)."""

from __future__ import annotations

from dataclasses import replace

from kubeslice_sim.controlplane import finalizer
from kubeslice_sim.controlplane.built_in import POD_TYPE_LABEL, SLICE_LABEL, running
from kubeslice_sim.controlplane.controller import ControllerSpec, Watch, itself
from kubeslice_sim.controlplane.reconciler import NOTHING, Note, Outcome, UpdateStatus, View
from kubeslice_sim.controlplane.timestamp import seconds, timestamp
from kubeslice_sim.controlplane.worker.cluster_health import pods_health
from kubeslice_sim.controlplane.worker.east_west import DIRECTION_LABEL
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
    """The slice's parts, in the operator's order; of gateways, tunnels and Istio only where there are any."""
    if config.spec.overlay_network_deployment_mode == "no-network":
        return ()
    slice_ = {SLICE_LABEL: config.spec.slice_name}
    gateways = view.local.list(SliceGateway, SYSTEM_NAMESPACE, slice_)
    pods = [
        pod for pod in view.local.objects("Pod", SYSTEM_NAMESPACE, {**slice_, POD_TYPE_LABEL: "slicegateway"})
        if running(pod) and not finalizer.deleting(pod)
    ]  # fmt: skip
    tunnels = [pod for pod in pods if (said := view.sidecars.get(pod.metadata.name)) is not None and said.up]
    wanted = sum(gateway_count(item.metadata) for item in gateways)
    found: dict[str, ComponentHealth | None] = {
        "dns": _pods({POD_TYPE_LABEL: "dns"}, view) or "Error",
        "slice-gateway": _share(len(pods), wanted) if gateways else None,
        "slice-router": _pods({**slice_, POD_TYPE_LABEL: "router"}, view) or "Error",
        "egress": _pods({**slice_, DIRECTION_LABEL: "egressgateway"}, view),
        "ingress": _pods({**slice_, DIRECTION_LABEL: "ingressgateway"}, view),
        "gateway-tunnel": _share(len(tunnels), wanted) if gateways else None,
    }
    return tuple(
        ComponentStatus(component=name, component_health_status=health)
        for name, health in found.items() if health is not None
    )  # fmt: skip


def _pods(labels: dict[str, str], view: View) -> ComponentHealth | None:
    return pods_health(SYSTEM_NAMESPACE, labels, view)


def _share(count: int, wanted: int) -> ComponentHealth:
    """As many as there are to be, of all gateways together: Normal; none: Error; any other number: Warning."""
    if count == wanted:
        return "Normal"
    return "Warning" if count else "Error"


SLICE_HEALTH = ControllerSpec(
    name="slice-health", reconcile=reconcile, watches=(Watch(kind="WorkerSliceConfig", keys=itself, at="hub"),)
)
