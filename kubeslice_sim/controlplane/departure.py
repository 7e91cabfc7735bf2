"""Departures: what is left of a member that leaves its slice, of a slice that goes, of a cluster that is let go."""

from __future__ import annotations

from collections.abc import Iterator

from kubeslice_sim.controlplane.built_in import SLICE_LABEL
from kubeslice_sim.controlplane.hub import labels
from kubeslice_sim.controlplane.past import Past
from kubeslice_sim.controlplane.worker.app_pods import own_pods
from kubeslice_sim.model.cluster import Cluster
from kubeslice_sim.model.document import ObjectKey
from kubeslice_sim.model.slice_gateway import SliceGateway
from kubeslice_sim.model.worker_slice import Slice
from kubeslice_sim.model.worker_slice_config import WorkerSliceConfig
from kubeslice_sim.model.worker_slice_gateway import WorkerSliceGateway
from kubeslice_sim.planner import names
from kubeslice_sim.planner.names import SYSTEM_NAMESPACE


def share_of(namespace: str, slice_: str, cluster: str) -> ObjectKey:
    """The key of one member's WorkerSliceConfig."""
    return ObjectKey("WorkerSliceConfig", namespace, names.worker_slice_config(slice_, cluster))


def of_member(namespace: str, slice_: str, cluster: str, past: Past) -> Iterator[str]:
    """What is left of a cluster in a slice: there, at its peers, on the controller cluster."""
    yield from _on_worker(slice_, cluster, past)
    for name, site in past.workers.items():
        for gateway in site.objects.list(SliceGateway, SYSTEM_NAMESPACE):
            remote = gateway.status.config.slice_gateway_remote_cluster_id
            if gateway.spec.slice_name == slice_ and cluster in (name, remote):
                yield f"{name} still has SliceGateway {gateway.metadata.name}{_held_by(gateway)}"
    for pair in past.hub.objects.list(WorkerSliceGateway, namespace, {labels.SLICE: slice_}):
        if cluster in (pair.spec.local_gateway_config.cluster_name, pair.spec.remote_gateway_config.cluster_name):
            yield f"the controller cluster still has WorkerSliceGateway {pair.metadata.name}{_held_by(pair)}"
    share = past.hub.objects.at(share_of(namespace, slice_, cluster))
    if share is not None:
        yield f"the controller cluster still has WorkerSliceConfig {share.metadata.name}{_held_by(share)}"
    yield from _routes(slice_, cluster, past)


def of_slice(namespace: str, slice_: str, members: tuple[str, ...], past: Past) -> Iterator[str]:
    """What is left of a slice that had these members."""
    for cluster in members:
        yield from of_member(namespace, slice_, cluster, past)
    config = past.hub.objects.at(ObjectKey("SliceConfig", namespace, slice_))
    if config is not None:
        yield f"SliceConfig {slice_} still stands{_held_by(config)}"


def of_cluster(namespace: str, cluster: str, past: Past) -> Iterator[str]:
    """What the controller cluster still knows of a cluster that is deregistered."""
    there = past.hub.objects.get(Cluster, namespace, cluster)
    if there is not None:
        said = (there.status.registration_status if there.status is not None else None) or "nothing"
        yield f"Cluster {cluster} still stands{_held_by(there)}; its worker says: {said}"
    share = next((
        item for item in past.hub.objects.list(WorkerSliceConfig, namespace, {labels.WORKER_CLUSTER: cluster})
    ), None)  # fmt: skip
    if share is not None:
        yield f"the controller cluster still has WorkerSliceConfig {share.metadata.name}{_held_by(share)}"


def _on_worker(slice_: str, cluster: str, past: Past) -> Iterator[str]:
    site = past.workers[cluster]
    there = site.objects.get(Slice, SYSTEM_NAMESPACE, slice_)
    if there is not None:
        yield f"{cluster} still has Slice {slice_}{_held_by(there)}"
    for pod in site.objects.objects("Pod", SYSTEM_NAMESPACE, {SLICE_LABEL: slice_}):
        yield f"{cluster} still has pod {pod.metadata.name}"
    for pod in own_pods(slice_, site.present):
        yield f"{cluster} still has pod {pod.metadata.namespace}/{pod.metadata.name} on the overlay"


def _routes(slice_: str, cluster: str, past: Past) -> Iterator[str]:
    """The routes that it still has, and its peers' through gateways to it: those have no pods any more."""
    for name in past.workers:
        for destination in past.routes_through(name, slice_, "" if name == cluster else cluster):
            yield f"the router of {name} still has a route to {destination}"


def _held_by(item: object) -> str:
    finalizers = item.metadata.finalizers  # type: ignore[attr-defined]
    return f", held by {', '.join(finalizers)}" if finalizers else ""
