"""Pod: the scheduler, the CNI and kubelet of a worker cluster: a node, an address, and the order to run."""

from __future__ import annotations

from kubeslice_sim.controlplane import finalizer, ip
from kubeslice_sim.controlplane.built_in import (
    GATEWAY_LABEL,
    GATEWAY_OWNER_LABEL,
    POD_TYPE_LABEL,
    SLICE_LABEL,
    node_of,
    node_port,
    nsm_ip,
    with_spec,
    with_status_fields,
)
from kubeslice_sim.controlplane.controller import ControllerSpec, Watch, itself
from kubeslice_sim.controlplane.effects import Effect, StartAppPod, StartNameServer, StartRouter, StopPod
from kubeslice_sim.controlplane.node import gateway_nodes
from kubeslice_sim.controlplane.reconciler import NOTHING, Outcome, Update, UpdateStatus, View
from kubeslice_sim.controlplane.store import Change
from kubeslice_sim.controlplane.worker import east_west
from kubeslice_sim.controlplane.worker.gateway_pod import gateway_node, start_gateway
from kubeslice_sim.controlplane.worker.placement import OF_KUBESLICE, app_node, pod_ip
from kubeslice_sim.model.document import ObjectKey, key_of
from kubeslice_sim.model.kubernetes import KubernetesObject
from kubeslice_sim.model.slice_gateway import SliceGateway
from kubeslice_sim.model.worker_slice import Slice
from kubeslice_sim.planner import names
from kubeslice_sim.planner.addresses import router_address
from kubeslice_sim.planner.members import router_place
from kubeslice_sim.planner.slots import slot_of


def reconcile(key: ObjectKey, view: View, now_s: float) -> Outcome:
    """Schedule a new pod, start a scheduled one, stop one that is gone."""
    pod = view.local.find("Pod", key.namespace, key.name)
    if pod is None:
        return Outcome(effects=(StopPod(cluster=view.cluster, namespace=key.namespace, pod=key.name),))
    if finalizer.deleting(pod):
        return NOTHING  # its kubelet, which is gone, would end it
    if not node_of(pod):
        return _schedule(pod, view)
    start = _start(pod, view)
    return NOTHING if start is None else Outcome(effects=(start,))


def _schedule(pod: KubernetesObject, view: View) -> Outcome:
    node = _node(pod, view)
    if not node:
        return Outcome(retry="no node to run on")
    bound = with_spec(pod, nodeName=node)
    address = {} if pod.metadata.labels.get(POD_TYPE_LABEL) in OF_KUBESLICE else {"podIP": str(pod_ip(pod, view))}
    return Outcome(writes=(
        Update(item=bound), UpdateStatus(item=with_status_fields(bound, phase="Pending", **address))
    ))  # fmt: skip


def _node(pod: KubernetesObject, view: View) -> str:
    """Gateway nodes for KubeSlice's pods; for applications the others in turn (gateway nodes if there are none)."""
    kind = pod.metadata.labels.get(POD_TYPE_LABEL)
    gateways = gateway_nodes(view.local)
    if kind == "slicegateway":
        return gateway_node(pod, gateways, view)
    if kind == "router":
        slice_ = view.local.get(Slice, names.SYSTEM_NAMESPACE, pod.metadata.labels.get(SLICE_LABEL, ""))
        settings = slice_.status.slice_config if slice_ else None
        if settings is None or not gateways:
            return ""
        if not ip.is_network(settings.cluster_subnet_cidr):
            return gateways[0]
        slot = slot_of(ip.network(settings.slice_subnet), ip.network(settings.cluster_subnet_cidr))
        return gateways[router_place(slot, len(gateways))]
    if kind == "dns":
        return gateways[0] if gateways else ""
    if pod.metadata.namespace == names.SYSTEM_NAMESPACE:
        return east_west.node(pod, view)
    return app_node(pod, view)


def _start(pod: KubernetesObject, view: View) -> Effect | None:
    """The order to run the pod; None while something that it needs at its start is missing."""
    kind = pod.metadata.labels.get(POD_TYPE_LABEL)
    if kind == "slicegateway":
        return start_gateway(pod, view) if nsm_ip(pod) else None
    if kind == "router":
        return _start_router(pod, view)
    if kind == "dns":
        return StartNameServer(cluster=view.cluster, pod=pod.metadata.name, node=node_of(pod))
    return StartAppPod(
        cluster=view.cluster,
        namespace=pod.metadata.namespace,
        pod=pod.metadata.name,
        node=node_of(pod),
        pod_ip=ip.address(str(pod.status["podIP"])),
        emulate=pod.emulate,
        command=pod.command,
        ports=pod.container_ports,
    )


def _start_router(pod: KubernetesObject, view: View) -> StartRouter | None:
    slice_ = view.local.get(Slice, names.SYSTEM_NAMESPACE, pod.metadata.labels[SLICE_LABEL])
    settings = slice_.status.slice_config if slice_ is not None else None
    if settings is None or not ip.is_network(settings.cluster_subnet_cidr):
        return None  # of a block that is no network its address manager makes nothing: it never gets up
    cidr = ip.network(settings.cluster_subnet_cidr)
    return StartRouter(
        cluster=view.cluster,
        slice=settings.slice_display_name,
        pod=pod.metadata.name,
        node=node_of(pod),
        address=router_address(cidr),
        cidr=cidr,
        slice_subnet=ip.network(settings.slice_subnet),
    )


def _rerouted(change: Change, view: View) -> tuple[ObjectKey, ...]:
    """The pods of a gateway that becomes a spoke's, or is one no longer: they are told without being replaced."""
    before, now = change.previous, change.item
    if before is None or _is_wide(before) == _is_wide(now):
        return ()
    return tuple(key_of(pod) for pod in view.local.objects("Pod", labels={GATEWAY_LABEL: change.key.name}))


def _behind_port(change: Change, view: View) -> tuple[ObjectKey, ...]:
    """The server's gateway pod behind a Service whose node port changed."""
    before, now = change.previous, change.item
    if GATEWAY_OWNER_LABEL not in now.metadata.labels or before is None or node_port(before) == node_port(now):
        return ()
    pod = ObjectKey("Pod", change.key.namespace, change.key.name.removeprefix(names.gateway_service("")))
    return (pod,) if view.local.at(pod) is not None else ()


def _unscheduled(change: Change, view: View) -> tuple[ObjectKey, ...]:
    """The pods that wait for a node, when one changes whom it takes."""
    if change.previous is not None and change.previous.spec.get("taints") == change.item.spec.get("taints"):
        return ()
    return tuple(key_of(pod) for pod in view.local.objects("Pod") if not node_of(pod))


def _is_wide(gateway: SliceGateway) -> bool:
    return gateway.status.config.route_entire_slice_subnet


POD = ControllerSpec(
    name="pod", reconcile=reconcile,
    watches=(
        Watch(kind="Pod", keys=itself), Watch(kind="SliceGateway", keys=_rerouted),
        Watch(kind="Service", keys=_behind_port), Watch(kind="Node", keys=_unscheduled),
    ),
    kubernetes=True,
)  # fmt: skip
