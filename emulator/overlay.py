"""Overlay: the data plane that does, in namespaces, what KubeSlice's reconcilers ask for.

Effects are queued and done in order by one thread; facts go back when a pod, a certificate job or a sidecar would
report them (``Timing``). What the kernel refuses fails the run: the first such error is kept in ``failure``.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from emulator.fabric import Fabric
from emulator.gateways import Gateways
from emulator.mesh import Mesh
from emulator.names import ClusterNames
from emulator.netns import Namespace
from emulator.pods import AppPod, AppPods
from emulator.policies import Policies
from emulator.routers import Router, Routers
from emulator.shares import Shares
from emulator.sidecars import Sidecars
from emulator.wireguard import Driver, choose_driver
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
    StartRouter,
    StopPod,
)
from kubeslice_sim.controlplane.facts import CertificatesIssued, Fact, PodRunning, PodStopped
from kubeslice_sim.model.timing import Timing
from kubeslice_sim.planner import names
from kubeslice_sim.planner.names import SYSTEM_NAMESPACE

_log = logging.getLogger("kubeslice_sim.emulator.overlay")

T = TypeVar("T")


class Overlay:
    """Implements ``controlplane.dataplane.DataPlane``; ``sink`` is set before the first effect."""

    def __init__(self, fabric: Fabric, pods: AppPods, timing: Timing, name_servers: ClusterNames) -> None:
        self.sink: FactSink | None = None
        self.failure: Exception | None = None
        self.driver: Driver = choose_driver(Namespace.current())
        self.pods = pods
        self.routers = Routers()
        self.sidecars = Sidecars(timing, self._report)
        self.gateways = Gateways(fabric, self.routers, self.sidecars, self.driver)
        self.policies = Policies(fabric, pods)
        self.shares = Shares(fabric)
        self.mesh = Mesh(fabric.plan, pods)
        self._timing = timing
        self._name_servers = name_servers
        self._dns_deaths: Counter[str] = Counter()
        self._work: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._waiting: set[threading.Timer] = set()
        self._killed: dict[tuple[str, str, str], StartAppPod] = {}
        self._thread = threading.Thread(target=self._run, name="overlay", daemon=True)
        self._thread.start()

    def apply(self, effect: Effect) -> None:
        """Queue an effect; facts answer it later."""
        self._work.put(lambda: self._do(effect))

    def submit(self, work: Callable[[], T]) -> T:
        """Do what must not run beside an effect (a fault, a look at what stands) and wait for its result.

        Raises what the work raises.
        """
        outcome: Future[T] = Future()

        def run() -> None:
            try:
                outcome.set_result(work())
            except BaseException as error:
                outcome.set_exception(error)

        self._work.put(run)
        return outcome.result()

    def kill_gateway(self, cluster: str, pod: str) -> None:
        """A gateway pod dies with all its processes; kubelet tells, nobody restarts it until :meth:`revive_gateway`."""
        self.gateways.kill(cluster, pod)
        self._report(PodStopped(cluster=cluster, namespace=SYSTEM_NAMESPACE, pod=pod))

    def revive_gateway(self, cluster: str, pod: str) -> bool:
        """Start a killed gateway pod again; False: it was deleted meanwhile."""
        if not self.gateways.revive(cluster, pod):
            return False
        self._report_later(self._timing.pod_start_s, _running(cluster, SYSTEM_NAMESPACE, pod))
        return True

    def kill_router(self, router: Router) -> None:
        """A slice router dies; kubelet tells, nobody restarts it until :meth:`revive_router`."""
        effect = router.effect
        self.routers.kill(router)
        self._report(PodStopped(cluster=effect.cluster, namespace=SYSTEM_NAMESPACE, pod=effect.pod))

    def revive_router(self, router: Router) -> bool:
        """Start a killed router again; False: it was deleted meanwhile."""
        effect = router.effect
        if not self.routers.revive(router):
            return False
        self._report_later(self._timing.pod_start_s, _running(effect.cluster, SYSTEM_NAMESPACE, effect.pod))
        return True

    def pods_of(self, cluster: str, reference: str) -> tuple[StartAppPod, ...]:
        """The pods of ``namespace/name``, a pod's or a workload's name, those that were killed among them."""
        namespace, _, name = reference.partition("/")
        known = {**self.pods.effects(), **self._killed}
        return tuple(
            effect
            for key, effect in sorted(known.items(), key=lambda item: item[0])
            if key[:2] == (cluster, namespace) and names.is_pod_of(key[2], name)
        )

    def kill_pod(self, effect: StartAppPod) -> bool:
        """An application pod dies; kubelet tells, nobody restarts it until :meth:`revive_pod`; whether it ran."""
        key = _key(effect)
        pod = self.pods.get(*key)
        self._killed[key] = effect
        if pod is None:
            return False
        self._lose(pod)
        self._report(PodStopped(cluster=effect.cluster, namespace=effect.namespace, pod=effect.pod))
        return True

    def revive_pod(self, effect: StartAppPod) -> bool:
        """Start a killed application pod as it was last asked for; False: it was deleted meanwhile."""
        wanted = self._killed.pop(_key(effect), None)
        if wanted is not None:
            self._start_pod(wanted)
        return wanted is not None

    def kill_dns(self, cluster: str) -> None:
        """KubeSlice's DNS dies; kubelet tells, nobody restarts it until :meth:`revive_dns`."""
        self._dns_deaths[cluster] += 1
        self._name_servers.kill(cluster)
        self._report(PodStopped(cluster=cluster, namespace=SYSTEM_NAMESPACE, pod=DNS))

    def revive_dns(self, cluster: str) -> None:
        """Start it again: it listens, and kubelet tells, when a pod has had its time to start."""
        death = self._dns_deaths[cluster]

        def started() -> None:
            if self._dns_deaths[cluster] == death:
                self._name_servers.revive(cluster)
                self._report(_running(cluster, SYSTEM_NAMESPACE, DNS))

        self._later(self._timing.pod_start_s, lambda: self._work.put(started))

    def close(self) -> None:
        """Stop doing things; what stands dies with the sandbox."""
        self._work.put(None)
        self._thread.join(timeout=5)
        for timer in tuple(self._waiting):
            timer.cancel()
        self.sidecars.close()

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            try:
                work()
            except Exception as error:
                _log.exception("an effect failed")
                self.failure = self.failure or error

    def _do(self, effect: Effect) -> None:
        match effect:
            case IssueCertificates():
                self._issue(effect)
            case StartAppPod():
                self._start_pod(effect)
            case StopPod():
                self._stop(effect)
            case StartRouter() if self.routers.start(effect):
                self._report_later(self._timing.pod_start_s, _running(effect.cluster, SYSTEM_NAMESPACE, effect.pod))
            case ConnectPod():
                self._connect(effect)
            case DisconnectPod():
                self._disconnect(effect)
            case StartGateway() if self.gateways.start(effect):
                self._report_later(self._timing.pod_start_s, _running(effect.cluster, SYSTEM_NAMESPACE, effect.pod))
            case SetNextHops():
                self.routers.set_next_hops(effect)
            case SetQos():
                self.shares.set(effect)
            case ServeNames():
                self._name_servers.serve(effect)
                self.mesh.serve(effect)
            case SetNetworkPolicy():
                self.policies.set(effect)

    def _start_pod(self, effect: StartAppPod) -> None:
        if _key(effect) in self._killed:
            self._killed[_key(effect)] = effect
            return
        if self.pods.start(effect):
            self.policies.pods_changed(effect.cluster)
            self.mesh.refresh(effect.cluster)
        self._report_later(self._timing.pod_start_s, _running(effect.cluster, effect.namespace, effect.pod))

    def _issue(self, effect: IssueCertificates) -> None:
        self.gateways.issue_keys(effect)
        issued = CertificatesIssued(
            slice=effect.slice, server=effect.server, client=effect.client, rotation=effect.rotation
        )
        self._report_later(self._timing.certificates_s, issued)

    def _stop(self, effect: StopPod) -> None:
        pod = self.pods.get(effect.cluster, effect.namespace, effect.pod)
        killed = self._killed.pop((effect.cluster, effect.namespace, effect.pod), None)
        if pod is not None:
            self._lose(pod)
        elif killed is not None or effect.namespace != SYSTEM_NAMESPACE:
            pass  # it was dead already
        elif self.gateways.knows(effect.cluster, effect.pod):
            self.gateways.forget(effect.cluster, effect.pod)
        else:
            self.routers.remove(effect.cluster, effect.pod)
        self._report(PodStopped(cluster=effect.cluster, namespace=effect.namespace, pod=effect.pod))

    def _connect(self, effect: ConnectPod) -> None:
        router = self.routers.get(effect.slice, effect.cluster)
        pod = self.pods.get(effect.cluster, effect.namespace, effect.pod)
        if router is not None and pod is not None:
            router.connect(pod.namespace, effect.nsm_ip, effect.slice_subnet)
            self.pods.join_slice(pod, effect.slice, effect.nsm_ip)
            self.mesh.refresh(effect.cluster)

    def _disconnect(self, effect: DisconnectPod) -> None:
        pod = self.pods.get(effect.cluster, effect.namespace, effect.pod)
        if pod is not None:
            self._unplug(pod)
            self.mesh.refresh(effect.cluster)

    def _unplug(self, pod: AppPod) -> None:
        router = self.routers.get(pod.slice, pod.effect.cluster)
        if router is not None and pod.nsm_ip is not None:
            router.disconnect(pod.nsm_ip)
        self.pods.leave_slice(pod)

    def _lose(self, pod: AppPod) -> None:
        self._unplug(pod)
        self.pods.stop(*pod.key)
        self.mesh.forget(pod)
        self.policies.pods_changed(pod.effect.cluster)
        self.mesh.refresh(pod.effect.cluster)

    def _report(self, fact: Fact) -> None:
        if self.sink is not None:
            self.sink.report(fact)

    def _report_later(self, delay_s: float, fact: Fact) -> None:
        self._later(delay_s, lambda: self._report(fact))

    def _later(self, delay_s: float, work: Callable[[], None]) -> None:
        def run() -> None:
            self._waiting.discard(timer)
            work()

        timer = threading.Timer(delay_s, run)
        timer.daemon = True
        self._waiting.add(timer)
        timer.start()


def _key(effect: StartAppPod) -> tuple[str, str, str]:
    return (effect.cluster, effect.namespace, effect.pod)


def _running(cluster: str, namespace: str, pod: str) -> PodRunning:
    return PodRunning(cluster=cluster, namespace=namespace, pod=pod)
