"""Encapsulation: the MTU of every interface on the way, and the bytes that VXLAN, WireGuard and OpenVPN add.

Every size stands here once; ``verify`` tells it, the simulator weighs with it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from kubeslice_sim.model.slice_config import GatewayType, TransportProtocol

IPV4_BYTES = 20
IPV6_BYTES = 40
UDP_BYTES = 8
TCP_BYTES = 20
TCP_TIMESTAMP_BYTES = 12
ETHERNET_BYTES = 14
NSM_MTU_BYTES = 1500
"""nsm0 keeps the kernel's default (cmd-forwarder-kernel sets one only where the NSM context carries it)."""
TUNNEL_MTU_BYTES = 1300
"""``tun-mtu 1300`` and ``MTU = 1300``: the templates of KubeSlice's OpenVPN and WireGuard."""
CNI_MTU_BYTES = 1500
NODE_MTU_BYTES = 1500
"""Of node networks and of the WAN between clusters."""
VXLAN_PORT = 4789
VXLAN_BYTES = IPV4_BYTES + UDP_BYTES + 8 + ETHERNET_BYTES
"""RFC 7348, without an outer VLAN tag."""


def wireguard_outer_bytes(inner_bytes: int, mtu_bytes: int = TUNNEL_MTU_BYTES, header_bytes: int = IPV4_BYTES) -> int:
    """IPv4 20, UDP 8, WireGuard header 16, tag 16; the packet is padded to 16 bytes, but never above the MTU.

    As Linux ``drivers/net/wireguard/send.c`` ``calculate_skb_padding`` and wireguard-go's ``calculatePaddingSize``.
    ``header_bytes`` are those of the outer IP packet: KubeSlice's tunnels go over IPv4.
    """
    last = inner_bytes if inner_bytes <= mtu_bytes else inner_bytes % mtu_bytes
    padded = inner_bytes - last + min(mtu_bytes, _align(last, 16))
    return header_bytes + UDP_BYTES + 16 + padded + 16


def openvpn_outer_bytes(inner_bytes: int, protocol: TransportProtocol = "UDP") -> int:
    """P_DATA_V2 4, HMAC-SHA256 32, IV 16, then packet id 4 and packet, padded by 1 to 16 bytes (CBC).

    The transport is IPv4 with UDP 8, or with TCP 32 (timestamps) and a length field of 2.
    """
    transport = UDP_BYTES if protocol == "UDP" else TCP_BYTES + TCP_TIMESTAMP_BYTES + 2
    return IPV4_BYTES + transport + 4 + 32 + 16 + _align(4 + inner_bytes + 1, 16)


def tunnel_outer_bytes(inner_bytes: int, gateway_type: GatewayType, protocol: TransportProtocol) -> int:
    """The outer IP packet around an inner one. WireGuard knows UDP only, whatever ``protocol`` says."""
    if gateway_type == "Wireguard":
        return wireguard_outer_bytes(inner_bytes)
    return openvpn_outer_bytes(inner_bytes, protocol)


@dataclass(frozen=True, slots=True, kw_only=True)
class MtuPlan:
    """One stretch of the way between two pods of a slice in different clusters.

    ``mtu_bytes``: the largest packet that its interface takes; ``wire_bytes``: what that packet becomes on the wire.
    ``beyond``: what happens to a larger one.
    """

    where: Literal["pod", "between nodes", "router", "gateway", "tunnel", "wan"]
    interface: str
    mtu_bytes: int
    wire_bytes: int
    beyond: str


def way_mtus(gateway_type: GatewayType, protocols: Collection[TransportProtocol]) -> tuple[MtuPlan, ...]:
    """The stretches in the order in which a packet meets them, from a pod's ``nsm0`` to the WAN.

    Where pairs differ in their protocol, the sizes on the wire are those of the pair that adds the most.

    nsm0 lets 1,500 bytes through and the tunnel 1,300, so it is in the gateway pod that a large packet is fragmented,
    or, with DF set, refused by "fragmentation needed" (path MTU discovery). Nothing is fragmented on the WAN.
    """
    tunnel = "wg0" if gateway_type == "Wireguard" else "tun0"
    inside = NODE_MTU_BYTES - VXLAN_BYTES
    largest = max(tunnel_outer_bytes(TUNNEL_MTU_BYTES, gateway_type, protocol) for protocol in protocols)
    return (
        MtuPlan(where="pod", interface="nsm0", mtu_bytes=NSM_MTU_BYTES, wire_bytes=NSM_MTU_BYTES,
                beyond="the sender makes none: it knows its interface's MTU"),
        MtuPlan(where="between nodes", interface="vxlan", mtu_bytes=inside, wire_bytes=inside + VXLAN_BYTES,
                beyond="the outer VXLAN packet is fragmented by the node, unless its network takes jumbo frames"),
        MtuPlan(where="router", interface="nsm0", mtu_bytes=NSM_MTU_BYTES, wire_bytes=NSM_MTU_BYTES,
                beyond="cannot come: no interface before it takes more"),
        MtuPlan(where="gateway", interface=tunnel, mtu_bytes=TUNNEL_MTU_BYTES, wire_bytes=TUNNEL_MTU_BYTES,
                beyond="the gateway fragments it, or tells the sender 'fragmentation needed' where DF is set"),
        MtuPlan(where="tunnel", interface=tunnel, mtu_bytes=TUNNEL_MTU_BYTES, wire_bytes=largest,
                beyond="cannot come: the gateway let none through"),
        MtuPlan(where="wan", interface="eth0", mtu_bytes=NODE_MTU_BYTES, wire_bytes=largest,
                beyond=f"none: the largest outer packet has {largest} bytes"),
    )  # fmt: skip


def _align(size: int, block: int) -> int:
    return -(-size // block) * block
