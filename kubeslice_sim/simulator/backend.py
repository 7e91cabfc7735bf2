"""Simulator: the back end that plays a scenario in simulated time."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from importlib.metadata import version

from kubeslice_sim import planner
from kubeslice_sim.controlplane.fleet import Fleet
from kubeslice_sim.controlplane.fleet_faults import FleetFaults
from kubeslice_sim.controlplane.request import Apply, Request
from kubeslice_sim.controlplane.standing_policies import standing_policies
from kubeslice_sim.controlplane.tell_history import tell_history
from kubeslice_sim.controlplane.timeline import requests
from kubeslice_sim.model.frozen import FrozenMap
from kubeslice_sim.model.scenario import Scenario
from kubeslice_sim.model.slice_config import GatewayType, SliceConfig
from kubeslice_sim.model.timing import Timing
from kubeslice_sim.model.world import World
from kubeslice_sim.observe.probe import Probe
from kubeslice_sim.observe.run import Capability, Event, Progress, Run
from kubeslice_sim.observe.table import in_order
from kubeslice_sim.planner.plan import Plan
from kubeslice_sim.planner.policy_rules import PolicyRules
from kubeslice_sim.planner.uncollected import seldom_collected
from kubeslice_sim.simulator.assembly import Assembly, assemble
from kubeslice_sim.simulator.costs import Costs
from kubeslice_sim.simulator.driver import Driver
from kubeslice_sim.simulator.occupancy import occupancy
from kubeslice_sim.simulator.play import Timeline, play_probe
from kubeslice_sim.simulator.ready import Ready
from kubeslice_sim.simulator.rows import Rows
from kubeslice_sim.simulator.warm import engines

PATIENCE_ROUNDS = 30
"""After so many gateway reconciles what is not up will not come up by itself: the scenario starts without it."""
_CHUNKS = 50


class Simulator:
    """Implements :class:`kubeslice_sim.observe.run.Backend`. The same world, scenario and seed give the same rows."""

    name = "sim"

    def __init__(self, costs: Costs | None = None) -> None:
        self._costs = costs or Costs()

    def unavailable(self) -> str:
        """Nothing: the simulator runs wherever Python does."""
        return ""

    def capabilities(self) -> tuple[Capability, ...]:
        """What computes here."""
        note = f"simpy {version('simpy')}, numpy {version('numpy')}, Python {platform.python_version()}"
        return Capability(name="fluid engine", level="ok", note=note), engines()

    @seldom_collected
    def run(
        self, world: World, scenario: Scenario, *, seed: int, run_id: str, on_progress: Callable[[Progress], None]
    ) -> Run:
        """Plan the world, bring it up, play the scenario. Raises :exc:`BadInput` for what the planner refuses."""
        plan = planner.plan(world)
        probes = planner.probes(plan, scenario)
        timing = scenario.timing
        rows = Rows(run_id=run_id, backend=self.name)
        by_packets = any(probe.engine == "packet" for probe in probes)
        parts = assemble(plan, timing, seed, rows, self._costs, gateway_types(world, scenario),
                         packets=by_packets, by_packet=scenario.spec.spread == "packet")  # fmt: skip
        fleet = Fleet(world, timing, parts.data_plane, keeps_journal=True)
        ready = Ready(parts.env, fleet, partial(_pods_run, plan, parts))
        driver = Driver(parts.env, fleet, ready.stepped)
        parts.report_to(driver)
        parts.faults.fleet_faults = FleetFaults(driver)
        total_s = scenario.spec.duration_s
        if by_packets:
            on_progress(
                Progress(done_s=0.0, total_s=total_s, phase="loading the packet engine, compiled at its first use")
            )

        if scenario.spec.start == "ready":
            on_progress(Progress(done_s=0.0, total_s=total_s, phase="bringing the slices up"))
            limit = parts.env.timeout(PATIENCE_ROUNDS * timing.gateway_reconcile_s)
            parts.env.run(until=parts.env.any_of([ready.all_up, limit]))
            rows.zero_s = parts.env.now
        for probe in probes:
            parts.env.process(play_probe(parts.scene, probe))
        if parts.scene.packets is not None:
            from kubeslice_sim.simulator.packet.watch import watch

            parts.env.process(watch(parts.scene, parts.scene.packets, rows.zero_s + total_s))
        else:
            parts.env.process(occupancy(parts.scene, rows.zero_s + total_s))
        timeline = Timeline(parts.scene, parts.faults, partial(_submit, plan, parts, driver))
        parts.env.process(timeline.play(scenario))
        self._play(parts, total_s, on_progress)

        ready.record(rows, total_s)
        observations = in_order(rows.made)
        history = tell_history(fleet, observations, zero_s=rows.zero_s, end_s=rows.zero_s + total_s)
        return Run(
            run_id=run_id,
            backend=self.name,
            world=world,
            scenario=scenario,
            seed=seed,
            observations=observations,
            events=tuple(_events(fleet, rows.zero_s, total_s)),
            environment=self._environment(timing, scenario, by_packets),
            notices=(
                *plan.not_deployable,
                *timeline.refusals,
                *ready.notices(),
                *history.notices,
                *mixed_engines(probes),
                *spreading(scenario, probes),
            ),
            history=history,
        )

    def _play(self, parts: Assembly, total_s: float, on_progress: Callable[[Progress], None]) -> None:
        zero_s = parts.scene.rows.zero_s
        for chunk in range(1, _CHUNKS + 1):
            done_s = total_s * chunk / _CHUNKS
            if zero_s + done_s > parts.env.now:
                parts.env.run(until=zero_s + done_s)
            on_progress(Progress(done_s=done_s, total_s=total_s, phase="playing the scenario"))
        # What ends with the scenario ends at this very moment, after the clock was stopped there.
        while parts.env.peek() <= zero_s + total_s:
            parts.env.step()
        parts.scene.close()

    def _environment(self, timing: Timing, scenario: Scenario, by_packets: bool) -> FrozenMap[str]:
        profile = scenario.spec.timing if isinstance(scenario.spec.timing, str) else scenario.spec.timing.profile
        return FrozenMap(
            engine="packets (numba) and fluid on SimPy time" if by_packets else "fluid (max-min) on SimPy time",
            simpy=version("simpy"),
            numpy=version("numpy"),
            python=platform.python_version(),
            timing=profile,
            ping_round_s=f"{timing.ping_round_s:g}",
        )


def gateway_types(world: World, scenario: Scenario) -> dict[str, GatewayType]:
    """The VPN of every slice that the world has or the timeline brings."""
    configs = list(world.slices)
    for step in scenario.spec.timeline:
        for request in requests(step):
            if isinstance(request, Apply) and isinstance(request.document, SliceConfig):
                configs.append(request.document)
    return {
        config.metadata.name: config.spec.slice_gateway_provider.slice_gateway_type
        for config in configs
        if config.spec.slice_gateway_provider is not None
    }


def mixed_engines(probes: Sequence[Probe]) -> Iterator[str]:
    """What a mixture of engines leaves out."""
    loads = {engine: sorted({p.name for p in probes if p.kind in ("tcp", "udp", "http") and p.engine == engine})
             for engine in ("packet", "fluid")}  # fmt: skip
    if all(loads.values()):
        http = "; http is always fluid" if any(p.kind == "http" for p in probes) else ""
        yield (
            f"{', '.join(loads['packet'])} went packet by packet, {', '.join(loads['fluid'])} as fluid: the two "
            f"engines do not share capacity; give all of them one engine where their ways meet{http}"
        )


def spreading(scenario: Scenario, probes: Sequence[Probe]) -> Iterator[str]:
    """What ``spread: packet`` means, and what is not seen of it."""
    if scenario.spec.spread == "packet":
        yield "slice routers spread packet by packet here; KubeSlice's keep a flow to one gateway"
        if any(probe.kind == "tcp" and probe.engine == "fluid" for probe in probes):
            yield "reordering by spreading slows tcp down in the packet engine only: give it engine: packet"


def _submit(plan: Plan, parts: Assembly, driver: Driver, request: Request) -> None:
    """A timeline's request, and what it means to the users' NetworkPolicies. Raises :exc:`Refused`."""
    network = parts.scene.network
    before = standing_policies(driver.fleet)
    driver.submit(request)
    standing = standing_policies(driver.fleet)
    if standing != before:
        network.rules = PolicyRules(replace(plan, network_policies=standing))
        network.changed()


def _pods_run(plan: Plan, parts: Assembly) -> bool:
    pods = parts.scene.network.pods
    return all((item := pods.get((pod.cluster, pod.namespace, pod.name))) and item.running for pod in plan.pods)


def _events(fleet: Fleet, zero_s: float, total_s: float) -> Iterator[Event]:
    for event in fleet.events:
        if event.at_s <= zero_s + total_s:
            yield Event(
                at_s=round(event.at_s - zero_s, 9), name=event.name, cluster=event.cluster, subject=event.subject,
                message=event.message,
            )  # fmt: skip
