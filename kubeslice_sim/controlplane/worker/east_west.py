"""East-West gateways of a slice on one cluster: the Istio Deployments and Services that the operator installs.

As worker-operator controllers/slice/reconciler.go and pkg/manifest do, from the manifests in files/manifests.
"""

from __future__ import annotations

from collections.abc import Iterator

from kubeslice_sim.controlplane import ip
from kubeslice_sim.controlplane.built_in import POD_TYPE_LABEL, SLICE_LABEL, built_in, nsm_ip, owned_by, running
from kubeslice_sim.controlplane.hub import labels
from kubeslice_sim.controlplane.node import other_nodes
from kubeslice_sim.controlplane.reconciler import Create, Delete, View, Write
from kubeslice_sim.model.document import EMULATE_ANNOTATION, key_of
from kubeslice_sim.model.kubernetes import KubernetesObject
from kubeslice_sim.model.membership import WorkerExternalGatewayConfig
from kubeslice_sim.model.worker_slice import Slice
from kubeslice_sim.model.worker_slice_config import WorkerSliceConfig
from kubeslice_sim.planner.east_west import Direction
from kubeslice_sim.planner.external_gateways import (
    DIRECTIONS,
    PORTS,
    PROGRAM,
    directions,
    east_west_place,
    gateway_name,
)
from kubeslice_sim.planner.names import SYSTEM_NAMESPACE
from kubeslice_sim.planner.slots import slot_of

DIRECTION_LABEL = "istio"


def wanted(config: WorkerExternalGatewayConfig | None) -> tuple[Direction, ...]:
    """What this cluster's settings install."""
    return () if config is None else directions(config.gateway_type, config.egress, config.ingress)


def installed(slice_: Slice) -> tuple[Direction, ...]:
    """What the slice is to have here; nothing without an overlay."""
    settings = slice_.status.slice_config
    if settings is None or not settings.cluster_subnet_cidr:
        return ()
    return wanted(settings.external_gateway_config)


def deploy(slice_: Slice, view: View) -> tuple[Write, ...]:
    """Install what is missing and remove what nobody wants any more."""
    wants = installed(slice_)
    return (
        *(write for direction in wants for write in _install(slice_, direction, view)),
        *(
            Delete(key=key_of(item))
            for direction in DIRECTIONS
            if direction not in wants
            for kind in ("Deployment", "Service")
            if (item := view.local.find(kind, SYSTEM_NAMESPACE, gateway_name(slice_.metadata.name, direction)))
        ),
    )


def ingress_pod(slice_: str, view: View) -> KubernetesObject | None:
    """The ingress gateway's pod, once it runs on the overlay."""
    pod = view.local.find("Pod", SYSTEM_NAMESPACE, gateway_name(slice_, "ingress"))
    return pod if pod is not None and running(pod) and nsm_ip(pod) else None


def expected(slice_: str, view: View) -> tuple[str, ...]:
    """The gateway pods that this cluster will have of the slice, whether they are there yet or not."""
    mine = {labels.WORKER_CLUSTER: view.cluster, labels.SLICE: slice_}
    return tuple(name for config in view.hub.list(WorkerSliceConfig, labels=mine) for name in _pods(config))


def all_expected(view: View) -> Iterator[str]:
    """Those of every slice, by the slices' names."""
    for config in sorted(_configs(view), key=lambda item: item.spec.slice_name):
        yield from _pods(config)


def node(pod: KubernetesObject, view: View) -> str:
    """The node that a gateway's pod runs on; empty where there is none."""
    slice_ = view.local.get(Slice, SYSTEM_NAMESPACE, pod.metadata.labels.get(SLICE_LABEL, ""))
    settings = slice_.status.slice_config if slice_ is not None else None
    direction = next(
        (item for item in DIRECTIONS if pod.metadata.labels.get(DIRECTION_LABEL) == f"{item}gateway"), None
    )
    if settings is None or direction is None:
        return ""
    names = other_nodes(view.local)
    slot = slot_of(ip.network(settings.slice_subnet), ip.network(settings.cluster_subnet_cidr))
    return names[east_west_place(slot, direction, len(names))] if names else ""


def _install(slice_: Slice, direction: Direction, view: View) -> Iterator[Write]:
    name = gateway_name(slice_.metadata.name, direction)
    marks = {POD_TYPE_LABEL: "app", SLICE_LABEL: slice_.metadata.name, DIRECTION_LABEL: f"{direction}gateway"}
    template = {"metadata": {"labels": marks, "annotations": {EMULATE_ANNOTATION: PROGRAM}}}
    ports = [
        {"name": port.name, "port": port.port, "targetPort": port.target_port, "protocol": "TCP"}
        for port in PORTS[direction]
    ]
    bodies = {
        "Deployment": {"replicas": 1, "selector": {"matchLabels": marks}, "template": template},
        "Service": {"type": "ClusterIP", "selector": marks, "ports": ports},
    }
    for kind, spec in bodies.items():
        if view.local.find(kind, SYSTEM_NAMESPACE, name) is None:
            owners = (owned_by(slice_, "Slice", Slice.RESOURCE.api_version),)
            yield Create(item=built_in(kind, SYSTEM_NAMESPACE, name, owners=owners, body={"spec": spec}))


def _configs(view: View) -> tuple[WorkerSliceConfig, ...]:
    return view.hub.list(WorkerSliceConfig, labels={labels.WORKER_CLUSTER: view.cluster})


def _pods(config: WorkerSliceConfig) -> tuple[str, ...]:
    spec = config.spec
    if not spec.cluster_subnet_cidr:
        return ()
    return tuple(gateway_name(spec.slice_name, direction) for direction in wanted(spec.external_gateway_config))
