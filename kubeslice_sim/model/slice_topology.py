"""SliceTopology: what no KubeSlice has yet, in a document of ours beside the untouched SliceConfig."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Le, Len

from kubeslice_sim.model.document import ObjectMeta, Resource, kube

IpamType = Literal["Static", "Dynamic"]

DEFAULT_GATEWAYS = 2
"""Gateways at each end of a pair (worker-operator main.go NumberOfGateways)."""
MOST_GATEWAYS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class TopologyEdge:
    """Two clusters that are joined. ``server``: which of them serves; else the one that the slice lists earlier.

    ``gateways``: how many gateways join this pair; else the topology's ``gatewaysPerPair``.
    """

    __pydantic_config__: ClassVar[Any] = kube()

    between: Annotated[tuple[str, ...], Len(2, 2)]
    server: str | None = None
    gateways: Annotated[int, Ge(1), Le(MOST_GATEWAYS)] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ForbiddenEdge:
    """Clusters that are not joined with ``source_cluster``, in either direction.

    Named as in the proposals for KubeSlice (kubeslice-controller #258, #268, #273).
    """

    __pydantic_config__: ClassVar[Any] = kube()

    source_cluster: str
    target_clusters: Annotated[tuple[str, ...], Len(1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class TopologyIpam:
    """How clusters get their CIDRs. ``Static``: by slot, as KubeSlice 1.9 does.

    ``Dynamic``: as KubeSlice 1.5 documents and kubeslice-controller #284 does: blocks of ``/subnetSize`` that are
    allocated when a cluster joins and reclaimed a day after it left.
    """

    __pydantic_config__: ClassVar[Any] = kube()

    type: IpamType = "Static"
    subnet_size: Annotated[int, Ge(16), Le(30)] = 24

    @property
    def total_subnets(self) -> int:
        """How many blocks the slice's /16 holds: 2^(subnetSize - 16)."""
        return 1 << (self.subnet_size - 16)

    @staticmethod
    def largest_for(clusters: int) -> int:
        """The prefix length of the largest blocks of which a /16 holds one for each of so many clusters."""
        return 16 + (clusters - 1).bit_length()


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceTopologySpec:
    """What differs from KubeSlice. ``edges``: the pairs that are joined; left out, those that KubeSlice joins.

    ``forbidden_edges``: pairs of these that are not joined after all; either this or ``edges`` is given.
    """

    __pydantic_config__: ClassVar[Any] = kube()

    slice: str
    edges: tuple[TopologyEdge, ...] | None = None
    forbidden_edges: tuple[ForbiddenEdge, ...] = ()
    gateways_per_pair: Annotated[int, Ge(1), Le(MOST_GATEWAYS)] = DEFAULT_GATEWAYS
    ipam: TopologyIpam = field(default_factory=TopologyIpam)


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceTopology:
    """At most one a slice. No KubeSlice knows it: planned, simulated and emulated, but not deployed."""

    __pydantic_config__: ClassVar[Any] = kube()
    RESOURCE: ClassVar[Resource] = Resource(
        group="kubeslice-sim.io",
        version="v1alpha1",
        kind="SliceTopology",
        plural="slicetopologies",
        singular="slicetopology",
    )

    metadata: ObjectMeta
    spec: SliceTopologySpec
