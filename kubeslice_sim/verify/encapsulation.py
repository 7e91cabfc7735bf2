"""Encapsulation: what a packet of the overlay is wrapped in, and how many bytes that costs."""

from __future__ import annotations

from dataclasses import dataclass

from kubeslice_sim.planner import names
from kubeslice_sim.planner.encapsulation import TUNNEL_MTU_BYTES, VXLAN_BYTES, VXLAN_PORT, tunnel_outer_bytes
from kubeslice_sim.planner.plan import GatewayPairPlan, TunnelPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrapping:
    """The headers around a packet, outermost first, and how many bytes they add to the largest packet that fits."""

    headers: tuple[str, ...] = ()
    overhead_bytes: int = 0


def within_cluster(node: str, other: str) -> Wrapping:
    """Between two pods of a cluster that NSM joins: a veth on one node, VXLAN between two (cmd-forwarder-kernel)."""
    if node == other:
        return Wrapping()
    return Wrapping(headers=(f"UDP {VXLAN_PORT} from {node} to {other}", "VXLAN"), overhead_bytes=VXLAN_BYTES)


def through_tunnel(pair: GatewayPairPlan, tunnel: TunnelPlan, *, to_server: bool) -> Wrapping:
    """Between the two gateways of a tunnel."""
    size = tunnel_outer_bytes(TUNNEL_MTU_BYTES, pair.gateway_type, pair.protocol) - TUNNEL_MTU_BYTES
    vpn = "WireGuard" if pair.gateway_type == "Wireguard" else "OpenVPN"
    protocol = "UDP" if vpn == "WireGuard" else pair.protocol
    return Wrapping(headers=(_outer(protocol, pair, tunnel, to_server), vpn), overhead_bytes=size)


def _outer(protocol: str, pair: GatewayPairPlan, tunnel: TunnelPlan, to_server: bool) -> str:
    """A client dials the server's node port; a server answers where the client's packets came from."""
    if pair.connectivity == "LoadBalancer":
        edge = names.edge(pair.slice)
        if not to_server:
            return f"{protocol} back through {edge}, whose address the gateway saw (MASQUERADE), and the load balancer"
        service = names.gateway_service(tunnel.server.deployment)
        there = f"the load balancer of {pair.server.cluster}, port {tunnel.node_port}"
        return f"{protocol} to {there}: {edge} sends it on to {service}:{tunnel.server.listen_port} (DNAT)"
    if not to_server:
        return f"{protocol} from node port {tunnel.node_port} back to where {tunnel.client.node} dialled from"
    return f"{protocol} to {' or '.join(pair.server.node_ips)}, node port {tunnel.node_port}"
