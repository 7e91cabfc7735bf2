"""Servers: the programs behind ports, with so many workers and one line before them."""

from __future__ import annotations

import heapq
import math
import random

from kubeslice_sim.model.scenario import ServiceTime
from kubeslice_sim.simulator.network import Pod


class Server:
    """Workers that take requests in the order in which they come.

    How long a request takes is known when it comes, so the end of its service is known then, too: that of the worker
    who is free first and of the work itself (Kiefer and Wolfowitz 1955). A server has no event of its own.
    """

    __slots__ = ("_free_s",)

    def __init__(self) -> None:
        self._free_s: list[float] | None = None
        """When each worker is free, as a heap; None: as many workers as requests."""

    def take(self, now_s: float, service_s: float, workers: int | None) -> float:
        """A request comes: when its answer is ready. ``workers`` fewer than before: the first to be free leave."""
        if workers is not None:
            if self._free_s is None:
                self._free_s = [now_s] * workers
            while len(self._free_s) > workers:
                heapq.heappop(self._free_s)
        if self._free_s is None:
            return now_s + service_s
        ready_s = max(now_s, self._free_s[0]) + service_s
        heapq.heapreplace(self._free_s, ready_s)
        return ready_s


class Servers:
    """The servers of all pods; a pod that was started anew has new ones, with nobody in line.

    Where traffics say different numbers of workers of one server, the least holds.
    """

    def __init__(self) -> None:
        self._made: dict[tuple[Pod, int, int], Server] = {}

    def at(self, pod: Pod, port: int) -> Server:
        """The server on this port of the pod as it runs now."""
        key = (pod, pod.life, port)
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = Server()
        return found


def service_s(wish: ServiceTime, dice: random.Random) -> float:
    """How long one request takes: constant, exponential, or lognormal of this mean and coefficient of variation."""
    if wish.distribution == "exponential":
        return dice.expovariate(1.0 / wish.mean_s)
    if wish.distribution == "lognormal":
        variance = math.log1p((wish.cv or 1.0) ** 2)
        return dice.lognormvariate(math.log(wish.mean_s) - variance / 2.0, math.sqrt(variance))
    return wish.mean_s
