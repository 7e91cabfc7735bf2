"""Pods of the simulated data plane: they start, die, are held down by faults, and are lost with their nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import simpy

from kubeslice_sim.controlplane.built_in import DNS
from kubeslice_sim.controlplane.facts import Fact, NodeRunning, NodeStopped, PodRunning, PodStopped
from kubeslice_sim.planner.names import SYSTEM_NAMESPACE
from kubeslice_sim.simulator.network import Gateway, Network, Pod, PodKey, Router
from kubeslice_sim.simulator.vpn import Vpn


class Pods:
    """The pods of a :class:`Network`, KubeSlice's and the applications'. A pod takes ``start_s`` to run.

    One that a fault holds down stays down, whatever is asked, until :meth:`release`. ``report`` hears of every start
    and end that a kubelet would tell of.
    """

    def __init__(
        self, env: simpy.Environment, network: Network, vpn: Vpn, start_s: float, report: Callable[[Fact], None]
    ) -> None:  # fmt: skip
        self._env = env
        self._network = network
        self._vpn = vpn
        self._start_s = start_s
        self._report = report
        self._held: set[PodKey] = set()
        self._lost_nodes: set[tuple[str, str]] = set()
        self._starting: dict[PodKey, int] = {}
        """What is on its way to run, by the number of its start: an earlier start of the same pod came to nothing."""
        self._starts = 0

    def kill(self, key: PodKey) -> bool:
        """The pod dies with all its processes and stays dead until :meth:`release`; whether it ran."""
        self._held.add(key)
        return self.stop(key)

    def release(self, key: PodKey) -> bool:
        """A killed pod starts anew, as kubelet would start it; whether it was held and is still wanted."""
        if key not in self._held:
            return False
        self._held.discard(key)
        part = self.part(key)
        if part is None:
            return False
        self.start(key, part)
        return True

    def on_node(self, cluster: str, node: str) -> Iterator[PodKey]:
        """The pods that were placed on a node, running or not."""
        for gateway in self._network.gateways.values():
            if (gateway.start.cluster, gateway.start.node) == (cluster, node):
                yield (cluster, SYSTEM_NAMESPACE, gateway.start.pod)
        for router in self._network.routers.values():
            if (router.start.cluster, router.start.node) == (cluster, node):
                yield (cluster, SYSTEM_NAMESPACE, router.start.pod)
        for pod in self._network.pods.values():
            if (pod.cluster, pod.node) == (cluster, node):
                yield pod.key

    def lose_node(self, cluster: str, node: str) -> None:
        """The node is gone with all that ran there, its kubelet too: nobody tells of its pods any more.

        Nothing starts on it until :meth:`recover_node`.
        """
        self._lost_nodes.add((cluster, node))
        for key in tuple(self.on_node(cluster, node)):
            self.stop(key, told=False)
        server = self._network.nameserver(cluster)
        if server.node == node:
            server.away = True
            self._starting.pop(_dns(cluster), None)
        self._report(NodeStopped(cluster=cluster, node=node))

    def recover_node(self, cluster: str, node: str) -> int:
        """The node is back: what is still wanted there starts; how many pods that is."""
        self._lost_nodes.discard((cluster, node))
        self._report(NodeRunning(cluster=cluster, node=node))
        wanted = tuple(key for key in self.on_node(cluster, node) if key not in self._held)
        for key in wanted:
            part = self.part(key)
            if part is not None and not part.running:
                self.start(key, part)
        server = self._network.nameserver(cluster)
        if server.away and server.node == node:
            self.start_name_server(cluster, node)
        return len(wanted)

    def is_starting(self, key: PodKey) -> bool:
        """Whether it is on its way to run."""
        return key in self._starting

    def let_go(self, key: PodKey) -> None:
        """No fault holds the pod any more: it is not wanted."""
        self._held.discard(key)

    def part(self, key: PodKey) -> Pod | Router | Gateway | None:
        """What runs, or is to run, as that pod; None: nothing is."""
        cluster, namespace, name = key
        pod = self._network.pods.get(key)
        if pod is not None or namespace != SYSTEM_NAMESPACE:
            return pod
        gateway = self._network.gateways.get((cluster, name))
        if gateway is not None:
            return gateway
        routers = self._network.routers.values()
        return next((item for item in routers if (item.start.cluster, item.start.pod) == (cluster, name)), None)

    def start(self, key: PodKey, part: Pod | Router | Gateway) -> None:
        """It runs after ``pod_start_s``, unless a fault is against it."""
        if key in self._held or (key[0], _node(part)) in self._lost_nodes:
            return
        self._later(self._start_s, partial(self._started, key, part, self._ticket(key)))

    def _started(self, key: PodKey, part: Pod | Router | Gateway, ticket: int) -> None:
        if self._starting.get(key) != ticket or self.part(key) is not part:
            return  # stopped or replaced meanwhile
        del self._starting[key]
        part.running = True
        if not isinstance(part, Router):
            part.life += 1
        self._network.changed()
        self._report(PodRunning(cluster=key[0], namespace=key[1], pod=key[2]))
        if isinstance(part, Gateway):
            self._vpn.started(part)

    def kill_name_server(self, cluster: str) -> bool:
        """KubeSlice DNS dies and stays dead until :meth:`release_name_server`; whether it ran."""
        server = self._network.nameserver(cluster)
        ran, server.held, server.away = server.answers, True, True
        self._starting.pop(_dns(cluster), None)
        if ran:
            self._report(PodStopped(cluster=cluster, namespace=SYSTEM_NAMESPACE, pod=DNS))
        return ran

    def release_name_server(self, cluster: str) -> None:
        """It starts anew, as kubelet would start it, where it is wanted."""
        server = self._network.nameserver(cluster)
        server.held = False
        self.start_name_server(cluster, server.node)

    def start_name_server(self, cluster: str, node: str | None) -> None:
        """KubeSlice DNS runs there after ``pod_start_s``, unless a fault is against it or nobody wants it."""
        server = self._network.nameserver(cluster)
        if server.held or node == "" or (cluster, node) in self._lost_nodes:
            return
        ticket = self._ticket(_dns(cluster))

        def started() -> None:
            if self._starting.get(_dns(cluster)) == ticket and server.node == node:
                del self._starting[_dns(cluster)]
                server.away = False
                self._report(PodRunning(cluster=cluster, namespace=SYSTEM_NAMESPACE, pod=DNS))

        self._later(self._start_s, started)

    def _ticket(self, key: PodKey) -> int:
        self._starts += 1
        self._starting[key] = self._starts
        return self._starts

    def stop(self, key: PodKey, told: bool = True) -> bool:
        """It ends, with its interfaces and routes; whether it ran. Nobody hears of it where not ``told``."""
        part = self.part(key)
        self._starting.pop(key, None)
        if part is None or not part.running:
            return False
        part.running = False
        if isinstance(part, Router):
            part.clients.clear()
            part.next_hops.clear()
        elif isinstance(part, Gateway):
            self._vpn.stopped(part)
        else:
            self._unplug(part)
        self._network.changed()
        if told:
            self._report(PodStopped(cluster=key[0], namespace=key[1], pod=key[2]))
        return True

    def _unplug(self, pod: Pod) -> None:
        """A dead pod's interfaces go with it; its router drops the host routes."""
        for slice_, address in pod.nsm.items():
            router = self._network.routers.get((pod.cluster, slice_))
            if router is not None and router.clients.get(address) is pod:
                del router.clients[address]
        pod.nsm.clear()

    def forget(self, pod: Pod) -> None:
        """It is wanted no more."""
        self._unplug(pod)
        self._network.pods.pop(pod.key, None)
        if self._network.pods_by_ip.get((pod.cluster, pod.pod_ip)) is pod:
            del self._network.pods_by_ip[pod.cluster, pod.pod_ip]

    def remove_gateway(self, gateway: Gateway) -> None:
        """It is wanted no more, or another takes its place."""
        start = gateway.start
        if gateway.running:
            gateway.running = False
            self._vpn.stopped(gateway)
        self._vpn.leave(gateway)
        self._network.gateways.pop((start.cluster, start.pod), None)
        self._network.gateways_by_ip.pop((start.cluster, start.slice, start.nsm_ip), None)

    def _later(self, delay_s: float, call: Callable[[], None]) -> None:
        self._env.timeout(delay_s).callbacks.append(lambda _: call())


def _node(part: Pod | Router | Gateway) -> str:
    return part.node if isinstance(part, Pod) else part.start.node


def _dns(cluster: str) -> PodKey:
    return (cluster, SYSTEM_NAMESPACE, DNS)
