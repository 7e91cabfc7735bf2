"""Mesh: the proxies of a world's East-West gateways and sidecars, kept true to what comes and goes.

Gateways are pods like others, with HAProxy for a program. A sidecar is HAProxy beside the pod's program, and a rule in
the pod's namespace that leads the pod's connections to it, as Istio's do. The services are those of the plan.
"""

from __future__ import annotations

from emulator import nft
from emulator.firewall import interception
from emulator.istio_routes import Present, Records, hosts_at, hosts_of_sidecar, intercepted
from emulator.pods import AppPod, AppPods
from emulator.proxy_configuration import gateway_configuration, sidecar_configuration
from emulator.reverse_proxy import ReverseProxy
from kubeslice_sim.controlplane.effects import ServeNames
from kubeslice_sim.planner.east_west import EastWestGateway, IstioObject
from kubeslice_sim.planner.external_gateways import HTTP_PORT
from kubeslice_sim.planner.istio import Sidecars, speaks_http
from kubeslice_sim.planner.names import SYSTEM_NAMESPACE
from kubeslice_sim.planner.plan import Plan, PodPlan

SIDECAR_PORT = 15001
"""Where Istio's sidecars take what their pods send."""

PodKey = tuple[str, str, str]
"""Cluster, namespace, name."""


class Mesh:
    """Who proxies what. To be told of every change, by one thread; :meth:`proxied` may be asked by any."""

    def __init__(self, plan: Plan, pods: AppPods) -> None:
        self._pods = pods
        self._records: dict[str, Records] = {}
        self._proxies: dict[PodKey, ReverseProxy] = {}
        self._gateways: dict[PodKey, EastWestGateway] = {}
        self._objects: dict[tuple[str, str], tuple[IstioObject, ...]] = {}
        self._clusters: set[str] = set()
        self._http: dict[str, frozenset[str]] = {}
        sidecars = Sidecars(plan.world)
        meshed: dict[PodKey, PodPlan] = {}
        for item in plan.slices:
            for gateway in item.east_west:
                self._gateways[gateway.cluster, SYSTEM_NAMESPACE, gateway.name] = gateway
            for told in item.istio_objects:
                key = (item.name, told.cluster)
                self._objects[key] = (*self._objects.get(key, ()), told)
                self._clusters.add(told.cluster)
            if item.istio_objects:
                spoken = (service for service in item.services if speaks_http(service.ports))
                self._http[item.name] = frozenset(service.dns_name for service in spoken)
        for pod in plan.pods:
            if (pod.slice or "", pod.cluster) in self._objects and pod in sidecars:
                meshed[pod.cluster, pod.namespace, pod.name] = pod
        self._meshed = frozenset(meshed)

    @property
    def clusters(self) -> frozenset[str]:
        """Where Istio has a say."""
        return frozenset(self._clusters)

    def proxied(self, slice_name: str, target: str) -> bool:
        """Whether a proxy may answer for the target, so that only a whole request tells if somebody is behind it."""
        return target.rstrip(".").lower() in self._http.get(slice_name, ())

    def serve(self, effect: ServeNames) -> None:
        """The cluster's DNS answers otherwise."""
        self._records[effect.cluster] = effect.records
        self.refresh(effect.cluster)

    def forget(self, pod: AppPod) -> None:
        """A pod is gone, and its proxy with it."""
        self._proxies.pop(pod.key, None)

    def refresh(self, cluster: str) -> None:
        """Pods or names of the cluster changed: its proxies learn it. Raises ProxyError or FirewallError."""
        if cluster not in self._clusters:
            return
        for key, gateway in self._gateways.items():
            pod = self._pods.get(*key) if key[0] == cluster else None
            if pod is not None:
                hosts = hosts_at(gateway, self._of(gateway.slice, cluster), self._present(gateway.slice, cluster))
                self._proxy(pod).configure(gateway_configuration(HTTP_PORT, hosts))
        for key in sorted(self._meshed):
            pod = self._pods.get(*key) if key[0] == cluster else None
            if pod is not None and pod.slice:
                self._sidecar(pod)

    def _sidecar(self, pod: AppPod) -> None:
        cluster, namespace, _ = pod.key
        objects, present = self._of(pod.slice, cluster), self._present(pod.slice, cluster)
        hosts, taken = hosts_of_sidecar(namespace, objects, present), intercepted(namespace, objects, present)
        if hosts:
            self._proxy(pod).configure(sidecar_configuration(SIDECAR_PORT, hosts))
        if taken != pod.intercepted:
            nft.apply(pod.namespace, interception(taken, SIDECAR_PORT))
            pod.intercepted = taken

    def _proxy(self, pod: AppPod) -> ReverseProxy:
        if pod.key not in self._proxies:
            self._proxies[pod.key] = ReverseProxy(self._pods, pod)
        return self._proxies[pod.key]

    def _of(self, slice_name: str, cluster: str) -> tuple[IstioObject, ...]:
        return self._objects.get((slice_name, cluster), ())

    def _present(self, slice_name: str, cluster: str) -> Present:
        return Present(
            records=self._records.get(cluster, {}),
            pods=self._pods.joined(cluster, slice_name),
            gateways=tuple(
                gateway
                for key, gateway in self._gateways.items()
                if key[0] == cluster and gateway.slice == slice_name and self._pods.get(*key) is not None
            ),
        )
