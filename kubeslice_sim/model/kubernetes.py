"""Kubernetes' own objects: kept verbatim (what is simulated is what is deployed), read through typed properties."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from kubeslice_sim.model.document import EMULATE_ANNOTATION, ObjectMeta, kube
from kubeslice_sim.model.frozen import EMPTY, FrozenMap

KUBERNETES_KINDS: Mapping[str, str] = {
    "Namespace": "v1",
    "Pod": "v1",
    "Service": "v1",
    "Deployment": "apps/v1",
    "StatefulSet": "apps/v1",
    "NetworkPolicy": "networking.k8s.io/v1",
    "ServiceAccount": "v1",
    "Secret": "v1",
    "Role": "rbac.authorization.k8s.io/v1",
    "RoleBinding": "rbac.authorization.k8s.io/v1",
    "Job": "batch/v1",
}
WORKLOAD_KINDS = ("Pod", "Deployment", "StatefulSet")


@dataclass(frozen=True, slots=True, kw_only=True)
class KubernetesObject:
    """Any built-in object. ``body`` is everything but apiVersion, kind and metadata, as it was written."""

    __pydantic_config__: ClassVar[Any] = kube()

    api_version: str
    kind: str
    metadata: ObjectMeta
    body: FrozenMap[Any] = field(default_factory=FrozenMap)

    @property
    def spec(self) -> Mapping[str, Any]:
        """The object's spec, empty where it has none."""
        return _mapping(self.body.get("spec"))

    @property
    def status(self) -> Mapping[str, Any]:
        """The object's status, empty where it has none."""
        return _mapping(self.body.get("status"))

    @property
    def pod_template(self) -> Mapping[str, Any]:
        """The pod's ``{metadata, spec}``: of a workload its template, of a Pod the Pod itself."""
        if self.kind == "Pod":
            return {"metadata": {"labels": self.metadata.labels, "annotations": self.metadata.annotations},
                    "spec": self.spec}  # fmt: skip
        return _mapping(self.spec.get("template"))

    @property
    def pod_labels(self) -> FrozenMap[str]:
        """The labels of this workload's pods."""
        labels = (self.pod_template.get("metadata") or {}).get("labels") or {}
        return FrozenMap({str(k): str(v) for k, v in labels.items()})

    @property
    def replicas(self) -> int:
        """How many pods it asks for (Kubernetes' default: 1)."""
        if self.kind == "Pod":
            return 1
        replicas = self.spec.get("replicas", 1)
        return int(replicas) if replicas is not None else 1

    @property
    def emulate(self) -> str:
        """The annotation ``kubeslice-sim.io/emulate`` of the workload or its template: a built-in or a command."""
        inner = (self.pod_template.get("metadata") or {}).get("annotations") or {}
        return str(self.metadata.annotations.get(EMULATE_ANNOTATION) or inner.get(EMULATE_ANNOTATION) or "")

    @property
    def command(self) -> tuple[str, ...]:
        """``command`` + ``args`` of the first container, empty where it gives none."""
        containers = (self.pod_template.get("spec") or {}).get("containers") or ()
        if not containers:
            return ()
        first = containers[0]
        return tuple(str(word) for word in (*(first.get("command") or ()), *(first.get("args") or ())))

    @property
    def container_ports(self) -> tuple[int, ...]:
        """The ports that the containers declare, in order."""
        containers = (self.pod_template.get("spec") or {}).get("containers") or ()
        return tuple(
            int(port["containerPort"])
            for container in containers
            for port in container.get("ports") or ()
            if isinstance(port.get("containerPort"), int)
        )


def _mapping(value: Any) -> Mapping[str, Any]:
    """The mapping, or an empty one for anything else."""
    # The first question answers nearly all; the second goes through Python's abstract classes and is slow.
    return value if type(value) is FrozenMap or isinstance(value, Mapping) else EMPTY
