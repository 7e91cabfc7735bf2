"""Probes that try once in a while: ping, connect and dns."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address

from kubeslice_sim.observe.observation import Outcome
from kubeslice_sim.observe.probe import Probe
from kubeslice_sim.simulator.names import who_is
from kubeslice_sim.simulator.network import Pod
from kubeslice_sim.simulator.scene import Place, Play, Scene
from kubeslice_sim.simulator.tcp import syn_retries_s

Attempt = Callable[[Scene, Probe, Pod, int], "Ended"]


class Ended:
    """An attempt's end: whether it succeeded, and when it was over."""

    __slots__ = ("ok", "took_s")

    def __init__(self, ok: bool, took_s: float) -> None:
        self.ok = ok
        self.took_s = took_s


def play_attempts(scene: Scene, probe: Probe, attempt: Attempt, *, wait: bool) -> Play:
    """Try every ``interval_s`` from start to end; ``wait``: a try that takes longer delays the next.

    Rows are stamped with the moment a try was started. A source that does not run is ``failed_to_probe``.
    """
    start_s, end_s = scene.rows.zero_s + probe.start_s, scene.rows.zero_s + probe.end_s
    seq, at_s = 0, start_s
    while seq == 0 or at_s < end_s - 1e-9:
        yield scene.env.timeout(max(0.0, at_s - scene.env.now))
        source = scene.source(probe)
        if source is None:
            metric = "answers" if probe.kind == "dns" else "reachable"
            scene.rows.of_probe(probe, "", metric, 0, at_s=scene.env.now, seq=seq, outcome="failed_to_probe",
                                detail=f"{probe.source} does not run")  # fmt: skip
            took_s = 0.0
        else:
            ended = attempt(scene, probe, source, seq)
            if ended.ok and probe.until_ok:
                return
            took_s = ended.took_s
        seq += 1
        # Moments are counted from the start, so that a thousand intervals do not drift by their rounding.
        at_s = max(at_s + probe.interval_s, scene.env.now + took_s) if wait else start_s + seq * probe.interval_s


def pinging() -> Attempt:
    """One ping, started anew until it finds its target; then it keeps that address to its end, as the real one does.

    ``until_ok`` is a ping of its own for each request, so it asks each time.
    """
    found: Place | None = None

    def request(scene: Scene, probe: Probe, source: Pod, seq: int) -> Ended:
        nonlocal found
        if found is None or found.address is None or probe.until_ok:
            found = scene.find(source, probe.target)
        if found.address is None:
            return _unreached(scene, probe, source, seq, "blocked", found.why, found.took_s)
        return _echo(scene, probe, source, seq, found.address, found.meant)

    return request


def _echo(scene: Scene, probe: Probe, source: Pod, seq: int, target: IPv4Address, meant: Pod | None) -> Ended:
    dice = scene.dice("ping", probe)
    trip = scene.round_trip(source, scene.flow(source, target), meant, dice)
    if trip.rtt_s is None or trip.rtt_s > probe.timeout_s:
        return _unreached(scene, probe, source, seq, "timeout", trip.why or "too late", probe.timeout_s)
    return _reached(scene, probe, source, seq, "rtt_s", trip.rtt_s)


def connect(scene: Scene, probe: Probe, source: Pod, seq: int) -> Ended:
    """One TCP handshake: a SYN, repeated after 1, 3, 7 … s, until it is answered or the time is over."""
    dice = scene.dice("connect", probe)
    place = scene.find(source, probe.target, dice.expovariate(1.0 / scene.costs.noise_s))
    if place.address is None:
        return _unreached(scene, probe, source, seq, "blocked", place.why, place.took_s)
    flow = scene.flow(source, place.address, probe.port or 0, scene.source_port(probe), host=place.host)
    why, waited_s = "", 0.0
    for retry_s in (0.0, *syn_retries_s()):
        if retry_s >= probe.timeout_s:
            break
        waited_s = retry_s
        trip = scene.round_trip(source, flow, place.meant, dice)
        if trip.rtt_s is not None and waited_s + trip.rtt_s <= probe.timeout_s:
            if trip.refused or (trip.target is not None and not trip.target.listens):
                detail = trip.why or f"{trip.target.reference if trip.target else place.address} refused"
                return _unreached(scene, probe, source, seq, "blocked", detail, waited_s + trip.rtt_s)
            return _reached(scene, probe, source, seq, "connect_s", waited_s + trip.rtt_s)
        why = trip.why or "too late"
    return _unreached(scene, probe, source, seq, "timeout", why, probe.timeout_s)


def ask(scene: Scene, probe: Probe, source: Pod, seq: int) -> Ended:
    """One question to the pod's resolver; the detail names the pods behind the addresses."""
    dice = scene.dice("dns", probe)
    reply = scene.resolver.ask(source, probe.target, dice.expovariate(1.0 / scene.costs.noise_s))
    slice_, now_s = scene.slice_of(source), scene.env.now
    if reply.took_s > probe.timeout_s:
        scene.rows.of_probe(probe, slice_, "answers", 0, at_s=now_s, seq=seq, outcome="timeout",
                            detail="the name server does not answer")  # fmt: skip
        return Ended(False, probe.timeout_s)
    count = len(reply.addresses)
    scene.rows.of_probe(probe, slice_, "answers", count, at_s=now_s, seq=seq,
                        detail=who_is(scene.network, source, reply.addresses))  # fmt: skip
    scene.rows.of_probe(probe, slice_, "dns_latency_s", reply.took_s, at_s=now_s, seq=seq)
    return Ended(count > 0, reply.took_s)


def _reached(scene: Scene, probe: Probe, source: Pod, seq: int, metric: str, took_s: float) -> Ended:
    slice_, now_s = scene.slice_of(source), scene.env.now
    scene.rows.of_probe(probe, slice_, "reachable", 1, at_s=now_s, seq=seq)
    scene.rows.of_probe(probe, slice_, metric, took_s, at_s=now_s, seq=seq)
    return Ended(True, took_s)


def _unreached(scene: Scene, probe: Probe, source: Pod, seq: int, outcome: Outcome, why: str, took_s: float) -> Ended:
    scene.rows.of_probe(
        probe, scene.slice_of(source), "reachable", 0, at_s=scene.env.now, seq=seq, outcome=outcome, detail=why
    )
    return Ended(False, took_s)
