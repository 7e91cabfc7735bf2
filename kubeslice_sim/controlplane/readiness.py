"""Readiness: which slices, tunnels and exports are up, and why the others are not yet.

KubeSlice has no phase that says so; this looks at what a person would: pods, tunnels, next hops, answers of the DNS.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Literal, Protocol

from kubeslice_sim.controlplane.built_in import DNS, nsm_ip, running
from kubeslice_sim.controlplane.effects import ConnectPod, ServeNames, SetNextHops, StartGateway
from kubeslice_sim.controlplane.finalizer import deleting
from kubeslice_sim.controlplane.hub import labels
from kubeslice_sim.controlplane.hub.slice_ipam import shape_of
from kubeslice_sim.controlplane.ledger import Ledger
from kubeslice_sim.controlplane.node import is_ready
from kubeslice_sim.controlplane.reconciler import View
from kubeslice_sim.controlplane.sidecar import TunnelStatus
from kubeslice_sim.controlplane.worker import east_west, namespaces, qos
from kubeslice_sim.controlplane.worker.app_pods import own_pods, takes
from kubeslice_sim.controlplane.worker.gateway_deployments import held_deployments, split
from kubeslice_sim.controlplane.worker.router import router_runs
from kubeslice_sim.model.service_export import ServiceExport
from kubeslice_sim.model.slice_config import SliceConfig
from kubeslice_sim.model.worker_slice import Slice
from kubeslice_sim.model.worker_slice_gateway import WorkerSliceGateway
from kubeslice_sim.planner import names
from kubeslice_sim.planner.external_gateways import gateway_name
from kubeslice_sim.planner.members import has_network, member_clusters, namespaces_on
from kubeslice_sim.planner.objects_gateway import gateway_count
from kubeslice_sim.planner.topology import edges_of

ItemKey = tuple[str, str, str, str]
"""Kind, slice, cluster and name of an item."""


class Standing(Protocol):
    """What stands in one cluster: now, as its site knows, or once, as a journal told."""

    @property
    def name(self) -> str:
        """The cluster's."""
        ...

    @property
    def present(self) -> View:
        """Its objects, and those of the controller cluster."""
        ...

    @property
    def sidecars(self) -> Mapping[str, TunnelStatus]:
        """What its gateways' sidecars say."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing that can be up. ``reason`` is empty when it is.

    ``possible`` is False for what will never be up as the world stands: an export whose namespace its slice does not
    have on that cluster stays PENDING for ever, and nobody should wait for it.

    A slice: ``name``. A tunnel's end: ``name`` is the gateway deployment, ``cluster`` where it runs, ``slice`` its
    slice. An export: ``name`` is ``namespace/service``, ``cluster`` the exporting one.
    """

    kind: Literal["slice", "tunnel", "export"]
    name: str
    slice: str
    cluster: str = ""
    reason: str = ""
    possible: bool = True

    @property
    def up(self) -> bool:
        """Whether it works."""
        return not self.reason

    @property
    def key(self) -> ItemKey:
        """What tells it from all others."""
        return (self.kind, self.slice, self.cluster, self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """Everything that can be up."""

    items: tuple[Item, ...]

    @property
    def up(self) -> bool:
        """Whether all of it works that can."""
        return not self.waiting

    @property
    def reason(self) -> str:
        """The first thing that does not work yet, as a sentence; empty when all does."""
        return next((f"{item.kind} {item.name}: {item.reason}" for item in self.waiting), "")

    @property
    def waiting(self) -> tuple[Item, ...]:
        """What does not work yet, but may."""
        return tuple(item for item in self.items if item.possible and not item.up)

    def of(self, kind: Literal["slice", "tunnel", "export"]) -> tuple[Item, ...]:
        """The items of one kind."""
        return tuple(item for item in self.items if item.kind == kind)


def judge_readiness(hub: Standing, workers: Mapping[str, Standing], ledger: Ledger) -> Readiness:
    """Look at every slice of the hub, every gateway that its pairs need, and every export of the workers."""
    items: list[Item] = []
    for config in hub.present.local.list(SliceConfig):
        if deleting(config):
            continue
        tunnels = tuple(
            tunnel_end(gateway, instance, workers, ledger)
            for gateway in gateways_of(config, hub) for instance in range(gateway_count(gateway.metadata))
        )  # fmt: skip
        items.append(_slice(config, hub, workers, ledger, tunnels))
        items.extend(tunnels)
    for name, site in workers.items():
        items.extend(
            judge_export(export, name, hub, workers, ledger)
            for export in site.present.local.list(ServiceExport)
            if not deleting(export)
        )
    return Readiness(items=tuple(items))


def _slice(
    config: SliceConfig, hub: Standing, workers: Mapping[str, Standing], ledger: Ledger, tunnels: tuple[Item, ...]
) -> Item:
    name = config.metadata.name
    reasons = chain(
        filter(None, [lacks_gateways(config, hub)]),
        (reason for cluster in member_clusters(config) for reason in member_reasons(config, workers[cluster], ledger)),
        (f"{item.name}: {item.reason}" for item in tunnels if not item.up),
    )
    return Item(kind="slice", name=name, slice=name, reason=next(reasons, ""))


def gateways_of(config: SliceConfig, hub: Standing) -> tuple[WorkerSliceGateway, ...]:
    """The gateways of both ends of all pairs of members; those of leavers, which may stand for long, are nobody's."""
    members = frozenset(member_clusters(config))
    found = hub.present.local.list(WorkerSliceGateway, config.metadata.namespace, {labels.SLICE: config.metadata.name})
    return tuple(
        item for item in found
        if item.spec.local_gateway_config.cluster_name in members
        and item.spec.remote_gateway_config.cluster_name in members
    )  # fmt: skip


def lacks_gateways(config: SliceConfig, hub: Standing) -> str:
    """Why the slice's pairs cannot all be up, as far as the controller cluster knows; empty if they can."""
    wanted = sum(2 * edge.gateways for edge in edges_of(config, shape_of(config, hub.present)))
    made = sum(gateway_count(gateway.metadata) for gateway in gateways_of(config, hub))
    return "its gateways are not made yet" if made < wanted else ""


def unserved(export: ServiceExport, cluster: str, ledger: Ledger) -> str:
    """Why one cluster does not resolve what was told of an export; empty if it does."""
    ingress = export.status.ingress_gw_pod
    published = {pod.nsm_ip for pod in export.status.pods} if ingress is None else {ingress.nsm_ip}
    served = ledger.newest("names", cluster)
    name = names.service_dns(export.metadata.name, export.metadata.namespace)
    answers = served.records.get(name, ()) if isinstance(served, ServeNames) else ()
    return "" if published <= {str(address) for address in answers} else f"{cluster} does not resolve it yet"


def unheard(config: SliceConfig, site: Standing) -> str:
    """That the slice is nothing to one cluster yet; empty if it is."""
    return "" if _mirrored(config.metadata.name, site) else f"{site.name} has not heard of it"


def _mirrored(name: str, site: Standing) -> Slice | None:
    slice_ = site.present.local.get(Slice, names.SYSTEM_NAMESPACE, name)
    return slice_ if slice_ is not None and slice_.status.slice_config is not None else None


def member_reasons(config: SliceConfig, site: Standing, ledger: Ledger) -> Iterator[str]:
    """Why the slice is not up on one cluster."""
    name = config.metadata.name
    slice_ = _mirrored(name, site)
    if slice_ is None:
        yield unheard(config, site)
        return
    if not all(ledger.told(effect) for effect in namespaces.onboard(slice_, site.present).effects):
        yield f"{site.name}: its namespaces are not isolated yet"
    if not has_network(config):
        return
    if not all(ledger.told(effect) for effect in qos.shape(slice_, site.present)):
        yield f"{site.name}: its traffic is not shaped yet"
    router = site.present.local.find("Pod", names.SYSTEM_NAMESPACE, names.router(name))
    if not router_runs(name, site.present) or router is None or not is_ready(router):
        yield f"{site.name}: the router does not run"
    for direction in east_west.installed(slice_):
        gateway = gateway_name(name, direction)
        if not isinstance(ledger.newest("interface", site.name, name, names.SYSTEM_NAMESPACE, gateway), ConnectPod):
            yield f"{site.name}: {gateway} is not connected"
    held = {(pod.metadata.namespace, pod.metadata.name) for pod in own_pods(name, site.present)}
    for pod in takes(slice_, site.present):
        where = (pod.metadata.namespace, pod.metadata.name)
        told = ledger.newest("interface", site.name, name, *where)
        if where not in held or not isinstance(told, ConnectPod) or not (running(pod) and is_ready(pod)):
            yield f"{site.name}: pod {where[0]}/{where[1]} is not connected"
            return


def tunnel_end(gateway: WorkerSliceGateway, instance: int, workers: Mapping[str, Standing], ledger: Ledger) -> Item:
    """One of the tunnels that a gateway stands for, at its end."""
    name, slice_ = gateway.metadata.name, gateway.spec.slice_name
    site = workers[gateway.spec.local_gateway_config.cluster_name]
    pod, reason = names.gateway_deployment(name, instance), "its pod is not there yet"
    # While one is replaced there are two of them; the tunnel is up if either is.
    for held in held_deployments(name, site.present):
        if reason and split(name, held.metadata.name)[0] == instance:
            pod = held.metadata.name
            reason = _tunnel_reason(site, slice_, pod, ledger)
    return Item(kind="tunnel", name=pod, slice=slice_, cluster=site.name, reason=reason)


def _tunnel_reason(site: Standing, slice_: str, pod: str, ledger: Ledger) -> str:
    there = site.present.local.find("Pod", names.SYSTEM_NAMESPACE, pod)
    start = ledger.newest("pod", site.name, names.SYSTEM_NAMESPACE, pod)
    if there is None or not isinstance(start, StartGateway):
        return "its pod is not there yet"
    if not running(there) or not is_ready(there):
        return "its pod does not run"
    tunnel = site.sidecars.get(pod)
    if tunnel is None or not tunnel.up:
        return "its tunnel is not up"
    hops = ledger.newest("route", site.name, slice_, start.tunnelled)
    if not isinstance(hops, SetNextHops) or start.nsm_ip not in hops.via:
        return "the router does not use it yet"
    return ""


def judge_export(
    export: ServiceExport, cluster: str, hub: Standing, workers: Mapping[str, Standing], ledger: Ledger
) -> Item:
    """Whether the slice's clusters resolve what one of them exports."""
    namespace, slice_ = export.metadata.namespace, export.spec.slice
    name = f"{namespace}/{export.metadata.name}"
    config = next(iter(hub.present.local.named(SliceConfig, slice_)), None)
    isolation = config.spec.namespace_isolation_profile if config is not None else None
    onboarded = namespaces_on(isolation.application_namespaces, cluster) if isolation is not None else ()
    if config is None or cluster not in config.spec.clusters or namespace not in onboarded:
        reason = f"{namespace} is no namespace of {slice_} on {cluster}"
        return Item(kind="export", name=name, slice=slice_, cluster=cluster, reason=reason, possible=False)
    reason = _export_reason(export, cluster, workers, config, ledger)
    return Item(kind="export", name=name, slice=slice_, cluster=cluster, reason=reason)


def _export_reason(
    export: ServiceExport, cluster: str, workers: Mapping[str, Standing], config: SliceConfig, ledger: Ledger
) -> str:
    site = workers[cluster]
    if export.status.export_status != "READY" or not export.status.last_sync:
        return f"export status {export.status.export_status or 'not set'}"
    expected = {
        nsm_ip(pod)
        for pod in own_pods(export.spec.slice, site.present)
        if pod.metadata.namespace == export.metadata.namespace and export.spec.selector.selects(pod.metadata.labels)
    }
    told = {pod.nsm_ip for pod in export.status.pods}
    if expected != told:
        return f"{len(told)} of {len(expected)} pods exported"
    members = member_clusters(config)
    reasons = chain(
        (unserved(export, cluster, ledger) for cluster in members), (_deaf(workers[cluster]) for cluster in members)
    )
    return next(filter(None, reasons), "")


def _deaf(site: Standing) -> str:
    """That nobody answers questions on one cluster, whatever its DNS had been told; empty if somebody does."""
    pod = site.present.local.find("Pod", names.SYSTEM_NAMESPACE, DNS)
    runs = pod is not None and running(pod) and is_ready(pod)
    return "" if runs else f"KubeSlice's DNS does not run on {site.name}"
