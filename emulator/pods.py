"""Application pods: a namespace each, with the pod's program in it and a resolver of its own."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address

from emulator import links
from emulator.dns import DnsService, PodResolver
from emulator.fabric import Fabric
from emulator.links import Addresses
from emulator.netns import Namespace, create_all
from emulator.pod_process import OutputCollector, PodProcess
from emulator.programs import builtin_argv, is_builtin
from emulator.proxy_configuration import Intercepted
from emulator.resolver import Upstreams
from emulator.zone import SLICE_DOMAIN, resolv_conf
from kubeslice_sim.controlplane.effects import StartAppPod
from kubeslice_sim.planner.external_gateways import PROGRAM as ISTIO_PROXY

LOOPBACK = IPv4Address("127.0.0.1")


@dataclass(slots=True)
class AppPod:
    """A running pod; ``slice`` and ``nsm_ip`` while it is in one, ``last_slice`` for what is told of it afterwards.

    ``proxy``: the gateway's or sidecar's, if it has one; ``intercepted``: what the sidecar takes from the program.
    """

    effect: StartAppPod
    namespace: Namespace
    resolver: PodResolver
    process: PodProcess | None = None
    proxy: PodProcess | None = None
    intercepted: tuple[Intercepted, ...] = ()
    slice: str = ""
    last_slice: str = ""
    nsm_ip: IPv4Address | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        """Cluster, namespace, name."""
        return (self.effect.cluster, self.effect.namespace, self.effect.pod)


class AppPods:
    """The application pods of all clusters. ``prepare`` makes namespaces in one batch before they are asked for."""

    def __init__(self, fabric: Fabric, dns: DnsService) -> None:
        self._fabric = fabric
        self._dns = dns
        self._output = OutputCollector()
        self._running: dict[tuple[str, str, str], AppPod] = {}
        self._prepared: dict[tuple[str, str, str], Namespace] = {}

    def prepare(self) -> None:
        """Make the namespaces of all pods of the plan at once: one by one they cost several times as much."""
        keys = [(pod.cluster, pod.namespace, pod.name) for pod in self._fabric.plan.pods]
        made = create_all((f"{pod}.{place}@{cluster}" for cluster, place, pod in keys), private_files=True)
        self._prepared = dict(zip(keys, made, strict=True))
        links.apply(Addresses(namespace=namespace, name="lo") for namespace in made)

    def start(self, effect: StartAppPod) -> bool:
        """Run a pod on its node with its program and resolver; False when it runs already."""
        key = (effect.cluster, effect.namespace, effect.pod)
        if key in self._running:
            return False
        namespace = self._prepared.pop(key, None)
        if namespace is None:
            namespace = Namespace.create(f"{effect.pod}.{effect.namespace}@{effect.cluster}", private_files=True)
            links.apply([Addresses(namespace=namespace, name="lo")])
        self._fabric.attach([("/".join(key), effect.cluster, effect.node, (effect.pod_ip,), namespace)])
        namespace.set_resolv_conf(resolv_conf(effect.namespace, nameserver=LOOPBACK, search=(SLICE_DOMAIN,)))
        resolver = self._dns.serve_resolver(namespace, self._upstreams(effect.cluster, in_slice=False))
        pod = self._running[key] = AppPod(effect, namespace, resolver)
        argv = program_of(effect)
        if argv:
            pod.process = PodProcess(namespace, argv, self._output, env=environment_of(effect, os.environ))
        return True

    def stop(self, cluster: str, namespace: str, name: str) -> None:
        """End a pod with its programs; one that is not there is fine."""
        pod = self._running.pop((cluster, namespace, name), None)
        if pod is not None:
            for process in (pod.process, pod.proxy):
                if process is not None:
                    process.kill()
            for pid in pod.namespace.pids():  # what runs there beside its program, as `kubectl exec` would have it
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            pod.resolver.close()
            self._fabric.detach("/".join(pod.key))
            pod.namespace.close()

    def get(self, cluster: str, namespace: str, name: str) -> AppPod | None:
        """The pod, or None when it does not run."""
        return self._running.get((cluster, namespace, name))

    def accompany(self, pod: AppPod, argv: tuple[str, ...]) -> None:
        """Run a proxy beside the pod's program. Raises BackendUnavailable if this machine has no such program."""
        pod.proxy = PodProcess(pod.namespace, argv, self._output)

    def joined(self, cluster: str, slice_name: str) -> frozenset[IPv4Address]:
        """The overlay addresses of the cluster's pods in a slice."""
        pods = (pod for key, pod in self._running.items() if key[0] == cluster and pod.slice == slice_name)
        return frozenset(pod.nsm_ip for pod in pods if pod.nsm_ip is not None)

    def effects(self) -> dict[tuple[str, str, str], StartAppPod]:
        """What every pod that runs was asked to be, by cluster, namespace and name."""
        return {key: pod.effect for key, pod in self._running.items()}

    def addresses(self, cluster: str) -> tuple[tuple[str, IPv4Address], ...]:
        """(namespace, CNI address) of every pod that runs in the cluster."""
        return tuple((key[1], pod.effect.pod_ip) for key, pod in sorted(self._running.items()) if key[0] == cluster)

    def join_slice(self, pod: AppPod, slice_name: str, nsm_ip: IPv4Address) -> None:
        """The pod has its overlay address: its resolver asks KubeSlice's DNS first from now on."""
        pod.slice, pod.last_slice, pod.nsm_ip = slice_name, slice_name, nsm_ip
        pod.resolver.set_upstreams(self._upstreams(pod.effect.cluster, in_slice=True))

    def leave_slice(self, pod: AppPod) -> None:
        """The pod has lost its overlay address."""
        pod.slice, pod.nsm_ip = "", None
        pod.resolver.set_upstreams(self._upstreams(pod.effect.cluster, in_slice=False))

    def _upstreams(self, cluster: str, *, in_slice: bool) -> Upstreams:
        slice_dns = self._fabric.plan.cluster(cluster).dns_ip if in_slice else None
        return Upstreams(slice_dns=slice_dns, others=(self._fabric.cluster_dns_address(cluster),))


def program_of(effect: StartAppPod) -> tuple[str, ...]:
    """What the pod runs: the built-in or command of its annotation, else its own command, else nothing."""
    if not effect.emulate:
        return effect.command
    if effect.emulate == ISTIO_PROXY:
        return ()  # `Mesh` gives it its proxy
    return (
        builtin_argv(effect.emulate, effect.ports) if is_builtin(effect.emulate) else tuple(shlex.split(effect.emulate))
    )


def environment_of(effect: StartAppPod, outside: Mapping[str, str]) -> dict[str, str]:
    """The pod's environment: this machine's, less its proxies, which no pod reaches, and what the pod is called."""
    kept = {name: value for name, value in outside.items() if not name.lower().endswith("_proxy")}
    return {**kept, "POD_NAME": effect.pod, "POD_NAMESPACE": effect.namespace, "CLUSTER_NAME": effect.cluster}
