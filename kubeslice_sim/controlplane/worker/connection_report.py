"""Connection report: what this cluster says on the hub of the link behind each of its gateways; ``next`` only.

As worker-operator pkg/hub/controllers does (pull request 495): one tunnel that is up connects a gateway; written only
when the state changes, looked at every 30 s.
"""

from __future__ import annotations

from dataclasses import replace

from kubeslice_sim.controlplane import finalizer
from kubeslice_sim.controlplane.controller import ControllerSpec, Watch, itself, only
from kubeslice_sim.controlplane.reconciler import NOTHING, Outcome, UpdateStatus, View
from kubeslice_sim.controlplane.store import Change
from kubeslice_sim.controlplane.timestamp import timestamp
from kubeslice_sim.model.document import ObjectKey
from kubeslice_sim.model.release import NEXT
from kubeslice_sim.model.slice_gateway import SliceGateway
from kubeslice_sim.model.worker_slice_gateway import ConnectionState, WorkerSliceGateway
from kubeslice_sim.planner.names import SYSTEM_NAMESPACE

REASONS: dict[ConnectionState, tuple[str, str]] = {
    "Connected": ("TunnelEstablished", "gateway tunnel is up"),
    "NotConnected": ("TunnelDown", "all gateway tunnels are down"),
    "Pending": ("AwaitingTunnel", "no gateway pod has reported yet"),
}


def reconcile(key: ObjectKey, view: View, now_s: float) -> Outcome:
    """Write the state of the gateway's tunnels into the hub's object, if it is another than there."""
    gateway = view.hub.get(WorkerSliceGateway, key.namespace, key.name)
    if gateway is None or finalizer.deleting(gateway):
        return NOTHING
    state = connection_state(view.local.get(SliceGateway, SYSTEM_NAMESPACE, key.name))
    again_s = view.timing.connection_report_s
    if gateway.status.connection_state == state:
        return Outcome(requeue_after_s=again_s)
    reason, message = REASONS[state]
    status = replace(
        gateway.status, connection_state=state, last_transition_time=timestamp(now_s), reason=reason, message=message
    )
    return Outcome(writes=(UpdateStatus(item=replace(gateway, status=status), at="hub"),), requeue_after_s=again_s)


def _tells(_: Change, view: View) -> bool:
    """Whether this release tells its links' states; the others have no such controller."""
    return view.underlay.spec.kubeslice_version == NEXT


def connection_state(gateway: SliceGateway | None) -> ConnectionState:
    """Connected while any pod's tunnel is up, Pending before any pod has said anything."""
    pods = gateway.status.gateway_pod_status if gateway is not None else ()
    if not pods:
        return "Pending"
    return "Connected" if any(pod.tunnel_status.tunnel_state == "UP" for pod in pods) else "NotConnected"


CONNECTION_REPORT = ControllerSpec(
    name="connection-report", reconcile=reconcile,
    watches=(Watch(kind="WorkerSliceGateway", keys=only(_tells, itself), at="hub"),),
)  # fmt: skip
