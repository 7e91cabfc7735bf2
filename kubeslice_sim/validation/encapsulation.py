"""Encapsulation: what is left of a line under each stack of headers, by the planner's sizes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from kubeslice_sim.planner.encapsulation import (
    CNI_MTU_BYTES,
    IPV4_BYTES,
    IPV6_BYTES,
    TCP_BYTES,
    TUNNEL_MTU_BYTES,
    VXLAN_BYTES,
    openvpn_outer_bytes,
    wireguard_outer_bytes,
)
from kubeslice_sim.simulator.encapsulation import LINE_BYTES, Count, Encapsulation, Load, tcp_segment, weight
from kubeslice_sim.simulator.packet.network import PacketNetwork
from kubeslice_sim.simulator.packet.specs import Bulk, Hop, Link
from kubeslice_sim.validation.target import Case, Group, Row, exactly, near

LINE_BPS = 1e9
DIGIT = "The source gives one digit after the point: half of it is its rounding."


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """Headers around a packet. ``mbit``: published payload rate on 1 Gbit/s with TCP timestamps and without."""

    name: str
    mtu_bytes: int
    outer_bytes: Callable[[int], int]
    mbit: tuple[float, float]
    source: str

    @property
    def vpn(self) -> Encapsulation:
        """As the simulator takes it; CPU plays no part here."""
        return Encapsulation(name=self.name, outer_bytes=self.outer_bytes, packet_cpu_s=0.0, byte_cpu_s=0.0, cores=1.0)

    def loads(self) -> tuple[Load, Load]:
        """A full segment with timestamps, and one without."""
        bare = Load(payload_bytes=self.mtu_bytes - IPV4_BYTES - TCP_BYTES, packets=(self.mtu_bytes,))
        return tcp_segment(self.mtu_bytes), bare


def _wireguard(mtu_bytes: int, header_bytes: int = IPV4_BYTES) -> Callable[[int], int]:
    return partial(wireguard_outer_bytes, mtu_bytes=mtu_bytes, header_bytes=header_bytes)


_MESSAGE = "WireGuard paper 5.4.6 (data message), RFC 791, RFC 768; IEEE 802.3 framing"
_VXLAN_MTU = CNI_MTU_BYTES - VXLAN_BYTES
_INSIDE_VXLAN = _wireguard(1370)
STACKS = (
    Stack(name="plain, MTU 1500", mtu_bytes=1500, outer_bytes=lambda inner: inner, mbit=(941.5, 949.3),
          source="RFC 9293, RFC 7323; IEEE 802.3 framing"),
    Stack(name="WireGuard over IPv4, MTU 1420", mtu_bytes=1420, outer_bytes=_wireguard(1420), mbit=(901.2, 909.1),
          source=_MESSAGE),
    Stack(name="WireGuard over IPv6, MTU 1420", mtu_bytes=1420, outer_bytes=_wireguard(1420, IPV6_BYTES),
          mbit=(889.5, 897.3), source=_MESSAGE),
    Stack(name="KubeSlice's WireGuard, MTU 1300", mtu_bytes=TUNNEL_MTU_BYTES, outer_bytes=wireguard_outer_bytes,
          mbit=(892.7, 901.3), source=_MESSAGE),
    Stack(name="VXLAN, MTU 1450", mtu_bytes=_VXLAN_MTU, outer_bytes=lambda inner: inner + VXLAN_BYTES,
          mbit=(909.0, 916.8), source="RFC 7348; IEEE 802.3 framing"),
    Stack(name="WireGuard over VXLAN, MTU 1370", mtu_bytes=1370,
          outer_bytes=lambda inner: _INSIDE_VXLAN(inner) + VXLAN_BYTES, mbit=(868.2, 876.2),
          source=f"{_MESSAGE}; RFC 7348"),
)  # fmt: skip


def goodput() -> Iterator[Row]:
    """The payload that fills the line, by the simulator's weights, which the fluid engine shares by."""
    for stack in STACKS:
        for load, mbit, with_ in zip(stack.loads(), stack.mbit, ("timestamps", "no timestamps"), strict=True):
            found = LINE_BPS * 8 * load.payload_bytes / weight(load, Count.OUTER_LINE, stack.vpn) / 1e6
            yield near(f"{stack.name}, {with_}: TCP payload on 1 Gbit/s", mbit, found, within=0.05 / mbit,
                       source=stack.source, why=DIGIT, unit="Mbit/s", kind="formula")  # fmt: skip


def by_packets() -> Iterator[Row]:
    """The same by packets: a TCP connection fills a line that counts as Ethernet does."""
    for stack in (STACKS[0], STACKS[3]):
        load = stack.loads()[0]
        network = PacketNetwork(1)
        there = network.add_link(Link(name="there", capacity=LINE_BPS, delay_s=0.001, limit_packets=1000))
        back = network.add_link(Link(name="back", capacity=LINE_BPS, delay_s=0.001))
        way = network.add_way([Hop(link=there, work=(weight(load, Count.OUTER_LINE, stack.vpn),))])
        home = network.add_way([Hop(link=back, work=(8.0 * (52 + LINE_BYTES),))])
        flow = network.add_bulk(Bulk(name="bulk", there=(way,), back=home, mss_bytes=load.payload_bytes))
        network.run(2.0)
        before = network.flow(flow).delivered
        network.run(12.0)
        found = (network.flow(flow).delivered - before) * 8 * load.payload_bytes / 10.0 / 1e6
        yield near(f"{stack.name}: a TCP connection by packets on 1 Gbit/s", stack.mbit[0], found, within=0.001,
                   source=stack.source, why="Over ten seconds one window more or less is 0.02 %.",
                   unit="Mbit/s")  # fmt: skip


def sizes() -> Iterator[Row]:
    """Bytes on the wire of packets worked out by hand."""
    why = "Byte for byte."
    for inner, outer in ((1300, 1360), (1290, 1356), (96, 156), (84, 156), (52, 124), (32, 92), (1, 76), (0, 60)):
        yield exactly(f"WireGuard, MTU 1300: outer packet of {inner} bytes", outer, wireguard_outer_bytes(inner),
                      source="WireGuard paper 5.4.6; Linux drivers/net/wireguard/send.c (padding)", why=why,
                      unit="bytes", kind="formula")  # fmt: skip
    for inner, outer in ((1300, 1392), (84, 176), (12, 112), (11, 96)):
        yield exactly(f"OpenVPN, AES-CBC and SHA-256 over UDP: outer packet of {inner} bytes", outer,
                      openvpn_outer_bytes(inner),
                      source="OpenVPN protocol, P_DATA_V2; CBC padding RFC 5652 6.3; RFC 6234", why=why,
                      unit="bytes", kind="formula")  # fmt: skip


GROUP = Group(
    name="encapsulation",
    title="Encapsulation, against header arithmetic",
    text="Planner's header sizes, simulator's weights; no chance. Payload = line × (MTU − 40 − 12 for timestamps) ÷ "
    "(MTU + encapsulation + 38 of Ethernet).",
    cases=(
        Case(name="goodput of a line", rows=goodput, brief=True),
        Case(name="sizes on the wire", rows=sizes, brief=True),
        Case(name="goodput by packets", rows=by_packets, brief=True),
    ),
    left_out=("IPsec and OpenVPN with other ciphers: KubeSlice's gateways use none of them.",),
)
