"""Gateway tunnels: what the sidecars of one side of a pair say, in its status, and the next hops that follow from it.

As ReconcileGwPodStatus and SendConnectionContextToSliceRouter of worker-operator controllers/slicegateway do.
"""

from __future__ import annotations

from dataclasses import replace

from kubeslice_sim.controlplane import finalizer, ip
from kubeslice_sim.controlplane.built_in import GATEWAY_LABEL, nsm_ip, running
from kubeslice_sim.controlplane.effects import SetNextHops
from kubeslice_sim.controlplane.hub.worker_slice_gateway import recyclers_of_gateway
from kubeslice_sim.controlplane.reconciler import Delete, Note, Outcome, UpdateStatus, View
from kubeslice_sim.controlplane.sidecar import TunnelStatus
from kubeslice_sim.controlplane.worker import gateway_pod
from kubeslice_sim.controlplane.worker.gateway_deployments import excluded
from kubeslice_sim.controlplane.worker.gateway_recycler import END
from kubeslice_sim.model.changed import changed
from kubeslice_sim.model.document import key_of
from kubeslice_sim.model.kubernetes import KubernetesObject
from kubeslice_sim.model.slice_gateway import GatewayPodStatus, GatewayTunnelStatus, SliceGateway
from kubeslice_sim.planner import names

UP, DOWN = 0, 1
"""``Status`` of a tunnel, as the sidecar's gRPC enum has it (the CRD's comment says the reverse)."""


def watch_tunnels(gateway: SliceGateway, view: View) -> Outcome:
    """Ask the sidecars, keep the status, and give the router the gateways whose tunnels are up."""
    config = gateway.status.config
    pods = gateway_pods(gateway, view)
    tunnels = {pod.metadata.name: view.sidecars.get(pod.metadata.name) for pod in pods if running(pod)}
    silent = next((name for name, tunnel in tunnels.items() if tunnel is not None and tunnel.state == "SILENT"), "")
    if silent:
        # The operator's call to the sidecar fails, and its reconcile with it: nothing is learnt of the others either.
        note = Note(name="SliceGWPodReconcileFailed", subject=key_of(gateway), message=f"{silent} does not answer")
        return Outcome(events=(note,), retry=note.message)
    up = [
        pod for pod in pods
        if (tunnel := tunnels.get(pod.metadata.name)) is not None and tunnel.up and not excluded(pod)
    ]  # fmt: skip
    statuses = tuple(
        _pod_status(pod, tunnel, gateway) for pod in pods if (tunnel := tunnels.get(pod.metadata.name)) is not None
    )
    status = changed(
        gateway.status, gateway_pod_status=statuses, pod_names=tuple(pod.metadata.name for pod in pods if running(pod))
    )
    destination = gateway_pod.tunnelled(gateway, view)
    if destination is None:
        return Outcome(requeue_after_s=view.timing.wait_for_router_s)
    hops = SetNextHops(
        cluster=view.cluster,
        slice=config.slice_name,
        destination=destination,
        via=tuple(ip.address(nsm_ip(pod)) for pod in up),
    )
    if len(tunnels) < len(pods):
        again_s = view.timing.wait_for_pods_s
    elif any(tunnel is None or tunnel.state == "UNKNOWN" for tunnel in tunnels.values()):
        again_s = view.timing.wait_for_router_s
    else:
        again_s = view.timing.gateway_reconcile_s
    ended = (
        Delete(key=key_of(item), at="hub")
        for item in recyclers_of_gateway(gateway.metadata.name, view)
        if item.spec.state == END
    )
    return Outcome(
        writes=(*((UpdateStatus(item=replace(gateway, status=status)),) if status != gateway.status else ()), *ended),
        effects=(hops,),
        requeue_after_s=again_s,
    )


def gateway_pods(gateway: SliceGateway, view: View) -> tuple[KubernetesObject, ...]:
    """The gateway's pods, but those that are going."""
    found = view.local.objects("Pod", names.SYSTEM_NAMESPACE, {GATEWAY_LABEL: gateway.metadata.name})
    return tuple(pod for pod in found if not finalizer.deleting(pod))


def _pod_status(pod: KubernetesObject, tunnel: TunnelStatus, gateway: SliceGateway) -> GatewayPodStatus:
    config = gateway.status.config
    peer = f"{config.slice_gateway_remote_gateway_id}-{pod.metadata.name.removeprefix(gateway.metadata.name + '-')}"
    return GatewayPodStatus(
        pod_name=pod.metadata.name,
        peer_pod_name=peer if tunnel.up else "",
        local_nsm_ip=nsm_ip(pod),
        route_removed=int(excluded(pod)),
        tunnel_status=GatewayTunnelStatus(
            intf_name="wg0" if config.slice_gateway_type == "Wireguard" else "tun0",
            local_ip=config.slice_gateway_local_vpn_ip,
            remote_ip=config.slice_gateway_remote_vpn_ip,
            latency_ms=tunnel.latency_ms,
            packet_loss_percent=tunnel.packet_loss_percent,
            status=UP if tunnel.up else DOWN,
            tunnel_state=tunnel.state,
        ),
    )
