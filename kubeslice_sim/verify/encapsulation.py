"""Encapsulation: what a packet of the overlay is wrapped in, and how many bytes that costs."""

from __future__ import annotations

from dataclasses import dataclass

from kubeslice_sim.planner.plan import GatewayPairPlan, TunnelPlan

NODE_NETWORK_MTU_BYTES = 1500
_IPV4, _UDP, _TCP, _ETHERNET, _VXLAN = 20, 8, 20, 14, 8
VXLAN_PORT = 4789
VXLAN_BYTES = _IPV4 + _UDP + _VXLAN + _ETHERNET
"""RFC 7348, without an outer VLAN tag."""
WIREGUARD_BYTES = _IPV4 + _UDP + 16 + 16
"""Type, receiver and counter before, the authentication tag behind (WireGuard's protocol page)."""
_OPENVPN_DATA = 4 + 32 + 16 + 4 + 16
"""Opcode and peer id, HMAC-SHA256, CBC's initial vector, packet id, padding at most."""
OPENVPN_UDP_BYTES = _IPV4 + _UDP + _OPENVPN_DATA
OPENVPN_TCP_BYTES = _IPV4 + _TCP + 2 + _OPENVPN_DATA


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrapping:
    """The headers around a packet, outermost first, and how many bytes they add at most."""

    headers: tuple[str, ...] = ()
    overhead_bytes: int = 0


def within_cluster(node: str, other: str) -> Wrapping:
    """Between two pods of a cluster that NSM joins: a veth on one node, VXLAN between two (cmd-forwarder-kernel)."""
    if node == other:
        return Wrapping()
    return Wrapping(headers=(f"UDP {VXLAN_PORT} from {node} to {other}", "VXLAN"), overhead_bytes=VXLAN_BYTES)


def through_tunnel(pair: GatewayPairPlan, tunnel: TunnelPlan, *, to_server: bool) -> Wrapping:
    """Between the two gateways of a tunnel."""
    if pair.gateway_type == "Wireguard":
        return Wrapping(headers=(_outer("UDP", pair, tunnel, to_server), "WireGuard"), overhead_bytes=WIREGUARD_BYTES)
    size = OPENVPN_TCP_BYTES if pair.protocol == "TCP" else OPENVPN_UDP_BYTES
    return Wrapping(headers=(_outer(pair.protocol, pair, tunnel, to_server), "OpenVPN"), overhead_bytes=size)


def _outer(protocol: str, pair: GatewayPairPlan, tunnel: TunnelPlan, to_server: bool) -> str:
    """A client dials the server's node port; a server answers where the client's packets came from."""
    if not to_server:
        return f"{protocol} from node port {tunnel.node_port} back to where {tunnel.client.node} dialled from"
    if pair.connectivity == "LoadBalancer":
        return f"{protocol} to the load balancer of {pair.server.cluster}, port {tunnel.node_port}"
    return f"{protocol} to {' or '.join(pair.server.node_ips)}, node port {tunnel.node_port}"
