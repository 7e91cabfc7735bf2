"""HTTP: requests in a closed or an open loop over connections that are kept."""

from __future__ import annotations

import math
from dataclasses import dataclass

from kubeslice_sim.observe.observation import Outcome
from kubeslice_sim.observe.probe import Probe
from kubeslice_sim.simulator.ecmp import FiveTuple
from kubeslice_sim.simulator.encapsulation import tcp_segment
from kubeslice_sim.simulator.network import Pod
from kubeslice_sim.simulator.scene import Place, Play, Scene
from kubeslice_sim.simulator.share import uses_of
from kubeslice_sim.simulator.tcp import INITIAL_WINDOW, rto_s
from kubeslice_sim.simulator.way import Way


@dataclass(frozen=True, slots=True, kw_only=True)
class _Connection:
    place: Place
    flow: FiveTuple


@dataclass(frozen=True, slots=True, kw_only=True)
class _Done:
    ok: bool
    took_s: float
    connection: _Connection | None = None
    outcome: Outcome = "ok"
    why: str = ""


class Requests:
    """The requests of one probe. A connection is kept until an answer fails to come; then the next is a new one."""

    def __init__(self, scene: Scene, probe: Probe) -> None:
        self._scene = scene
        self._probe = probe
        self._dice = scene.dice("http", probe)
        self._start_s = scene.rows.zero_s + probe.start_s
        self._end_s = scene.rows.zero_s + probe.end_s
        self._seq = 0
        self._answered = 0

    def play(self) -> Play:
        """Open loop at ``requestsPerSecond``, evenly spaced, else ``connections`` workers that wait for each answer."""
        env, rate = self._scene.env, self._probe.requests_per_second
        if rate:
            yield env.process(self._open_loop(rate))
        else:
            yield env.all_of([env.process(self._worker()) for _ in range(self._probe.connections)])
        yield env.timeout(max(0.0, self._end_s - env.now))
        slice_ = self._scene.slice_of(self._scene.source(self._probe))
        self._scene.rows.of_probe(self._probe, slice_, "requests", self._answered, at_s=env.now, seq=0)

    def _worker(self) -> Play:
        env, kept = self._scene.env, None
        yield env.timeout(self._start_s - env.now)
        while env.now < self._end_s:
            done = self._request(kept)
            kept = done.connection
            # What failed at once (no name, refused) is not tried in a busy loop.
            wait_s = done.took_s if done.ok else max(done.took_s, self._probe.interval_s)
            yield env.timeout(wait_s + self._probe.think_time_s)

    def _open_loop(self, rate: float) -> Play:
        env = self._scene.env
        idle: list[tuple[float, _Connection]] = []  # when a kept connection is free again
        for number in range(math.ceil((self._end_s - self._start_s) * rate - 1e-9)):
            yield env.timeout(max(0.0, self._start_s + number / rate - env.now))
            free = next((entry for entry in idle if entry[0] <= env.now), None)
            if free is not None:
                idle.remove(free)
            done = self._request(free[1] if free else None)
            if done.connection is not None:
                idle.append((env.now + done.took_s, done.connection))

    def _request(self, kept: _Connection | None) -> _Done:
        """One request over a kept connection (None: a new one); its rows bear the moment it starts."""
        scene, probe, seq = self._scene, self._probe, self._seq
        self._seq += 1
        source = scene.source(probe)
        if source is None:
            scene.rows.of_probe(probe, "", "reachable", 0, at_s=scene.env.now, seq=seq, outcome="failed_to_probe",
                                detail=f"{probe.source} does not run")  # fmt: skip
            return _Done(ok=False, took_s=0.0)
        done = self._exchange(source, kept)
        if done.ok and done.took_s > probe.timeout_s:
            done = _Done(ok=False, took_s=probe.timeout_s, outcome="timeout", why="too late")
        slice_ = scene.slice_of(source)
        scene.rows.of_probe(probe, slice_, "reachable", done.ok, at_s=scene.env.now, seq=seq, outcome=done.outcome,
                            detail=done.why)  # fmt: skip
        if done.ok:
            self._answered += 1
            scene.rows.of_probe(probe, slice_, "request_s", done.took_s, at_s=scene.env.now, seq=seq)
        return done

    def _exchange(self, source: Pod, kept: _Connection | None) -> _Done:
        """Name, handshake where the connection is new, request, service, answer; a lost packet costs a timeout each."""
        scene, probe = self._scene, self._probe
        place = kept.place if kept else scene.find(source, probe.target)
        if place.address is None:
            return _Done(ok=False, took_s=place.took_s, outcome="blocked", why=place.why)
        flow = kept.flow if kept else scene.flow(source, place.address, probe.port or 80, scene.source_port(probe))
        there, back = scene.there_and_back(source, flow)
        dropped = there.dropped or back.dropped
        if not dropped and place.meant is not None and there.target is not place.meant:
            dropped = f"{place.address} is another pod here"
        if dropped:
            return _Done(ok=False, took_s=probe.timeout_s, outcome="timeout", why=dropped)
        if there.target is not None and not there.target.listens:
            why = f"{there.target.reference} refused"
            return _Done(ok=False, took_s=there.delay_s + back.delay_s, outcome="blocked", why=why)
        took_s = scene.costs.http_service_s + self._turn_s(there, back)
        if kept is None:
            took_s += place.took_s + self._turn_s(there, back)
        took_s += self._transfer_s(back, there.delay_s + back.delay_s)
        return _Done(ok=True, took_s=took_s, connection=kept or _Connection(place=place, flow=flow))

    def _turn_s(self, there: Way, back: Way) -> float:
        turn_s = self._scene.one_way_s(there, self._dice) + self._scene.one_way_s(back, self._dice)
        wait_s = rto_s(there.delay_s + back.delay_s)
        lost = 1.0 - (1.0 - there.loss) * (1.0 - back.loss)
        while lost > 0.0 and self._dice.random() < lost and turn_s < self._probe.timeout_s:
            turn_s, wait_s = turn_s + wait_s, 2 * wait_s
        return turn_s

    def _transfer_s(self, back: Way, rtt_s: float) -> float:
        """What the answer takes beyond its first packets: slow-start rounds, and its bits at the narrowest resource.

        The path is taken as idle but for queues (which each turn meets): requests do not yet compete in the fluid.
        """
        size_bytes = self._probe.size_bytes or self._scene.costs.http_response_bytes
        load = tcp_segment(back.mtu)
        rate_bps = self._scene.narrowest_bps(uses_of(back, load))
        window, sent, rounds = INITIAL_WINDOW * load.payload_bytes, 0.0, 0
        while sent + window < size_bytes and window * 8.0 < rate_bps * rtt_s:
            sent, window, rounds = sent + window, 2 * window, rounds + 1
        return rounds * rtt_s + 8.0 * (size_bytes - sent) / rate_bps
