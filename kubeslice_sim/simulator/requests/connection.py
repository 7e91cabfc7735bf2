"""Connections: an address out of a DNS answer, and a handshake with whoever is there."""

from __future__ import annotations

import random
from collections.abc import Generator
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from typing import Any

import simpy

from kubeslice_sim.observe.observation import Outcome
from kubeslice_sim.observe.probe import Probe
from kubeslice_sim.simulator.ecmp import FiveTuple
from kubeslice_sim.simulator.encapsulation import tcp_segment
from kubeslice_sim.simulator.network import Pod
from kubeslice_sim.simulator.scene import Place, Scene
from kubeslice_sim.simulator.share import uses_of
from kubeslice_sim.simulator.tcp import INITIAL_WINDOW, syn_retries_s
from kubeslice_sim.simulator.way import Way

Steps = Generator[simpy.Event, Any, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a request has no answer. ``cause`` is one of a few words, by which failures are counted."""

    outcome: Outcome
    cause: str
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """Both directions of a connection as they are until the network changes or a session on the way grows too old.

    ``refused``: a proxy on the way says no. ``there_bps``, ``back_bps``: how fast one packet is put on the wire.
    """

    there: Way
    back: Way
    dropped: str
    rtt_s: float
    epoch: int
    good_until_s: float
    refused: bool = False
    there_bps: float = 0.0
    back_bps: float = 0.0


@dataclass(slots=True, kw_only=True, eq=False)
class Connection:
    """An open connection. ``window``: its congestion window in segments; ``used``: requests that it has carried.

    Where a proxy is on the way, the connection is to the proxy, and ``target`` is who gets the request under way.
    """

    source: Pod
    source_life: int
    target: Pod
    life: int
    flow: FiveTuple
    took_s: float
    window: float = INITIAL_WINDOW
    used: int = 0
    since_s: float = 0.0
    """When it was last used."""
    _ways: Ways | None = None

    def ways(self, scene: Scene) -> Ways:
        """Where its packets go now."""
        known = self._ways
        if known is None or known.epoch != scene.epoch or scene.env.now >= known.good_until_s:
            known = self._ways = _ways_of(scene, self.source, self.flow)
            if known.there.proxied and known.there.target is not None:
                self.target, self.life = known.there.target, known.there.target.life
        return known

    def next_request(self, scene: Scene, dice: random.Random) -> None:
        """A proxy on the way, if there is one, chooses by its weights, which are hundredths, who gets the next one."""
        if self.ways(scene).there.proxied:
            self.flow = replace(self.flow, draw=dice.randrange(100))
            self._ways = None


class Connector:
    """Opens connections for one probe."""

    def __init__(self, scene: Scene, probe: Probe) -> None:
        self._scene = scene
        self._probe = probe
        self._dice = scene.dice("connect", probe)
        self._choice = scene.dice("balance", probe)
        self._opened = 0

    def open(self, source: Pod) -> Generator[simpy.Event, Any, Connection | Failure]:
        """Resolve the name, then try one address after the other; the last one's failure where none takes it."""
        scene, probe = self._scene, self._probe
        place = scene.find(source, probe.target, self._dice.expovariate(1.0 / scene.costs.noise_s))
        yield scene.env.timeout(min(place.took_s, probe.timeout_s))
        if place.took_s > probe.timeout_s:
            return Failure(outcome="timeout", cause="no DNS answer", why="the name server does not answer")
        if place.address is None:
            return Failure(outcome="blocked", cause="unknown name", why=place.why)
        failure = Failure(outcome="timeout", cause="no handshake")
        for address in self._order(place.address, place.further):
            found = yield from self._shake_hands(source, address, place)
            if isinstance(found, Connection):
                return found
            failure = found
        return failure

    def _order(self, first: IPv4Address, further: tuple[IPv4Address, ...]) -> list[IPv4Address]:
        addresses = [first, *further]
        if self._probe.balance == "random":
            self._choice.shuffle(addresses)
        elif self._probe.balance == "rotate":
            place = self._opened % len(addresses)
            addresses = addresses[place:] + addresses[:place]
        self._opened += 1
        return addresses

    def _shake_hands(
        self, source: Pod, address: IPv4Address, place: Place
    ) -> Generator[simpy.Event, Any, Connection | Failure]:
        """A SYN, repeated after 1, 3, 7 … s, until it is answered or the time is over."""
        scene, env, timeout_s = self._scene, self._scene.env, self._probe.timeout_s
        flow = scene.flow(source, address, self._probe.port or 80, scene.source_port(self._probe), host=place.host)
        began_s, why, source_life = env.now, "", source.life
        for retry_s in (0.0, *syn_retries_s()):
            if retry_s >= timeout_s:
                break
            yield env.timeout(max(0.0, began_s + retry_s - env.now))
            trip = scene.round_trip(source, flow, place.meant, self._dice)
            if trip.rtt_s is None or trip.target is None:
                why = trip.why
            elif retry_s + trip.rtt_s > timeout_s:
                why = "too late"
            else:
                yield env.timeout(trip.rtt_s)
                if trip.refused or not trip.target.listens:
                    return Failure(
                        outcome="blocked", cause="refused", why=trip.why or f"{trip.target.reference} refused"
                    )
                return Connection(source=source, source_life=source_life, target=trip.target, life=trip.target.life,
                                  flow=flow, took_s=env.now - began_s, since_s=env.now)  # fmt: skip
        yield env.timeout(max(0.0, began_s + timeout_s - env.now))
        return Failure(outcome="timeout", cause="no handshake", why=why)


def _ways_of(scene: Scene, source: Pod, flow: FiveTuple) -> Ways:
    there, back = scene.there_and_back(source, flow)
    known = Ways(
        there=there, back=back, dropped=there.dropped or back.dropped, rtt_s=there.delay_s + back.delay_s,
        epoch=scene.epoch, good_until_s=min(there.good_until_s, back.good_until_s), refused=there.refused,
    )  # fmt: skip
    if known.dropped:
        return known
    load = tcp_segment(min(there.mtu, back.mtu))
    return replace(
        known,
        there_bps=scene.narrowest_bps(uses_of(there, load)),
        back_bps=scene.narrowest_bps(uses_of(back, load)),
    )
