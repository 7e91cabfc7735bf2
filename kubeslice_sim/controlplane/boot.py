"""Boot: the clusters of a world as they stand before anybody hands in a Project: nodes, system namespaces, DNS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kubeslice_sim.controlplane.api_load import ApiLoad
from kubeslice_sim.controlplane.built_in import DNS, POD_TYPE_LABEL, built_in, owned_by
from kubeslice_sim.controlplane.hub import HUB_CONTROLLERS, labels
from kubeslice_sim.controlplane.node import with_ready
from kubeslice_sim.controlplane.node_ports import NodePortAllocator
from kubeslice_sim.controlplane.site import HUB, Site
from kubeslice_sim.controlplane.status import with_metadata
from kubeslice_sim.controlplane.store import Store
from kubeslice_sim.controlplane.worker import WORKER_CONTROLLERS
from kubeslice_sim.controlplane.worker.injection import inject_new_pod
from kubeslice_sim.model.cluster import Cluster
from kubeslice_sim.model.kubernetes import KubernetesObject
from kubeslice_sim.model.project import CONTROLLER_NAMESPACE
from kubeslice_sim.model.service_export import ServiceExport
from kubeslice_sim.model.timing import Timing
from kubeslice_sim.model.vpn_key_rotation import VpnKeyRotation
from kubeslice_sim.model.worker_slice_gw_recycler import WorkerSliceGwRecycler
from kubeslice_sim.model.world import World
from kubeslice_sim.planner.history import History
from kubeslice_sim.planner.names import GATEWAY_NODE_LABEL, SYSTEM_NAMESPACE
from kubeslice_sim.planner.nodes import build_clusters
from kubeslice_sim.planner.plan import ClusterPlan

DEFAULT_NAMESPACE = "default"
WORKER_NAMESPACES = (DEFAULT_NAMESPACE, "kube-system", SYSTEM_NAMESPACE)


def boot(world: World, timing: Timing, load: ApiLoad) -> tuple[Site, dict[str, Site]]:
    """The controller cluster and the worker clusters, with their controllers, in the world's order."""
    hub = boot_hub(world, timing, load)
    allocator = NodePortAllocator(world, hub.store)
    workers = {}
    for cluster in build_clusters(world, History()):
        store = Store(cluster.name, complete=_admitted(allocator))
        _furnish(store, cluster)
        workers[cluster.name] = Site(
            store, WORKER_CONTROLLERS, timing, world.underlay, load, hub, _concerns(cluster.name)
        )  # fmt: skip
    return hub, workers


def _admitted(allocator: NodePortAllocator) -> Callable[[Any, Store], Any]:
    """What a worker's API server makes of a new object: KubeSlice's webhook first, then what it fills in itself."""
    return lambda item, store: allocator.complete(inject_new_pod(item, store), store)


def boot_hub(world: World, timing: Timing, load: ApiLoad, *, tidies: bool = True) -> Site:
    """The controller cluster alone; ``tidies`` False: without a kube-controller-manager (see :class:`Store`)."""
    hub = Site(Store(HUB, tidies=tidies), HUB_CONTROLLERS, timing, world.underlay, load)
    for namespace in (DEFAULT_NAMESPACE, "kube-system", CONTROLLER_NAMESPACE):
        hub.store.create(_namespace(namespace), 0.0)
    return hub


def place(document: Any) -> Any:
    """A document as kubectl sends it: in the namespace ``default`` where it names none."""
    namespaced = isinstance(document, ServiceExport) or (
        isinstance(document, KubernetesObject) and document.kind != "Namespace"
    )
    if namespaced and not document.metadata.namespace:
        return with_metadata(document, namespace=DEFAULT_NAMESPACE)
    return document


def ensure_namespace(store: Store, namespace: str, now_s: float) -> None:
    """Make the namespace if it is missing, as a user would before applying something into it."""
    if namespace and store.view.find("Namespace", "", namespace) is None:
        store.create(_namespace(namespace), now_s)


def _furnish(store: Store, cluster: ClusterPlan) -> None:
    for namespace in WORKER_NAMESPACES:
        store.create(_namespace(namespace), 0.0)
    for node in cluster.nodes:
        label = {GATEWAY_NODE_LABEL: "gateway"} if node.gateway else {}
        item = store.create(built_in("Node", "", node.name, labels=label), 0.0)
        address = {"type": "InternalIP", "address": str(node.ip)}
        store.update_status(with_ready(_with_status(item, {"addresses": [address]}), "True", 0.0))
    store.create(built_in("Service", SYSTEM_NAMESPACE, DNS, body={"spec": {"clusterIP": str(cluster.dns_ip)}}), 0.0)
    marks = {POD_TYPE_LABEL: "dns"}
    template = {"metadata": {"labels": marks}, "spec": {"containers": [{"name": DNS}]}}
    body = {"spec": {"replicas": 1, "selector": {"matchLabels": marks}, "template": template}}
    deployment = store.create(built_in("Deployment", SYSTEM_NAMESPACE, DNS, body=body), 0.0)
    pod = store.create(built_in(
        "Pod", SYSTEM_NAMESPACE, DNS, labels=marks, body={"spec": {"nodeName": cluster.gateway_nodes[0].name}},
        owners=(owned_by(deployment, "Deployment", deployment.api_version),),
    ), 0.0)  # fmt: skip
    store.update_status(with_ready(_with_status(pod, {"phase": "Running"}), "True", 0.0))


def _with_status(item: KubernetesObject, status: dict[str, Any]) -> KubernetesObject:
    return built_in(
        item.kind, item.metadata.namespace, item.metadata.name, labels=item.metadata.labels,
        owners=item.metadata.owner_references, body={**item.body, "status": status},
    )  # fmt: skip


def _namespace(name: str) -> KubernetesObject:
    return built_in("Namespace", "", name, labels={"kubernetes.io/metadata.name": name})


def _concerns(cluster: str) -> Callable[[Any], bool]:
    """What a worker's operator looks at on the hub: what bears its name.

    Gateway secrets and recyclers, which bear no label of a cluster, are told by the gateways' names,
    ``<slice>-<local>-<remote>``; a few too many do no harm.
    """

    def concerns(item: Any) -> bool:
        match item:
            case Cluster():
                return item.metadata.name == cluster
            case KubernetesObject(kind="Secret"):
                return f"-{cluster}-" in item.metadata.name
            case WorkerSliceGwRecycler():
                ends = (item.spec.slice_gw_server, item.spec.slice_gw_client)
                return any(f"-{cluster}-" in f"{name}-" for name in ends)
            case VpnKeyRotation():
                return True
            case _:
                return bool(item.metadata.labels.get(labels.WORKER_CLUSTER) == cluster)

    return concerns
