"""SliceGateway: gateway pods, node ports, tunnel status and next hops of one side of a pair.

As worker-operator controllers/slicegateway/reconciler.go does, with its waits: 10 s for the router and for what the
other side says, 5 s for pods, 10 s until the sidecars know something; then it looks every 120 s, or when a pod changes.
"""

from __future__ import annotations

from dataclasses import replace

from kubeslice_sim.controlplane import finalizer, ip
from kubeslice_sim.controlplane.built_in import (
    GATEWAY_LABEL,
    GATEWAY_OWNER_LABEL,
    SLICE_LABEL,
    node_port,
    nsm_ip,
    running,
)
from kubeslice_sim.controlplane.controller import ControllerSpec, Watch, itself, labelled, owner
from kubeslice_sim.controlplane.effects import SetNextHops, StopPod
from kubeslice_sim.controlplane.hub.worker_slice_gateway import recyclers_of_gateway
from kubeslice_sim.controlplane.reconciler import (
    NOTHING,
    Create,
    Delete,
    Note,
    Outcome,
    Update,
    UpdateStatus,
    View,
    Write,
)
from kubeslice_sim.controlplane.sidecar import TunnelStatus
from kubeslice_sim.controlplane.store import Change
from kubeslice_sim.controlplane.worker import gateway_pod
from kubeslice_sim.controlplane.worker.gateway_deployments import (
    excluded,
    held_deployments,
    retire,
    split,
    wanted_deployments,
)
from kubeslice_sim.controlplane.worker.gateway_ports import redial
from kubeslice_sim.controlplane.worker.gateway_recycler import END
from kubeslice_sim.controlplane.worker.rebalancing import rebalance
from kubeslice_sim.controlplane.worker.router import router_runs
from kubeslice_sim.model.changed import changed
from kubeslice_sim.model.document import ObjectKey, key_of
from kubeslice_sim.model.kubernetes import KubernetesObject
from kubeslice_sim.model.slice_gateway import GatewayPodStatus, GatewayTunnelStatus, SliceGateway
from kubeslice_sim.model.worker_slice_gateway import WorkerSliceGateway
from kubeslice_sim.planner import names
from kubeslice_sim.planner.objects_gateway import gateway_count

UP, DOWN = 0, 1
"""``Status`` of a tunnel, as the sidecar's gRPC enum has it (the CRD's comment says the reverse)."""


def reconcile(key: ObjectKey, view: View, now_s: float) -> Outcome:
    """Bring this side of the pair up step by step; once it is up, keep status and next hops true."""
    gateway = view.local.get(SliceGateway, key.namespace, key.name)
    if gateway is None:
        return NOTHING
    if finalizer.deleting(gateway):
        return _tear_down(gateway, view)
    if not router_runs(gateway.spec.slice_name, view):
        return Outcome(requeue_after_s=view.timing.wait_for_router_s)
    gone = retire(gateway, view)
    if gone:
        return Outcome(writes=gone, requeue_after_s=view.timing.wait_for_pods_s)
    wanted = wanted_deployments(gateway, gateway_count(gateway.metadata), view)
    ports = _publish_ports(gateway, wanted, view) if _is_server(gateway) else _find_server(gateway, view)
    if ports is None:
        return Outcome(requeue_after_s=view.timing.wait_for_router_s)
    changed = (*_missing_deployments(gateway, wanted, view), *_surplus(gateway, view))
    if ports.writes or changed:
        return Outcome(
            writes=(*ports.writes, *changed),
            effects=ports.effects,
            events=ports.events,
            requeue_after_s=view.timing.wait_for_pods_s,
        )
    moved = NOTHING if _is_server(gateway) else redial(gateway, view)
    if moved is not NOTHING:
        return replace(moved, requeue_after_s=view.timing.wait_for_pods_s)
    looked = _watch_tunnels(gateway, view)
    if looked.retry or not _is_server(gateway):
        return looked
    placed = rebalance(gateway, view)
    return replace(looked, writes=(*looked.writes, *placed.writes), events=(*looked.events, *placed.events))


def _publish_ports(gateway: SliceGateway, wanted: tuple[str, ...], view: View) -> Outcome:
    """A server's Services, and their node ports on the hub, instance by instance."""
    services = [view.local.find("Service", names.SYSTEM_NAMESPACE, names.gateway_service(name)) for name in wanted]
    there = [service for service in services if service is not None]
    if len(there) < len(wanted):
        absent = (name for name, service in zip(wanted, services, strict=True) if service is None)
        return Outcome(writes=tuple(Create(item=gateway_pod.node_port_service(gateway, name)) for name in absent))
    node_ports = tuple(node_port(service) for service in there)
    for told in view.hub.named(WorkerSliceGateway, gateway.metadata.name):
        local = told.spec.local_gateway_config
        if local.node_ports != node_ports:
            spec = replace(told.spec, local_gateway_config=replace(local, node_ports=node_ports))
            return Outcome(writes=(Update(item=replace(told, spec=spec), at="hub"),))
    return NOTHING


def _find_server(gateway: SliceGateway, view: View) -> Outcome | None:
    """A client's picture of its server; None while the hub does not know the server's addresses or ports.

    Its gateway pods are restarted where all addresses are new (controllers/slicegateway reconcileGatewayEndpoint).
    """
    config = gateway.status.config
    known = config.slice_gateway_remote_node_ips or config.slice_gateway_server_lb_ips
    if not (known and config.slice_gateway_remote_node_ports and config.slice_gateway_remote_gateway_id):
        return None
    name, body = config.slice_gateway_remote_gateway_id, gateway_pod.endpoints_body(gateway)
    service, endpoints = (view.local.find(kind, names.SYSTEM_NAMESPACE, name) for kind in ("Service", "Endpoints"))
    if service is not None and endpoints is not None and endpoints.body == body:
        return NOTHING
    writes: list[Write] = []
    restarted: list[KubernetesObject] = []
    for wanted in gateway_pod.remote_endpoints(gateway):
        there = view.local.find(wanted.kind, wanted.metadata.namespace, wanted.metadata.name)
        if there is None:
            writes.append(Create(item=wanted))
        elif wanted.kind == "Endpoints" and there.body != wanted.body:
            writes.append(Update(item=replace(there, body=wanted.body)))
            if not gateway_pod.addresses_of(there) & gateway_pod.addresses_of(wanted):
                restarted.extend(_pods(gateway, view))  # nothing that they know is left to dial
    return Outcome(
        writes=(*writes, *(Delete(key=key_of(pod)) for pod in restarted)),
        effects=tuple(
            StopPod(cluster=view.cluster, namespace=pod.metadata.namespace, pod=pod.metadata.name) for pod in restarted
        ),
    )  # fmt: skip


def _missing_deployments(gateway: SliceGateway, wanted: tuple[str, ...], view: View) -> tuple[Write, ...]:
    """The Deployments that are not there yet, with the newest keys that this cluster has.

    A client's gets the node port of its instance, or where that is dialled already one that nobody dials: without any,
    it waits.
    """
    name, config = gateway.metadata.name, gateway.status.config
    held = {item.metadata.name: item for item in held_deployments(name, view)}
    if all(item in held for item in wanted):
        return ()
    secrets = view.local.objects("Secret", names.SYSTEM_NAMESPACE, {GATEWAY_LABEL: name})
    if not secrets:
        return ()
    number = max(int(secret.metadata.name.rpartition("-")[2]) for secret in secrets)
    dialled = {gateway_pod.dialled_port(item.pod_template["spec"]) for item in held.values()}
    free = [port for port in config.slice_gateway_remote_node_ports if port not in dialled]
    writes: list[Write] = []
    for item in wanted:
        if item in held:
            continue
        port: int | None = None
        if not _is_server(gateway):
            if not free:
                break
            port = free.pop(0)
        writes.append(Create(item=gateway_pod.deployment(gateway, item, number, port)))
    return tuple(writes)


def _surplus(gateway: SliceGateway, view: View) -> tuple[Write, ...]:
    """The Deployments and Services of pods that the gateway has no more (KubeSlice's number never changes)."""
    owned = (
        item
        for kind in ("Deployment", "Service")
        for item in view.local.objects(kind, names.SYSTEM_NAMESPACE, {GATEWAY_OWNER_LABEL: gateway.metadata.name})
    )
    instances = _instances(gateway)
    return tuple(Delete(key=key_of(item)) for item in owned if _instance(item, gateway) not in instances)


def _instance(owned: KubernetesObject, gateway: SliceGateway) -> int:
    """Which of the gateway's pods a Deployment or Service is for: the first number after the gateway's name."""
    return split(gateway.metadata.name, owned.metadata.name.removeprefix(names.gateway_service("")))[0]


def _instances(gateway: SliceGateway) -> range:
    return range(gateway_count(gateway.metadata))


def _watch_tunnels(gateway: SliceGateway, view: View) -> Outcome:
    """Ask the sidecars, keep the status, and give the router the gateways whose tunnels are up."""
    config = gateway.status.config
    pods = _pods(gateway, view)
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


def _pods(gateway: SliceGateway, view: View) -> tuple[KubernetesObject, ...]:
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


def _is_server(gateway: SliceGateway) -> bool:
    return gateway.status.config.slice_gateway_host_type == "Server"


def _tear_down(gateway: SliceGateway, view: View) -> Outcome:
    """Take the route and the secrets away; Deployments and Services are owned and go by themselves."""
    config, destination = gateway.status.config, gateway_pod.tunnelled(gateway, view)
    secrets = view.local.objects("Secret", names.SYSTEM_NAMESPACE, {GATEWAY_LABEL: gateway.metadata.name})
    return Outcome(
        writes=(
            *(Delete(key=key_of(secret)) for secret in secrets),
            Update(item=finalizer.removed(gateway, finalizer.SLICE_GATEWAY)),
        ),
        first=(
            (SetNextHops(cluster=view.cluster, slice=config.slice_name, destination=destination, via=()),)
            if destination is not None else ()
        ),
        events=(Note(name="SliceGWDeleted", subject=key_of(gateway)),),
    )  # fmt: skip


def _of_gateway_node(change: Change, view: View) -> tuple[ObjectKey, ...]:
    """A gateway node that comes or goes concerns all gateways: their pods may stand askew.

    One whose kubelet is back ends the pods that hung there, which their gateways hear.
    """
    found = [item.metadata.labels.get(names.GATEWAY_NODE_LABEL) for item in (change.previous, change.item) if item]
    back = bool(change.previous and change.previous.spec.get("taints") and not change.item.spec.get("taints"))
    if "gateway" not in found or (change.action == "MODIFIED" and len(set(found)) == 1 and not back):
        return ()
    return tuple(key_of(item) for item in view.local.list(SliceGateway))


def _of_router(change: Change, view: View) -> tuple[ObjectKey, ...]:
    """A change of the router concerns all gateways of its slice: they give it their next hops again."""
    slice_ = change.item.metadata.labels.get(SLICE_LABEL, "")
    if change.key.name != names.router(slice_):
        return ()
    return tuple(key_of(item) for item in view.local.list(SliceGateway, labels={SLICE_LABEL: slice_}))


SLICE_GATEWAY = ControllerSpec(
    name="slice-gateway",
    reconcile=reconcile,
    watches=(
        Watch(kind="SliceGateway", keys=itself),
        Watch(kind="Deployment", keys=owner("SliceGateway")),
        Watch(kind="Service", keys=owner("SliceGateway")),
        Watch(kind="Pod", keys=labelled("SliceGateway", GATEWAY_LABEL)),
        Watch(kind="Pod", keys=_of_router),
        Watch(kind="Node", keys=_of_gateway_node),
    ),
)
