"""Replay: plays one scenario in a lab inside the sandbox and streams what it sees to the outside."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import Any

from emulator.channel import Channel
from emulator.lab import Lab
from emulator.occupancy import Occupancy
from emulator.pressure import CpuWaits, go_first, notice
from emulator.prober import Prober
from kubeslice_sim import manifest
from kubeslice_sim.controlplane.realtime import DriverStopped
from kubeslice_sim.controlplane.refusal import Refused
from kubeslice_sim.controlplane.standing_policies import standing_policies
from kubeslice_sim.controlplane.tell_history import tell_history
from kubeslice_sim.controlplane.timeline import requests
from kubeslice_sim.model.scenario import Scenario, TimelineStep
from kubeslice_sim.observe.history import history_data
from kubeslice_sim.observe.observation import Observation
from kubeslice_sim.planner import probes

LOOK_EVERY_S = 0.25
LAST_PROBES_S = 20.0
"""How long probes may take to end after the scenario's own end."""


def main(channel: Channel) -> None:
    """The sandbox's entry point: one request ``{world, scenario, seed}``, one reply with what the run was under."""
    logging.basicConfig(level=logging.WARNING)
    go_first()  # a busy machine should not look like a slow network
    request = next(channel.requests())
    try:
        request.reply(_replay(channel, request.message))
    except BaseException as error:
        request.fail(error)


def _replay(channel: Channel, order: dict[str, Any]) -> dict[str, Any]:
    world = manifest.load_text(order["world"], admit=False)
    scenario = world.scenario(order["scenario"])
    lab = Lab(world, scenario.timing, order["seed"])
    try:
        return Replay(lab, scenario, channel.event).play()
    except DriverStopped:
        lab.check()  # says why
        raise
    finally:
        lab.close()


class Replay:
    """One scenario in one lab. ``tell`` gets ``{observation}`` and ``{progress}`` messages from several threads."""

    def __init__(self, lab: Lab, scenario: Scenario, tell: Callable[[dict[str, Any]], None]) -> None:
        self._lab = lab
        self._scenario = scenario
        self._tell = tell
        self._telling = threading.Lock()
        self._notices: list[str] = []
        if scenario.spec.spread == "packet":
            told = "Linux spreads flows over next hops, not packets (fib_multipath_hash_policy): spread: packet was not"
            self._notices.append(f"{told} emulated; the simulator has it")
        self._faults = 0
        self._between: Callable[[], None] = lambda: None
        """What is done while it waits."""

    def play(self) -> dict[str, Any]:
        """Bring the world up, run probes and timeline to the end. Raises LabError when the emulation broke."""
        lab, spec = self._lab, self._scenario.spec
        if spec.start == "ready" and not lab.wait_until_up(
            lambda missing: self._progress(0.0, f"bringing up {missing}")
        ):
            self._notices.append("not everything came up before the scenario")
        zero_fleet_s = lab.driver.now_s() if spec.start == "ready" else 0.0
        since_zero_s = lab.driver.now_s() - zero_fleet_s
        zero_s = time.monotonic() - since_zero_s
        waits, occupancy = CpuWaits(), Occupancy(lab.overlay, self._observe)
        self._between = lambda: occupancy.look(min(time.monotonic() - zero_s, spec.duration_s))
        prober = Prober(lab.plan, lab.pods, lab.overlay.mesh, self._observe, time.time() - since_zero_s)
        for at_s, act in self._agenda(prober):
            self._wait_until(zero_s, at_s)
            act()
        self._wait_until(zero_s, spec.duration_s)
        wait_s = waits.mean_s()
        self._notices += [f"{name} had not ended when the scenario was over" for name in prober.join(LAST_PROBES_S)]
        lab.readiness()
        transitions = lab.driver.look(lambda fleet: tuple(fleet.transitions))
        end_s = zero_fleet_s + spec.duration_s
        seen = tuple(lab.watch.observations(transitions, zero_s=zero_fleet_s, end_s=end_s))
        for row in seen:
            self._observe(row)
        history = lab.driver.look(lambda fleet: tell_history(fleet, seen, zero_s=zero_fleet_s, end_s=end_s))
        self._notices += filter(None, [notice(wait_s), *history.notices])
        account = self._account(zero_fleet_s, "unknown" if wait_s is None else f"{wait_s * 1e3:.3f} ms")
        return {**account, "history": history_data(history)}

    def _agenda(self, prober: Prober) -> list[tuple[float, Callable[[], None]]]:
        """Everything that begins at its own time: timeline first where times are equal."""
        steps = [(step.at_s, 0, _call(self._do, step)) for step in self._scenario.spec.timeline]
        jobs = [(probe.start_s, 1, _call(prober.start, probe)) for probe in probes(self._lab.plan, self._scenario)]
        return [(at_s, act) for at_s, _, act in sorted([*steps, *jobs], key=lambda item: item[:2])]

    def _wait_until(self, zero_s: float, at_s: float) -> None:
        while (left_s := zero_s + at_s - time.monotonic()) > 0:
            self._progress(time.monotonic() - zero_s, "playing the scenario")
            self._lab.readiness()
            if left_s > LOOK_EVERY_S:
                self._between()
                left_s = zero_s + at_s - time.monotonic()
            time.sleep(max(0.0, min(left_s, LOOK_EVERY_S)))

    def _do(self, step: TimelineStep) -> None:
        for request in requests(step):
            before = self._lab.driver.look(standing_policies)
            try:
                self._lab.driver.submit(request)
            except Refused as refusal:
                self._notices.append(f"at {step.at_s:g} s: {refusal}")
            standing = self._lab.driver.look(standing_policies)
            if standing != before:
                self._lab.overlay.submit(partial(self._lab.overlay.policies.follow, standing))
        if step.restore is not None:
            for name, evidence in self._lab.faults.mend(step.restore):
                self._record(step, name, evidence, began=False)
        if step.fault is not None:
            name, evidence = self._lab.faults.strike(step.fault)
            self._record(step, name, evidence, began=True)

    def _record(self, step: TimelineStep, name: str, evidence: Any, *, began: bool) -> None:
        for item in evidence:
            self._observe(
                Observation(
                    at_s=step.at_s,
                    probe=name,
                    seq=self._faults,
                    metric="fault",
                    value=1.0 if began else 0.0,
                    outcome=item.outcome,
                    slice=item.slice,
                    src_cluster=item.cluster,
                    src=item.part,
                    dst_cluster=item.peer,
                    detail=item.sentence,
                )
            )
            self._faults += 1

    def _observe(self, row: Observation) -> None:
        self._send({"observation": asdict(row)})

    def _progress(self, done_s: float, phase: str) -> None:
        self._send({"progress": {"done_s": done_s, "total_s": self._scenario.spec.duration_s, "phase": phase}})

    def _send(self, message: dict[str, Any]) -> None:
        with self._telling:
            self._tell(message)

    def _account(self, zero_s: float, cpu_wait: str) -> dict[str, Any]:
        lab = self._lab
        return {
            "notices": [*self._notices, *self._substitutes(), *lab.watch.notices()],
            "events": [
                {"at_s": round(event.at_s - zero_s, 6), "name": event.name, "cluster": event.cluster,
                 "subject": event.subject, "message": event.message}
                for event in lab.driver.look(lambda fleet: tuple(fleet.events))
            ],
            "environment": {"wire": lab.wires.implementation, "wireguard": lab.overlay.driver.value,
                            "cpu_wait": cpu_wait},
        }  # fmt: skip

    def _substitutes(self) -> list[str]:
        openvpn = [item.name for item in self._lab.plan.slices if item.gateway_type == "OpenVPN" and item.pairs]
        istio = [item.name for item in self._lab.plan.slices if item.east_west]
        balanced = [
            f"{edge.slice} on {edge.cluster}" for item in self._lab.plan.slices for edge in item.edges if edge.service
        ]
        return [
            *(f"slice {name} asks for a load balancer; node addresses stood in for its own here" for name in balanced),
            *(f"slice {name} asks for OpenVPN; its tunnels ran WireGuard here" for name in openvpn),
            *(f"slice {name} asks for Istio; its gateways and sidecars ran HAProxy here" for name in istio),
        ]


def _call(function: Callable[[Any], None], argument: Any) -> Callable[[], None]:
    return lambda: function(argument)
