"""A data plane without space and traffic: orders take their times, nothing breaks, and no packet is lost.

What remains is what the control plane feels of one: certificates, pods and rounds of pings, so years can be forecast
(:mod:`.forecast`). No request is slow for the network's sake here, and no tunnel is down while both its ends run.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush

from kubeslice_sim.controlplane.effects import (
    Effect,
    IssueCertificates,
    StartAppPod,
    StartGateway,
    StartNameServer,
    StartRouter,
    StopPod,
)
from kubeslice_sim.controlplane.facts import CertificatesIssued, Fact, PingRound, PodRunning
from kubeslice_sim.controlplane.rhythm import Rhythm
from kubeslice_sim.controlplane.tick import whole
from kubeslice_sim.model.timing import Timing
from kubeslice_sim.planner.names import SYSTEM_NAMESPACE

PINGS = 3
"""Echo requests of one round (gateway-sidecar pkg/status)."""
PodKey = tuple[str, str, str]
"""Cluster, namespace and name."""


class IdealDataPlane:
    """Implements :class:`.dataplane.DataPlane` and :class:`.leap.Ground`. Its driver sets ``now_s`` before each order.

    Certificates take ``certificates_s``, a pod ``pod_start_s`` to run, a round of pings ``ping_round_s``; all else
    holds at once. Rounds that go on saying what the last one said would change nothing and are left out: the sidecar's
    next one is the first, in its own rhythm, after either end of the tunnel started or stopped.
    ``rtt_s``: between two clusters, as sidecars measure it.
    """

    def __init__(
        self, timing: Timing, rtt_s: Callable[[str, str], float] = lambda cluster, peer: 0.0
    ) -> None:  # fmt: skip
        self.timing = timing
        self.now_s = 0.0
        self.gateways: dict[tuple[str, str], StartGateway] = {}
        """What each gateway pod was told, by cluster and name."""
        self.alive: dict[PodKey, bool] = {}
        """Which pods run, of all that are to run."""
        self._rtt_s = rtt_s
        self._ends: dict[tuple[str, str, int, int], StartGateway] = {}
        """Who answers to a gateway's name, on a node port, with keys of a number."""
        self._name_servers: dict[PodKey, str] = {}
        """The nodes of clusters' DNS; empty where it was stopped."""
        self._lost: dict[tuple[str, str], int] = {}
        self._settled: dict[tuple[str, str], float] = {}
        """When gateways ended the last round before those that are left out."""
        self._coming: list[tuple[float, int, Fact | StartGateway]] = []
        self._count = 0

    # -- DataPlane ---------------------------------------------------------------------------------------------------

    def apply(self, effect: Effect) -> None:
        """Start doing it; doing it again changes nothing."""
        match effect:
            case IssueCertificates():
                self._later(self.timing.certificates_s, CertificatesIssued(
                    slice=effect.slice, server=effect.server, client=effect.client, rotation=effect.rotation
                ))  # fmt: skip
            case StartAppPod():
                self._start((effect.cluster, effect.namespace, effect.pod))
            case StartRouter():
                self._start((effect.cluster, SYSTEM_NAMESPACE, effect.pod))
            case StartGateway():
                self._start_gateway(effect)
            case StartNameServer():
                key = (effect.cluster, SYSTEM_NAMESPACE, effect.pod)
                if self._name_servers.get(key, effect.node) != effect.node:
                    self._start(key)
                self._name_servers[key] = effect.node
                self.alive.setdefault(key, True)
            case StopPod():
                self._stop((effect.cluster, effect.namespace, effect.pod))

    # -- Ground ------------------------------------------------------------------------------------------------------

    def at_rest(self) -> bool:
        """Whether nothing is on its way."""
        return not self._coming

    def leap(self, by_s: float, moved: Callable[[StartGateway], StartGateway]) -> None:
        """Gateways are what ``moved`` makes of them; the rhythms of those that differ are so much later."""
        for key, start in tuple(self.gateways.items()):
            if (now := moved(start)) != start:
                self.gateways[key] = now
                if key in self._settled:
                    self._settled[key] = whole(self._settled[key] + by_s)
        self._ends = {_end(start): start for start in self.gateways.values()}

    # -- what its driver calls ---------------------------------------------------------------------------------------

    def due_s(self) -> float | None:
        """When the next fact is due, None if none is to come without an order."""
        return self._coming[0][0] if self._coming else None

    def facts(self, now_s: float) -> list[Fact]:
        """What has come due by now."""
        self.now_s = now_s
        found: list[Fact] = []
        while self._coming and self._coming[0][0] <= now_s:
            item = heappop(self._coming)[2]
            if isinstance(item, StartGateway):
                fact: Fact | None = self._round(item)
            else:
                fact = item if not isinstance(item, PodRunning) or self._runs(item) else None
            if fact is not None:
                found.append(fact)
        return found

    # -- pods --------------------------------------------------------------------------------------------------------

    def _start(self, key: PodKey) -> None:
        self.alive.setdefault(key, False)
        cluster, namespace, pod = key
        self._later(self.timing.pod_start_s, PodRunning(cluster=cluster, namespace=namespace, pod=pod))

    def _start_gateway(self, start: StartGateway) -> None:
        key = (start.cluster, start.pod)
        before = self.gateways.get(key)
        if before is not None:
            self._ends.pop(_end(before), None)
        self.gateways[key] = self._ends[_end(start)] = start
        if before is None or before.differs_alive(start) or not self._lives(start):
            self._start((start.cluster, SYSTEM_NAMESPACE, start.pod))

    def _stop(self, key: PodKey) -> None:
        self.alive.pop(key, None)
        if key in self._name_servers:
            self._name_servers[key] = ""
        cluster, namespace, pod = key
        gateway = self.gateways.pop((cluster, pod), None) if namespace == SYSTEM_NAMESPACE else None
        if gateway is not None:
            self._ends.pop(_end(gateway), None)
            self._lost.pop((cluster, pod), None)
            self._settled.pop((cluster, pod), None)
            self._wake_peer(gateway)

    def _runs(self, fact: PodRunning) -> bool:
        """Take note that a pod runs; whether it does: it may have been stopped meanwhile."""
        key = (fact.cluster, fact.namespace, fact.pod)
        if key not in self.alive:
            return False
        self.alive[key] = True
        gateway = self.gateways.get((fact.cluster, fact.pod)) if fact.namespace == SYSTEM_NAMESPACE else None
        if gateway is not None:
            self._lost.pop((fact.cluster, fact.pod), None)
            self._settled.pop((fact.cluster, fact.pod), None)
            self._later(self.timing.ping_round_s, gateway)
            self._wake_peer(gateway)
        return True

    # -- tunnels -----------------------------------------------------------------------------------------------------

    def _round(self, gateway: StartGateway) -> PingRound | None:
        """One round of a living gateway, answered if its peer lives too."""
        key = (gateway.cluster, gateway.pod)
        start = self.gateways.get(key)
        if start is None or start.differs_alive(gateway) or not self._lives(gateway):
            return None
        peer = self._peer(gateway)
        answered = peer is not None and self._lives(peer)
        self._lost[key] = 0 if answered else self._lost.get(key, 0) + 1
        if self._settles(answered, self._lost[key]):
            self._settled[key] = self.now_s
        else:
            self._later(self.timing.ping_round_s, start)
        return PingRound(
            cluster=gateway.cluster, pod=gateway.pod, sent=PINGS, received=PINGS if answered else 0,
            rtt_s=self._rtt_s(gateway.cluster, gateway.remote_cluster) if answered else None,
        )  # fmt: skip

    def _settles(self, answered: bool, lost_rounds: int) -> bool:
        """Whether further rounds would say nothing new."""
        return answered or lost_rounds >= self.timing.rounds_until_down

    def _wake_peer(self, gateway: StartGateway) -> None:
        """An end of a tunnel started or stopped: the other goes on with its rounds, if it had settled."""
        peer = self._peer(gateway)
        last_s = self._settled.pop((peer.cluster, peer.pod), None) if peer is not None else None
        if peer is not None and last_s is not None:
            rhythm = Rhythm(period_s=whole(self.timing.ping_round_s), beats=(last_s,))
            self._at(rhythm.next(last_s, self.now_s), peer)

    def _peer(self, gateway: StartGateway) -> StartGateway | None:
        return self._ends.get((
            gateway.remote_cluster, gateway.remote_gateway, gateway.node_port, gateway.rotation
        ))  # fmt: skip

    def _lives(self, gateway: StartGateway) -> bool:
        return self.alive.get((gateway.cluster, SYSTEM_NAMESPACE, gateway.pod), False)

    # -- what is to come ---------------------------------------------------------------------------------------------

    def _later(self, delay_s: float, item: Fact | StartGateway) -> None:
        self._at(self.now_s + delay_s, item)

    def _at(self, at_s: float, item: Fact | StartGateway) -> None:
        self._count += 1
        heappush(self._coming, (whole(at_s), self._count, item))


def _end(start: StartGateway) -> tuple[str, str, int, int]:
    return (start.cluster, start.gateway, start.node_port, start.rotation)
