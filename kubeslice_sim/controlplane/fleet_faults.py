"""Fleet faults: what a scenario breaks in the control plane itself; the same for every back end that runs a fleet."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

from kubeslice_sim.controlplane.effects import StartGateway
from kubeslice_sim.controlplane.fleet import Fleet
from kubeslice_sim.controlplane.site import HUB, Site
from kubeslice_sim.model.quantity import DURATION
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

    A part stays broken until the last fault that holds it has ended, as the newest of those that hold it broke it.
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
        """Let it end; where other faults hold the same part, the newest of them says how it is now."""
        self._held.remove(fault)
        others = [other for other in self._held if _target(other) == _target(fault)]
        if not others:
            return self._conductor.do(lambda fleet, now_s: tuple(_mend(fleet, fault, now_s)))
        if fault.hang is not None:
            return self._conductor.do(lambda fleet, _: _let_answer(fleet, fault, others))
        if fault.api == "slow" or fault.clock is not None:
            return self._conductor.do(lambda fleet, now_s: tuple(_strike(fleet, others[-1], now_s)))
        return (_stays(fault),)


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
        sentence = f"the API server of {cluster} takes {DURATION.format(fault.slower_s or 0.0)} longer for everything"
    elif fault.api == "watches":
        fleet.disturbances.drop_watches(cluster, now_s)
        sentence = f"every watch on the API server of {cluster} ended"
    elif fault.certificates is not None:
        fleet.failing_certificates.add(fault.slice)
        sentence = f"certificate jobs of {fault.slice} fail"
    else:
        _site(fleet, cluster).clock_ahead_s = _ahead_s(fault)
        sentence = f"the clock of {cluster} is {DURATION.format(fault.by_s or 0.0)} {fault.clock}"
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
        yield from _let_answer(fleet, fault, ())
        return
    yield Evidence(part=part, cluster=cluster, slice=fault.slice, peer=fault.peer, sentence=sentence)


def _let_answer(fleet: Fleet, fault: Fault, others: Iterable[Fault]) -> tuple[Evidence, ...]:
    """Sidecars that no other fault hangs answer again."""
    held = {pod for other in others for pod in _sidecars(fleet, other)}
    freed = [pod for pod in _sidecars(fleet, fault) if pod not in held]
    for pod in freed:
        fleet.tunnel_ends.unsilence(fault.cluster, pod)
    if held and not freed:
        return (_stays(fault),)
    sentence = f"the sidecars of {fault.slice} on {fault.cluster} answer again"
    if held:
        sentence = f"{' and '.join(freed)} on {fault.cluster} answers again; another fault holds the others"
    return (Evidence(part="sidecar", cluster=fault.cluster, slice=fault.slice, peer=fault.peer, sentence=sentence),)


def _stays(fault: Fault) -> Evidence:
    part, cluster = _part(fault)
    sentence = f"{part} of {cluster} stays so: another fault holds it"
    return Evidence(part=part, cluster=cluster, slice=fault.slice, sentence=sentence)


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
    return (*_part(fault), fault.api, fault.slice, fault.peer)


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
