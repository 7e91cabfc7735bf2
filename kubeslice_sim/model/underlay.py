"""Underlay: what the world is made of and KubeSlice does not declare: nodes, pod networks, links between clusters."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

from annotated_types import Ge, Le, Len

from kubeslice_sim.model.document import ObjectMeta, Resource, kube
from kubeslice_sim.model.frozen import FrozenMap
from kubeslice_sim.model.quantity import Bandwidth, Seconds, Share
from kubeslice_sim.model.release import DEFAULT_VERSION, KubeSliceVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterUnderlay:
    """One worker cluster. ``node_ips`` (of the gateway nodes) are invented where they are not given."""

    __pydantic_config__: ClassVar[Any] = kube(
        pod_cidr="podCIDR", service_cidr="serviceCIDR", node_ips="nodeIPs", node_bandwidth_bps="nodeBandwidth",
        api_latency_s="apiLatency", gateway_cpus="gatewayCPUs",
    )  # fmt: skip

    pod_cidr: str = "192.168.0.0/16"
    service_cidr: str = "10.96.0.0/12"
    gateway_nodes: Annotated[int, Ge(1), Le(32)] = 1
    app_nodes: Annotated[int, Ge(0), Le(1000)] = 0
    node_ips: tuple[str, ...] = ()
    node_bandwidth_bps: Bandwidth = 10e9
    gateway_cpus: Annotated[float, Ge(0.01)] = 1.0
    api_latency_s: Seconds = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkDirection:
    """One direction of a link, where it differs from the other; what is None comes from the link."""

    __pydantic_config__: ClassVar[Any] = kube(delay_s="delay", jitter_s="jitter", bandwidth_bps="bandwidth")

    delay_s: Seconds | None = None
    jitter_s: Seconds | None = None
    loss: Share | None = None
    bandwidth_bps: Bandwidth | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """The WAN between two clusters: half of ``rtt`` is spent each way; ``forward`` is first → second cluster."""

    __pydantic_config__: ClassVar[Any] = kube(rtt_s="rtt", jitter_s="jitter", bandwidth_bps="bandwidth")

    between: Annotated[tuple[str, ...], Len(2, 2)]
    rtt_s: Seconds = 0.001
    jitter_s: Seconds = 0.0
    loss: Share = 0.0
    bandwidth_bps: Bandwidth = 10e9
    forward: LinkDirection | None = None
    reverse: LinkDirection | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultLink:
    """The WAN between clusters that no link names."""

    __pydantic_config__: ClassVar[Any] = kube(rtt_s="rtt", jitter_s="jitter", bandwidth_bps="bandwidth")

    rtt_s: Seconds = 0.001
    jitter_s: Seconds = 0.0
    loss: Share = 0.0
    bandwidth_bps: Bandwidth = 10e9


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderlaySpec:
    """The clusters and links of a world; what is left out takes the defaults shown."""

    __pydantic_config__: ClassVar[Any] = kube(kubeslice_version="kubesliceVersion")

    kubeslice_version: KubeSliceVersion = DEFAULT_VERSION
    clusters: FrozenMap[ClusterUnderlay] = field(default_factory=FrozenMap)
    links: tuple[Link, ...] = ()
    default_link: DefaultLink = field(default_factory=DefaultLink)


@dataclass(frozen=True, slots=True, kw_only=True)
class Underlay:
    """At most one in a world."""

    __pydantic_config__: ClassVar[Any] = kube()
    RESOURCE: ClassVar[Resource] = Resource(
        group="kubeslice-sim.io", version="v1alpha1", kind="Underlay", plural="underlays", singular="underlay"
    )

    metadata: ObjectMeta
    spec: UnderlaySpec = field(default_factory=UnderlaySpec)

    def cluster(self, name: str) -> ClusterUnderlay:
        """The cluster's underlay, or the defaults where the world says nothing of it."""
        return self.spec.clusters.get(name) or ClusterUnderlay()

    def path(self, source: str, target: str) -> Path:
        """What a packet meets from ``source`` to ``target`` (one direction)."""
        for link in self.spec.links:
            if set(link.between) == {source, target}:
                one_way = link.forward if link.between[0] == source else link.reverse
                return _path(link, one_way or LinkDirection())
        return _path(self.spec.default_link, LinkDirection())


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """One direction of the WAN between two clusters, every value settled."""

    delay_s: float
    jitter_s: float
    loss: float
    bandwidth_bps: float


def _path(link: Link | DefaultLink, one_way: LinkDirection) -> Path:
    return Path(
        delay_s=link.rtt_s / 2 if one_way.delay_s is None else one_way.delay_s,
        jitter_s=link.jitter_s if one_way.jitter_s is None else one_way.jitter_s,
        loss=link.loss if one_way.loss is None else one_way.loss,
        bandwidth_bps=link.bandwidth_bps if one_way.bandwidth_bps is None else one_way.bandwidth_bps,
    )


def defaults_told() -> str:
    """What a world without an Underlay is taken to be made of, in words."""
    spec, cluster = UnderlaySpec(), ClusterUnderlay()
    link = spec.default_link
    return (
        f"KubeSlice {spec.kubeslice_version}, one gateway node and pod network {cluster.pod_cidr} in every cluster, "
        f"and links of {link.rtt_s * 1000:g} ms round trip, {link.bandwidth_bps / 1e9:g} Gbit/s, no loss"
    )
