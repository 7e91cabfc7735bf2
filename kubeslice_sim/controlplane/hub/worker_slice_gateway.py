"""WorkerSliceGateway: what one end of a pair says of itself is told to the other end; what one end suffers, both do.

As kubeslice-controller service/worker_slice_gateway_service.go does: node IPs, node ports and load balancer IPs of
the local side are mirrored into the peer's remote side.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from kubeslice_sim.controlplane import finalizer
from kubeslice_sim.controlplane.controller import ControllerSpec, Watch, itself
from kubeslice_sim.controlplane.hub import labels
from kubeslice_sim.controlplane.hub.slice_ipam import shape_of
from kubeslice_sim.controlplane.hub.worker_objects import owned_by, release
from kubeslice_sim.controlplane.reconciler import NOTHING, Delete, Note, Outcome, Update, View, Write
from kubeslice_sim.model.changed import changed
from kubeslice_sim.model.document import ObjectKey, key_of
from kubeslice_sim.model.slice_config import SliceConfig
from kubeslice_sim.model.worker_slice_gateway import WorkerSliceGateway
from kubeslice_sim.model.worker_slice_gw_recycler import WorkerSliceGwRecycler
from kubeslice_sim.planner.gateways import service_type
from kubeslice_sim.planner.objects_metadata import WORKER_SLICE_GATEWAY_FINALIZER
from kubeslice_sim.planner.topology import edges_of


def reconcile(key: ObjectKey, view: View, now_s: float) -> Outcome:
    """Keep how the gateway is reached as its slice says, and the peer's picture of it true.

    The slice is looked at when the gateway changes, not when the slice does: so a new service type waits for the
    gateway's next event, as in KubeSlice.
    """
    gateway = view.hub.get(WorkerSliceGateway, key.namespace, key.name)
    if gateway is None:
        return NOTHING
    config = view.hub.get(SliceConfig, key.namespace, gateway.spec.slice_name)
    if finalizer.deleting(gateway):
        return _leave(gateway, config, view, now_s)
    mended = finalizer.added(gateway, WORKER_SLICE_GATEWAY_FINALIZER)
    if config is None:
        return NOTHING if mended == gateway else Outcome(writes=(Update(item=mended),))
    spec = gateway.spec
    provider = config.spec.slice_gateway_provider
    if provider is not None:
        connectivity, protocol = service_type(provider, _server_of(gateway))
        spec = changed(
            spec, gateway_connectivity_type=connectivity, gateway_protocol=protocol,
            gateway_type=provider.slice_gateway_type,
        )  # fmt: skip
    writes: list[Write] = []
    mended = changed(mended, spec=spec)
    if mended != gateway:
        writes.append(Update(item=mended))
    peer = _peer(gateway, view)
    if peer is not None and not finalizer.deleting(peer) and (seen := _mirrored(gateway, peer)) != peer:
        writes.append(Update(item=seen))
    return Outcome(writes=tuple(writes))


def recyclers_of_slice(slice_: str, view: View) -> tuple[WorkerSliceGwRecycler, ...]:
    """The replacements of gateway pods that are under way, or have just ended."""
    return view.hub.list(WorkerSliceGwRecycler, labels={labels.RECYCLER_SLICE: slice_})


def recyclers_of_gateway(server: str, view: View) -> tuple[WorkerSliceGwRecycler, ...]:
    """Those of a server's pods, as its operator lists them."""
    return view.hub.list(WorkerSliceGwRecycler, labels={labels.RECYCLER_GATEWAY: server})


def _mirrored(gateway: WorkerSliceGateway, peer: WorkerSliceGateway) -> WorkerSliceGateway:
    """The peer as it sees this gateway. A client's load balancer IPs alone are no reason to look (nobody dials it)."""
    local, picture = gateway.spec.local_gateway_config, peer.spec.remote_gateway_config
    wanted = changed(
        picture, node_ip=local.node_ip, node_ips=local.node_ips, node_port=local.node_port,
        node_ports=local.node_ports, load_balancer_ips=local.load_balancer_ips,
    )  # fmt: skip
    serves = gateway.spec.gateway_host_type == "Server"
    if not serves and changed(wanted, load_balancer_ips=picture.load_balancer_ips) == picture:
        return peer
    return changed(peer, spec=changed(peer.spec, remote_gateway_config=wanted))


def _leave(gateway: WorkerSliceGateway, config: SliceConfig | None, view: View, now_s: float) -> Outcome:
    """Let the gateway go once its worker has, with its secret. One of a member's takes its peer along.

    The slice then looks whether it wants both anew. Their certificate job stays, for its day.
    """
    gone = release(gateway, WORKER_SLICE_GATEWAY_FINALIZER, view, now_s)
    if not gone.writes:
        return gone
    secrets = _secret(gateway, view)
    local, remote = (gateway.metadata.labels.get(name, "") for name in (labels.WORKER_CLUSTER, labels.REMOTE_CLUSTER))
    if config is None or finalizer.deleting(config) or not _joined(config, local, remote, view):
        return replace(gone, writes=(*secrets, *gone.writes))
    pair: list[Write] = []
    for peer in owned_by(config, view, WorkerSliceGateway):
        ends = (peer.metadata.labels.get(labels.WORKER_CLUSTER), peer.metadata.labels.get(labels.REMOTE_CLUSTER))
        if ends == (remote, local):
            pair = [] if finalizer.deleting(peer) else [Delete(key=key_of(peer))]
            pair.extend(_secret(peer, view))
            break
    names = ("WorkerSliceGatewayDeletedForcefully", "WorkerSliceGatewayRecreated")
    return replace(
        gone,
        writes=(*pair, *secrets, *gone.writes),
        events=tuple(Note(name=name, subject=key_of(gateway)) for name in names),
    )


def _joined(config: SliceConfig, local: str, remote: str, view: View) -> bool:
    """Whether KubeSlice takes the pair for a wanted one: ``local`` is a member. A topology says of whom."""
    shape = shape_of(config, view)
    edges = () if shape is None else edges_of(config, shape)
    return local in config.spec.clusters and (
        shape is None or any({edge.server, edge.client} == {local, remote} for edge in edges)
    )


def _secret(gateway: WorkerSliceGateway, view: View) -> tuple[Delete, ...]:
    found = view.hub.find("Secret", gateway.metadata.namespace, gateway.metadata.name)
    return () if found is None else (Delete(key=key_of(found)),)


def _peer(gateway: WorkerSliceGateway, view: View) -> WorkerSliceGateway | None:
    name = gateway.spec.remote_gateway_config.gateway_name
    return view.hub.get(WorkerSliceGateway, gateway.metadata.namespace, name)


def _server_of(gateway: WorkerSliceGateway) -> str:
    serves = gateway.spec.gateway_host_type == "Server"
    held: Mapping[str, str] = gateway.metadata.labels
    return held.get(labels.WORKER_CLUSTER if serves else labels.REMOTE_CLUSTER, "")


WORKER_SLICE_GATEWAY = ControllerSpec(
    name="worker-slice-gateway", reconcile=reconcile, watches=(Watch(kind="WorkerSliceGateway", keys=itself),)
)
