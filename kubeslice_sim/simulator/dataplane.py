"""The simulated data plane: does what reconcilers ask, after the time that it takes, and reports what came of it."""

from __future__ import annotations

from functools import singledispatchmethod
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
from kubeslice_sim.controlplane.facts import CertificatesIssued, Fact
from kubeslice_sim.model.timing import Timing
from kubeslice_sim.planner.names import SYSTEM_NAMESPACE
from kubeslice_sim.simulator.network import Gateway, Network, Pod, Router
from kubeslice_sim.simulator.pods import Pods
from kubeslice_sim.simulator.vpn import Vpn


class SimulatedDataPlane:
    """Implements :class:`kubeslice_sim.controlplane.dataplane.DataPlane` over a :class:`Network`.

    Pods take ``pod_start_s`` to run, certificates ``certificates_s``; routes, shaping, names and policies hold at once
    (the time of their API requests is the control plane's). ``sink`` must be set before the first effect.
    """

    def __init__(self, env: simpy.Environment, network: Network, vpn: Vpn, timing: Timing) -> None:
        self.sink: FactSink
        self._env = env
        self._network = network
        self._vpn = vpn
        self._timing = timing
        self.pods = Pods(env, network, vpn, timing.pod_start_s, self._report)
        """What runs; faults are done to it."""

    # -- DataPlane ---------------------------------------------------------------------------------------------------

    def apply(self, effect: Effect) -> None:
        """Start doing it; doing it again changes nothing."""
        self._apply(effect)

    # -- effects -----------------------------------------------------------------------------------------------------

    @singledispatchmethod
    def _apply(self, effect: Any) -> None:
        raise TypeError(f"the simulated data plane does not know the effect {type(effect).__name__}")

    @_apply.register
    def _(self, effect: IssueCertificates) -> None:
        fact = CertificatesIssued(
            slice=effect.slice, server=effect.server, client=effect.client, rotation=effect.rotation
        )
        self._env.timeout(self._timing.certificates_s).callbacks.append(lambda _: self.sink.report(fact))

    @_apply.register
    def _(self, effect: StartAppPod) -> None:
        key = (effect.cluster, effect.namespace, effect.pod)
        pod = self._network.pods.get(key)
        if pod is not None and (pod.running or self.pods.is_starting(key)):
            return
        if pod is None:
            pod = Pod(
                cluster=effect.cluster, namespace=effect.namespace, name=effect.pod, node=effect.node,
                pod_ip=effect.pod_ip, program=effect.emulate,
            )  # fmt: skip
            self._network.pods[key] = pod
            self._network.pods_by_ip[effect.cluster, effect.pod_ip] = pod
        self.pods.start(key, pod)

    @_apply.register
    def _(self, effect: StartRouter) -> None:
        key = (effect.cluster, SYSTEM_NAMESPACE, effect.pod)
        router = self._network.routers.get((effect.cluster, effect.slice))
        if router is None:
            router = self._network.routers[effect.cluster, effect.slice] = Router(start=effect)
            self.pods.start(key, router)
        elif not router.running and not self.pods.is_starting(key):
            self.pods.start(key, router)

    @_apply.register
    def _(self, effect: StartGateway) -> None:
        key = (effect.cluster, SYSTEM_NAMESPACE, effect.pod)
        gateway = self._network.gateways.get((effect.cluster, effect.pod))
        if gateway is not None and gateway.start == effect:
            if not gateway.running and not self.pods.is_starting(key):
                self.pods.start(key, gateway)
            return
        if gateway is not None and not gateway.start.differs_alive(effect):
            gateway.start = effect  # the sidecar of a running pod changes its routes
            self._network.changed()
            return
        if gateway is not None:
            # Another port, key or rate: Kubernetes replaces the pod.
            self.pods.remove_gateway(gateway)
        gateway = Gateway(start=effect)
        self._network.gateways[effect.cluster, effect.pod] = gateway
        self._network.gateways_by_ip[effect.cluster, effect.slice, effect.nsm_ip] = gateway
        self._vpn.join(gateway)
        self.pods.start(key, gateway)

    @_apply.register
    def _(self, effect: StopPod) -> None:
        key = (effect.cluster, effect.namespace, effect.pod)
        part = self.pods.part(key)
        self.pods.stop(key)
        self.pods.let_go(key)
        if isinstance(part, Pod):
            self.pods.forget(part)
        elif isinstance(part, Router):
            del self._network.routers[part.start.cluster, part.start.slice]
        elif isinstance(part, Gateway):
            self.pods.remove_gateway(part)
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
            self.pods.start_name_server(effect.cluster, effect.node)

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

    def _report(self, fact: Fact) -> None:
        self.sink.report(fact)
