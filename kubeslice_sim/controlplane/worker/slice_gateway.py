"""SliceGateway: gateway pods, node ports, tunnel status and next hops of one side of a pair.

As worker-operator controllers/slicegateway/reconciler.go does, with its waits: 10 s for the router and for what the
other side says, 5 s for pods, 10 s until the sidecars know something; then it looks every 120 s, or when a pod changes.
"""

from __future__ import annotations

from dataclasses import replace

from kubeslice_sim.controlplane import finalizer
from kubeslice_sim.controlplane.built_in import (
    GATEWAY_LABEL,
    GATEWAY_OWNER_LABEL,
    SLICE_LABEL,
    node_port,
)
from kubeslice_sim.controlplane.controller import ControllerSpec, Watch, itself, labelled, owner
from kubeslice_sim.controlplane.effects import SetNextHops, StopPod
from kubeslice_sim.controlplane.reconciler import (
    NOTHING,
    Ask,
    Create,
    Delete,
    Note,
    Outcome,
    Update,
    View,
    Write,
)
from kubeslice_sim.controlplane.store import Change
from kubeslice_sim.controlplane.worker import gateway_pod
from kubeslice_sim.controlplane.worker.gateway_deployments import (
    held_deployments,
    retire,
    split,
    wanted_deployments,
)
from kubeslice_sim.controlplane.worker.gateway_ports import redial
from kubeslice_sim.controlplane.worker.gateway_tunnels import gateway_pods, watch_tunnels
from kubeslice_sim.controlplane.worker.rebalancing import rebalance
from kubeslice_sim.controlplane.worker.router import router_runs
from kubeslice_sim.model.document import ObjectKey, key_of
from kubeslice_sim.model.kubernetes import KubernetesObject
from kubeslice_sim.model.release import ROTATES_KEYS, includes
from kubeslice_sim.model.slice_gateway import SliceGateway
from kubeslice_sim.model.worker_slice_gateway import WorkerSliceGateway
from kubeslice_sim.planner import names
from kubeslice_sim.planner.objects_gateway import gateway_count


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
    looked = watch_tunnels(gateway, view)
    if looked.retry or not _is_server(gateway):
        return looked
    placed = rebalance(gateway, view)
    return replace(looked, writes=(*looked.writes, *placed.writes), events=(*looked.events, *placed.events))


def asks(key: ObjectKey, view: View) -> tuple[Ask, ...]:
    """What every look asks the hub: the rotation of its keys, and a server its ports there and its recyclers.

    So no status is kept and no route is changed while the hub does not answer.
    """
    gateway = view.local.get(SliceGateway, key.namespace, key.name)
    if gateway is None or finalizer.deleting(gateway) or not router_runs(gateway.spec.slice_name, view):
        return ()
    told = view.hub.named(WorkerSliceGateway, key.name)
    if not told or not (_is_server(gateway) or _knows_server(gateway)):
        return ()
    namespace = told[0].metadata.namespace
    asked: list[Ask] = []
    if includes(view.underlay.spec.kubeslice_version, ROTATES_KEYS):
        asked.append(Ask(key=ObjectKey("VpnKeyRotation", namespace, gateway.spec.slice_name)))
    if _is_server(gateway):
        asked.append(Ask(key=key_of(told[0])))
        asked.append(Ask(key=ObjectKey("WorkerSliceGwRecycler", namespace, key.name), verb="list"))
    return tuple(asked)


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
    if not _knows_server(gateway):
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
                restarted.extend(gateway_pods(gateway, view))  # nothing that they know is left to dial
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


def _is_server(gateway: SliceGateway) -> bool:
    return gateway.status.config.slice_gateway_host_type == "Server"


def _knows_server(gateway: SliceGateway) -> bool:
    config = gateway.status.config
    known = config.slice_gateway_remote_node_ips or config.slice_gateway_server_lb_ips
    return bool(known and config.slice_gateway_remote_node_ports and config.slice_gateway_remote_gateway_id)


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
    asks=asks,
    watches=(
        Watch(kind="SliceGateway", keys=itself),
        Watch(kind="Deployment", keys=owner("SliceGateway")),
        Watch(kind="Service", keys=owner("SliceGateway")),
        Watch(kind="Pod", keys=labelled("SliceGateway", GATEWAY_LABEL)),
        Watch(kind="Pod", keys=_of_router),
        Watch(kind="Node", keys=_of_gateway_node),
    ),
)
