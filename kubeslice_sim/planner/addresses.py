"""AddressPool: which overlay address a client of a slice router gets."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from heapq import heappop, heappush
from ipaddress import IPv4Address, IPv4Network
from typing import Generic, TypeVar

from kubeslice_sim.errors import BadInput, Problem

Client = TypeVar("Client", bound=Hashable)


class AddressesExhausted(BadInput):
    """A CIDR has no free address left."""


def router_address(cidr: IPv4Network) -> IPv4Address:
    """The slice router's own address: the network address of its cluster's CIDR, as a /32 (cmd-nse-vl3 ipam.go)."""
    return cidr.network_address


class AddressPool(Generic[Client]):
    """The addresses of one cluster's CIDR, as the vL3 router hands them out (cmd-nse-vl3 main.go, sdk ippool.go).

    The network address is the router's. A client gets the address that it had, where that is free, else the lowest
    free one from .1 upward; even the top address of the block is given. Released addresses are free again at once.
    Kubernetes pod addresses follow the same rule here, from ``first_host`` on. ``field``: what of the world says how
    large the CIDR is; told when it is too small.
    """

    def __init__(self, cidr: IPv4Network, *, first_host: int = 1, field: str = "") -> None:
        self.cidr = cidr
        self._field = field
        self._base = int(cidr.network_address)
        self._end = self._base + cidr.num_addresses
        self._next = self._base + first_host
        self._first = self._next
        self._released: list[int] = []
        self._taken: set[int] = set()
        self._held: dict[Client, int] = {}

    def held(self, client: Client) -> IPv4Address | None:
        """The address that a client has now."""
        value = self._held.get(client)
        return None if value is None else IPv4Address(value)

    def allocate(self, client: Client, wish: IPv4Address | None = None) -> IPv4Address:
        """The client's address: the one it holds, else ``wish`` (what it had before) if free, else the lowest free.

        Raises :exc:`AddressesExhausted` when none is left.
        """
        value = self._held.get(client)
        if value is None:
            value = self._claim(wish) if wish is not None else None
            if value is None:
                value = self._lowest_free()
            self._taken.add(value)
            self._held[client] = value
        return IPv4Address(value)

    def expect(self, clients: Iterable[Client]) -> None:
        """Have each of these hold an address, one after the other, as if it had asked; raises what asking would."""
        for client in clients:
            if client not in self._held:
                value = self._held[client] = self._lowest_free()
                self._taken.add(value)

    def reserve(self, clients: Iterable[tuple[Client, IPv4Address]]) -> None:
        """Give clients back what they had before anybody new asks; what is not free or not in the CIDR is skipped."""
        for client, wish in clients:
            value = self._claim(wish)
            if value is not None and client not in self._held:
                self._taken.add(value)
                self._held[client] = value

    def release(self, client: Client) -> None:
        """Take the client's address back; one that holds none is no error."""
        value = self._held.pop(client, None)
        if value is not None:
            self._taken.discard(value)
            if value < self._next:
                heappush(self._released, value)

    def _claim(self, wish: IPv4Address) -> int | None:
        value = int(wish)
        return value if self._first <= value < self._end and value not in self._taken else None

    def _lowest_free(self) -> int:
        while self._released:
            value = heappop(self._released)
            if value not in self._taken:
                return value
        while self._next in self._taken:
            self._next += 1
        if self._next >= self._end:
            room = max(0, self._end - self._first)
            used = f" left for another client: all {room} are in use" if room else " for any client"
            message = f"{self.cidr} has no address{used}"
            narrower = self._field.rpartition(".")[2] or "maxClusters"
            hint = f"change {narrower} so that the CIDR is larger, or run fewer pods there"
            raise AddressesExhausted([Problem(path=self._field, message=message, hint=hint)])
        value = self._next
        self._next += 1
        return value
