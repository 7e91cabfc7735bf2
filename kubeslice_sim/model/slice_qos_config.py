"""SliceQoSConfig: a named QoS profile that slices of the project may share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

from kubeslice_sim.model.document import Crd, Empty, ObjectMeta, Resource, kube
from kubeslice_sim.model.slice_config import DscpClass


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceQosConfigSpec:
    """As a slice's own profile, but every field must be given."""

    __pydantic_config__: ClassVar[Any] = kube()

    queue_type: Annotated[Literal["HTB"], Crd(required=True)]
    priority: Annotated[int, Crd(required=True)]
    tc_type: Annotated[Literal["BANDWIDTH_CONTROL"], Crd(required=True)]
    bandwidth_ceiling_kbps: Annotated[int, Crd(required=True)]
    bandwidth_guaranteed_kbps: Annotated[int, Crd(required=True)]
    dscp_class: Annotated[DscpClass, Crd(required=True)]


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceQosConfig:
    """Lives in the project's namespace; the project gets one named ``default``."""

    __pydantic_config__: ClassVar[Any] = kube()
    RESOURCE: ClassVar[Resource] = Resource(
        group="controller.kubeslice.io",
        version="v1alpha1",
        kind="SliceQoSConfig",
        plural="sliceqosconfigs",
        singular="sliceqosconfig",
    )

    metadata: ObjectMeta
    spec: SliceQosConfigSpec
    status: Empty = field(default_factory=Empty)
