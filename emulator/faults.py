"""Faults: what a scenario breaks in a running emulation, what mends, and the evidence of both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from emulator.fabric import Fabric
from emulator.overlay import Overlay
from emulator.passage import Direction
from emulator.routers import Router
from kubeslice_sim.controlplane.effects import StartAppPod
from kubeslice_sim.controlplane.fleet_faults import FleetFaults
from kubeslice_sim.model.scenario import Fault, LinkFault
from kubeslice_sim.observe.evidence import Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A part that is broken now, and what mends it.

    ``held``: it stays broken as long as any fault holds it. A link is not: of several faults the rest still hold.
    """

    evidence: Evidence
    mend: Callable[[], str]
    held: bool = True

    @property
    def place(self) -> tuple[str, str]:
        """Which part it is: its cluster and its name there."""
        return (self.evidence.cluster, self.evidence.part)


class Faults:
    """Breaks and mends the parts of one emulation. A fault without a name is ``fault-<n>``, counted from 1."""

    def __init__(self, fabric: Fabric, overlay: Overlay) -> None:
        self.fleet_faults: FleetFaults | None = None
        """Who breaks the control plane; must be set before such a fault strikes."""
        self._of_fleet: dict[str, Fault] = {}
        self._fabric = fabric
        self._overlay = overlay
        self._active: dict[str, tuple[Broken, ...]] = {}
        self._links: dict[str, LinkFault] = {}
        self._count = 0

    def strike(self, fault: Fault) -> tuple[str, tuple[Evidence, ...]]:
        """Let it happen. Returns the fault's name and what it did."""
        self._count += 1
        name = fault.name or f"fault-{self._count}"
        if self.fleet_faults is not None and FleetFaults.concerns(fault):
            self._of_fleet[name] = fault
            return name, self.fleet_faults.strike(fault)
        broken = self._active[name] = self._overlay.submit(lambda: tuple(self._break(name, fault)))
        if broken:
            return name, tuple(item.evidence for item in broken)
        sentence = (
            "the emulator loses no nodes; simulate this scenario" if fault.kill == "node"
            else f"no {fault.kill} matches this fault; nothing was broken"
        )  # fmt: skip
        return name, (
            Evidence(
                part=fault.pod or fault.kill or "", cluster=fault.cluster, slice=fault.slice, sentence=sentence,
                outcome="failed_to_probe",
            ),
        )  # fmt: skip

    def mend(self, wanted: str) -> Iterator[tuple[str, tuple[Evidence, ...]]]:
        """End the fault of that name, or ``all``; names and evidence, in the order in which they struck."""
        for name in [name for name in self._of_fleet if wanted in ("all", name)]:
            if self.fleet_faults is not None:
                yield name, self.fleet_faults.mend(self._of_fleet.pop(name))
        for name in [name for name in self._active if wanted in ("all", name)]:
            yield name, self._overlay.submit(partial(self._mend, self._active.pop(name)))

    def _mend(self, broken: tuple[Broken, ...]) -> tuple[Evidence, ...]:
        return tuple(replace(item.evidence, sentence=self._still_held(item) or item.mend()) for item in broken)

    def _still_held(self, item: Broken) -> str:
        for name, others in self._active.items():
            if item.held and item.place in (other.place for other in others):
                return f"{item.evidence.part} on {item.evidence.cluster} stays down: {name} holds it"
        return ""

    def _break(self, name: str, fault: Fault) -> Iterator[Broken]:
        if fault.partition is not None:
            yield self._worsen(name, LinkFault(between=fault.partition, loss=1.0))
        elif fault.link is not None:
            yield self._worsen(name, fault.link)
        elif fault.kill == "dns":
            yield self._kill_dns(fault.cluster)
        elif fault.kill == "gateway":
            for pod in self._overlay.gateways.names(fault.slice, fault.cluster, fault.peer, fault.instance):
                yield self._kill_gateway(fault, pod)
        elif fault.kill == "router":
            router = self._overlay.routers.get(fault.slice, fault.cluster)
            if router is not None:
                yield self._kill_router(fault, router)
        elif fault.kill == "pod":
            for effect in self._overlay.pods_of(fault.cluster, fault.pod):
                yield self._kill_pod(fault, effect)

    def _kill_gateway(self, fault: Fault, pod: str) -> Broken:
        namespace = self._overlay.gateways.namespace(fault.cluster, pod)
        processes = len(namespace.pids()) if namespace else 0
        self._overlay.kill_gateway(fault.cluster, pod)
        what = f"{pod} on {fault.cluster}"

        def mend() -> str:
            return _started(what, self._overlay.revive_gateway(fault.cluster, pod))

        killed = f"{what} was killed with {_count(processes, 'process')}; its namespace is gone"
        sentence = killed if namespace else _not_running(what)
        return Broken(
            evidence=Evidence(part=pod, cluster=fault.cluster, slice=fault.slice, peer=fault.peer, sentence=sentence),
            mend=mend,
        )

    def _kill_router(self, fault: Fault, router: Router) -> Broken:
        what = f"{router.effect.pod} on {fault.cluster}"
        killed = f"{what} was killed; its namespace is gone, and every nsm0 with it"
        sentence = killed if router.namespace else _not_running(what)
        self._overlay.kill_router(router)

        def mend() -> str:
            return _started(what, self._overlay.revive_router(router), "; its clients claimed their addresses")

        evidence = Evidence(part=router.effect.pod, cluster=fault.cluster, slice=fault.slice, sentence=sentence)
        return Broken(evidence=evidence, mend=mend)

    def _kill_pod(self, fault: Fault, effect: StartAppPod) -> Broken:
        part = f"{effect.namespace}/{effect.pod}"
        what = f"{part} on {fault.cluster}"
        ran = self._overlay.kill_pod(effect)

        def mend() -> str:
            return _started(what, self._overlay.revive_pod(effect))

        sentence = f"{what} was killed; its namespace is gone" if ran else _not_running(what)
        evidence = Evidence(part=part, cluster=fault.cluster, slice=fault.slice, sentence=sentence)
        return Broken(evidence=evidence, mend=mend)

    def _kill_dns(self, cluster: str) -> Broken:
        self._overlay.kill_dns(cluster)

        def mend() -> str:
            self._overlay.revive_dns(cluster)
            return f"KubeSlice DNS of {cluster} starts again"

        sentence = f"KubeSlice DNS of {cluster} closed its sockets"
        return Broken(evidence=Evidence(part="kubeslice-dns", cluster=cluster, sentence=sentence), mend=mend)

    def _worsen(self, name: str, link: LinkFault) -> Broken:
        self._links[name] = link
        self._shape(link)

        def mend() -> str:
            del self._links[name]
            return self._shape(link)

        one, other = link.between
        evidence = Evidence(part=f"{one}–{other}", cluster=one, peer=other, sentence=self._tell(link))
        return Broken(evidence=evidence, mend=mend, held=False)

    def _shape(self, link: LinkFault) -> str:
        """Make the wire what the Underlay says and every fault that still holds for it."""
        one, other = link.between
        wire = self._fabric.wire(one, other)
        forth, back = self._fabric.directions(*wire.spec.name.split("--"))
        for held in self._links.values():
            if set(held.between) == {one, other}:
                forth, back = _worse(forth, held), _worse(back, held)
        wire.set(forth=forth, back=back)
        return self._tell(link)

    def _tell(self, link: LinkFault) -> str:
        one, other = link.between
        now = self._fabric.wire(one, other).spec.forth
        rate = "unlimited" if now.rate_bps is None else f"{now.rate_bps / 1e6:g} Mbit/s"
        return (
            f"the link {one}–{other} now has delay {now.delay_s * 1e3:g} ms, jitter {now.jitter_s * 1e3:g} ms, "
            f"loss {now.loss * 100:g} %, {rate} each way"
        )


def _worse(direction: Direction, link: LinkFault) -> Direction:
    return replace(
        direction,
        delay_s=direction.delay_s if link.rtt_s is None else link.rtt_s / 2,
        jitter_s=direction.jitter_s if link.jitter_s is None else link.jitter_s,
        loss=direction.loss if link.loss is None else link.loss,
        rate_bps=direction.rate_bps if link.bandwidth_bps is None else link.bandwidth_bps,
    )


def _started(what: str, wanted: bool, more: str = "") -> str:
    return f"{what} was started again{more}" if wanted else f"{what} is not wanted any more"


def _not_running(what: str) -> str:
    return f"{what} did not run; it stays down"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}es"
