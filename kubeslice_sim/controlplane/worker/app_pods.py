"""Application pods of a slice: which they are, and when they are on the overlay.

As worker-operator's webhook and controllers/slice/app_pod.go do. KubeSlice injects pods when they are made and rolls
out those that were there before; here a pod joins where it stands.
"""

from __future__ import annotations

from kubeslice_sim.controlplane import ip
from kubeslice_sim.controlplane.built_in import NSM_IP_LABEL, POD_TYPE_LABEL, SLICE_LABEL, nsm_ip, running
from kubeslice_sim.controlplane.effects import ConnectPod, DisconnectPod
from kubeslice_sim.controlplane.reconciler import Outcome, Update, View, Write
from kubeslice_sim.controlplane.status import with_metadata
from kubeslice_sim.controlplane.worker.namespaces import application_namespaces
from kubeslice_sim.controlplane.worker.router import router_runs
from kubeslice_sim.model.document import key_of
from kubeslice_sim.model.frozen import FrozenMap
from kubeslice_sim.model.kubernetes import KubernetesObject
from kubeslice_sim.model.membership import AppPod
from kubeslice_sim.model.worker_slice import Slice
from kubeslice_sim.planner.addresses import router_address
from kubeslice_sim.planner.names import EXCLUDE_LABEL, SYSTEM_NAMESPACE

INJECTED = "kubeslice.io/status"
NSM_ANNOTATIONS = ("networkservicemesh.io", "ns.networkservicemesh.io")


def inject(slice_: Slice, view: View) -> Outcome:
    """Mark the pods of the slice's namespaces as its own, and take those off that are its own no more."""
    name = slice_.metadata.name
    wanted = {key_of(pod): pod for pod in takes(slice_, view)}
    held = {key_of(pod): pod for pod in own_pods(name, view)}
    writes: list[Write] = [Update(item=_injected(pod, name)) for key, pod in wanted.items() if key not in held]
    gone = [pod for key, pod in held.items() if key not in wanted and key.namespace != SYSTEM_NAMESPACE]
    writes.extend(Update(item=_plain(pod)) for pod in gone)
    return Outcome(
        writes=tuple(writes),
        effects=tuple(
            DisconnectPod(
                cluster=view.cluster, slice=name, namespace=pod.metadata.namespace, pod=pod.metadata.name
            )
            for pod in gone
        ),
    )  # fmt: skip


def takes(slice_: Slice, view: View) -> tuple[KubernetesObject, ...]:
    """The pods that belong on the slice's overlay: of its namespaces, not excluded, in no other slice."""
    name, settings = slice_.metadata.name, slice_.status.slice_config
    if settings is None or settings.slice_overlay_network_deployment_mode not in (None, "single-network"):
        return ()
    return tuple(
        pod
        for namespace in application_namespaces(slice_)
        for pod in view.local.objects("Pod", namespace)
        if pod.metadata.labels.get(EXCLUDE_LABEL) != "true" and pod.metadata.labels.get(SLICE_LABEL, name) == name
    )


def own_pods(slice_: str, view: View) -> tuple[KubernetesObject, ...]:
    """The slice's application pods on this cluster, its East-West gateways among them."""
    return view.local.objects("Pod", labels={SLICE_LABEL: slice_, POD_TYPE_LABEL: "app"})


def connected(slice_: Slice, view: View) -> tuple[AppPod, ...]:
    """The pods that run, have an overlay address, and whose router runs."""
    settings = slice_.status.slice_config
    if settings is None or not settings.cluster_subnet_cidr or not router_runs(slice_.metadata.name, view):
        return ()
    router = router_address(ip.network(settings.cluster_subnet_cidr))
    return tuple(
        AppPod(
            pod_name=pod.metadata.name,
            pod_namespace=pod.metadata.namespace,
            pod_ip=str(pod.status.get("podIP") or ""),
            nsm_ip=nsm_ip(pod),
            nsm_interface="nsm0",
            nsm_peer_ip=str(router),
        )
        for pod in own_pods(slice_.metadata.name, view)
        if running(pod) and nsm_ip(pod)
    )


def connect(slice_: Slice, pods: tuple[AppPod, ...], view: View) -> tuple[ConnectPod, ...]:
    """What gives each of these pods its ``nsm0``."""
    settings = slice_.status.slice_config
    if settings is None:
        return ()
    return tuple(
        ConnectPod(
            cluster=view.cluster,
            slice=slice_.metadata.name,
            namespace=pod.pod_namespace,
            pod=pod.pod_name,
            nsm_ip=ip.address(pod.nsm_ip),
            router_address=ip.address(pod.nsm_peer_ip),
            slice_subnet=ip.network(settings.slice_subnet),
        )
        for pod in pods
    )


def _injected(pod: KubernetesObject, slice_: str) -> KubernetesObject:
    metadata = pod.metadata
    service = f"vl3-service-{slice_}"
    return with_metadata(
        pod,
        labels=metadata.labels.with_items({POD_TYPE_LABEL: "app", SLICE_LABEL: slice_}),
        annotations=metadata.annotations.with_items(
            {INJECTED: "injected", NSM_ANNOTATIONS[0]: f"kernel://{service}/nsm0", NSM_ANNOTATIONS[1]: service}
        ),
    )


def _plain(pod: KubernetesObject) -> KubernetesObject:
    labels, annotations = pod.metadata.labels, pod.metadata.annotations
    ours = (POD_TYPE_LABEL, SLICE_LABEL, NSM_IP_LABEL)
    return with_metadata(
        pod,
        labels=FrozenMap({key: value for key, value in labels.items() if key not in ours}),
        annotations=FrozenMap(
            {key: value for key, value in annotations.items() if key not in (INJECTED, *NSM_ANNOTATIONS)}
        ),
    )
