"""vL3's rule: the router has the network address, clients the lowest free one from .1 upward, sticky."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeslice_sim.planner import AddressesExhausted, AddressPool
from kubeslice_sim.planner.addresses import router_address

CIDR = IPv4Network("10.1.16.0/20")


def test_router_has_the_network_address_and_clients_start_at_one() -> None:
    pool: AddressPool[str] = AddressPool(CIDR)
    assert router_address(CIDR) == IPv4Address("10.1.16.0")
    assert [str(pool.allocate(name)) for name in "abc"] == ["10.1.16.1", "10.1.16.2", "10.1.16.3"]
    assert pool.allocate("b") == IPv4Address("10.1.16.2")
    assert pool.held("b") == IPv4Address("10.1.16.2")
    assert pool.held("z") is None


def test_a_released_address_is_the_next_to_go() -> None:
    pool: AddressPool[str] = AddressPool(CIDR)
    for name in "abcd":
        pool.allocate(name)
    pool.release("c")
    pool.release("a")
    pool.release("nobody")
    assert [str(pool.allocate(name)) for name in "xyz"] == ["10.1.16.1", "10.1.16.3", "10.1.16.5"]


def test_a_client_gets_back_what_it_had_if_free() -> None:
    pool: AddressPool[str] = AddressPool(CIDR)
    assert str(pool.allocate("a", IPv4Address("10.1.16.9"))) == "10.1.16.9"
    assert str(pool.allocate("b", IPv4Address("10.1.16.9"))) == "10.1.16.1"
    assert str(pool.allocate("c", IPv4Address("10.99.0.1"))) == "10.1.16.2"
    assert str(pool.allocate("d", router_address(CIDR))) == "10.1.16.3"


def test_reserved_addresses_are_jumped_over() -> None:
    pool: AddressPool[str] = AddressPool(CIDR)
    pool.reserve([("old", IPv4Address("10.1.16.2")), ("late", IPv4Address("10.1.16.2"))])
    assert pool.held("late") is None
    assert [str(pool.allocate(name)) for name in ("new", "newer", "old")] == ["10.1.16.1", "10.1.16.3", "10.1.16.2"]


def test_whoever_is_expected_holds_what_it_would_have_been_given() -> None:
    asked: AddressPool[str] = AddressPool(CIDR)
    expected: AddressPool[str] = AddressPool(CIDR)
    for pool in (asked, expected):
        pool.reserve([("old", IPv4Address("10.1.16.2"))])
    for name in ("a", "old", "b", "a"):
        asked.allocate(name)
    expected.expect(["a", "old", "b", "a"])
    assert [expected.held(name) for name in ("a", "old", "b")] == [asked.held(name) for name in ("a", "old", "b")]
    assert expected.allocate("c") == asked.allocate("c")


def test_the_top_address_is_given_and_then_no_more() -> None:
    pool: AddressPool[int] = AddressPool(IPv4Network("10.1.0.0/29"))
    assert [int(pool.allocate(i)) & 7 for i in range(7)] == [1, 2, 3, 4, 5, 6, 7]
    with pytest.raises(AddressesExhausted, match="all 7 are in use"):
        pool.allocate(99)


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans())))
def test_always_the_lowest_free_as_a_plain_search_finds_it(steps: list[tuple[int, bool]]) -> None:
    pool: AddressPool[int] = AddressPool(IPv4Network("10.0.0.0/28"))
    held: dict[int, int] = {}
    for client, ask in steps:
        if ask:
            expected = held.get(client) or min(set(range(1, 16)) - set(held.values()))
            held[client] = expected
            assert int(pool.allocate(client)) & 15 == expected
        else:
            held.pop(client, None)
            pool.release(client)
