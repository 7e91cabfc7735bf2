"""A netlink socket that sends batches of route messages and reads the devices of its namespace."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from emulator.rtmessages import IFF_UP, LINK_HEADER, LinkError, Request

_NEWLINK, _GETLINK = 16, 18
_REQUEST, _ACK, _DUMP = 0x1, 0x4, 0x300
_DONE = 3
_SOL_NETLINK, _CAP_ACK = 270, 10
_HEADER = struct.Struct("=IHHII")
_AT_ONCE = 64  # requests in one send: their answers must fit the socket's receive buffer


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkState:
    """A network device as the kernel reports it; the counters run since it was made."""

    index: int
    up: bool
    mtu: int
    mac: str
    received_packets: int
    received_bytes: int
    sent_packets: int
    sent_bytes: int
    dropped_packets: int


class RouteSocket:
    """A netlink socket in the namespace of the thread that makes it. A context manager."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE)
        self._socket.setsockopt(_SOL_NETLINK, _CAP_ACK, 1)
        self._socket.bind((0, 0))
        self._sequence = 0

    def __enter__(self) -> RouteSocket:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the socket."""
        self._socket.close()

    def send(self, requests: Sequence[Request]) -> None:
        """Carries out the requests in order; those after one that fails are carried out too.

        Raises LinkError with the first failures.
        """
        failures = []
        for first in range(0, len(requests), _AT_ONCE):
            failures += self._send_batch(requests[first : first + _AT_ONCE])
        if failures:
            more = f"; and {len(failures) - 3} more" if len(failures) > 3 else ""
            raise LinkError("; ".join(text for _, text in failures[:3]) + more, failures[0][0])

    def links(self) -> dict[str, LinkState]:
        """Every device in the namespace, by name."""
        self._sequence += 1
        body = LINK_HEADER.pack(0, 0, 0, 0, 0)
        self._socket.sendall(_message(_GETLINK, _REQUEST | _DUMP, self._sequence, body))
        found: dict[str, LinkState] = {}
        while True:
            data = self._socket.recv(1 << 17)
            for kind, payload in _messages(data):
                if kind == _DONE:
                    return found
                if kind == _NEWLINK:
                    name, state = _link_state(payload)
                    found[name] = state

    def _send_batch(self, requests: Sequence[Request]) -> list[tuple[int, str]]:
        first = self._sequence + 1
        self._sequence += len(requests)
        self._socket.sendall(
            b"".join(
                _message(request.kind, _REQUEST | _ACK | request.flags, first + offset, request.body)
                for offset, request in enumerate(requests)
            )
        )
        failures = []
        for request in requests:  # the kernel answers each request, in order, with one message
            data = self._socket.recv(1 << 16)
            (number,) = struct.unpack_from("=i", data, _HEADER.size)
            if number:
                failures.append((-number, f"{request.purpose}: {os.strerror(-number)}"))
        return failures


def _message(kind: int, flags: int, sequence: int, body: bytes) -> bytes:
    return _HEADER.pack(_HEADER.size + len(body), kind, flags, sequence, 0) + body


def _messages(data: bytes) -> list[tuple[int, bytes]]:
    found, at = [], 0
    while at < len(data):
        size, kind, *_ = _HEADER.unpack_from(data, at)
        found.append((kind, data[at + _HEADER.size : at + size]))
        at += (size + 3) & ~3
    return found


def _attributes(data: bytes, at: int) -> dict[int, bytes]:
    found = {}
    while at + 4 <= len(data):
        size, kind = struct.unpack_from("=HH", data, at)
        found[kind & 0x3FFF] = data[at + 4 : at + size]
        at += (size + 3) & ~3
    return found


def _link_state(payload: bytes) -> tuple[str, LinkState]:
    _, _, index, flags, _ = LINK_HEADER.unpack_from(payload)
    attributes = _attributes(payload, LINK_HEADER.size)
    counted = struct.unpack_from("=8Q", attributes[23])  # IFLA_STATS64: rx, tx packets, bytes, errors, dropped
    state = LinkState(
        index=index,
        up=bool(flags & IFF_UP),
        mtu=struct.unpack("=I", attributes[4])[0],
        mac=attributes.get(1, b"").hex(":"),
        received_packets=counted[0],
        sent_packets=counted[1],
        received_bytes=counted[2],
        sent_bytes=counted[3],
        dropped_packets=counted[6] + counted[7],
    )
    return attributes[3].rstrip(b"\0").decode(), state
