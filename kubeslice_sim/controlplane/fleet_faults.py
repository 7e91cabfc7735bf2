"""Fleet faults: what a scenario breaks in the control plane itself; the same for every back end that runs a fleet."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

from kubeslice_sim.controlplane.effects import StartGateway
from kubeslice_sim.controlplane.fleet import Fleet
from kubeslice_sim.controlplane.site import HUB, Site
from kubeslice_sim.model.scenario import Fault
from kubeslice_sim.observe.evidence import Evidence
from kubeslice_sim.planner.names import SYSTEM_NAMESPACE

T = TypeVar("T")


class Conductor(Protocol):
    """Whoever gives the fleet its time."""

    def do(self, work: Callable[[Fleet, float], T]) -> T:
        """Do it with the fleet, now."""
        ...


class FleetFaults:
    """Breaks and mends API servers, the ways to them, operators, sidecars' answers, certificate jobs and clocks.

    A part stays broken until the last fault that holds it has ended.
    """

    def __init__(self, conductor: Conductor) -> None:
        self._conductor = conductor
        self._held: list[Fault] = []

    @staticmethod
    def concerns(fault: Fault) -> bool:
        """Whether the fault is one of the control plane. A partition is where it cuts a worker off the controller."""
        cut = fault.partition is not None and HUB in fault.partition
        return cut or fault.kill == "operator" or any((fault.hang, fault.api, fault.certificates, fault.clock))

    def strike(self, fault: Fault) -> tuple[Evidence, ...]:
        """Let it happen; what it did."""
        found = self._conductor.do(lambda fleet, now_s: tuple(_strike(fleet, fault, now_s)))
        self._held.append(fault)
        return found

    def mend(self, fault: Fault) -> tuple[Evidence, ...]:
        """Let it end, unless another fault holds the same part."""
        self._held.remove(fault)
        target = _target(fault)
        if any(_target(other) == target for other in self._held):
            part, cluster = _part(fault)
            sentence = f"{part} of {cluster} stays so: another fault holds it"
            return (Evidence(part=part, cluster=cluster, slice=fault.slice, sentence=sentence),)
        return self._conductor.do(lambda fleet, now_s: tuple(_mend(fleet, fault, now_s)))


def _strike(fleet: Fleet, fault: Fault, now_s: float) -> Iterable[Evidence]:
    part, cluster = _part(fault)
    if fault.hang is not None:
        yield from _hang(fleet, fault)
        return
    if fault.partition is not None:
        fleet.disturbances.cut(cluster, now_s)
        sentence = f"nothing gets from {cluster} to the API server of {HUB}"
    elif fault.kill == "operator":
        fleet.disturbances.crash(cluster, now_s=now_s)
        sentence = f"the controllers of {cluster} died; nobody does their work"
    elif fault.api == "down":
        fleet.disturbances.stop_api(cluster, now_s)
        sentence = f"the API server of {cluster} refuses every request"
    elif fault.api == "slow":
        fleet.disturbances.slow_api(cluster, fault.slower_s or 0.0)
        sentence = f"the API server of {cluster} takes {fault.slower_s or 0.0:g} s longer for everything"
    elif fault.api == "watches":
        fleet.disturbances.drop_watches(cluster, now_s)
        sentence = f"every watch on the API server of {cluster} ended"
    elif fault.certificates is not None:
        fleet.failing_certificates.add(fault.slice)
        sentence = f"certificate jobs of {fault.slice} fail"
    else:
        _site(fleet, cluster).clock_ahead_s = _ahead_s(fault)
        sentence = f"the clock of {cluster} is {abs(_ahead_s(fault)):g} s {fault.clock}"
    yield Evidence(part=part, cluster=cluster, slice=fault.slice, sentence=sentence)


def _hang(fleet: Fleet, fault: Fault) -> Iterable[Evidence]:
    pods = tuple(_sidecars(fleet, fault))
    for pod in pods:
        fleet.tunnel_ends.silence(fault.cluster, pod)
        sentence = f"the sidecar of {pod} on {fault.cluster} answers no more; its tunnel carries on"
        yield Evidence(part=pod, cluster=fault.cluster, slice=fault.slice, peer=fault.peer, sentence=sentence)
    if not pods:
        yield Evidence(
            part="sidecar", cluster=fault.cluster, slice=fault.slice, peer=fault.peer, outcome="failed_to_probe",
            sentence="no gateway matches this fault; nothing was broken",
        )  # fmt: skip


def _mend(fleet: Fleet, fault: Fault, now_s: float) -> Iterable[Evidence]:
    part, cluster = _part(fault)
    broken = fleet.disturbances
    if fault.partition is not None:
        broken.join(cluster, now_s)
        sentence = f"{cluster} reaches the API server of {HUB} again"
    elif fault.kill == "operator":
        broken.restart(cluster, now_s)
        sentence = f"the controllers of {cluster} start again, and lead when the old lease has run out"
    elif fault.api == "down":
        broken.start_api(cluster, now_s)
        sentence = f"the API server of {cluster} answers again"
    elif fault.api == "slow":
        broken.slow_api(cluster, 0.0)
        sentence = f"the API server of {cluster} is as fast as it was"
    elif fault.api == "watches":
        sentence = f"watches on the API server of {cluster} begin again by themselves"
    elif fault.certificates is not None:
        fleet.failing_certificates.discard(fault.slice)
        sentence = f"certificate jobs of {fault.slice} succeed again; those that have given up are not repeated"
    elif fault.clock is not None:
        _site(fleet, cluster).clock_ahead_s = 0.0
        sentence = f"the clock of {cluster} is right again"
    else:
        for pod in _sidecars(fleet, fault):
            fleet.tunnel_ends.unsilence(cluster, pod)
        sentence = f"the sidecars of {fault.slice} on {cluster} answer again"
    yield Evidence(part=part, cluster=cluster, slice=fault.slice, peer=fault.peer, sentence=sentence)


def _part(fault: Fault) -> tuple[str, str]:
    """What breaks, and the cluster where it does."""
    if fault.partition is not None:
        return "way to the controller", next((name for name in fault.partition if name != HUB), HUB)
    if fault.certificates is not None:
        return "certificate jobs", HUB
    if fault.kill == "operator":
        return "operator", fault.cluster
    if fault.clock is not None:
        return "clock", fault.cluster
    return ("sidecar" if fault.hang else "API server"), fault.cluster


def _target(fault: Fault) -> tuple[object, ...]:
    """What two faults that hold the same part have in common."""
    return (*_part(fault), fault.api, fault.slice, fault.peer, fault.instance)


def _site(fleet: Fleet, cluster: str) -> Site:
    return fleet.hub if cluster == HUB else fleet.workers[cluster]


def _ahead_s(fault: Fault) -> float:
    skew_s = fault.by_s or 0.0
    return skew_s if fault.clock == "ahead" else -skew_s


def _sidecars(fleet: Fleet, fault: Fault) -> Iterable[str]:
    site = fleet.workers[fault.cluster]
    for pod in sorted(site.sidecars):
        start = fleet.ledger.newest("pod", fault.cluster, SYSTEM_NAMESPACE, pod)
        if not isinstance(start, StartGateway) or fault.instance not in (None, start.instance):
            continue
        if (start.slice, start.remote_cluster) == (fault.slice, fault.peer):
            yield pod
