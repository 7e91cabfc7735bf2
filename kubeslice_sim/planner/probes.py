"""Probes: a scenario's traffic and expectations as measurement jobs, the same for every back end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from kubeslice_sim.errors import BadInput, Problem
from kubeslice_sim.model.scenario import Expectation, Reach, Resolve, Scenario, Traffic
from kubeslice_sim.model.timing import TimingChoice
from kubeslice_sim.observe.probe import Probe
from kubeslice_sim.planner.plan import Plan, PodPlan
from kubeslice_sim.planner.references import References, Target, Unresolved

T = TypeVar("T")

INTERVAL_S = 1.0
FAST_INTERVAL_S = 0.25
"""Between the attempts of an expectation, under the real timing profile and under ``fast``."""
NO_REACH_ATTEMPTS = 20
"""Over a whole scenario: enough to see a path that opens only for a while, few enough to let each time out."""
_BULK = ("tcp", "udp")


def probes(plan: Plan, scenario: Scenario) -> tuple[Probe, ...]:
    """Every measurement that the scenario asks for: its traffic, then what its expectations imply.

    Traffic: ping, dns and http run from every pod of ``from``, all under the traffic's name (rows tell the pods apart
    by ``src``); tcp and udp from the first pod only, so that a named transfer is one transfer. Where ``to`` is a
    workload, the i-th source pod talks to its i-th pod, starting over when there are fewer.

    Expectations: reach, noReach and resolves become probes named ``expect/<name>``, from every pod of ``from`` to every
    pod of ``to``. reach connects where ``to`` has a port, else pings, every second (``fast``: 0.25 s) until it
    succeeds, ``by`` or the end. noReach tries about 20 times, spread over the scenario. resolves asks until it is
    answered, or to the end of its time when the number of answers matters.

    Whatever else can be wrong with a scenario, admission has said. Raises :exc:`BadInput` with every reference that
    points at nothing in this plan, and what was probably meant.
    """
    reader = _Reader(plan, scenario)
    found = [*reader.all_traffic(), *reader.all_expectations()]
    if reader.problems:
        raise BadInput(reader.problems)
    return tuple(found)


class _Reader:
    """Turns one scenario into probes and gathers what is wrong with it."""

    def __init__(self, plan: Plan, scenario: Scenario) -> None:
        spec = scenario.spec
        self.problems: list[Problem] = []
        self._scenario = scenario
        self._references = References(plan)
        self._end_s = spec.duration_s
        # A name that only a timeline step brings into the world cannot be checked against the plan.
        self._names_are_final = not any(step.apply or step.patch for step in spec.timeline)
        profile = spec.timing.profile if isinstance(spec.timing, TimingChoice) else spec.timing
        self._interval_s = FAST_INTERVAL_S if profile == "fast" else INTERVAL_S

    def all_traffic(self) -> Iterator[Probe]:
        for index, item in enumerate(self._scenario.spec.traffic):
            yield from self._traffic(item, f"spec.traffic[{index}]")

    def all_expectations(self) -> Iterator[Probe]:
        for index, item in enumerate(self._scenario.spec.expect):
            path = f"spec.expect[{index}]"
            if item.reach is not None:
                yield from self._reach(item, item.reach, f"{path}.reach")
            if item.no_reach is not None:
                yield from self._no_reach(item, item.no_reach, f"{path}.noReach")
            if item.resolves is not None:
                yield from self._resolves(item, item.resolves, f"{path}.resolves")

    def _traffic(self, item: Traffic, path: str) -> Iterator[Probe]:
        sources = self._sources(item.from_, path)
        targets = self._targets(item.to, path, known_name=True)
        end_s = self._end_s if item.duration_s is None else min(item.start_s + item.duration_s, self._end_s)
        for index, source in enumerate(sources[:1] if item.kind in _BULK else sources):
            if not targets:
                return
            target = targets[index % len(targets)]
            yield Probe(
                name=item.name,
                kind=item.kind,
                source=source.reference,
                target=target.name,
                port=target.port,
                start_s=item.start_s,
                end_s=end_s,
                interval_s=item.interval_s,
                rate_bps=item.rate_bps,
                size_bytes=item.size_bytes,
                packet_bytes=item.packet_bytes,
                streams=item.streams,
                congestion=item.congestion,
                engine=(item.engine or self._scenario.spec.engine) if item.kind in _BULK else "fluid",
                connections=item.connections,
                requests_per_second=item.requests_per_second,
                arrivals=item.arrivals or "even",
                think_time_s=item.think_time_s,
                request_bytes=item.request_bytes,
                keep_alive=item.keep_alive,
                balance=item.balance or "first",
                service_time=item.service_time,
                workers=item.workers,
                timeout_s=item.timeout_s,
            )

    def _reach(self, item: Expectation, wish: Reach, path: str) -> Iterator[Probe]:
        for source, target in self._crossed(wish.from_, wish.to, path, known_name=True):
            yield Probe(
                name=f"expect/{item.name}",
                kind="ping" if target.port is None else "connect",
                source=source.reference,
                target=target.name,
                port=target.port,
                end_s=self._deadline(item),
                interval_s=self._interval_s,
                origin="expectation",
                until_ok=True,
            )

    def _no_reach(self, item: Expectation, wish: Reach, path: str) -> Iterator[Probe]:
        for source, target in self._crossed(wish.from_, wish.to, path, known_name=False):
            yield Probe(
                name=f"expect/{item.name}",
                kind="ping" if target.port is None else "connect",
                source=source.reference,
                target=target.name,
                port=target.port,
                end_s=self._end_s,
                interval_s=max(self._interval_s, self._end_s / NO_REACH_ATTEMPTS),
                origin="expectation",
            )

    def _resolves(self, item: Expectation, wish: Resolve, path: str) -> Iterator[Probe]:
        for source in self._sources(wish.from_, path):
            yield Probe(
                name=f"expect/{item.name}",
                kind="dns",
                source=source.reference,
                target=wish.name,
                end_s=self._deadline(item),
                interval_s=self._interval_s,
                origin="expectation",
                until_ok=wish.answers is None,
            )

    def _crossed(self, from_: str, to: str, path: str, *, known_name: bool) -> Iterator[tuple[PodPlan, Target]]:
        sources, targets = self._sources(from_, path), self._targets(to, path, known_name=known_name)
        return ((source, target) for source in sources for target in targets if source.reference != target.name)

    def _deadline(self, item: Expectation) -> float:
        return self._end_s if item.by_s is None else min(item.by_s, self._end_s)

    def _sources(self, text: str, path: str) -> Sequence[PodPlan]:
        return self._read(lambda: self._references.pods(text), f"{path}.from")

    def _targets(self, text: str, path: str, *, known_name: bool) -> Sequence[Target]:
        known = known_name and self._names_are_final
        return self._read(lambda: self._references.targets(text, known_name=known), f"{path}.to")

    def _read(self, resolve: Callable[[], Sequence[T]], path: str) -> Sequence[T]:
        try:
            return resolve()
        except Unresolved as error:
            self.problems.append(error.problem(self._where(path)))
            return ()

    def _where(self, path: str) -> str:
        return f"Scenario/{self._scenario.metadata.name}.{path}"
