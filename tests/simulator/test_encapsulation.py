"""Header arithmetic, against published tables and packet layouts worked out by hand."""

from __future__ import annotations

import pytest

from kubeslice_sim.simulator.encapsulation import (
    OPENVPN_TCP,
    OPENVPN_UDP,
    SEGMENTS_PER_ACK,
    TCP_ACK,
    WIREGUARD,
    Count,
    Load,
    encapsulation,
    tcp_segment,
    udp_datagram,
    weight,
)


def goodput(load: Load, count: Count, rate_bps: float) -> float:
    """The payload rate that fills ``rate_bps`` as ``count`` counts it."""
    return rate_bps * 8 * load.payload_bytes / weight(load, count, WIREGUARD)


@pytest.mark.parametrize(
    ("inner", "outer"),
    [(1300, 1360), (1299, 1359 + 1), (84, 96 + 60), (96, 156), (52, 64 + 60), (32, 92), (0, 60), (1, 76), (1290, 1356)],
)
def test_wireguard_pads_to_16_but_never_above_the_mtu(inner: int, outer: int) -> None:
    assert WIREGUARD.outer_bytes(inner) == outer


# 80 of headers, then packet id 4 and the packet in blocks of 16, of which the last is never quite full.
@pytest.mark.parametrize(("inner", "outer"), [(1300, 80 + 1312), (84, 80 + 96), (11, 80 + 16), (12, 80 + 32)])
def test_openvpn_cbc_always_pads(inner: int, outer: int) -> None:
    assert OPENVPN_UDP.outer_bytes(inner) == outer
    # TCP: 20 + 12 of header instead of 8, and two bytes of length.
    assert OPENVPN_TCP.outer_bytes(inner) == outer + 26


def test_a_full_segment_in_the_tunnel_carries_1248_bytes() -> None:
    assert tcp_segment(1300) == Load(payload_bytes=1248, packets=(1300,))


def test_published_goodput_of_a_gigabit_line() -> None:
    # KubeSlice WireGuard, MTU 1300, timestamps: 892.7 Mbit/s (header arithmetic of the encapsulation table).
    assert goodput(tcp_segment(1300), Count.OUTER_LINE, 1e9) == pytest.approx(892.7e6, abs=0.05e6)
    plain = tcp_segment(1500)
    assert 1e9 * 8 * plain.payload_bytes / weight(plain, Count.OUTER_LINE, None) == pytest.approx(941.5e6, abs=0.05e6)


def test_what_the_two_shapers_of_a_slice_count() -> None:
    # tc on wg0 sees IP packets of 1300; tc on the node's NIC sees outer frames of 1360 + 14.
    segment = tcp_segment(1300)
    assert goodput(segment, Count.INNER, 30e6) == pytest.approx(30e6 * 1248 / 1300)
    assert goodput(segment, Count.OUTER_FRAME, 30e6) == pytest.approx(30e6 * 1248 / 1374)


def test_a_gateway_core_carries_about_what_was_measured() -> None:
    segment = tcp_segment(1300)
    wireguard_bps = 8 * segment.payload_bytes / weight(segment, Count.CPU, WIREGUARD)
    acks_s = weight(TCP_ACK, Count.CPU, OPENVPN_UDP) / SEGMENTS_PER_ACK
    openvpn_bps = 8 * segment.payload_bytes / (weight(segment, Count.CPU, OPENVPN_UDP) + acks_s)
    assert 560e6 < wireguard_bps < 830e6  # wireguard-go on a small VM
    assert openvpn_bps == pytest.approx(233e6, rel=0.05)  # published for a 10 G line: one thread for both directions


def test_datagrams_fragment_on_multiples_of_eight() -> None:
    assert udp_datagram(1272, 1300).packets == (1300,)
    # 1281 bytes of IP payload: 1280 fit the first fragment (a multiple of 8), one byte goes alone.
    assert udp_datagram(1273, 1300).packets == (1300, 21)
    whole = udp_datagram(8000, 1300)
    assert sum(size - 20 for size in whole.packets) == 8008
    assert all((size - 20) % 8 == 0 for size in whole.packets[:-1])
    assert all(size <= 1300 for size in whole.packets)


@pytest.mark.parametrize("size", [0, -1, 65508])
def test_a_datagram_of_impossible_size_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="1 to 65507"):
        udp_datagram(size, 1300)


def test_wireguard_knows_no_tcp() -> None:
    assert encapsulation("Wireguard", "TCP") is WIREGUARD
    assert encapsulation("OpenVPN", "TCP") is OPENVPN_TCP
