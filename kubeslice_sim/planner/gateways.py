"""Gateways: both ends of each pair of a slice, and the tunnels between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network

from kubeslice_sim.model.slice_config import ServiceType, SliceConfig, SliceGatewayProvider, TransportProtocol
from kubeslice_sim.planner import names, slots
from kubeslice_sim.planner.addresses import AddressPool
from kubeslice_sim.planner.members import slice_subnet
from kubeslice_sim.planner.pairings import Pairing
from kubeslice_sim.planner.plan import (
    ClusterPlan,
    GatewayPairPlan,
    GatewayPlan,
    HostType,
    MemberPlan,
    TunnelEnd,
    TunnelPlan,
)
from kubeslice_sim.planner.ports import NodePorts
from kubeslice_sim.planner.topology import hubs_of, routes_entire_slice


def service_type(provider: SliceGatewayProvider | None, cluster: str) -> tuple[ServiceType, TransportProtocol]:
    """How a cluster's gateways are reached from outside: the last entry that names it or ``*``, else NodePort and UDP.

    As kubeslice-controller service/service_helper.go getSliceGwSvcTypes: a ``*`` after an entry of the cluster's own
    overrides it. For a pair it is the server's that counts.
    """
    chosen: tuple[ServiceType, TransportProtocol] = ("NodePort", "UDP")
    for entry in provider.slice_gateway_service_type if provider else ():
        if entry.cluster in (cluster, "*"):
            chosen = (entry.type, entry.protocol)
    return chosen


def gateway_place(peer_block: int, instance: int, nodes: int) -> int:
    """Which of its cluster's gateway nodes, counted from 0, a gateway pod runs on.

    Anti-affinity spreads a gateway's pods; the place of the peer's CIDR in the slice's subnet (under static IPAM its
    slot) spreads the gateways, and never changes.
    """
    return (peer_block + instance) % nodes


def build_pairs(
    config: SliceConfig,
    pairings: Sequence[Pairing],
    members: Sequence[MemberPlan],
    clusters: Mapping[str, ClusterPlan],
    pools: Mapping[tuple[str, str], AddressPool[str]],
    ports: NodePorts,
) -> tuple[GatewayPairPlan, ...]:
    """Every pair of the slice with its gateways and tunnels. Raises :exc:`BadInput` or :exc:`AddressesExhausted`.

    Overlay addresses are asked for pair by pair, instance by instance, the server's side first.
    """
    subnet = slice_subnet(config)
    if subnet is None:
        return ()
    by_cluster = {member.cluster: member for member in members}
    return tuple(
        _pair(config, pairing, by_cluster[pairing.server], by_cluster[pairing.client], clusters, pools, ports)
        for pairing in pairings
    )


def _pair(
    config: SliceConfig,
    pairing: Pairing,
    server: MemberPlan,
    client: MemberPlan,
    clusters: Mapping[str, ClusterPlan],
    pools: Mapping[tuple[str, str], AddressPool[str]],
    ports: NodePorts,
) -> GatewayPairPlan:
    provider = config.spec.slice_gateway_provider or SliceGatewayProvider()
    connectivity, protocol = service_type(provider, server.cluster)
    subnet = slice_subnet(config)
    assert subnet is not None  # noqa: S101 - build_pairs has returned already
    server_vpn, client_vpn = slots.vpn_addresses(subnet)
    server_ends = _ends(pairing, subnet, server, client, "Server", server_vpn, clusters[server.cluster], pools)
    client_ends = _ends(pairing, subnet, client, server, "Client", client_vpn, clusters[client.cluster], pools)
    tunnels = tuple(
        TunnelPlan(
            instance=near.instance,
            server=near,
            client=far,
            node_port=ports.take(pairing.slice, server.cluster, near.deployment, client.slot, near.instance),
        )
        for near, far in zip(server_ends, client_ends, strict=True)
    )
    return GatewayPairPlan(
        slice=pairing.slice,
        number=slots.gateway_number(server.slot, client.slot),
        gateway_type=provider.slice_gateway_type,
        connectivity=connectivity,
        protocol=protocol,
        vpn_network=slots.vpn_network(subnet),
        server=_gateway(config, server, client, "Server", server_vpn, clusters[server.cluster]),
        client=_gateway(config, client, server, "Client", client_vpn, clusters[client.cluster]),
        tunnels=tunnels,
    )


def _gateway(
    config: SliceConfig,
    local: MemberPlan,
    remote: MemberPlan,
    role: HostType,
    vpn_ip: IPv4Address,
    cluster: ClusterPlan,
) -> GatewayPlan:
    slice_ = config.metadata.name
    return GatewayPlan(
        name=names.gateway(slice_, local.cluster, remote.cluster),
        slice=slice_,
        cluster=local.cluster,
        peer=remote.cluster,
        host_type=role,
        vpn_ip=vpn_ip,
        subnet=local.cidr,
        node_ips=cluster.node_ips,
        routes_entire_slice=routes_entire_slice(hubs_of(config), local.cluster, remote.cluster),
    )


def _ends(
    pairing: Pairing,
    subnet: IPv4Network,
    local: MemberPlan,
    remote: MemberPlan,
    role: HostType,
    vpn_ip: IPv4Address,
    cluster: ClusterPlan,
    pools: Mapping[tuple[str, str], AddressPool[str]],
) -> Iterator[TunnelEnd]:
    nodes, block = cluster.gateway_nodes, slots.slot_of(subnet, remote.cidr)
    for instance, deployment in enumerate(pairing.deployments(local.cluster)):
        yield TunnelEnd(
            deployment=deployment,
            gateway=names.gateway(pairing.slice, local.cluster, remote.cluster),
            slice=pairing.slice,
            cluster=local.cluster,
            peer=remote.cluster,
            instance=instance,
            host_type=role,
            node=nodes[gateway_place(block, instance, len(nodes))].name,
            nsm_ip=pools[pairing.slice, local.cluster].allocate(deployment),
            vpn_ip=vpn_ip,
        )
