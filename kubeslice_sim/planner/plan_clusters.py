"""The clusters of a plan: nodes, pods, and what their KubeSlice DNS answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network

from kubeslice_sim.model.frozen import FrozenMap


@dataclass(frozen=True, slots=True, kw_only=True)
class NodePlan:
    """A node of a worker cluster; ``ip`` is its address on the WAN."""

    name: str
    cluster: str
    ip: IPv4Address
    gateway: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PodPlan:
    """An application pod. ``slice`` and ``nsm_ip`` are None for a pod that joins no slice.

    ``name`` is ``<workload>-<ordinal>`` (a Pod keeps its own). ``emulate`` or ``command``: what it runs; ``ports``:
    what its containers declare.
    """

    name: str
    namespace: str
    cluster: str
    workload: str
    workload_kind: str
    labels: FrozenMap[str]
    node: str
    pod_ip: IPv4Address
    slice: str | None = None
    nsm_ip: IPv4Address | None = None
    emulate: str = ""
    command: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()

    @property
    def reference(self) -> str:
        """``namespace/pod@cluster``: how observations name it."""
        return f"{self.namespace}/{self.name}@{self.cluster}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterPlan:
    """One worker cluster: nodes, networks and what its KubeSlice DNS answers.

    ``dns``: name → addresses (A records, TTL 60 s). ``cluster_dns``: names under ``cluster.local`` → addresses.
    """

    name: str
    project: str
    nodes: tuple[NodePlan, ...]
    node_ips: tuple[str, ...]
    pod_cidr: IPv4Network
    dns_ip: IPv4Address
    dns: FrozenMap[tuple[IPv4Address, ...]] = field(default_factory=FrozenMap)
    cluster_dns: FrozenMap[tuple[IPv4Address, ...]] = field(default_factory=FrozenMap)

    @property
    def gateway_nodes(self) -> tuple[NodePlan, ...]:
        """The nodes labelled ``kubeslice.io/node-type=gateway``."""
        return tuple(node for node in self.nodes if node.gateway)
