"""MTUs: what fits through each stretch of the way, and what becomes of more."""

from __future__ import annotations

from typing import get_args

import pytest

from kubeslice_sim.model.slice_config import GatewayType, TransportProtocol
from kubeslice_sim.planner import plan
from kubeslice_sim.planner.encapsulation import NODE_MTU_BYTES, TUNNEL_MTU_BYTES, tunnel_outer_bytes, way_mtus
from tests.planner import worlds


def test_a_wireguard_slice_has_the_documented_sizes() -> None:
    found = plan(worlds.world(["a", "b"], [worlds.slice_config("red", ["a", "b"])])).slice("red").mtus
    assert [(item.where, item.interface, item.mtu_bytes, item.wire_bytes) for item in found] == [
        ("pod", "nsm0", 1500, 1500), ("between nodes", "vxlan", 1450, 1500), ("router", "nsm0", 1500, 1500),
        ("gateway", "wg0", 1300, 1300), ("tunnel", "wg0", 1300, 1360), ("wan", "eth0", 1500, 1360),
    ]  # fmt: skip


def test_with_pairs_of_two_protocols_the_larger_packet_counts() -> None:
    pairs: tuple[tuple[TransportProtocol, ...], ...] = (("UDP",), ("TCP",), ("UDP", "TCP"))
    udp, tcp, both = (way_mtus("OpenVPN", protocols)[-1].wire_bytes for protocols in pairs)
    assert udp < tcp == both


def test_a_slice_without_tunnels_has_none() -> None:
    assert plan(worlds.world(["a"], [worlds.slice_config("red", ["a"])])).slice("red").mtus == ()


@pytest.mark.parametrize("gateway_type", get_args(GatewayType))
@pytest.mark.parametrize("protocol", get_args(TransportProtocol))
def test_nothing_that_fits_the_tunnel_is_fragmented_on_the_wan(
    gateway_type: GatewayType, protocol: TransportProtocol
) -> None:
    wan = way_mtus(gateway_type, {protocol})[-1]
    sizes = [tunnel_outer_bytes(size, gateway_type, protocol) for size in range(20, TUNNEL_MTU_BYTES + 1)]
    assert max(sizes) == wan.wire_bytes <= NODE_MTU_BYTES
    assert sizes == sorted(sizes)
