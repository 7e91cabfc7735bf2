"""Bulk TCP: connections that open, grow, stall when their path dies, and come back."""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import simpy

from kubeslice_sim.observe.probe import Probe
from kubeslice_sim.simulator.ecmp import FiveTuple
from kubeslice_sim.simulator.encapsulation import tcp_segment
from kubeslice_sim.simulator.flow import IDLE, Flow
from kubeslice_sim.simulator.network import Pod
from kubeslice_sim.simulator.scene import RECONNECT_S, Play, Scene
from kubeslice_sim.simulator.share import Demand, acks_of, spread, uses_of
from kubeslice_sim.simulator.tcp import (
    Congestion,
    Window,
    loss_limit_bps,
    retries_s,
    syn_retries_s,
    window_limit_bps,
)
from kubeslice_sim.simulator.way import Way

_LEAST_STEP_S = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """An open connection: its ends, which start of the server it belongs to, its five-tuple."""

    source: Pod
    target: Pod
    life: int
    flow: FiveTuple


class Stream:
    """One of a probe's TCP streams; ``arrived_bits`` is what its receiver has got over all its connections."""

    def __init__(self, scene: Scene, probe: Probe, index: int) -> None:
        self._scene = scene
        self._probe = probe
        self._index = index
        self._dice = scene.dice("tcp", probe, index)
        self._ack_dice = scene.dice("acknowledgements", probe, index)
        self._congestion = cast(Congestion, probe.congestion)
        self._end_s = scene.rows.zero_s + probe.end_s
        self._size_bits = None if probe.size_bytes is None else 8.0 * probe.size_bytes / probe.streams
        self._flow = Flow(scene.env, size_bits=self._size_bits, congestion=self._congestion)

    @property
    def arrived_bits(self) -> float:
        """Payload at the receiver by now."""
        return self._scene.flows.arrived_bits(self._flow)

    @property
    def held_by(self) -> str:
        """The part of its way that holds it back now; nothing where its own window, rate or loss does."""
        return self._flow.held_by

    @property
    def finished(self) -> bool:
        """Whether all that was to be sent has arrived."""
        return self._flow.finished.triggered

    def play(self) -> Play:
        """Connect and send until the end; connect again after a connection was lost."""
        env = self._scene.env
        yield env.timeout(self._scene.rows.zero_s + self._probe.start_s - env.now)
        while env.now < self._end_s and not self.finished:
            connection = yield from self._connect()
            if connection is None:
                yield env.timeout(min(RECONNECT_S, max(0.0, self._end_s - env.now)))
            else:
                yield from self._send(connection)
        self._scene.flows.stop(self._flow)

    def _connect(self) -> Generator[simpy.Event, Any, Connection | None]:
        scene, probe = self._scene, self._probe
        source = scene.source(probe)
        if source is None:
            return None
        place = scene.find(source, probe.target)
        yield scene.env.timeout(place.took_s)
        if place.address is None:
            return None
        flow = scene.flow(source, place.address, probe.port or 0, scene.source_port(probe, self._index),
                          host=place.host)  # fmt: skip
        waited_s = 0.0
        for retry_s in (0.0, *syn_retries_s()):
            yield scene.env.timeout(retry_s - waited_s)
            waited_s = retry_s
            if scene.env.now >= self._end_s:
                return None
            trip = scene.round_trip(source, flow, place.meant, self._dice)
            if trip.rtt_s is not None and trip.target is not None:
                yield scene.env.timeout(trip.rtt_s)
                if trip.refused or not trip.target.listens:
                    return None
                return Connection(source=source, target=trip.target, life=trip.target.life, flow=flow)
        return None

    def _send(self, connection: Connection) -> Play:
        """Send over one connection until the end, or until it is reset by an end that was started anew."""
        scene, env = self._scene, self._scene.env
        window, opening = Window(self._congestion), True
        source_life = connection.source.life
        while env.now < self._end_s and not self.finished:
            if connection.source.life != source_life or not connection.source.running:
                break
            there, back = scene.there_and_back(connection.source, connection.flow)
            lanes = scene.lanes(connection.source, connection.flow)
            if not (there.arrives and back.arrives and all(lane.arrives for lane in lanes)):
                yield from self._stall(connection, window)
                opening = True
                continue
            if there.target is not connection.target or connection.target.life != connection.life:
                break  # whoever answers now knows nothing of this connection: it resets it
            mss_bytes = tcp_segment(min(there.mtu, back.mtu)).payload_bytes
            acks = acks_of(back, mss_bytes)
            rtt_s = there.delay_s + back.delay_s + scene.flows.flooded_s(acks)
            answered = scene.flows.answered(acks)
            steady_bps = self._steady_bps(there, rtt_s, mss_bytes)
            cap_bps = min(steady_bps, window.rate_bps(rtt_s, mss_bytes)) if opening else steady_bps
            demand = self._demand(lanes, back, cap_bps)
            scene.flows.set(self._flow, demand, rtt_s, self._window_bps(there, rtt_s, mss_bytes) * rtt_s)
            step_s = max(rtt_s, _LEAST_STEP_S) if opening else self._end_s - env.now
            since_s, flooded = env.now, scene.flows.flooded
            step = env.timeout(min(step_s, self._end_s - env.now))
            yield env.any_of([scene.change, self._flow.finished, step, flooded])
            if opening:
                window.grow(env.now - since_s, rtt_s)
                if answered < 1.0 and self._ack_dice.random() < (1.0 - answered) ** max(1.0, window.segments / 2.0):
                    yield from self._unheard(answered, rtt_s)
            # Once something else holds it back, the window keeps up with what the path gives.
            opening = opening and self._flow.bottleneck is None and cap_bps < steady_bps
            if flooded.triggered and not opening:
                # Whatever it has under way by now is the window with which it goes on in the new round trip.
                stop = self._flow.bottleneck
                trip_s = rtt_s + (0.0 if stop is None else scene.flows.mean_queue_s(stop))
                window.goes_on(self._flow.rate_bps * trip_s / (8.0 * mss_bytes))
                opening = True
        scene.flows.set(self._flow, IDLE)

    def _stall(self, connection: Connection, window: Window) -> Play:
        """Nothing gets through: try again as TCP does, until the way is free both ways or the time is over."""
        scene, env = self._scene, self._scene.env
        rtt_s = self._flow.rtt_s or 0.1
        segments = self._flow.rate_bps * rtt_s / (8.0 * tcp_segment(1300).payload_bytes)
        scene.flows.set(self._flow, IDLE, rtt_s)
        stopped_s = env.now
        for tries, retry_s in enumerate(retries_s(rtt_s)):
            yield env.timeout(max(0.0, min(stopped_s + retry_s, self._end_s) - env.now))
            if env.now >= self._end_s:
                return
            there, back = scene.there_and_back(connection.source, connection.flow)
            lanes = scene.lanes(connection.source, connection.flow)
            if there.arrives and back.arrives and all(lane.arrives for lane in lanes):
                (window.timed_out if tries else window.recovered)(segments)
                return

    def _unheard(self, answered: float, rtt_s: float) -> Play:
        """All acknowledgements of a round were lost: try again until one gets through. The window is then what it was,
        for it tells that nothing else was lost (F-RTO, RFC 5682)."""
        env, stopped_s = self._scene.env, self._scene.env.now
        self._scene.flows.set(self._flow, IDLE, rtt_s)
        for retry_s in retries_s(rtt_s):
            yield env.timeout(max(0.0, min(stopped_s + retry_s, self._end_s) - env.now))
            if env.now >= self._end_s or self._ack_dice.random() < answered:
                return

    def _steady_bps(self, there: Way, rtt_s: float, mss_bytes: int) -> float:
        own_bps = math.inf if self._probe.rate_bps is None else self._probe.rate_bps / self._probe.streams
        return min(own_bps, self._window_bps(there, rtt_s, mss_bytes))

    def _window_bps(self, there: Way, rtt_s: float, mss_bytes: int) -> float:
        """What its windows let through where nothing queues."""
        return min(
            window_limit_bps(rtt_s, self._scene.costs.window_bytes),
            loss_limit_bps(self._congestion, there.loss, rtt_s, mss_bytes),
        )

    def _demand(self, lanes: Sequence[Way], back: Way, cap_bps: float) -> Demand:
        load = tcp_segment(min(lanes[0].mtu, back.mtu))
        return Demand(
            uses=spread([uses_of(lane, load) for lane in lanes]),
            acks=acks_of(back, load.payload_bytes),
            cap_bps=cap_bps,
        )
