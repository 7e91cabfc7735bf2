"""Faults: what a scenario breaks in a running emulation, each with the evidence that it took effect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from emulator.fabric import Fabric
from emulator.names import ClusterNames
from emulator.overlay import Overlay
from emulator.passage import Direction
from kubeslice_sim.errors import BadInput
from kubeslice_sim.model.scenario import Fault, LinkFault


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """Something broken: what it is called, the proof that it is, and how to mend it."""

    name: str
    cluster: str
    evidence: str
    mend: Callable[[], str]


class Faults:
    """What is broken now."""

    def __init__(self, fabric: Fabric, overlay: Overlay, names: ClusterNames) -> None:
        self._fabric = fabric
        self._overlay = overlay
        self._names = names
        self._broken: dict[str, list[Break]] = {}

    def begin(self, fault: Fault) -> tuple[Break, ...]:
        """Break it. Raises BadInput when it names nothing that runs."""
        name = fault.name or describe(fault)
        made: list[Break] = []
        self._overlay.submit(lambda: made.extend(self._break(name, fault)))
        self._broken.setdefault(name, []).extend(made)
        return tuple(made)

    def end(self, name: str) -> tuple[tuple[Break, str], ...]:
        """Mend what was broken under this name (``all``: everything); each with the proof that it works again."""
        chosen = list(self._broken) if name == "all" else [name]
        mended: list[tuple[Break, str]] = []
        for key in chosen:
            for item in self._broken.pop(key, []):
                self._overlay.submit(lambda item=item: mended.append((item, item.mend())))  # type: ignore[misc]
        return tuple(mended)

    def _break(self, name: str, fault: Fault) -> list[Break]:
        if fault.partition is not None:
            a, b = fault.partition
            return [self._impair(name, LinkFault(between=(a, b), loss=1.0))]
        if fault.link is not None:
            return [self._impair(name, fault.link)]
        if fault.kill == "gateway":
            return self._kill_gateways(name, fault)
        if fault.kill == "dns":
            return [self._kill_dns(name, fault.cluster)]
        if fault.kill == "router":
            return [self._kill_router(name, fault)]
        if fault.kill == "pod":
            return [self._kill_pod(name, fault)]
        raise BadInput(f"fault {name!r} breaks nothing; give it kill, partition or link")

    def _kill_gateways(self, name: str, fault: Fault) -> list[Break]:
        pods = self._overlay.gateways.names(slice_name=fault.slice, cluster=fault.cluster, peer=fault.peer)
        chosen = pods if fault.instance is None else pods[fault.instance : fault.instance + 1]
        if not chosen:
            where = f"from {fault.cluster} to {fault.peer}"
            raise BadInput(f"fault {name!r}: slice {fault.slice} has no gateway {fault.instance} {where}")
        return [self._kill_gateway(name, fault.cluster, pod) for pod in chosen]

    def _kill_gateway(self, name: str, cluster: str, pod: str) -> Break:
        namespace = self._overlay.gateways.namespace(cluster, pod)
        before = len(namespace.pids()) if namespace else 0
        self._overlay.kill_gateway(cluster, pod)

        def mend() -> str:
            self._overlay.revive_gateway(cluster, pod)
            return f"{pod}@{cluster} was started again"

        evidence = f"{pod}@{cluster}: {before} processes ended, its namespace is gone"
        return Break(name=name, cluster=cluster, evidence=evidence, mend=mend)

    def _kill_dns(self, name: str, cluster: str) -> Break:
        self._names.kill(cluster)

        def mend() -> str:
            self._names.revive(cluster)
            return f"kubeslice-dns@{cluster} listens again"

        return Break(name=name, cluster=cluster, evidence=f"kubeslice-dns@{cluster} closed its sockets", mend=mend)

    def _kill_router(self, name: str, fault: Fault) -> Break:
        router = self._overlay.routers.get(fault.slice, fault.cluster)
        if router is None:
            raise BadInput(f"fault {name!r}: slice {fault.slice} has no router in {fault.cluster}")
        router.namespace.sysctl("net.ipv4.ip_forward", 0)

        def mend() -> str:
            router.namespace.sysctl("net.ipv4.ip_forward", 1)
            return f"{router.pod}@{fault.cluster} forwards again"

        evidence = f"{router.pod}@{fault.cluster}: ip_forward = {router.namespace.read_sysctl('net.ipv4.ip_forward')}"
        return Break(name=name, cluster=fault.cluster, evidence=evidence, mend=mend)

    def _kill_pod(self, name: str, fault: Fault) -> Break:
        namespace, _, pod = fault.pod.partition("/")
        running = self._overlay.pods.get(fault.cluster, namespace, pod)
        if running is None:
            raise BadInput(f"fault {name!r}: no pod {fault.pod} runs in {fault.cluster}")
        self._overlay.kill_pod(running)

        def mend() -> str:
            self._overlay.revive_pod(running.effect)
            return f"{fault.pod}@{fault.cluster} was started again"

        evidence = f"{fault.pod}@{fault.cluster}: its programs ended, its namespace is gone"
        return Break(name=name, cluster=fault.cluster, evidence=evidence, mend=mend)

    def _impair(self, name: str, link: LinkFault) -> Break:
        a, b = link.between
        wire = self._fabric.wire(a, b)
        before = (wire.spec.forth, wire.spec.back)
        forth, back = (_changed(direction, link) for direction in before)
        wire.set(forth=forth, back=back)

        def mend() -> str:
            wire.set(forth=before[0], back=before[1])
            return f"{wire.spec.name} is as before: {_tell(before[0])}"

        return Break(name=name, cluster=a, evidence=f"{wire.spec.name}: {_tell(wire.spec.forth)}", mend=mend)


def describe(fault: Fault) -> str:
    """The name of a fault that has none: what it does, to whom."""
    if fault.partition is not None:
        return "partition " + "-".join(fault.partition)
    if fault.link is not None:
        return "link " + "-".join(fault.link.between)
    parts = (fault.kill or "", fault.slice, fault.cluster, fault.peer, fault.pod)
    return " ".join(part for part in parts if part) + ("" if fault.instance is None else f" {fault.instance}")


def _changed(direction: Direction, link: LinkFault) -> Direction:
    return replace(
        direction,
        delay_s=direction.delay_s if link.rtt_s is None else link.rtt_s / 2,
        jitter_s=direction.jitter_s if link.jitter_s is None else link.jitter_s,
        loss=direction.loss if link.loss is None else link.loss,
        rate_bps=direction.rate_bps if link.bandwidth_bps is None else link.bandwidth_bps,
    )


def _tell(direction: Direction) -> str:
    rate = "unlimited" if direction.rate_bps is None else f"{direction.rate_bps / 1e6:g} Mbit/s"
    times = f"delay {direction.delay_s * 1e3:g} ms, jitter {direction.jitter_s * 1e3:g} ms"
    return f"{times}, loss {direction.loss:.2%}, {rate}"
