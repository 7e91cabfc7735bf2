"""Client: asks in a closed or an open loop, over connections that it keeps."""

from __future__ import annotations

import itertools
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import simpy

from kubeslice_sim.observe.probe import Probe
from kubeslice_sim.simulator.network import Pod
from kubeslice_sim.simulator.requests.connection import Connection, Connector, Failure
from kubeslice_sim.simulator.requests.exchange import Exchange
from kubeslice_sim.simulator.requests.tally import Tally
from kubeslice_sim.simulator.scene import Play, Scene

_LEAST_PAUSE_S = 0.01
"""After a failure: what failed at once is not tried in a busy loop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Done:
    """A request's end: over which connection, if it may be used again."""

    ok: bool
    connection: Connection | None = None


class Requests:
    """The requests of one probe.

    A ``reachable`` row each, and of those answered a ``request_s`` row whose detail says who answered; ``connect_s``
    where a connection was opened. Rows bear the moment at which their request was due. What is under way when the
    scenario ends has an ``unfinished_s`` row each, with its age, and an ``unfinished`` row for all: without them an
    overload would be judged by those alone that were served.
    """

    def __init__(self, scene: Scene, probe: Probe) -> None:
        self._scene = scene
        self._probe = probe
        self._connector = Connector(scene, probe)
        self._exchange = Exchange(scene, probe)
        self._tally = Tally(scene, probe)
        self._arrivals = scene.dice("arrivals", probe)
        self._start_s = scene.rows.zero_s + probe.start_s
        self._end_s = scene.rows.zero_s + probe.end_s
        self._seq = 0
        self._free: list[Connection] = []
        """Kept by an open loop; the one that was used last is used first."""
        self._under_way: dict[int, float] = {}
        """When each request was due."""
        scene.closing.append(self._cut_off)

    def play(self) -> Play:
        """Open loop at ``requestsPerSecond``, else ``connections`` workers that wait for each answer, then think."""
        env, rate = self._scene.env, self._probe.requests_per_second
        tally = env.process(self._tally.play())
        if rate:
            env.process(self._open_loop(rate))
        else:
            for _ in range(self._probe.connections):
                env.process(self._worker())
        yield tally

    def _worker(self) -> Play:
        env, probe = self._scene.env, self._probe
        kept: Connection | None = None
        yield env.timeout(self._start_s - env.now)
        while env.now < self._end_s:
            began_s = env.now
            done = yield from self._request(kept)
            kept = done.connection
            pause_s = probe.think_time_s
            if not done.ok:
                pause_s = max(pause_s, probe.interval_s - (env.now - began_s), _LEAST_PAUSE_S)
            if pause_s > 0.0:
                yield env.timeout(pause_s)

    def _open_loop(self, rate: float) -> Play:
        env, poisson = self._scene.env, self._probe.arrivals == "poisson"
        yield env.timeout(self._start_s - env.now)
        for number in itertools.count():
            # Even moments are counted from the start, so that many gaps do not drift by their rounding.
            due_s = env.now + self._arrivals.expovariate(rate) if poisson else self._start_s + number / rate
            if due_s >= self._end_s - 1e-9:
                return
            yield env.timeout(max(0.0, due_s - env.now))
            env.process(self._one())

    def _one(self) -> Play:
        done = yield from self._request(self._free.pop() if self._free else None)
        if done.connection is not None:
            self._free.append(done.connection)

    def _request(self, kept: Connection | None) -> Generator[simpy.Event, Any, _Done]:
        seq = self._seq
        self._seq += 1
        self._under_way[seq] = self._scene.env.now
        done = yield from self._ask(kept, seq)
        del self._under_way[seq]
        return done

    def _ask(self, kept: Connection | None, seq: int) -> Generator[simpy.Event, Any, _Done]:
        scene, probe, due_s = self._scene, self._probe, self._scene.env.now
        source = scene.source(probe)
        if source is None:
            self._lost(source, seq, due_s)
            return _Done(ok=False)
        life = source.life
        connection = kept if kept is not None and self._usable(kept) else None
        opened = connection is None
        failure: Failure | None = None
        if connection is None:
            found = yield from self._connector.open(source)
            connection, failure = (found, None) if isinstance(found, Connection) else (None, found)
        if connection is not None:
            failure = yield from self._exchange.make(connection)
        if not source.running or source.life != life:
            self._lost(source, seq, due_s)
            return _Done(ok=False)
        self._tell(source, seq, due_s, connection, failure, opened=opened)
        spent = failure is not None or connection is None or self._worn_out(connection)
        return _Done(ok=failure is None, connection=None if spent else connection)

    def _tell(
        self, source: Pod, seq: int, due_s: float, connection: Connection | None, failure: Failure | None, *,
        opened: bool,
    ) -> None:  # fmt: skip
        rows, probe, slice_ = self._scene.rows, self._probe, self._scene.slice_of(source)
        if opened and connection is not None:
            rows.of_probe(probe, slice_, "connect_s", connection.took_s, at_s=due_s, seq=seq)
        if failure is not None or connection is None:
            failure = failure or Failure(outcome="timeout", cause="no answer")
            self._tally.failed(failure)
            rows.of_probe(probe, slice_, "reachable", 0, at_s=due_s, seq=seq, outcome=failure.outcome,
                          detail=failure.why or failure.cause)  # fmt: skip
            return
        self._tally.answered += 1
        rows.of_probe(probe, slice_, "reachable", 1, at_s=due_s, seq=seq)
        rows.of_probe(probe, slice_, "request_s", self._scene.env.now - due_s, at_s=due_s, seq=seq,
                      detail=connection.target.reference)  # fmt: skip

    def _lost(self, source: Pod | None, seq: int, due_s: float) -> None:
        """The client itself does not run, or died over its request: that says nothing about the network."""
        why = f"{self._probe.source} does not run" if source is None else f"{self._probe.source} died over it"
        self._scene.rows.of_probe(self._probe, "", "reachable", 0, at_s=due_s, seq=seq, outcome="failed_to_probe",
                                  detail=why)  # fmt: skip

    def _cut_off(self) -> None:
        scene, probe = self._scene, self._probe
        slice_, now_s = scene.slice_of(scene.source(probe)), scene.env.now
        waited = [(seq, due_s) for seq, due_s in self._under_way.items() if due_s < now_s]
        for seq, due_s in waited:
            scene.rows.of_probe(probe, slice_, "unfinished_s", now_s - due_s, at_s=due_s, seq=seq)
        if waited:
            scene.rows.of_probe(probe, slice_, "unfinished", len(waited), at_s=now_s, seq=0)

    def _usable(self, kept: Connection) -> bool:
        wish, source = self._probe.keep_alive, kept.source
        if not source.running or source.life != kept.source_life:
            return False
        return wish is None or wish.idle_s is None or self._scene.env.now - kept.since_s < wish.idle_s

    def _worn_out(self, connection: Connection) -> bool:
        wish = self._probe.keep_alive
        return wish is not None and wish.requests is not None and connection.used >= wish.requests
