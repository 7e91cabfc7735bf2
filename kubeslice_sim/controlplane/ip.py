"""Addresses out of the text in objects, each text read once."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network

_REMEMBERED = 65536


@lru_cache(_REMEMBERED)
def address(text: str) -> IPv4Address:
    """The address. Raises :exc:`ValueError`."""
    return IPv4Address(text)


@lru_cache(_REMEMBERED)
def network(text: str) -> IPv4Network:
    """The network, host bits ignored. Raises :exc:`ValueError`."""
    return IPv4Network(text, strict=False)


@lru_cache(_REMEMBERED)
def is_network(text: str) -> bool:
    """Whether it is one: KubeSlice may give a cluster beyond ``maxClusters`` a block such as 10.1.256.0/18."""
    try:
        network(text)
    except ValueError:
        return False
    return True


@lru_cache(_REMEMBERED)
def bounds(text: str) -> tuple[int, int]:
    """First address and prefix length of the network: what networks are ordered by. Raises :exc:`ValueError`."""
    found = network(text)
    return int(found.network_address), found.prefixlen
