"""Application pods of a slice: which they are, and when they are on the overlay.

As worker-operator's webhook and controllers/slice/app_pod.go do; :mod:`.rollout` replaces the pods of a namespace that
comes or goes.
"""

from __future__ import annotations

from kubeslice_sim.controlplane import ip
from kubeslice_sim.controlplane.built_in import POD_TYPE_LABEL, SLICE_LABEL, nsm_ip, running
from kubeslice_sim.controlplane.effects import ConnectPod, DisconnectPod
from kubeslice_sim.controlplane.reconciler import Outcome, Update, View, Write
from kubeslice_sim.controlplane.worker.injection import eligible, injected, injected_namespaces, made_for, plain
from kubeslice_sim.controlplane.worker.router import router_runs
from kubeslice_sim.model.document import key_of
from kubeslice_sim.model.kubernetes import KubernetesObject
from kubeslice_sim.model.membership import AppPod
from kubeslice_sim.model.worker_slice import Slice
from kubeslice_sim.planner.addresses import router_address
from kubeslice_sim.planner.names import SYSTEM_NAMESPACE


def inject(slice_: Slice, view: View) -> Outcome:
    """Mark the pods that join where they stand, and take those off that are the slice's no more.

    A pod that leaves loses its overlay address at once; KubeSlice leaves it until the pod is replaced.
    """
    name = slice_.metadata.name
    wanted = {key_of(pod): pod for pod in takes(slice_, view)}
    held = {key_of(pod): pod for pod in own_pods(name, view)}
    writes: list[Write] = [
        Update(item=injected(pod, name)) for key, pod in wanted.items()
        if key not in held and joins_in_place(pod, name, view)
    ]  # fmt: skip
    gone = [pod for key, pod in held.items() if key not in wanted and key.namespace != SYSTEM_NAMESPACE]
    writes.extend(Update(item=plain(pod)) for pod in gone)
    return Outcome(
        writes=tuple(writes),
        effects=tuple(
            DisconnectPod(
                cluster=view.cluster, slice=name, namespace=pod.metadata.namespace, pod=pod.metadata.name
            )
            for pod in gone
        ),
    )  # fmt: skip


def joins_in_place(pod: KubernetesObject, slice_: str, view: View) -> bool:
    """Whether a pod that is to be on the slice joins without being replaced.

    One that does not run yet or was made for it, any while the slice is coming up here, and one that nobody replaces.
    """
    if made_for(pod):
        return made_for(pod) == slice_
    return not (running(pod) and router_runs(slice_, view) and pod.metadata.owner_references)


def takes(slice_: Slice, view: View) -> tuple[KubernetesObject, ...]:
    """The pods that belong on the slice's overlay: of its namespaces, not excluded, in no other slice."""
    return tuple(
        pod
        for namespace in injected_namespaces(slice_)
        for pod in view.local.objects("Pod", namespace)
        if eligible(pod, slice_.metadata.name)
    )


def own_pods(slice_: str, view: View) -> tuple[KubernetesObject, ...]:
    """The slice's application pods on this cluster, its East-West gateways among them."""
    return view.local.objects("Pod", labels={SLICE_LABEL: slice_, POD_TYPE_LABEL: "app"})


def connected(slice_: Slice, view: View) -> tuple[AppPod, ...]:
    """The pods that run, have an overlay address that they are to keep, and whose router runs."""
    settings = slice_.status.slice_config
    if settings is None or not settings.cluster_subnet_cidr or not router_runs(slice_.metadata.name, view):
        return ()
    router = router_address(ip.network(settings.cluster_subnet_cidr))
    staying = {key_of(pod) for pod in takes(slice_, view)}
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
        if running(pod) and nsm_ip(pod) and (pod.metadata.namespace == SYSTEM_NAMESPACE or key_of(pod) in staying)
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
