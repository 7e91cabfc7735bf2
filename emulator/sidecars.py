"""Gateway sidecars: pings through each tunnel to the peer's VPN address, round after round, as facts.

One thread serves all of them: a raw ICMP socket stays in the gateway's namespace where it was made.
"""

from __future__ import annotations

import heapq
import selectors
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from emulator.netns import Namespace
from kubeslice_sim.controlplane.effects import StartGateway
from kubeslice_sim.controlplane.facts import PingRound
from kubeslice_sim.model.timing import Timing

PINGS_A_ROUND = 3
LEAST_TIMEOUT_S = 0.5
"""KubeSlice waits 3 s for a reply; a faster profile must still wait longer than any round trip takes."""
_ECHO_REQUEST, _ECHO_REPLY = 8, 0
_HEADER = struct.Struct("!BBHHH")


@dataclass(slots=True)
class _Round:
    number: int
    sent_s: dict[int, float] = field(default_factory=dict)
    rtt_s: list[float] = field(default_factory=list)


@dataclass(slots=True)
class _Sidecar:
    cluster: str
    pod: str
    target: str
    icmp: socket.socket
    next_sequence: int = 0
    rounds: dict[int, _Round] = field(default_factory=dict)
    of_sequence: dict[int, int] = field(default_factory=dict)


class Sidecars:
    """The sidecars of all running gateways. ``report`` is called from their thread."""

    def __init__(self, timing: Timing, report: Callable[[PingRound], None]) -> None:
        self._report = report
        self._round_s = timing.ping_round_s
        self._timeout_s = max(timing.ping_round_s, LEAST_TIMEOUT_S)
        self._lock = threading.Lock()
        self._running: dict[tuple[str, str], _Sidecar] = {}
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0
        self._selector = selectors.DefaultSelector()
        self._wake, self._woken = socket.socketpair()
        self._woken.setblocking(False)
        self._selector.register(self._woken, selectors.EVENT_READ)
        self._open = True
        self._thread = threading.Thread(target=self._run, name="sidecars", daemon=True)
        self._thread.start()

    def watch(self, effect: StartGateway, namespace: Namespace) -> None:
        """Begin to ping the peer of this gateway."""
        icmp = namespace.call(socket.socket, socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        icmp.setblocking(False)
        sidecar = _Sidecar(effect.cluster, effect.pod, str(effect.remote_vpn_ip), icmp)
        with self._lock:
            self._running[effect.cluster, effect.pod] = sidecar
            self._selector.register(icmp, selectors.EVENT_READ, sidecar)
            self._at(time.monotonic(), lambda: self._begin(sidecar, 0))
        self._wake.send(b"\0")

    def forget(self, cluster: str, pod: str) -> None:
        """The gateway is dead, and its sidecar with it."""
        with self._lock:
            sidecar = self._running.pop((cluster, pod), None)
            if sidecar is not None:
                self._selector.unregister(sidecar.icmp)
                sidecar.icmp.close()

    def close(self) -> None:
        """End all of them."""
        self._open = False
        self._wake.send(b"\0")
        self._thread.join(timeout=5)
        for cluster, pod in list(self._running):
            self.forget(cluster, pod)
        self._selector.close()
        self._wake.close()
        self._woken.close()

    def _at(self, when_s: float, work: Callable[[], None]) -> None:
        self._count += 1
        heapq.heappush(self._agenda, (when_s, self._count, work))

    def _alive(self, sidecar: _Sidecar) -> bool:
        return self._running.get((sidecar.cluster, sidecar.pod)) is sidecar

    def _run(self) -> None:
        while self._open:
            with self._lock:
                wait_s = max(0.0, self._agenda[0][0] - time.monotonic()) if self._agenda else None
            for key, _ in self._selector.select(wait_s):
                if key.data is None:
                    self._drain()
                else:
                    self._receive(key.data)
            self._work_off()

    def _drain(self) -> None:
        try:
            while self._woken.recv(4096):
                pass
        except BlockingIOError:
            return

    def _work_off(self) -> None:
        while True:
            with self._lock:
                if not self._agenda or self._agenda[0][0] > time.monotonic():
                    return
                work = heapq.heappop(self._agenda)[2]
            work()

    def _begin(self, sidecar: _Sidecar, number: int) -> None:
        if not self._alive(sidecar):
            return
        now_s = time.monotonic()
        sidecar.rounds[number] = _Round(number)
        with self._lock:
            for index in range(PINGS_A_ROUND):
                self._at(now_s + index * self._round_s / PINGS_A_ROUND, lambda: self._send(sidecar, number))
            last_s = now_s + (PINGS_A_ROUND - 1) * self._round_s / PINGS_A_ROUND
            self._at(last_s + self._timeout_s, lambda: self._finish(sidecar, number))
            self._at(now_s + self._round_s, lambda: self._begin(sidecar, number + 1))

    def _send(self, sidecar: _Sidecar, number: int) -> None:
        if not self._alive(sidecar):
            return
        sequence = sidecar.next_sequence = (sidecar.next_sequence + 1) & 0xFFFF
        sidecar.of_sequence[sequence] = number
        sidecar.rounds[number].sent_s[sequence] = time.monotonic()
        try:
            sidecar.icmp.sendto(_echo(sequence), (sidecar.target, 0))
        except OSError:  # no route, or no key yet: a ping that gets no answer
            return

    def _receive(self, sidecar: _Sidecar) -> None:
        now_s = time.monotonic()
        try:
            packet = sidecar.icmp.recv(2048)
        except OSError:  # it was forgotten meanwhile
            return
        header = (packet[0] & 0x0F) * 4
        kind, _, _, identifier, sequence = _HEADER.unpack_from(packet, header)
        number = sidecar.of_sequence.get(sequence)
        if kind != _ECHO_REPLY or identifier != _IDENTIFIER or number is None or number not in sidecar.rounds:
            return
        current = sidecar.rounds[number]
        sent_s = current.sent_s.pop(sequence, None)
        if sent_s is not None:
            current.rtt_s.append(now_s - sent_s)

    def _finish(self, sidecar: _Sidecar, number: int) -> None:
        if not self._alive(sidecar):
            return
        done = sidecar.rounds.pop(number)
        for sequence in [key for key, value in sidecar.of_sequence.items() if value == number]:
            del sidecar.of_sequence[sequence]
        rtt_s = sum(done.rtt_s) / len(done.rtt_s) if done.rtt_s else None
        self._report(
            PingRound(
                cluster=sidecar.cluster, pod=sidecar.pod, sent=PINGS_A_ROUND, received=len(done.rtt_s), rtt_s=rtt_s
            )
        )


_IDENTIFIER = 0x6B73


def _echo(sequence: int) -> bytes:
    body = bytes(56)
    head = _HEADER.pack(_ECHO_REQUEST, 0, 0, _IDENTIFIER, sequence)
    return _HEADER.pack(_ECHO_REQUEST, 0, checksum(head + body), _IDENTIFIER, sequence) + body


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
