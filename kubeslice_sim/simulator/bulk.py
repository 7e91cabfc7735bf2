"""Bulk probes: tcp and udp, one rate a second and the totals at the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import simpy

from kubeslice_sim.observe.observation import Outcome
from kubeslice_sim.observe.probe import Probe
from kubeslice_sim.simulator.datagrams import Datagrams
from kubeslice_sim.simulator.scene import Play, Scene
from kubeslice_sim.simulator.transfer import Stream

if TYPE_CHECKING:
    from kubeslice_sim.simulator.packet.told import Told

INTERVAL_S = 1.0
"""As iperf3 reports."""


def play_tcp(scene: Scene, probe: Probe) -> Play:
    """Play the probe's streams; a ``rate_bps`` row a second, ``received_bytes`` at the end.

    Stops early where a size was given and all of it has arrived.
    """
    streams = _streams(scene, probe)
    told = _told(scene, probe, streams)
    # A process of its own: SimPy's conditions, nested, forget what they wait for when the outer one is done.
    running = scene.env.process(_all(scene, [scene.env.process(stream.play()) for stream in streams]))
    start_s, end_s = _span(scene, probe)
    yield scene.env.timeout(start_s - scene.env.now)
    before, seq = 0.0, 0
    while scene.env.now < end_s and not running.processed:
        since_s = scene.env.now
        until_s = min(start_s + (seq + 1) * INTERVAL_S, end_s)
        yield scene.env.any_of([scene.env.timeout(until_s - since_s), running])
        arrived = sum(stream.arrived_bits for stream in streams)
        held_by = told.bottleneck() if told else _held_by(streams)
        _rate(scene, probe, seq, arrived - before, scene.env.now - since_s, held_by)
        if told:
            told.interval()
        before, seq = arrived, seq + 1
    slice_ = scene.slice_of(scene.source(probe))
    outcome: Outcome = "ok" if before else "timeout"
    scene.rows.of_probe(probe, slice_, "received_bytes", before // 8, at_s=scene.env.now, seq=0, outcome=outcome)
    if told:
        told.totals()


def play_udp(scene: Scene, probe: Probe) -> Play:
    """Offer datagrams at the probe's rate; a ``rate_bps`` row a second, totals and ``loss_ratio`` at the end."""
    datagrams = _datagrams(scene, probe)
    told = _told(scene, probe, [datagrams])
    scene.env.process(datagrams.play())
    start_s, end_s = _span(scene, probe)
    yield scene.env.timeout(start_s - scene.env.now)
    before, seq = 0.0, 0
    while scene.env.now < end_s - 1e-9:
        since_s = scene.env.now
        yield scene.env.timeout(min(start_s + (seq + 1) * INTERVAL_S, end_s) - since_s)
        arrived = datagrams.count()
        held_by = told.bottleneck() if told else _held_by([datagrams])
        _rate(scene, probe, seq, 8.0 * (arrived - before), scene.env.now - since_s, held_by)
        if told:
            told.interval()
        before, seq = arrived, seq + 1
    slice_, now_s = scene.slice_of(scene.source(probe)), scene.env.now
    sent, received = datagrams.sent_bytes, datagrams.received_bytes
    scene.rows.of_probe(probe, slice_, "sent_bytes", sent, at_s=now_s, seq=0)
    outcome: Outcome = "ok" if received else "timeout"
    scene.rows.of_probe(probe, slice_, "received_bytes", received, at_s=now_s, seq=0, outcome=outcome)
    if sent:
        scene.rows.of_probe(probe, slice_, "loss_ratio", 1.0 - received / sent, at_s=now_s, seq=0)
    if told:
        told.totals()


def _all(scene: Scene, processes: list[simpy.Process]) -> Play:
    yield scene.env.all_of(processes)


def _span(scene: Scene, probe: Probe) -> tuple[float, float]:
    return scene.rows.zero_s + probe.start_s, scene.rows.zero_s + probe.end_s


def _rate(scene: Scene, probe: Probe, seq: int, bits: float, elapsed_s: float, held_by: str) -> None:
    if elapsed_s < 1e-3:
        return  # the rest of an interval that ended with the last byte
    source = scene.source(probe)
    if source is None:
        scene.rows.of_probe(probe, "", "rate_bps", 0, at_s=scene.env.now, seq=seq, outcome="failed_to_probe",
                            detail=f"{probe.source} does not run")  # fmt: skip
        return
    outcome: Outcome = "ok" if bits > 0.0 else "timeout"
    scene.rows.of_probe(
        probe, scene.slice_of(source), "rate_bps", bits / elapsed_s, at_s=scene.env.now, seq=seq,
        outcome=outcome, detail=held_by,
    )  # fmt: skip


def _held_by(senders: Sequence[Stream | Datagrams]) -> str:
    return ", ".join(sorted({sender.held_by for sender in senders} - {""}))


def _streams(scene: Scene, probe: Probe) -> list[Stream]:
    if probe.engine == "packet" and scene.packets is not None:
        from kubeslice_sim.simulator.packet.streams import PacketStream

        return [PacketStream(scene, probe, index, scene.packets) for index in range(probe.streams)]
    return [Stream(scene, probe, index) for index in range(probe.streams)]


def _datagrams(scene: Scene, probe: Probe) -> Datagrams:
    if probe.engine == "packet" and scene.packets is not None:
        from kubeslice_sim.simulator.packet.streams import PacketDatagrams

        return PacketDatagrams(scene, probe, scene.packets)
    return Datagrams(scene, probe)


def _told(scene: Scene, probe: Probe, senders: Sequence[Stream | Datagrams]) -> Told | None:
    """What only packets tell: retransmissions, packets out of order, and the distribution of their latency."""
    if probe.engine != "packet" or scene.packets is None:
        return None
    from kubeslice_sim.simulator.packet.told import Told

    return Told(scene, probe, senders)
