"""Tally: what a probe's requests amount to, interval by interval and cause by cause."""

from __future__ import annotations

from collections import Counter

from kubeslice_sim.observe.probe import Probe
from kubeslice_sim.simulator.requests.connection import Failure
from kubeslice_sim.simulator.scene import Play, Scene

INTERVAL_S = 1.0


class Tally:
    """Counts one probe's answers and failures."""

    def __init__(self, scene: Scene, probe: Probe) -> None:
        self.answered = 0
        self._scene = scene
        self._probe = probe
        self._failed: Counter[str] = Counter()

    def failed(self, failure: Failure) -> None:
        """A request was not answered."""
        self._failed[failure.cause] += 1

    def play(self) -> Play:
        """A ``requests_per_s`` row an interval; at the probe's end ``requests``, and ``errors`` by cause."""
        scene, probe, env = self._scene, self._probe, self._scene.env
        start_s, end_s = scene.rows.zero_s + probe.start_s, scene.rows.zero_s + probe.end_s
        yield env.timeout(start_s - env.now)
        before, seq = 0, 0
        while env.now < end_s - 1e-9:
            since_s = env.now
            yield env.timeout(min(start_s + (seq + 1) * INTERVAL_S, end_s) - since_s)
            self._interval(seq, self.answered - before, env.now - since_s)
            before, seq = self.answered, seq + 1
        slice_ = scene.slice_of(scene.source(probe))
        scene.rows.of_probe(probe, slice_, "requests", self.answered, at_s=env.now, seq=0)
        for number, (cause, count) in enumerate(sorted(self._failed.items())):
            scene.rows.of_probe(probe, slice_, "errors", count, at_s=env.now, seq=number, detail=cause)

    def _interval(self, seq: int, answered: int, elapsed_s: float) -> None:
        scene, probe, now_s = self._scene, self._probe, self._scene.env.now
        source = scene.source(probe)
        if source is None:
            scene.rows.of_probe(probe, "", "requests_per_s", 0, at_s=now_s, seq=seq, outcome="failed_to_probe",
                                detail=f"{probe.source} does not run")  # fmt: skip
            return
        rate = answered / elapsed_s
        scene.rows.of_probe(probe, scene.slice_of(source), "requests_per_s", rate, at_s=now_s, seq=seq)
