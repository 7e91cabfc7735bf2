"""SliceIpam: which cluster of a slice holds which subnet under dynamic IPAM.

No released KubeSlice has it; as kubeslice-controller #284 proposes it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Le

from kubeslice_sim.model.document import ObjectMeta, Resource, kube
from kubeslice_sim.model.timestamp import Timestamp

AllocationStatus = Literal["Allocated", "InUse", "Released"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterSubnet:
    """One block and the cluster that has it, or (``Released``) had it last."""

    __pydantic_config__: ClassVar[Any] = kube()

    cluster_name: str
    subnet: str
    allocated_at: Timestamp | None = None
    status: AllocationStatus = "Allocated"
    released_at: Timestamp | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceIpamSpec:
    """What is cut into blocks, and how small."""

    __pydantic_config__: ClassVar[Any] = kube()

    slice_name: str
    slice_subnet: str
    subnet_size: Annotated[int, Ge(16), Le(30)] = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceIpamStatus:
    """Every block that was ever given out, in the order of addresses."""

    __pydantic_config__: ClassVar[Any] = kube()

    allocated_subnets: tuple[ClusterSubnet, ...] = ()
    available_subnets: int = 0
    total_subnets: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceIpam:
    """Lives on the controller cluster in the project's namespace, under the slice's name."""

    __pydantic_config__: ClassVar[Any] = kube()
    RESOURCE: ClassVar[Resource] = Resource(
        group="controller.kubeslice.io", version="v1alpha1", kind="SliceIpam", plural="sliceipams", singular="sliceipam"
    )

    metadata: ObjectMeta
    spec: SliceIpamSpec
    status: SliceIpamStatus = field(default_factory=SliceIpamStatus)
