"""The simulated data plane: does what reconcilers ask, after the time that it takes, and reports what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial, singledispatchmethod
from typing import Any

import simpy

from kubeslice_sim.controlplane.built_in import DNS
from kubeslice_sim.controlplane.dataplane import FactSink
from kubeslice_sim.controlplane.effects import (
    ConnectPod,
    DisconnectPod,
    Effect,
    IssueCertificates,
    ServeNames,
    SetNetworkPolicy,
    SetNextHops,
    SetQos,
    StartAppPod,
    StartGateway,
    StartNameServer,
    StartRouter,
    StopPod,
)
from kubeslice_sim.controlplane.facts import CertificatesIssued, NodeRunning, NodeStopped, PodRunning, PodStopped
from kubeslice_sim.model.timing import Timing
from kubeslice_sim.planner.names import SYSTEM_NAMESPACE
from kubeslice_sim.simulator.network import Gateway, Network, Pod, PodKey, Router
from kubeslice_sim.simulator.vpn import Vpn


class SimulatedDataPlane:
    """Implements :class:`kubeslice_sim.controlplane.dataplane.DataPlane` over a :class:`Network`.

    Pods take ``pod_start_s`` to run, certificates ``certificates_s``; routes, shaping, names and policies hold at once
    (the time of their API requests is the control plane's). A part that a fault holds down stays down, whatever is
    asked, until :meth:`release`. ``sink`` must be set before the first effect.
    """

    def __init__(self, env: simpy.Environment, network: Network, vpn: Vpn, timing: Timing) -> None:
        self.sink: FactSink
        self._env = env
        self._network = network
        self._vpn = vpn
        self._timing = timing
        self._held: set[PodKey] = set()
        self._lost_nodes: set[tuple[str, str]] = set()
        self._starting: dict[PodKey, int] = {}

    # -- DataPlane ---------------------------------------------------------------------------------------------------

    def apply(self, effect: Effect) -> None:
        """Start doing it; doing it again changes nothing."""
        self._apply(effect)

    # -- faults ------------------------------------------------------------------------------------------------------

    def kill(self, key: PodKey) -> bool:
        """The pod dies with all its processes and stays dead until :meth:`release`; whether it ran."""
        self._held.add(key)
        return self._stop(key)

    def release(self, key: PodKey) -> bool:
        """A killed pod starts anew, as kubelet would start it; whether it was held and is still wanted."""
        if key not in self._held:
            return False
        self._held.discard(key)
        part = self._part(key)
        if part is None:
            return False
        self._start(key, part)
        return True

    def pods_on(self, cluster: str, node: str) -> Iterator[PodKey]:
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
        for key in tuple(self.pods_on(cluster, node)):
            self._stop(key, told=False)
        server = self._network.nameserver(cluster)
        server.away = server.away or server.node == node
        self.sink.report(NodeStopped(cluster=cluster, node=node))

    def recover_node(self, cluster: str, node: str) -> int:
        """The node is back: what is still wanted there starts; how many pods that is."""
        self._lost_nodes.discard((cluster, node))
        self.sink.report(NodeRunning(cluster=cluster, node=node))
        wanted = tuple(key for key in self.pods_on(cluster, node) if key not in self._held)
        for key in wanted:
            part = self._part(key)
            if part is not None and not part.running:
                self._start(key, part)
        server = self._network.nameserver(cluster)
        if server.away and server.node == node:
            self._start_name_server(cluster, node)
        return len(wanted)

    # -- effects -----------------------------------------------------------------------------------------------------

    @singledispatchmethod
    def _apply(self, effect: Any) -> None:
        raise TypeError(f"the simulated data plane does not know the effect {type(effect).__name__}")

    @_apply.register
    def _(self, effect: IssueCertificates) -> None:
        fact = CertificatesIssued(
            slice=effect.slice, server=effect.server, client=effect.client, rotation=effect.rotation
        )
        self._later(self._timing.certificates_s, lambda: self.sink.report(fact))

    @_apply.register
    def _(self, effect: StartAppPod) -> None:
        key = (effect.cluster, effect.namespace, effect.pod)
        pod = self._network.pods.get(key)
        if pod is not None and (pod.running or key in self._starting):
            return
        if pod is None:
            pod = Pod(
                cluster=effect.cluster, namespace=effect.namespace, name=effect.pod, node=effect.node,
                pod_ip=effect.pod_ip, program=effect.emulate,
            )  # fmt: skip
            self._network.pods[key] = pod
            self._network.pods_by_ip[effect.cluster, effect.pod_ip] = pod
        self._start(key, pod)

    @_apply.register
    def _(self, effect: StartRouter) -> None:
        key = (effect.cluster, SYSTEM_NAMESPACE, effect.pod)
        router = self._network.routers.get((effect.cluster, effect.slice))
        if router is None:
            router = self._network.routers[effect.cluster, effect.slice] = Router(start=effect)
            self._start(key, router)
        elif not router.running and key not in self._starting:
            self._start(key, router)

    @_apply.register
    def _(self, effect: StartGateway) -> None:
        key = (effect.cluster, SYSTEM_NAMESPACE, effect.pod)
        gateway = self._network.gateways.get((effect.cluster, effect.pod))
        if gateway is not None and gateway.start == effect:
            if not gateway.running and key not in self._starting:
                self._start(key, gateway)
            return
        if gateway is not None and not gateway.start.differs_alive(effect):
            gateway.start = effect  # the sidecar of a running pod changes its routes
            self._network.changed()
            return
        if gateway is not None:
            # Another port, key or rate: Kubernetes replaces the pod.
            self._remove_gateway(gateway)
        gateway = Gateway(start=effect)
        self._network.gateways[effect.cluster, effect.pod] = gateway
        self._network.gateways_by_ip[effect.cluster, effect.slice, effect.nsm_ip] = gateway
        self._vpn.join(gateway)
        self._start(key, gateway)

    @_apply.register
    def _(self, effect: StopPod) -> None:
        key = (effect.cluster, effect.namespace, effect.pod)
        part = self._part(key)
        self._stop(key)
        self._held.discard(key)
        if isinstance(part, Pod):
            self._forget_pod(part)
        elif isinstance(part, Router):
            del self._network.routers[part.start.cluster, part.start.slice]
        elif isinstance(part, Gateway):
            self._remove_gateway(part)
        elif (effect.namespace, effect.pod) == (SYSTEM_NAMESPACE, DNS):
            server = self._network.nameserver(effect.cluster)
            server.node, server.away = "", True
        self._network.changed()

    @_apply.register
    def _(self, effect: ConnectPod) -> None:
        pod = self._network.pods.get((effect.cluster, effect.namespace, effect.pod))
        router = self._network.routers.get((effect.cluster, effect.slice))
        if pod is None or router is None:
            return  # the reconciler asks again once both run
        pod.nsm[effect.slice] = effect.nsm_ip
        router.clients[effect.nsm_ip] = pod
        self._network.owners[effect.slice, effect.nsm_ip] = pod.reference
        self._network.changed()

    @_apply.register
    def _(self, effect: DisconnectPod) -> None:
        pod = self._network.pods.get((effect.cluster, effect.namespace, effect.pod))
        router = self._network.routers.get((effect.cluster, effect.slice))
        address = pod.nsm.pop(effect.slice, None) if pod is not None else None
        if router is not None and address is not None and router.clients.get(address) is pod:
            del router.clients[address]
        self._network.changed()

    @_apply.register
    def _(self, effect: SetNextHops) -> None:
        router = self._network.routers.get((effect.cluster, effect.slice))
        if router is None:
            return
        if effect.via:
            router.next_hops[effect.destination] = effect.via
        else:
            router.next_hops.pop(effect.destination, None)
        self._network.changed()

    @_apply.register
    def _(self, effect: SetQos) -> None:
        subject = (effect.cluster, effect.slice)
        if effect.qos is None or not effect.qos.shapes:
            self._network.qos.pop(subject, None)
            self._network.qos_ports.pop(subject, None)
        else:
            self._network.qos[subject] = effect.qos
            self._network.qos_ports[subject] = frozenset((*effect.source_ports, *effect.destination_ports))
        self._network.changed()

    @_apply.register
    def _(self, effect: StartNameServer) -> None:
        server = self._network.nameserver(effect.cluster)
        elsewhere, server.node = server.node not in (None, effect.node), effect.node
        if elsewhere:
            server.away = True
            self._start_name_server(effect.cluster, effect.node)

    @_apply.register
    def _(self, effect: ServeNames) -> None:
        self._network.nameserver(effect.cluster).records = effect.records
        if self._network.proxies.sidecars:
            self._network.changed()  # sidecars follow DNS

    @_apply.register
    def _(self, effect: SetNetworkPolicy) -> None:
        policies = self._network.policies.setdefault((effect.cluster, effect.namespace), {})
        if effect.allowed_namespaces is None:
            policies.pop(effect.name, None)
        else:
            policies[effect.name] = effect.allowed_namespaces
        self._network.changed()

    # -- pods --------------------------------------------------------------------------------------------------------

    def _part(self, key: PodKey) -> Pod | Router | Gateway | None:
        cluster, namespace, name = key
        pod = self._network.pods.get(key)
        if pod is not None or namespace != SYSTEM_NAMESPACE:
            return pod
        gateway = self._network.gateways.get((cluster, name))
        if gateway is not None:
            return gateway
        routers = self._network.routers.values()
        return next((item for item in routers if (item.start.cluster, item.start.pod) == (cluster, name)), None)

    def _start(self, key: PodKey, part: Pod | Router | Gateway) -> None:
        if key in self._held or (key[0], _node(part)) in self._lost_nodes:
            return
        ticket = self._starting[key] = self._starting.get(key, 0) + 1
        self._later(self._timing.pod_start_s, partial(self._started, key, part, ticket))

    def _started(self, key: PodKey, part: Pod | Router | Gateway, ticket: int) -> None:
        if self._starting.get(key) != ticket or self._part(key) is not part:
            return  # stopped or replaced meanwhile
        del self._starting[key]
        part.running = True
        if not isinstance(part, Router):
            part.life += 1
        self._network.changed()
        self.sink.report(PodRunning(cluster=key[0], namespace=key[1], pod=key[2]))
        if isinstance(part, Gateway):
            self._vpn.started(part)

    def _start_name_server(self, cluster: str, node: str) -> None:
        def started() -> None:
            server = self._network.nameserver(cluster)
            if server.away and server.node == node and (cluster, node) not in self._lost_nodes:
                server.away = False
                self.sink.report(PodRunning(cluster=cluster, namespace=SYSTEM_NAMESPACE, pod=DNS))

        self._later(self._timing.pod_start_s, started)

    def _stop(self, key: PodKey, told: bool = True) -> bool:
        part = self._part(key)
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
            self.sink.report(PodStopped(cluster=key[0], namespace=key[1], pod=key[2]))
        return True

    def _unplug(self, pod: Pod) -> None:
        """A dead pod's interfaces go with it; its router drops the host routes."""
        for slice_, address in pod.nsm.items():
            router = self._network.routers.get((pod.cluster, slice_))
            if router is not None and router.clients.get(address) is pod:
                del router.clients[address]
        pod.nsm.clear()

    def _forget_pod(self, pod: Pod) -> None:
        self._unplug(pod)
        self._network.pods.pop(pod.key, None)
        if self._network.pods_by_ip.get((pod.cluster, pod.pod_ip)) is pod:
            del self._network.pods_by_ip[pod.cluster, pod.pod_ip]

    def _remove_gateway(self, gateway: Gateway) -> None:
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
