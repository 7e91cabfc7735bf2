"""Addresses that the fabric hands out to gateways, without any namespace."""

from __future__ import annotations

from ipaddress import IPv4Network
from types import SimpleNamespace
from typing import Any, cast

import pytest

from emulator.fabric import Fabric
from kubeslice_sim.errors import BadInput


def fabric(pod_cidr: str, pods: int) -> Fabric:
    network = IPv4Network(pod_cidr)
    standing = [SimpleNamespace(cluster="worker-1", pod_ip=network[2 + index]) for index in range(pods)]
    elsewhere = SimpleNamespace(cluster="worker-2", pod_ip=network[-2])
    plan = SimpleNamespace(cluster=lambda _: SimpleNamespace(pod_cidr=network), pods=[*standing, elsewhere])
    return Fabric(cast(Any, plan), cast(Any, None))


def test_gateways_get_the_highest_free_addresses_and_give_them_back() -> None:
    made = fabric("192.168.0.0/24", pods=3)
    first, second = (made.infrastructure_address("worker-1") for _ in range(2))
    assert (str(first), str(second)) == ("192.168.0.254", "192.168.0.253")
    made.release_address("worker-1", first)
    assert made.infrastructure_address("worker-1") == first


def test_no_gateway_gets_a_pods_address() -> None:
    made = fabric("192.168.0.0/29", pods=4)  # .2 to .5
    found = {str(made.infrastructure_address("worker-1")) for _ in range(2)}
    assert found == {"192.168.0.6", "192.168.0.1"}
    with pytest.raises(BadInput, match=r"192\.168\.0\.0/29 of worker-1 has no address left"):
        made.infrastructure_address("worker-1")
