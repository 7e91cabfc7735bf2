"""A data plane in no time and space: it answers every order after a delay, and pings between gateways that live."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Any

from kubeslice_sim.controlplane.effects import (
    Effect,
    IssueCertificates,
    StartAppPod,
    StartGateway,
    StartNameServer,
    StartRouter,
    StopPod,
)
from kubeslice_sim.controlplane.facts import (
    CertificatesIssued,
    Fact,
    NodeRunning,
    NodeStopped,
    PingRound,
    PodRunning,
    PodStopped,
)
from kubeslice_sim.controlplane.tick import whole
from kubeslice_sim.model.timing import Timing

SYSTEM = "kubeslice-system"


@dataclass
class Loopback:
    """Facts come due by the clock of whoever drives it; ``effects`` keeps all that was asked, in order.

    ``delays`` may change how long anything takes.
    """

    timing: Timing
    delays: Callable[[float], float] = lambda delay_s: delay_s
    now_s: float = 0.0
    effects: list[Effect] = field(default_factory=list)
    alive: dict[tuple[str, str, str], bool] = field(default_factory=dict)
    nodes: dict[tuple[str, str, str], str] = field(default_factory=dict)
    """Where a pod was told to run."""
    lost: set[tuple[str, str]] = field(default_factory=set)
    gateways: dict[tuple[str, str], StartGateway] = field(default_factory=dict)
    ends: dict[tuple[str, str, int, int], StartGateway] = field(default_factory=dict)
    """Who answers to a gateway's name, on a node port, with keys of a number."""
    steady: bool = False
    """Whether an answered round is a tunnel's last: those that follow say the same and would change nothing."""
    coming: list[tuple[float, int, Any]] = field(default_factory=list)
    count: int = 0

    def apply(self, effect: Effect) -> None:
        self.effects.append(effect)
        match effect:
            case IssueCertificates():
                fact = CertificatesIssued(
                    slice=effect.slice, server=effect.server, client=effect.client, rotation=effect.rotation
                )
                self._later(self.timing.certificates_s, fact)
            case StartAppPod():
                self.nodes[effect.cluster, effect.namespace, effect.pod] = effect.node
                self._start(effect.cluster, effect.namespace, effect.pod)
            case StartRouter():
                self.nodes[effect.cluster, SYSTEM, effect.pod] = effect.node
                self._start(effect.cluster, SYSTEM, effect.pod)
            case StartGateway():
                self.nodes[effect.cluster, SYSTEM, effect.pod] = effect.node
                self.gateways[effect.cluster, effect.pod] = effect
                self.ends[effect.cluster, effect.gateway, effect.node_port, effect.rotation] = effect
                self._start(effect.cluster, SYSTEM, effect.pod)
            case StartNameServer():
                key = (effect.cluster, SYSTEM, effect.pod)
                self.nodes[key] = effect.node
                if key in self.alive:
                    self._start(*key)
                self.alive.setdefault(key, True)
            case StopPod():
                self.alive[effect.cluster, effect.namespace, effect.pod] = False
                self.nodes.pop((effect.cluster, effect.namespace, effect.pod), None)
                self.gateways.pop((effect.cluster, effect.pod), None)

    def kill(self, cluster: str, namespace: str, pod: str) -> None:
        """The pod dies; nobody starts it again but :meth:`restore`."""
        self.alive[cluster, namespace, pod] = False
        self._later(0.0, PodStopped(cluster=cluster, namespace=namespace, pod=pod))

    def restore(self, cluster: str, namespace: str, pod: str) -> None:
        self._later(self.timing.pod_start_s, PodRunning(cluster=cluster, namespace=namespace, pod=pod))

    def lose_node(self, cluster: str, node: str) -> None:
        """The node dies with all its pods; nothing starts there until :meth:`recover_node`."""
        self.lost.add((cluster, node))
        for key in self._on(cluster, node):
            self.alive[key] = False
        self._later(0.0, NodeStopped(cluster=cluster, node=node))

    def recover_node(self, cluster: str, node: str) -> None:
        """It is back, and its kubelet starts what it was told to run there."""
        self.lost.discard((cluster, node))
        self._later(0.0, NodeRunning(cluster=cluster, node=node))
        for key in self._on(cluster, node):
            self._start(*key)

    def _on(self, cluster: str, node: str) -> list[tuple[str, str, str]]:
        return [key for key, where in self.nodes.items() if (key[0], where) == (cluster, node)]

    def at_rest(self) -> bool:
        """Whether nothing is on its way; only where it is ``steady``, pings never end otherwise."""
        return not self.coming

    def leap(self, by_s: float, moved: Callable[[StartGateway], StartGateway]) -> None:
        """Nothing here knows the time, but gateways have other keys."""
        self.gateways = {key: moved(start) for key, start in self.gateways.items()}
        self.ends = {
            (start.cluster, start.gateway, start.node_port, start.rotation): start for start in self.gateways.values()
        }

    def due_s(self) -> float | None:
        return self.coming[0][0] if self.coming else None

    def facts(self, now_s: float) -> list[Fact]:
        """What has come due by now."""
        self.now_s = now_s
        found: list[Fact] = []
        while self.coming and self.coming[0][0] <= now_s:
            _, _, item = heappop(self.coming)
            fact = self._ping(item) if isinstance(item, StartGateway) else item
            if isinstance(fact, PodRunning):
                place = self.nodes.get((fact.cluster, fact.namespace, fact.pod))
                if place is None or (fact.cluster, place) in self.lost:
                    continue
                self._running(fact)
            if fact is not None:
                found.append(fact)
        return found

    def _start(self, cluster: str, namespace: str, pod: str) -> None:
        self.alive.setdefault((cluster, namespace, pod), False)
        self._later(self.timing.pod_start_s, PodRunning(cluster=cluster, namespace=namespace, pod=pod))

    def _running(self, fact: PodRunning) -> None:
        self.alive[fact.cluster, fact.namespace, fact.pod] = True
        gateway = self.gateways.get((fact.cluster, fact.pod))
        if gateway is not None:
            self._later(self.timing.ping_round_s, gateway)

    def _ping(self, gateway: StartGateway) -> PingRound | None:
        """One round of a living gateway, answered if its peer lives too."""
        if self.gateways.get((gateway.cluster, gateway.pod)) != gateway or not self._lives(gateway):
            return None
        peer = self.ends.get((gateway.remote_cluster, gateway.remote_gateway, gateway.node_port, gateway.rotation))
        answered = peer is not None and self._lives(peer)
        if not (answered and self.steady):
            self._later(self.timing.ping_round_s, gateway)
        return PingRound(
            cluster=gateway.cluster, pod=gateway.pod, sent=3, received=3 if answered else 0,
            rtt_s=0.02 if answered else None,
        )  # fmt: skip

    def _lives(self, gateway: StartGateway) -> bool:
        return self.alive.get((gateway.cluster, SYSTEM, gateway.pod), False)

    def _later(self, delay_s: float, item: Any) -> None:
        self.count += 1
        heappush(self.coming, (whole(self.now_s + self.delays(delay_s)), self.count, item))
