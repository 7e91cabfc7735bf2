"""The process that delays and loses the packets of every wire in a sandbox, where the kernel has no netem.

It holds no packet: the kernel queues them (NFQUEUE) and waits for verdicts. One direction of a wire keeps the order
of its packets, so one verdict releases everything due. A process of its own, because the agent's other Python threads
would make it late; and single-threaded, because nothing in it waits but one `select`.
"""

from __future__ import annotations

import contextlib
import gc
import heapq
import json
import math
import os
import random
import select
import socket
import statistics
import time
from collections import deque

from emulator.nfqueue import PacketQueue, switch_on_arrival_stamps
from emulator.syscalls import set_timer_slack

JITTER_HOLD_S = 0.01
"""How long one draw of the jitter lasts. Packets closer together share it, so jitter delays but does not reorder."""

_AT_ONCE = 128  # packets read from one queue before others get their turn
_STEP_S = 3e-6
_EARLIEST_S = 0.5e-3


class Line:
    """One direction of one wire."""

    __slots__ = ("delay_s", "due", "hold_until_s", "jitter_s", "loss", "lost", "offset_s", "passed", "queue", "random")

    def __init__(self, queue: PacketQueue, seed: str) -> None:
        self.queue = queue
        self.random = random.Random(seed)  # noqa: S311  (dice, not keys)
        self.due: deque[tuple[float, int]] = deque()
        self.delay_s = self.jitter_s = self.loss = 0.0
        self.offset_s = self.hold_until_s = 0.0
        self.passed = self.lost = 0

    def shape(self, delay_s: float, jitter_s: float, loss: float) -> None:
        """New properties for the packets that arrive from now on."""
        self.delay_s, self.jitter_s, self.loss = delay_s, jitter_s, loss
        self.hold_until_s = 0.0
        # Loss strikes what a wire would carry, not a bundle of 44 segments that the kernel made of them.
        self.queue.set_segmentation(whole=loss == 0.0 or loss == 1.0)

    def take_in(self) -> int:
        """Reads what has arrived and decides when it leaves; returns how many packets."""
        queue, due, loss = self.queue, self.due, self.loss
        now_s = time.monotonic()
        unix_to_monotonic_s = now_s - time.time()
        last_due_s = due[-1][0] if due else 0.0
        for count in range(_AT_ONCE):
            got = queue.read()
            if got is None:
                return count
            packet, stamp_s = got
            if loss and self.random.random() < loss:
                self.lost += 1
                queue.drop(packet)
                continue
            arrived_s = stamp_s + unix_to_monotonic_s if stamp_s else now_s
            if self.jitter_s and arrived_s >= self.hold_until_s:
                self.offset_s = self.random.uniform(-self.jitter_s, self.jitter_s)
                self.hold_until_s = arrived_s + JITTER_HOLD_S
            delay_s = self.delay_s + self.offset_s if self.jitter_s else self.delay_s
            last_due_s = max(last_due_s, arrived_s + max(delay_s, 0.0))
            due.append((last_due_s, packet))
        return _AT_ONCE

    def let_out(self, until_s: float) -> None:
        """Releases every packet due by `until_s` (monotonic)."""
        due, last = self.due, None
        while due and due[0][0] <= until_s:
            last = due.popleft()[1]
            self.passed += 1
        if last is not None:
            self.queue.accept_up_to(last)


class DelayLines:
    """The service loop. `early_s` is how much before its time a packet is let go, to make up for the way out."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._epoll = select.epoll()
        self._epoll.register(control, select.EPOLLIN)
        self._lines: dict[int, Line] = {}
        self._by_name: dict[str, Line] = {}
        self._next: list[tuple[float, int]] = []
        self.early_s = measure_wake_up()

    def run(self) -> None:
        """Serves until the control socket closes."""
        epoll, lines, upcoming = self._epoll, self._lines, self._next
        control_fd = self._control.fileno()
        while True:
            # select, not epoll, waits: Python's epoll counts in milliseconds.
            wait_s = max(0.0, upcoming[0][0] - self.early_s - time.monotonic()) if upcoming else None
            by_timer = not select.select([epoll], [], [], wait_s)[0]
            for fd, _ in epoll.poll(0):
                if fd == control_fd:
                    if not self._obey():
                        return
                    continue
                line = lines[fd]
                waiting = bool(line.due)
                if line.take_in() and not waiting and line.due:
                    heapq.heappush(upcoming, (line.due[0][0], fd))
            first_due_s = upcoming[0][0] if upcoming else 0.0
            until_s = time.monotonic() + self.early_s
            while upcoming and upcoming[0][0] <= until_s:
                fd = upcoming[0][1]
                line = lines[fd]
                line.let_out(until_s)
                if line.due:
                    heapq.heapreplace(upcoming, (line.due[0][0], fd))
                else:
                    heapq.heappop(upcoming)
            if by_timer and wait_s and first_due_s <= until_s:
                self._learn(time.monotonic() - first_due_s)

    def _learn(self, late_s: float) -> None:
        # Steps of one size up or down end at the median, whatever the shape of the tail.
        self.early_s = min(max(self.early_s + math.copysign(_STEP_S, late_s), 0.0), _EARLIEST_S)

    def _obey(self) -> bool:
        data, fds, _, _ = socket.recv_fds(self._control, 1 << 16, 1)
        if not data:
            return False
        order = json.loads(data)
        if "add" in order:
            queue = PacketQueue(order["queue"], fd=fds[0])
            line = Line(queue, order["seed"])
            self._lines[queue.fileno()] = self._by_name[order["add"]] = line
            self._epoll.register(queue.fileno(), select.EPOLLIN)
        line = self._by_name[order.get("add") or order["line"]]
        if "delay_s" in order:
            line.shape(order["delay_s"], order["jitter_s"], order["loss"])
        self._control.send(json.dumps({"passed": line.passed, "lost": line.lost, "early_s": self.early_s}).encode())
        return True


def measure_wake_up(*, rounds: int = 40, wait_s: float = 0.001) -> float:
    """How late a timer wakes this process here, in seconds: the median of short waits, taken in about 50 ms."""
    late = []
    for _ in range(rounds):
        asked_s = time.monotonic() + wait_s
        select.select([], [], [], wait_s)
        late.append(time.monotonic() - asked_s)
    return statistics.median(late)


def main(control_fd: int) -> None:
    """The process: takes its orders from the Unix socket (SOCK_SEQPACKET) `control_fd` until that closes."""
    set_timer_slack(1)
    for ask in (lambda: os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1)), lambda: os.nice(-20)):
        with contextlib.suppress(PermissionError):  # root only; without it the median is the same, the tail longer
            ask()
            break
    control = socket.socket(fileno=control_fd)
    with switch_on_arrival_stamps():
        lines = DelayLines(control)
        gc.freeze()
        gc.disable()  # nothing here makes cycles, and a collection would be a delay
        lines.run()
