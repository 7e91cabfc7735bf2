"""Kubernetes' own objects as the control plane writes and reads them: Node, Namespace, Pod, Deployment, Service …"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kubeslice_sim.controlplane.status import with_status
from kubeslice_sim.model.document import ObjectMeta, OwnerReference
from kubeslice_sim.model.frozen import FrozenMap, freeze
from kubeslice_sim.model.kubernetes import KUBERNETES_KINDS, KubernetesObject

DNS = "kubeslice-dns"
"""The Service and the pod of a worker's KubeSlice DNS."""
NSM_IP_LABEL = "kubeslice.io/nsmIP"
POD_TYPE_LABEL = "kubeslice.io/pod-type"
SLICE_LABEL = "kubeslice.io/slice"
GATEWAY_LABEL = "kubeslice.io/slice-gw"
GATEWAY_OWNER_LABEL = "kubeslice.io/slicegw"


def built_in(
    kind: str, namespace: str, name: str, *, labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None, owners: tuple[OwnerReference, ...] = (),
    body: Mapping[str, Any] | None = None,
) -> KubernetesObject:  # fmt: skip
    """A new object of one of Kubernetes' own kinds."""
    return KubernetesObject(
        api_version=KUBERNETES_KINDS.get(kind, "v1"),
        kind=kind,
        metadata=ObjectMeta(
            name=name, namespace=namespace, labels=FrozenMap(labels), annotations=FrozenMap(annotations),
            owner_references=owners,
        ),
        body=freeze(body or {}),
    )  # fmt: skip


def owned_by(item: Any, kind: str, api_version: str) -> OwnerReference:
    """The reference that makes an object live and die with ``item``, its controller."""
    return OwnerReference(
        api_version=api_version, kind=kind, name=item.metadata.name, uid=item.metadata.uid,
        controller=True, block_owner_deletion=True,
    )  # fmt: skip


def with_spec(item: KubernetesObject, **changes: Any) -> KubernetesObject:
    """The object with these fields of its spec changed."""
    return _with(item, "spec", {**item.spec, **changes})


def with_status_fields(item: KubernetesObject, **changes: Any) -> KubernetesObject:
    """The object with these fields of its status changed."""
    return with_status(item, freeze({**item.status, **changes}))


def running(pod: KubernetesObject) -> bool:
    """Whether kubelet says that the pod runs."""
    return pod.status.get("phase") == "Running"


def node_of(pod: KubernetesObject) -> str:
    """The node that the scheduler chose, empty before."""
    return str(pod.spec.get("nodeName") or "")


def nsm_ip(pod: KubernetesObject) -> str:
    """The overlay address that the pod was given, empty before (a label, as worker-operator sets it)."""
    return str(pod.metadata.labels.get(NSM_IP_LABEL, ""))


def node_port(service: KubernetesObject) -> int:
    """The first node port of a Service, 0 where it has none."""
    ports = service.spec.get("ports") or ()
    return int(ports[0].get("nodePort") or 0) if ports else 0


def _with(item: KubernetesObject, part: str, value: Mapping[str, Any]) -> KubernetesObject:
    return KubernetesObject(
        api_version=item.api_version, kind=item.kind, metadata=item.metadata,
        body=item.body.with_items({part: freeze(value)}),
    )  # fmt: skip
