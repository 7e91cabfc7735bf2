"""The sockets of DNS servers: one that listens, and one that asks upstreams, both inside a namespace."""

from __future__ import annotations

import asyncio
import secrets
import socket
import struct
from collections.abc import Awaitable, Callable
from ipaddress import IPv4Address
from typing import Any

from emulator.netns import Namespace

PORT = 53
_IDLE_TIMEOUT_S = 10.0
_IP_FREEBIND = 15  # the address may come later: a server can be started before its namespace is wired

Answer = Callable[[bytes, bool], Awaitable[bytes | None]]
"""Answers a question, given whether it came over UDP, or says nothing (None)."""


class Listener(asyncio.DatagramProtocol):
    """The UDP and the TCP socket of one server, and the socket through which it asks others, if it does."""

    def __init__(self, answer: Answer, upstream: UpstreamSocket | None = None) -> None:
        self._answer = answer
        self._upstream = upstream
        self._udp: asyncio.DatagramTransport | None = None
        self._tcp: asyncio.Server | None = None
        self._at_work: set[asyncio.Task[Any]] = set()

    async def open(self, udp: socket.socket, tcp: socket.socket) -> None:
        """Starts to serve on two listening sockets, which it owns from now on."""
        self._udp, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: self, sock=udp)
        self._tcp = await asyncio.start_server(self._serve_stream, sock=tcp)

    async def close(self) -> None:
        """Closes all sockets and connections; a second time is fine."""
        if self._upstream is not None:
            self._upstream.close()
        if self._udp is not None:
            self._udp.close()
        if self._tcp is not None:
            self._tcp.close()
        for task in self._at_work:
            task.cancel()
        await asyncio.sleep(0)  # transports close their sockets in the loop's next round

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Called by the event loop."""
        self._keep(asyncio.get_running_loop().create_task(self._serve_datagram(data, addr)))

    async def _serve_datagram(self, question: bytes, asker: tuple[str, int]) -> None:
        reply = await self._answer(question, True)
        if reply is not None and self._udp is not None and not self._udp.is_closing():
            self._udp.sendto(reply, asker)

    async def _serve_stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # RFC 7766: questions, each behind its length, until the asker closes or falls silent.
        self._keep(asyncio.current_task())
        try:
            while True:
                async with asyncio.timeout(_IDLE_TIMEOUT_S):
                    question = await _read_framed(reader)
                reply = await self._answer(question, False)
                if reply is None:
                    break
                writer.write(struct.pack("!H", len(reply)) + reply)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError, TimeoutError):
            pass
        finally:
            writer.close()

    def _keep(self, task: asyncio.Task[Any] | None) -> None:
        if task is not None:
            self._at_work.add(task)  # the loop itself keeps only weak references
            task.add_done_callback(self._at_work.discard)


class UpstreamSocket(asyncio.DatagramProtocol):
    """Asks upstreams out of a pod: one UDP socket for all questions, a TCP connection for each long one."""

    def __init__(self, namespace: Namespace, timeout_s: float) -> None:
        self._namespace = namespace
        self._timeout_s = timeout_s
        self._udp: asyncio.DatagramTransport | None = None
        self._waiting: dict[tuple[bytes, str], asyncio.Future[bytes]] = {}

    async def open(self) -> None:
        """Makes the UDP socket inside the namespace."""
        udp = self._namespace.call(_socket, socket.SOCK_DGRAM)
        udp.bind(("", 0))
        self._udp, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: self, sock=udp)

    def close(self) -> None:
        """Closes the socket in the loop's next round; a question that waits finds that nobody answers."""
        if self._udp is not None:
            self._udp.close()

    async def ask_udp(self, upstream: IPv4Address, question: bytes) -> bytes | None:
        """The answer of `upstream` to one packet, or None after the timeout."""
        if self._udp is None or self._udp.is_closing():
            return None
        # An id of our own: two programs in the pod may ask with the same one at the same time.
        ours = self._free_id(str(upstream))
        waiting: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting[ours, str(upstream)] = waiting
        try:
            self._udp.sendto(ours + question[2:], (str(upstream), PORT))
            async with asyncio.timeout(self._timeout_s):
                reply = await waiting
            return question[:2] + reply[2:]
        except TimeoutError:
            return None
        finally:
            del self._waiting[ours, str(upstream)]

    async def ask_tcp(self, upstream: IPv4Address, question: bytes) -> bytes | None:
        """The same over a connection of its own, for answers that are too long for a packet."""
        stream = self._namespace.call(_socket, socket.SOCK_STREAM)
        try:
            async with asyncio.timeout(self._timeout_s):
                await asyncio.get_running_loop().sock_connect(stream, (str(upstream), PORT))
                reader, writer = await asyncio.open_connection(sock=stream)
        except (OSError, TimeoutError):
            stream.close()
            return None
        try:
            async with asyncio.timeout(self._timeout_s):
                writer.write(struct.pack("!H", len(question)) + question)
                return await _read_framed(reader)
        except (OSError, asyncio.IncompleteReadError, TimeoutError):
            return None
        finally:
            writer.close()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Called by the event loop."""
        waiting = self._waiting.get((data[:2], addr[0]))
        if waiting is not None and not waiting.done() and addr[1] == PORT and len(data) >= 12:
            waiting.set_result(data)

    def error_received(self, exc: Exception) -> None:
        """An upstream that cannot be reached is one that does not answer."""

    def _free_id(self, upstream: str) -> bytes:
        ours = secrets.token_bytes(2)
        while (ours, upstream) in self._waiting:
            ours = secrets.token_bytes(2)
        return ours


async def _read_framed(reader: asyncio.StreamReader) -> bytes:
    (length,) = struct.unpack("!H", await reader.readexactly(2))
    return await reader.readexactly(length)


def listening_sockets(address: str, port: int) -> tuple[socket.socket, socket.socket]:
    """A UDP and a TCP socket on `address`:`port`, in the namespace of the calling thread. Raises OSError if taken."""
    udp, tcp = _socket(socket.SOCK_DGRAM), _socket(socket.SOCK_STREAM)
    try:
        for one in (udp, tcp):
            one.setsockopt(socket.IPPROTO_IP, _IP_FREEBIND, 1)
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        for one in (udp, tcp):
            one.bind((address, port))
        tcp.listen()
    except OSError:
        udp.close()
        tcp.close()
        raise
    return udp, tcp


def _socket(kind: socket.SocketKind) -> socket.socket:
    made = socket.socket(socket.AF_INET, kind)
    made.setblocking(False)
    return made
