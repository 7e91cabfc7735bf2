"""Exchange: one request over an open connection, its service, and its answer."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any

import simpy

from kubeslice_sim.observe.probe import Probe
from kubeslice_sim.simulator.requests.connection import Connection, Failure
from kubeslice_sim.simulator.requests.payload import carry
from kubeslice_sim.simulator.requests.server import service_s
from kubeslice_sim.simulator.scene import Scene
from kubeslice_sim.simulator.tcp import retries_s, rto_s
from kubeslice_sim.simulator.way import Way

Waiting = Generator[simpy.Event, Any, Failure | None]


class Exchange:
    """Sends requests of one probe and waits for their answers, ``timeout`` at most."""

    def __init__(self, scene: Scene, probe: Probe) -> None:
        self._scene = scene
        self._probe = probe
        self._network_dice = scene.dice("http", probe)
        self._service_dice = scene.dice("service", probe)
        """A stream of its own: another network leaves the service times as they are."""
        self._balance_dice = scene.dice("proxies", probe)

    def make(self, connection: Connection) -> Waiting:
        """One request and its answer; a failure where there is none."""
        scene, env, probe = self._scene, self._scene.env, self._probe
        until_s = env.now + probe.timeout_s
        connection.next_request(scene, self._balance_dice)
        failure = yield from self._send(connection, probe.request_bytes or 0.0, until_s, answer=False)
        if failure is not None:
            return failure
        wish = probe.service_time
        work_s = scene.costs.http_service_s if wish is None else service_s(wish, self._service_dice)
        server = scene.servers.at(connection.target, probe.port or 80)
        ready_s = server.take(env.now, work_s, probe.workers)
        yield env.timeout(min(ready_s, until_s) - env.now)
        if ready_s > until_s:
            return _late("the server had not answered")
        size_bytes = scene.costs.http_response_bytes if probe.size_bytes is None else probe.size_bytes
        failure = yield from self._send(connection, size_bytes, until_s, answer=True)
        connection.used, connection.since_s = connection.used + 1, env.now
        return failure

    def _send(self, connection: Connection, size_bytes: float, until_s: float, *, answer: bool) -> Waiting:
        """The first packet by the way as it is now, tried again while it does not get through; then what follows it.

        What the message says goes through the fluid engine, be it a packet or many: it competes with all other flows.
        """
        scene, env = self._scene, self._scene.env
        began_s = env.now
        tries: Iterator[float] | None = None
        while True:
            if not _alive(connection, answer=answer):
                # Whoever held the other end is gone, and nobody says so: the client waits in vain.
                yield env.timeout(until_s - env.now)
                return _late(f"{(connection.target if answer else connection.source).reference} is gone")
            ways = connection.ways(scene)
            if not ways.dropped:
                break
            if ways.refused and not answer:
                return Failure(outcome="blocked", cause="refused", why=ways.dropped)
            tries = tries or retries_s(ways.rtt_s or rto_s(0.0))
            yield env.timeout(min(began_s + next(tries), until_s) - env.now)
            if env.now >= until_s:
                return _late(ways.dropped)
        if not answer and (ways.there.target is not connection.target or connection.target.life != connection.life):
            yield env.timeout(min(ways.rtt_s, until_s - env.now))
            return Failure(outcome="blocked", cause="reset", why=f"{connection.target.reference} was started anew")
        arrives_s = env.now + self._pass_s(ways.back if answer else ways.there, ways.rtt_s)
        yield env.timeout(min(arrives_s, until_s) - env.now)
        if arrives_s > until_s:
            return _late("too late")
        arrived = yield from carry(scene, connection, size_bytes, answer=answer, until_s=until_s)
        return None if arrived else _late("too late")

    def _pass_s(self, way: Way, rtt_s: float) -> float:
        """One packet's time along a way; each loss costs a retransmission timeout, and they double."""
        dice = self._network_dice
        took_s, wait_s = self._scene.one_way_s(way, dice), rto_s(rtt_s)
        while way.loss > 0.0 and dice.random() < way.loss and took_s < self._probe.timeout_s:
            took_s, wait_s = took_s + wait_s, 2 * wait_s
        return took_s


def _alive(connection: Connection, *, answer: bool) -> bool:
    """Whether the sending end still holds the connection."""
    pod, life = (connection.target, connection.life) if answer else (connection.source, connection.source_life)
    return pod.running and pod.life == life


def _late(why: str) -> Failure:
    return Failure(outcome="timeout", cause="no answer", why=why)
