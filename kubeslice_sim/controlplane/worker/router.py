"""Slice router: its Deployment and Service, and the overlay addresses that it hands out (cmd-nse-vl3).

The pool is rebuilt from what the clients hold, so a router that restarts gives everybody the address they had.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from kubeslice_sim.controlplane import ip
from kubeslice_sim.controlplane.built_in import (
    NSM_IP_LABEL,
    POD_TYPE_LABEL,
    SLICE_LABEL,
    built_in,
    nsm_ip,
    owned_by,
    running,
)
from kubeslice_sim.controlplane.controller import ControllerSpec, Watch, labelled, only
from kubeslice_sim.controlplane.hub import labels
from kubeslice_sim.controlplane.reconciler import NOTHING, Create, Outcome, Update, View, Write
from kubeslice_sim.controlplane.status import with_metadata
from kubeslice_sim.controlplane.store import Change
from kubeslice_sim.controlplane.worker import east_west
from kubeslice_sim.model.document import ObjectKey, key_of
from kubeslice_sim.model.kubernetes import KubernetesObject
from kubeslice_sim.model.worker_slice import Slice
from kubeslice_sim.model.worker_slice_gateway import WorkerSliceGateway
from kubeslice_sim.planner import names
from kubeslice_sim.planner.addresses import AddressPool
from kubeslice_sim.planner.objects_gateway import gateway_count


def deploy(slice_: Slice, view: View) -> tuple[Write, ...]:
    """The router's Deployment and Service, where they are missing."""
    name = names.router(slice_.metadata.name)
    selector = {POD_TYPE_LABEL: "router", SLICE_LABEL: slice_.metadata.name}
    owners = (owned_by(slice_, "Slice", Slice.RESOURCE.api_version),)
    bodies: Mapping[str, Mapping[str, object]] = {
        "Deployment": {
            "replicas": 1, "selector": {"matchLabels": selector}, "template": {"metadata": {"labels": selector}},
        },
        "Service": {"selector": selector, "ports": [{"name": "grpc", "port": 5000, "targetPort": 5000}]},
    }  # fmt: skip
    return tuple(
        Create(item=built_in(kind, names.SYSTEM_NAMESPACE, name, owners=owners, body={"spec": spec}))
        for kind, spec in bodies.items()
        if view.local.find(kind, names.SYSTEM_NAMESPACE, name) is None
    )


def router_runs(slice_: str, view: View) -> bool:
    """Whether the slice's router pod runs (and with it the endpoint ``vl3-nse-<slice>``)."""
    pod = view.local.find("Pod", names.SYSTEM_NAMESPACE, names.router(slice_))
    return pod is not None and running(pod)


def reconcile(key: ObjectKey, view: View, now_s: float) -> Outcome:
    """Give every client of the slice's router that has none an overlay address, and write it on its Pod."""
    slice_ = view.local.get(Slice, key.namespace, key.name)
    settings = slice_.status.slice_config if slice_ is not None else None
    if settings is None or not settings.cluster_subnet_cidr or not router_runs(key.name, view):
        return NOTHING
    clients = [(pod, nsm_ip(pod)) for pod in _clients(key.name, view)]
    asking = [pod for pod, address in clients if not address]
    if not asking:
        return NOTHING
    pool: AddressPool[str] = AddressPool(ip.network(settings.cluster_subnet_cidr))
    pool.reserve((_client(pod), ip.address(address)) for pod, address in clients if address)
    expected = (*east_west.expected(key.name, view), *_expected_gateways(key.name, view))
    for pod in asking:
        if pod.metadata.name not in expected:
            pool.allocate(_client(pod))
    pool.expect(f"{names.SYSTEM_NAMESPACE}/{name}" for name in expected)
    addresses = {key_of(pod): str(pool.allocate(_client(pod))) for pod in asking}
    return Outcome(writes=tuple(
        Update(item=with_metadata(pod, labels=pod.metadata.labels.with_items({NSM_IP_LABEL: addresses[key_of(pod)]})))
        for pod in asking
    ))  # fmt: skip


def _clients(slice_: str, view: View) -> list[KubernetesObject]:
    """Application pods by namespace and name, then gateway pods."""
    marks = ({SLICE_LABEL: slice_, POD_TYPE_LABEL: kind} for kind in ("app", "slicegateway"))
    return [pod for mark in marks for pod in view.local.objects("Pod", labels=mark)]


def _client(pod: KubernetesObject) -> str:
    return f"{pod.metadata.namespace}/{pod.metadata.name}"


def _expected_gateways(slice_: str, view: View) -> tuple[str, ...]:
    """The gateway pods that this cluster will have, in the order of their peers' slots.

    KubeSlice gives an address to whoever asks first. Here gateways that are not there yet count as having asked in
    this order, so that the addresses do not hang on which certificate job was faster.
    """
    gateways = view.hub.list(WorkerSliceGateway, labels={labels.SLICE: slice_, labels.WORKER_CLUSTER: view.cluster})
    return _in_order(tuple(
        (str(item.spec.remote_gateway_config.gateway_subnet), item.metadata.name, gateway_count(item.metadata))
        for item in gateways
    ))  # fmt: skip


@lru_cache(1024)
def _in_order(gateways: tuple[tuple[str, str, int], ...]) -> tuple[str, ...]:
    """The pods of these gateways, of which remote subnet, name and number are given; all who ask meanwhile see them."""
    readable = (gateway for gateway in gateways if ip.is_network(gateway[0]))
    return tuple(
        names.gateway_deployment(name, instance)
        for _, name, count in sorted(readable, key=lambda gateway: ip.bounds(gateway[0]))
        for instance in range(count)
    )


def _asks(change: Change, _: View) -> bool:
    """Whether a client has no address, or the pod is the router itself: what others ask, their own changes told."""
    pod = change.item
    return not nsm_ip(pod) or bool(pod.metadata.labels.get(POD_TYPE_LABEL) == "router")


ROUTER = ControllerSpec(
    name="router",
    reconcile=reconcile,
    watches=(Watch(kind="Pod", keys=only(_asks, labelled("Slice", SLICE_LABEL, names.SYSTEM_NAMESPACE))),),
)
