"""WorkerSliceGateway: what one end of a pair says of itself is told to the other end; what one end suffers, both do.

As kubeslice-controller service/worker_slice_gateway_service.go does: node IPs, node ports and load balancer IPs of
the local side are mirrored into the peer's remote side.
"""

from __future__ import annotations

from dataclasses import replace

from kubeslice_sim.controlplane import finalizer
from kubeslice_sim.controlplane.controller import ControllerSpec, Watch, itself
from kubeslice_sim.controlplane.hub import labels
from kubeslice_sim.controlplane.hub.certificate_job import job_of, rotation_count
from kubeslice_sim.controlplane.hub.slice_ipam import shape_of
from kubeslice_sim.controlplane.hub.worker_objects import release
from kubeslice_sim.controlplane.reconciler import NOTHING, Delete, Note, Outcome, Update, View, Write
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
    if config is None:
        return NOTHING
    spec = gateway.spec
    provider = config.spec.slice_gateway_provider
    if provider is not None:
        connectivity, protocol = service_type(provider, _server_of(gateway))
        spec = replace(
            spec, gateway_connectivity_type=connectivity, gateway_protocol=protocol,
            gateway_type=provider.slice_gateway_type,
        )  # fmt: skip
    writes: list[Write] = []
    if spec != gateway.spec:
        writes.append(Update(item=replace(gateway, spec=spec)))
    peer = _peer(gateway, view)
    if peer is not None and not finalizer.deleting(peer) and (seen := _mirrored(gateway, peer)) != peer:
        writes.append(Update(item=seen))
    return Outcome(writes=tuple(writes))


def without_gateway(gateway: WorkerSliceGateway, view: View) -> tuple[Write, ...]:
    """Delete a gateway with its secret, its certificate jobs and the recyclers of its pods."""
    namespace, name = gateway.metadata.namespace, gateway.metadata.name
    number = rotation_count(gateway.spec.slice_name, namespace, view)
    jobs = (job_of(name, rotation, view) for rotation in (number, number + 1))
    return (
        Delete(key=key_of(gateway)),
        *(Delete(key=key_of(item)) for item in (view.hub.find("Secret", namespace, name), *jobs) if item is not None),
        *(
            Delete(key=key_of(item)) for item in recyclers_of_slice(gateway.spec.slice_name, view)
            if name in (item.spec.slice_gw_server, item.spec.slice_gw_client)
        ),
    )  # fmt: skip


def recyclers_of_slice(slice_: str, view: View) -> tuple[WorkerSliceGwRecycler, ...]:
    """The replacements of gateway pods that are under way, or have just ended."""
    return view.hub.list(WorkerSliceGwRecycler, labels={labels.RECYCLER_SLICE: slice_})


def _mirrored(gateway: WorkerSliceGateway, peer: WorkerSliceGateway) -> WorkerSliceGateway:
    """The peer as it sees this gateway. A client's load balancer IPs alone are no reason to look (nobody dials it)."""
    local, picture = gateway.spec.local_gateway_config, peer.spec.remote_gateway_config
    wanted = replace(
        picture, node_ip=local.node_ip, node_ips=local.node_ips, node_port=local.node_port,
        node_ports=local.node_ports, load_balancer_ips=local.load_balancer_ips,
    )  # fmt: skip
    serves = gateway.spec.gateway_host_type == "Server"
    if not serves and replace(wanted, load_balancer_ips=picture.load_balancer_ips) == picture:
        return peer
    return replace(peer, spec=replace(peer.spec, remote_gateway_config=wanted))


def _leave(gateway: WorkerSliceGateway, config: SliceConfig | None, view: View, now_s: float) -> Outcome:
    """Let the gateway go once its worker has. One that a living slice still needs takes its peer along.

    Both are then made anew. The peer is marked first, so that the slice never sees one without the other.
    """
    gone = release(gateway, WORKER_SLICE_GATEWAY_FINALIZER, view, now_s)
    if not gone.writes:
        return gone
    leftovers = without_gateway(gateway, view)[1:]
    if config is None or finalizer.deleting(config) or not _wanted(gateway, config, view):
        return replace(gone, writes=(*leftovers, *gone.writes))
    peer = _peer(gateway, view)
    pair = without_gateway(peer, view) if peer is not None and not finalizer.deleting(peer) else ()
    names = ("WorkerSliceGatewayDeletedForcefully", "WorkerSliceGatewayRecreated")
    return replace(
        gone,
        writes=(*pair, *leftovers, *gone.writes),
        events=tuple(Note(name=name, subject=key_of(gateway)) for name in names),
    )


def _wanted(gateway: WorkerSliceGateway, config: SliceConfig, view: View) -> bool:
    """Whether the slice still joins the two clusters."""
    ends = {_local(gateway), _remote(gateway)}
    return any({edge.server, edge.client} == ends for edge in edges_of(config, shape_of(config, view)))


def _peer(gateway: WorkerSliceGateway, view: View) -> WorkerSliceGateway | None:
    name = gateway.spec.remote_gateway_config.gateway_name
    return view.hub.get(WorkerSliceGateway, gateway.metadata.namespace, name)


def _server_of(gateway: WorkerSliceGateway) -> str:
    return _local(gateway) if gateway.spec.gateway_host_type == "Server" else _remote(gateway)


def _local(gateway: WorkerSliceGateway) -> str:
    return gateway.spec.local_gateway_config.cluster_name


def _remote(gateway: WorkerSliceGateway) -> str:
    return gateway.spec.remote_gateway_config.cluster_name


WORKER_SLICE_GATEWAY = ControllerSpec(
    name="worker-slice-gateway", reconcile=reconcile, watches=(Watch(kind="WorkerSliceGateway", keys=itself),)
)
