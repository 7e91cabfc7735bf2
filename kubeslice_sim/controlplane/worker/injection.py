"""Injection: what KubeSlice's mutating webhook writes on the pods of a slice's namespaces (pkg/webhook/pod).

A pod is injected when it is made. One that ran before its namespace joined the slice is replaced (:mod:`.rollout`),
unless the slice is only coming up on the cluster: then it joins where it stands, because a world says what is there,
not in which order somebody deployed it.
"""

from __future__ import annotations

from typing import Any

from kubeslice_sim.controlplane.built_in import NSM_IP_LABEL, POD_TYPE_LABEL, SLICE_LABEL
from kubeslice_sim.controlplane.status import with_metadata
from kubeslice_sim.controlplane.store import Store
from kubeslice_sim.controlplane.table import StoreView
from kubeslice_sim.controlplane.worker.namespaces import application_namespaces
from kubeslice_sim.model.document import ObjectMeta
from kubeslice_sim.model.frozen import FrozenMap
from kubeslice_sim.model.kubernetes import KubernetesObject
from kubeslice_sim.model.worker_slice import Slice
from kubeslice_sim.planner.names import EXCLUDE_LABEL, SYSTEM_NAMESPACE

INJECTED = "kubeslice.io/status"
NSM_ANNOTATIONS = ("networkservicemesh.io", "ns.networkservicemesh.io")
MADE_FOR = "kubeslice-sim.io/made-for-slice"
"""Ours, on a pod: the slice of the template that it was made from, which stays when the pod is taken off that slice."""


def inject_new_pod(item: Any, store: Store) -> Any:
    """The object as the webhook lets it into the cluster."""
    if not isinstance(item, KubernetesObject) or item.kind != "Pod":
        return item
    slice_ = injecting_slice(item.metadata.namespace, store.view)
    return item if slice_ is None or not eligible(item, slice_) else injected(item, slice_)


def injecting_slice(namespace: str, view: StoreView) -> str | None:
    """The slice whose overlay the namespace's new pods join: that of its label, if it lists it and has an overlay."""
    held = view.find("Namespace", "", namespace)
    name = held.metadata.labels.get(SLICE_LABEL) if held is not None and namespace != SYSTEM_NAMESPACE else None
    slice_ = view.get(Slice, SYSTEM_NAMESPACE, name) if name is not None else None
    return name if slice_ is not None and namespace in injected_namespaces(slice_) else None


def injected_namespaces(slice_: Slice) -> tuple[str, ...]:
    """The namespaces whose pods join the slice's overlay; none where it has no overlay."""
    settings = slice_.status.slice_config
    if settings is None or settings.slice_overlay_network_deployment_mode not in (None, "single-network"):
        return ()
    return application_namespaces(slice_)


def eligible(pod: KubernetesObject, slice_: str) -> bool:
    """Whether a pod of the slice's namespaces is to be on it: not excluded, and in no other slice."""
    labels = pod.metadata.labels
    return bool(labels.get(EXCLUDE_LABEL) != "true" and labels.get(SLICE_LABEL, slice_) == slice_)


def injected(pod: KubernetesObject, slice_: str) -> KubernetesObject:
    """The pod with all that puts it on the slice's overlay."""
    metadata: ObjectMeta = pod.metadata
    service = f"vl3-service-{slice_}"
    return with_metadata(
        pod,
        labels=metadata.labels.with_items({POD_TYPE_LABEL: "app", SLICE_LABEL: slice_}),
        annotations=metadata.annotations.with_items({
            INJECTED: "injected", NSM_ANNOTATIONS[0]: f"kernel://{service}/nsm0", NSM_ANNOTATIONS[1]: service,
            MADE_FOR: slice_,
        }),
    )  # fmt: skip


def plain(pod: KubernetesObject) -> KubernetesObject:
    """The pod without it."""
    labels, annotations = pod.metadata.labels, pod.metadata.annotations
    ours = (POD_TYPE_LABEL, SLICE_LABEL, NSM_IP_LABEL)
    return with_metadata(
        pod,
        labels=FrozenMap({key: value for key, value in labels.items() if key not in ours}),
        annotations=FrozenMap(
            {key: value for key, value in annotations.items() if key not in (INJECTED, *NSM_ANNOTATIONS)}
        ),
    )


def made_for(pod: KubernetesObject) -> str:
    """The slice of the template that the pod was made from, empty for none."""
    return str(pod.metadata.annotations.get(MADE_FOR, ""))
