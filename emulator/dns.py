"""DNS servers on real sockets: any number of them, each in its own namespace, all in one thread.

A socket stays in the namespace where it was made, so a server costs two of them and no process. Programs in the pods
are unmodified: they read their resolv.conf and send packets.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from dataclasses import replace
from ipaddress import IPv4Address
from typing import Any, TypeVar

from emulator.dns_sockets import PORT, Answer, Listener, UpstreamSocket, listening_sockets
from emulator.netns import Namespace
from emulator.resolver import Resolver, Upstreams
from emulator.zone import Records, Zone, answer
from kubeslice_sim.errors import BackendUnavailable

LOOPBACK = IPv4Address("127.0.0.1")
UPSTREAM_TIMEOUT_S = 2.0

T = TypeVar("T")


class DnsService:
    """The thread in which all DNS servers of a sandbox run. Close it to end them all."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="dns", daemon=True)
        self._thread.start()
        self._listeners: list[Listener] = []

    def serve_zone(self, namespace: Namespace, address: IPv4Address, zone: Zone, *, port: int = PORT) -> ZoneServer:
        """Answers questions to `address` in `namespace` from `zone`. Raises BackendUnavailable if the port is taken."""
        server = ZoneServer(self, zone)
        server.listener = self._listen(namespace, address, port, server.answer)
        return server

    def serve_resolver(
        self, namespace: Namespace, upstreams: Upstreams, *, upstream_timeout_s: float = UPSTREAM_TIMEOUT_S
    ) -> PodResolver:
        """Runs a pod's resolver at 127.0.0.1:53; it asks its upstreams from inside the pod, over the pod's network."""
        upstream = UpstreamSocket(namespace, upstream_timeout_s)
        resolver = PodResolver(self, Resolver(upstreams), upstream)
        resolver.listener = self._listen(namespace, LOOPBACK, PORT, resolver.answer, upstream)
        return resolver

    def close(self) -> None:
        """Ends all servers and the thread."""
        if self._loop.is_closed():
            return
        for listener in tuple(self._listeners):
            self.stop(listener)
        self.run(_cancel_the_rest())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Runs a coroutine in the service's thread and waits for it; only for servers."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def stop(self, listener: Listener) -> None:
        """Closes a listener's sockets; a second time is fine."""
        if listener in self._listeners:
            self._listeners.remove(listener)
            self.run(listener.close())

    def _listen(
        self,
        namespace: Namespace,
        address: IPv4Address,
        port: int,
        answer: Answer,
        upstream: UpstreamSocket | None = None,
    ) -> Listener:
        try:
            udp, tcp = namespace.call(listening_sockets, str(address), port)
        except OSError as error:
            raise BackendUnavailable(
                f"{namespace.name}: no DNS server at {address}:{port}: {error}; does another program listen there?"
            ) from error
        listener = Listener(answer, upstream)
        self.run(listener.open(udp, tcp))
        if upstream is not None:
            self.run(upstream.open())
        self._listeners.append(listener)
        return listener


class ZoneServer:
    """One authoritative server, for a cluster's KubeSlice DNS or for the cluster's own."""

    listener: Listener

    def __init__(self, service: DnsService, zone: Zone) -> None:
        self._service = service
        self.zone = zone
        self.questions = 0

    def set_records(self, records: Records) -> None:
        """Replaces all records at once: a question sees the old ones or the new ones, never both."""
        self.zone = replace(self.zone, records=dict(records))

    async def answer(self, question: bytes, udp: bool) -> bytes | None:
        """The answer to one packet."""
        self.questions += 1
        return answer(self.zone, question, udp=udp)

    def close(self) -> None:
        """Stops listening; a second time is fine."""
        self._service.stop(self.listener)


class PodResolver:
    """A pod's resolver at 127.0.0.1:53."""

    listener: Listener

    def __init__(self, service: DnsService, resolver: Resolver, upstream: UpstreamSocket) -> None:
        self._service = service
        self._resolver = resolver
        self._upstream = upstream

    def set_upstreams(self, upstreams: Upstreams) -> None:
        """Asks these from now on; what is in the cache stays until its TTL runs out, as in a pod that joins a slice."""
        self._resolver.upstreams = upstreams

    async def answer(self, question: bytes, udp: bool) -> bytes | None:
        """The answer to one packet; a question that came over TCP is asked over TCP."""
        ask = self._upstream.ask_udp if udp else self._upstream.ask_tcp
        return await self._resolver.answer(question, ask, udp=udp, now_s=asyncio.get_running_loop().time)

    def close(self) -> None:
        """Stops listening and asking; a second time is fine."""
        self._service.stop(self.listener)


async def _cancel_the_rest() -> None:
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
