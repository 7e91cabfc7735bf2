"""KubeSlice's own numbers (kubeslice-controller util/common.go and its IPAM)."""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest

from kubeslice_sim.planner import slots

SUBNET = IPv4Network("10.1.0.0/16")


@pytest.mark.parametrize(
    ("max_clusters", "prefix", "second", "last"),
    [
        (2, 17, "10.1.128.0/17", "10.1.128.0/17"),
        (3, 18, "10.1.64.0/18", "10.1.192.0/18"),
        (4, 18, "10.1.64.0/18", "10.1.192.0/18"),
        (5, 19, "10.1.32.0/19", "10.1.224.0/19"),
        (8, 19, "10.1.32.0/19", "10.1.224.0/19"),
        (9, 20, "10.1.16.0/20", "10.1.240.0/20"),
        (16, 20, "10.1.16.0/20", "10.1.240.0/20"),
        (17, 21, "10.1.8.0/21", "10.1.248.0/21"),
        (32, 21, "10.1.8.0/21", "10.1.248.0/21"),
    ],
)
def test_blocks(max_clusters: int, prefix: int, second: str, last: str) -> None:
    assert slots.prefix_length(max_clusters) == prefix
    assert str(slots.cluster_cidr(SUBNET, max_clusters, 1)) == second
    assert str(slots.cluster_cidr(SUBNET, max_clusters, slots.slot_count(max_clusters) - 1)) == last


def test_prefix_is_the_smallest_that_holds_all() -> None:
    for n in range(2, 33):
        assert slots.slot_count(n) >= n > slots.slot_count(n) // 2


def test_gateway_numbers_repeat() -> None:
    pairs = {(0, 1): 0, (0, 2): 0, (0, 3): 1, (1, 2): 1, (1, 3): 2, (2, 3): 3, (0, 4): 3, (1, 4): 4}
    assert {pair: slots.gateway_number(*pair) for pair in pairs} == pairs
    numbers = {slots.gateway_number(a, b) for b in range(8) for a in range(b)}
    assert len(numbers) == 22  # for 28 pairs


def test_free_slots_go_lowest_first_in_the_lists_order() -> None:
    assert slots.assign_slots(["a", "b", "c"], {}) == {"a": 0, "b": 1, "c": 2}
    assert slots.assign_slots(["d", "c", "b", "e"], {"b": 1, "c": 2}) == {"d": 0, "c": 2, "b": 1, "e": 3}


def test_every_tunnel_of_a_slice_has_the_same_two_addresses_in_the_last_block() -> None:
    assert [str(ip) for ip in slots.vpn_addresses(SUBNET)] == ["10.1.255.1", "10.1.255.2"]
    for n in range(2, 33):
        last = slots.cluster_cidr(SUBNET, n, slots.slot_count(n) - 1)
        assert slots.vpn_network(SUBNET).subnet_of(last)
