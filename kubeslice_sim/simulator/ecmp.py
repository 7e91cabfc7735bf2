"""ECMP: which next hop a flow takes, as Linux does with ``fib_multipath_hash_policy=1``."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Literal

Protocol = Literal["icmp", "tcp", "udp"]


@dataclass(frozen=True, slots=True)
class FiveTuple:
    """What the hash sees. Ping has no ports (zero): Linux then hashes addresses and protocol.

    ``host``: the name that the client asked for, where it asked for one, and ``draw``: a number of the request; proxies
    see these, routers do not. ``answer``: whether it goes back to who began; a firewall that lets a connection through
    lets its answers through.
    """

    source: IPv4Address
    target: IPv4Address
    protocol: Protocol
    source_port: int = 0
    target_port: int = 0
    answer: bool = False
    host: str = ""
    draw: int = 0

    @property
    def reverse(self) -> FiveTuple:
        """The same conversation, seen from the other end."""
        return FiveTuple(
            self.target,
            self.source,
            self.protocol,
            self.target_port,
            self.source_port,
            not self.answer,
            self.host,
            self.draw,
        )


def choose(flow: FiveTuple, hops: int, secret: int) -> int:
    """The index of the next hop among ``hops`` of equal weight, by hash-threshold (RFC 2992, ``fib_select_multipath``).

    ``secret`` is the host's: Linux seeds its hash at boot, so which hop a flow takes is not known beforehand.
    Raises :exc:`ValueError` when there is no hop.
    """
    if hops < 1:
        raise ValueError("a route needs at least one next hop")
    if hops == 1:
        return 0
    text = f"{flow.source},{flow.target},{flow.protocol},{flow.source_port},{flow.target_port}"
    digest = hashlib.blake2b(text.encode(), digest_size=4, key=secret.to_bytes(8, "big")).digest()
    return int.from_bytes(digest, "big") * hops >> 32
