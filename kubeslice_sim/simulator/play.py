"""Playing a scenario: its probes, and its timeline of faults and requests."""

from __future__ import annotations

from collections.abc import Callable

from kubeslice_sim.controlplane.refusal import Refused
from kubeslice_sim.controlplane.request import Request
from kubeslice_sim.controlplane.timeline import requests
from kubeslice_sim.model.scenario import Scenario, TimelineStep
from kubeslice_sim.observe.evidence import Evidence
from kubeslice_sim.observe.probe import Probe
from kubeslice_sim.simulator.attempts import ask, connect, pinging, play_attempts
from kubeslice_sim.simulator.bulk import play_tcp, play_udp
from kubeslice_sim.simulator.faults import Faults
from kubeslice_sim.simulator.requests.client import Requests
from kubeslice_sim.simulator.scene import Play, Scene


def play_probe(scene: Scene, probe: Probe) -> Play:
    """The process that makes a probe's observations."""
    match probe.kind:
        case "ping":
            return play_attempts(scene, probe, pinging(), wait=False)
        case "dns":
            return play_attempts(scene, probe, ask, wait=True)
        case "connect":
            return play_attempts(scene, probe, connect, wait=True)
        case "tcp":
            return play_tcp(scene, probe)
        case "udp":
            return play_udp(scene, probe)
        case "http":
            return Requests(scene, probe).play()


class Timeline:
    """A scenario's steps, in order of time (in the file's order where times are equal).

    ``refusals`` says which requests the API servers refused: that is a finding, not an error of the run.
    """

    def __init__(self, scene: Scene, faults: Faults, submit: Callable[[Request], None]) -> None:
        self.refusals: list[str] = []
        self._scene = scene
        self._faults = faults
        self._submit = submit
        self._seq = 0

    def play(self, scenario: Scenario) -> Play:
        """Do every step at its moment."""
        env = self._scene.env
        for step in sorted(scenario.spec.timeline, key=lambda step: step.at_s):
            yield env.timeout(max(0.0, self._scene.rows.zero_s + step.at_s - env.now))
            self._do(step)

    def _do(self, step: TimelineStep) -> None:
        for request in requests(step):
            try:
                self._submit(request)
            except Refused as refusal:
                self.refusals.append(f"at {step.at_s:g} s: {refusal}")
        if step.restore is not None:
            for name, evidence in self._faults.mend(step.restore):
                self._record(name, evidence, began=False)
        if step.fault is not None:
            self._record(*self._faults.strike(step.fault), began=True)

    def _record(self, name: str, evidence: tuple[Evidence, ...], *, began: bool) -> None:
        for item in evidence:
            self._scene.rows.add(
                "fault", 1 if began else 0, at_s=self._scene.env.now, probe=name, seq=self._seq, outcome=item.outcome,
                slice_=item.slice, src_cluster=item.cluster, src=item.part, dst_cluster=item.peer,
                detail=item.sentence,
            )  # fmt: skip
            self._seq += 1
