"""The two WorkerSliceGateways of a pair (kubeslice-controller service/worker_slice_gateway_service.go)."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from typing import NamedTuple

from kubeslice_sim.model.cluster import Cluster
from kubeslice_sim.model.document import ObjectMeta
from kubeslice_sim.model.frozen import FrozenMap
from kubeslice_sim.model.slice_config import SliceConfig, SliceGatewayProvider
from kubeslice_sim.model.worker_slice_gateway import (
    GatewayConfig,
    GatewayCredentials,
    WorkerSliceGateway,
    WorkerSliceGatewaySpec,
)
from kubeslice_sim.planner import names, slots
from kubeslice_sim.planner.gateways import service_type
from kubeslice_sim.planner.objects_metadata import WORKER_SLICE_GATEWAY_FINALIZER, member_labels, owner_labels
from kubeslice_sim.planner.plan import HostType
from kubeslice_sim.planner.topology import NUMBER_OF_GATEWAYS, hubs_of, routes_entire_slice


class Side(NamedTuple):
    """One cluster of a pair, as the hub knows it, its slot in the slice, and its CIDR (None: that of the slot)."""

    cluster: Cluster
    slot: int
    cidr: IPv4Network | None = None

    @property
    def name(self) -> str:
        """The cluster's name."""
        return self.cluster.metadata.name

    @property
    def node_ips(self) -> tuple[str, ...]:
        """``spec.nodeIPs``, else ``status.nodeIPs``."""
        return self.cluster.spec.node_ips or (self.cluster.status.node_ips if self.cluster.status else ())


GATEWAYS_ANNOTATION = "kubeslice-sim.io/gateways"
"""How many gateway pods a gateway has; ours, and only there where it is not KubeSlice's number."""


def gateway_count(metadata: ObjectMeta) -> int:
    """How many pods a WorkerSliceGateway or SliceGateway has."""
    return int(metadata.annotations.get(GATEWAYS_ANNOTATION, NUMBER_OF_GATEWAYS))


def worker_slice_gateways(
    config: SliceConfig, server: Side, client: Side, gateways: int = NUMBER_OF_GATEWAYS
) -> tuple[WorkerSliceGateway, WorkerSliceGateway]:
    """The server's and the client's gateway of a pair, before any node port is known.

    Connectivity and protocol of both are those of the server's cluster. Raises :exc:`ValueError` for a slice without a
    network.
    """
    subnet = IPv4Network(config.spec.slice_subnet)
    server_vpn, client_vpn = slots.vpn_addresses(subnet)
    near = _end(config, subnet, server, client, server_vpn)
    far = _end(config, subnet, client, server, client_vpn)
    return (
        _gateway(config, server, client, server, "Server", near, far, gateways),
        _gateway(config, client, server, server, "Client", far, near, gateways),
    )


def _gateway(
    config: SliceConfig,
    local: Side,
    remote: Side,
    server: Side,
    role: HostType,
    near: GatewayConfig,
    far: GatewayConfig,
    gateways: int,
) -> WorkerSliceGateway:
    slice_, namespace = config.metadata.name, config.metadata.namespace
    provider = config.spec.slice_gateway_provider or SliceGatewayProvider()
    connectivity, protocol = service_type(provider, server.name)
    return WorkerSliceGateway(
        metadata=ObjectMeta(
            name=near.gateway_name,
            namespace=namespace,
            labels=FrozenMap(
                {
                    **owner_labels("SliceConfig", slice_),
                    **member_labels(slice_, local.name, namespace),
                    "remote-cluster": remote.name,
                }
            ),
            annotations=FrozenMap({GATEWAYS_ANNOTATION: str(gateways)} if gateways != NUMBER_OF_GATEWAYS else {}),
            finalizers=(WORKER_SLICE_GATEWAY_FINALIZER,),
        ),
        spec=WorkerSliceGatewaySpec(
            slice_name=slice_,
            gateway_type=provider.slice_gateway_type,
            gateway_host_type=role,
            gateway_connectivity_type=connectivity,
            gateway_protocol=protocol,
            gateway_credentials=GatewayCredentials(secret_name=near.gateway_name),
            local_gateway_config=near,
            remote_gateway_config=far,
            gateway_number=slots.gateway_number(local.slot, remote.slot),
            route_entire_slice_subnet=routes_entire_slice(hubs_of(config), local.name, remote.name),
        ),
    )


def _end(config: SliceConfig, subnet: IPv4Network, local: Side, remote: Side, vpn_ip: IPv4Address) -> GatewayConfig:
    return GatewayConfig(
        node_ip=local.cluster.spec.node_ip,
        node_ips=local.node_ips,
        gateway_name=names.gateway(config.metadata.name, local.name, remote.name),
        cluster_name=local.name,
        vpn_ip=str(vpn_ip),
        gateway_subnet=str(local.cidr or slots.written_cidr(subnet, config.spec.max_clusters, local.slot)),
    )
