"""An ideal data plane that can be hurt: pods and nodes die, delays vary, and all that was asked is kept."""

from __future__ import annotations

from collections.abc import Callable

from kubeslice_sim.controlplane.effects import Effect, StartAppPod, StartGateway, StartNameServer, StartRouter, StopPod
from kubeslice_sim.controlplane.facts import Fact, NodeRunning, NodeStopped, PodRunning, PodStopped
from kubeslice_sim.controlplane.ideal_dataplane import IdealDataPlane, PodKey
from kubeslice_sim.model.timing import Timing
from kubeslice_sim.planner.names import SYSTEM_NAMESPACE as SYSTEM


class Loopback(IdealDataPlane):
    """``effects`` keeps all that was asked, in order. ``delays`` may change how long anything takes.

    Every round of pings is lived through, unless it is ``steady``.
    """

    def __init__(self, timing: Timing, delays: Callable[[float], float] = lambda delay_s: delay_s) -> None:
        super().__init__(timing, lambda cluster, peer: 0.02)
        self.effects: list[Effect] = []
        self.steady = False
        self._delays = delays
        self._nodes: dict[PodKey, str] = {}
        """Where a pod was told to run."""
        self._away: set[tuple[str, str]] = set()

    def apply(self, effect: Effect) -> None:
        self.effects.append(effect)
        match effect:
            case StartAppPod():
                self._nodes[effect.cluster, effect.namespace, effect.pod] = effect.node
            case StartRouter() | StartGateway() | StartNameServer():
                self._nodes[effect.cluster, SYSTEM, effect.pod] = effect.node
            case StopPod():
                self._nodes.pop((effect.cluster, effect.namespace, effect.pod), None)
        super().apply(effect)

    def kill(self, cluster: str, namespace: str, pod: str) -> None:
        """The pod dies; nobody starts it again but :meth:`restore`."""
        self._die((cluster, namespace, pod))
        self.tell(0.0, PodStopped(cluster=cluster, namespace=namespace, pod=pod))

    def restore(self, cluster: str, namespace: str, pod: str) -> None:
        self._start((cluster, namespace, pod))

    def lose_node(self, cluster: str, node: str) -> None:
        """The node dies with all its pods; nothing starts there until :meth:`recover_node`."""
        self._away.add((cluster, node))
        for key in self._on(cluster, node):
            self._die(key)
        self.tell(0.0, NodeStopped(cluster=cluster, node=node))

    def recover_node(self, cluster: str, node: str) -> None:
        """It is back, and its kubelet starts what it was told to run there."""
        self._away.discard((cluster, node))
        self.tell(0.0, NodeRunning(cluster=cluster, node=node))
        for key in self._on(cluster, node):
            self._start(key)

    def tell(self, after_s: float, fact: Fact) -> None:
        """Report a fact that no order asked for."""
        self._later(after_s, fact)

    def _on(self, cluster: str, node: str) -> list[PodKey]:
        return [key for key, where in self._nodes.items() if (key[0], where) == (cluster, node)]

    def _die(self, key: PodKey) -> None:
        self.alive[key] = False
        gateway = self.gateways.get((key[0], key[2])) if key[1] == SYSTEM else None
        if gateway is not None:
            self._wake_peer(gateway)

    def _runs(self, fact: PodRunning) -> bool:
        place = self._nodes.get((fact.cluster, fact.namespace, fact.pod))
        return place is not None and (fact.cluster, place) not in self._away and super()._runs(fact)

    def _settles(self, answered: bool, lost_rounds: int) -> bool:
        return self.steady and super()._settles(answered, lost_rounds)

    def _at(self, at_s: float, item: Fact | StartGateway) -> None:
        super()._at(self.now_s + self._delays(at_s - self.now_s), item)
