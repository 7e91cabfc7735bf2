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
    StartRouter,
    StopPod,
)
from kubeslice_sim.controlplane.facts import CertificatesIssued, Fact, PingRound, PodRunning, PodStopped
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
                self._start(effect.cluster, effect.namespace, effect.pod)
            case StartRouter():
                self._start(effect.cluster, SYSTEM, effect.pod)
            case StartGateway():
                self.gateways[effect.cluster, effect.pod] = effect
                self.ends[effect.cluster, effect.gateway, effect.node_port, effect.rotation] = effect
                self._start(effect.cluster, SYSTEM, effect.pod)
            case StopPod():
                self.alive.pop((effect.cluster, effect.namespace, effect.pod), None)
                self.gateways.pop((effect.cluster, effect.pod), None)

    def kill(self, cluster: str, namespace: str, pod: str) -> None:
        """The pod dies; nobody starts it again but :meth:`restore`."""
        self.alive[cluster, namespace, pod] = False
        self._later(0.0, PodStopped(cluster=cluster, namespace=namespace, pod=pod))

    def restore(self, cluster: str, namespace: str, pod: str) -> None:
        self._later(self.timing.pod_start_s, PodRunning(cluster=cluster, namespace=namespace, pod=pod))

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
        heappush(self.coming, (self.now_s + self.delays(delay_s), self.count, item))
