"""Payload: what a request or an answer says, through the fluid engine, where it competes with every other flow."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import simpy

from kubeslice_sim.simulator.encapsulation import Load, tcp_segment
from kubeslice_sim.simulator.flow import Flow
from kubeslice_sim.simulator.requests.connection import Connection, Ways
from kubeslice_sim.simulator.scene import Scene
from kubeslice_sim.simulator.share import Demand, acks_of, uses_of
from kubeslice_sim.simulator.tcp import (
    INITIAL_WINDOW,
    loss_limit_bps,
    retries_s,
    rto_s,
    window_limit_bps,
)
from kubeslice_sim.simulator.way import Way

_LEAST_BITS = 1.0
"""Less than this is rounding."""


def carry(
    scene: Scene, connection: Connection, size_bytes: float, *, answer: bool, until_s: float
) -> Generator[simpy.Event, Any, bool]:
    """Send so many bytes to the server, or as its ``answer``; whether they have arrived ``until_s``.

    Takes what the bytes take beyond the first packet's delay. They go in windows, which double a round trip (slow
    start) until they fill the path; each window is a flow of the fluid engine. A connection that was idle for a timeout
    starts with a small window again, as Linux does (``tcp_slow_start_after_idle``).
    """
    env, left_bits = scene.env, 8.0 * size_bytes
    stopped_s: float | None = None
    while left_bits >= _LEAST_BITS:
        ways = connection.ways(scene)
        if ways.dropped:
            stopped_s = env.now if stopped_s is None else stopped_s
            yield env.any_of([scene.change, env.timeout(until_s - env.now)])
            if env.now >= until_s:
                return False
            continue
        if stopped_s is not None:
            yield env.timeout(min(_next_try_s(stopped_s, env.now, ways.rtt_s), until_s) - env.now)
            connection.window, stopped_s = INITIAL_WINDOW, None
            if env.now >= until_s:
                return False
            continue
        if env.now - connection.since_s > rto_s(ways.rtt_s):
            connection.window = INITIAL_WINDOW
        sent_bits, in_time = yield from _window(scene, connection, ways, answer, left_bits, until_s)
        left_bits -= sent_bits
        connection.since_s = env.now
        if not in_time:
            return False
    return True


def _window(
    scene: Scene, connection: Connection, ways: Ways, answer: bool, left_bits: float, until_s: float
) -> Generator[simpy.Event, Any, tuple[float, bool]]:
    """One window, or all that is left where the window fills the path: bits that arrived, and whether in time."""
    env, rtt_s = scene.env, ways.rtt_s
    data, acks = (ways.back, ways.there) if answer else (ways.there, ways.back)
    load = tcp_segment(min(data.mtu, acks.mtu))
    window_bits = connection.window * 8.0 * load.payload_bytes
    demand = _demand(scene, data, acks, load, rtt_s)
    path_bps = min(demand.cap_bps, ways.back_bps if answer else ways.there_bps)
    whole = window_bits >= min(left_bits, path_bps * rtt_s)
    flow = Flow(env, size_bits=left_bits if whole else window_bits, congestion="cubic")
    since_s = env.now
    scene.flows.set(flow, demand, rtt_s, demand.cap_bps * rtt_s)
    yield env.any_of([flow.finished, scene.change, env.timeout(until_s - since_s)])
    arrived_bits = scene.flows.arrived_bits(flow)
    if not flow.finished.triggered:
        scene.flows.stop(flow)
        return arrived_bits, env.now < until_s
    if not whole:
        connection.window *= 2.0
        # The next window goes when this one is acknowledged.
        yield env.timeout(max(0.0, min(since_s + rtt_s, until_s) - env.now))
    return arrived_bits, env.now < until_s


def _demand(scene: Scene, data: Way, acks: Way, load: Load, rtt_s: float) -> Demand:
    limits = (
        window_limit_bps(rtt_s, scene.costs.window_bytes),
        loss_limit_bps("cubic", data.loss, rtt_s, load.payload_bytes),
    )
    return Demand(
        uses=uses_of(data, load),
        acks=acks_of(acks, load.payload_bytes),
        cap_bps=min(limits),
    )


def _next_try_s(stopped_s: float, now_s: float, rtt_s: float) -> float:
    """The first of TCP's retransmissions from now on."""
    return next(stopped_s + retry_s for retry_s in retries_s(rtt_s) if stopped_s + retry_s >= now_s)
