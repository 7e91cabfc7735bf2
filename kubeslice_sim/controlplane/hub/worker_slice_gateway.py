"""WorkerSliceGateway: what one end of a pair says of itself is told to the other end.

As kubeslice-controller service/worker_slice_gateway_service.go does: node IPs, node ports and load balancer IPs of
the local side are mirrored into the peer's remote side.
"""

from __future__ import annotations

from dataclasses import replace

from kubeslice_sim.controlplane import finalizer
from kubeslice_sim.controlplane.controller import ControllerSpec, Watch, itself
from kubeslice_sim.controlplane.hub import labels
from kubeslice_sim.controlplane.reconciler import NOTHING, Outcome, Update, View, Write
from kubeslice_sim.controlplane.store import Change
from kubeslice_sim.model.cluster import Cluster
from kubeslice_sim.model.document import ObjectKey, key_of
from kubeslice_sim.model.worker_slice_gateway import WorkerSliceGateway
from kubeslice_sim.planner.objects_gateway import Side


def reconcile(key: ObjectKey, view: View, now_s: float) -> Outcome:
    """Keep the gateway's own node IPs those of its cluster, and the peer's picture of it true."""
    gateway = view.hub.get(WorkerSliceGateway, key.namespace, key.name)
    if gateway is None or finalizer.deleting(gateway):
        return NOTHING
    writes: list[Write] = []
    local = gateway.spec.local_gateway_config
    cluster = view.hub.get(Cluster, key.namespace, local.cluster_name)
    node_ips = Side(cluster, 0).node_ips if cluster is not None else local.node_ips
    if node_ips != local.node_ips:
        local = replace(local, node_ips=node_ips)
        writes.append(Update(item=replace(gateway, spec=replace(gateway.spec, local_gateway_config=local))))
    peer = view.hub.get(WorkerSliceGateway, key.namespace, gateway.spec.remote_gateway_config.gateway_name)
    if peer is not None and not finalizer.deleting(peer):
        picture = replace(
            peer.spec.remote_gateway_config, node_ips=local.node_ips, node_ports=local.node_ports,
            load_balancer_ips=local.load_balancer_ips,
        )  # fmt: skip
        if picture != peer.spec.remote_gateway_config:
            writes.append(Update(item=replace(peer, spec=replace(peer.spec, remote_gateway_config=picture))))
    return Outcome(writes=tuple(writes))


def _gateways_of_cluster(change: Change, view: View) -> tuple[ObjectKey, ...]:
    """All of a cluster's gateways, when it is reached at other addresses than before."""
    if change.previous is not None and Side(change.previous, 0).node_ips == Side(change.item, 0).node_ips:
        return ()
    found = view.hub.list(WorkerSliceGateway, change.key.namespace, {labels.WORKER_CLUSTER: change.key.name})
    return tuple(key_of(item) for item in found)


WORKER_SLICE_GATEWAY = ControllerSpec(
    name="worker-slice-gateway",
    reconcile=reconcile,
    watches=(Watch(kind="WorkerSliceGateway", keys=itself), Watch(kind="Cluster", keys=_gateways_of_cluster)),
)
