"""What a payload weighs on the wire: exact header arithmetic of TCP, UDP, WireGuard and OpenVPN over IPv4."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from kubeslice_sim.model.slice_config import GatewayType, TransportProtocol
from kubeslice_sim.planner.encapsulation import (
    ETHERNET_BYTES,
    IPV4_BYTES,
    NSM_MTU_BYTES,
    TCP_BYTES,
    TCP_TIMESTAMP_BYTES,
    TUNNEL_MTU_BYTES,
    UDP_BYTES,
    openvpn_outer_bytes,
    wireguard_outer_bytes,
)

MAC_BYTES = ETHERNET_BYTES
"""What Linux' tc counts of an Ethernet frame beside its IP packet."""
LINE_BYTES = 38
"""What an Ethernet frame costs on the line: preamble 8, MAC 14, FCS 4, gap 12."""
OVERLAY_MTU = NSM_MTU_BYTES
TUNNEL_MTU = TUNNEL_MTU_BYTES


class Count(Enum):
    """In what a resource counts the traffic that crosses it."""

    INNER = "bits of inner IP packets"  # a qdisc on a tunnel device (no MAC header there)
    FRAME = "bits of inner Ethernet frames"
    OUTER_FRAME = "bits of outer Ethernet frames, with their MAC header"  # a qdisc on a NIC
    OUTER_LINE = "bits on the line"
    CPU = "CPU seconds"


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """A repeated unit of traffic: ``payload_bytes`` carried in IP packets of these sizes (several: fragments)."""

    payload_bytes: int
    packets: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Encapsulation:
    """A VPN: the outer IP packet of an inner one, and what one packet costs the gateway's CPU.

    ``cores``: how many CPUs it can use at once.
    """

    name: str
    outer_bytes: Callable[[int], int]
    packet_cpu_s: float
    byte_cpu_s: float
    cores: float


# CPU costs: chosen so that one core carries at 1300-byte packets what is published: WireGuard about 0.7 Gbit/s of TCP
# payload (submariner#1509: 0.8; wireguard-go on a small VM: 0.56-0.83), OpenVPN, whose one thread carries the
# acknowledgements too, about 0.23 Gbit/s.
WIREGUARD = Encapsulation(
    name="WireGuard", outer_bytes=wireguard_outer_bytes, packet_cpu_s=4e-6, byte_cpu_s=8e-9, cores=float("inf")
)
OPENVPN_UDP = Encapsulation(
    name="OpenVPN over UDP", outer_bytes=openvpn_outer_bytes, packet_cpu_s=12e-6, byte_cpu_s=19e-9, cores=1.0
)
OPENVPN_TCP = Encapsulation(
    name="OpenVPN over TCP",
    outer_bytes=lambda inner: openvpn_outer_bytes(inner, "TCP"),
    packet_cpu_s=12e-6,
    byte_cpu_s=19e-9,
    cores=1.0,
)


def encapsulation(gateway_type: GatewayType, protocol: TransportProtocol) -> Encapsulation:
    """The VPN of a gateway pair."""
    if gateway_type == "Wireguard":
        return WIREGUARD  # WireGuard knows UDP only; KubeSlice accepts TCP here and it has no effect
    return OPENVPN_UDP if protocol == "UDP" else OPENVPN_TCP


def tcp_segment(mtu: int) -> Load:
    """A full TCP segment with timestamps, as Linux sends it: the MSS is the MTU less 52."""
    return Load(payload_bytes=mtu - IPV4_BYTES - TCP_BYTES - TCP_TIMESTAMP_BYTES, packets=(mtu,))


TCP_ACK = Load(payload_bytes=0, packets=(IPV4_BYTES + TCP_BYTES + TCP_TIMESTAMP_BYTES,))
SEGMENTS_PER_ACK = 2
"""Delayed acknowledgements (RFC 1122: at least every second full-sized segment)."""


def udp_datagram(payload_bytes: int, mtu: int) -> Load:
    """A UDP datagram; above the path's MTU it goes in fragments, whose data is a multiple of 8 bytes but for the last.

    Raises :exc:`ValueError` when the payload is empty or longer than IPv4 carries.
    """
    if not 0 < payload_bytes <= 65535 - IPV4_BYTES - UDP_BYTES:
        raise ValueError(f"a UDP datagram carries 1 to 65507 bytes, not {payload_bytes}")
    data = payload_bytes + UDP_BYTES
    if data + IPV4_BYTES <= mtu:
        return Load(payload_bytes=payload_bytes, packets=(data + IPV4_BYTES,))
    room = (mtu - IPV4_BYTES) // 8 * 8
    packets = []
    while data + IPV4_BYTES > mtu:
        packets.append(room + IPV4_BYTES)
        data -= room
    packets.append(data + IPV4_BYTES)
    return Load(payload_bytes=payload_bytes, packets=tuple(packets))


def weight(load: Load, count: Count, vpn: Encapsulation | None) -> float:
    """What one unit of ``load`` weighs in ``count`` (bits, or CPU seconds). ``vpn`` None: outside any tunnel."""
    if count is Count.CPU:
        if vpn is None:
            return 0.0
        return sum(vpn.packet_cpu_s + vpn.byte_cpu_s * size for size in load.packets)
    if count is Count.INNER:
        return 8.0 * sum(load.packets)
    if count is Count.FRAME:
        return 8.0 * sum(size + MAC_BYTES for size in load.packets)
    extra = MAC_BYTES if count is Count.OUTER_FRAME else LINE_BYTES
    return 8.0 * sum((size if vpn is None else vpn.outer_bytes(size)) + extra for size in load.packets)
