"""Worlds made in Python, and a hypothesis strategy for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import strategies as st

from kubeslice_sim.model.cluster import Cluster
from kubeslice_sim.model.document import CLUSTERS_ANNOTATION, ObjectMeta
from kubeslice_sim.model.frozen import FrozenMap, freeze
from kubeslice_sim.model.kubernetes import KubernetesObject
from kubeslice_sim.model.project import Project
from kubeslice_sim.model.service_export import LabelSelector, ServiceExport, ServiceExportSpec, ServicePort
from kubeslice_sim.model.slice_config import (
    ExternalGatewayConfig,
    NamespaceIsolationProfile,
    NamespaceSelection,
    QosProfile,
    SliceConfig,
    SliceConfigSpec,
    SliceGatewayProvider,
    Switch,
    Topology,
)
from kubeslice_sim.model.underlay import ClusterUnderlay, Underlay, UnderlaySpec
from kubeslice_sim.model.world import World

HUB = "kubeslice-demo"
QOS = QosProfile(priority=1, bandwidth_ceiling_kbps=5120, bandwidth_guaranteed_kbps=2560, dscp_class="AF11")


def on(*clusters: str) -> FrozenMap[str]:
    """The annotation that puts a document on clusters."""
    return FrozenMap({CLUSTERS_ANNOTATION: ",".join(clusters)})


def cluster(name: str) -> Cluster:
    return Cluster(metadata=ObjectMeta(name=name, namespace=HUB))


def slice_config(
    name: str, clusters: Sequence[str], *, subnet: str = "10.1.0.0/16", max_clusters: int = 16, namespace: str = "app"
) -> SliceConfig:
    """A WireGuard slice that onboards one namespace everywhere."""
    return SliceConfig(
        metadata=ObjectMeta(name=name, namespace=HUB),
        spec=SliceConfigSpec(
            slice_subnet=subnet,
            max_clusters=max_clusters,
            clusters=tuple(clusters),
            slice_gateway_provider=SliceGatewayProvider(slice_gateway_type="Wireguard"),
            qos_profile_details=QOS,
            namespace_isolation_profile=NamespaceIsolationProfile(
                application_namespaces=(NamespaceSelection(namespace=namespace, clusters=("*",)),)
            ),
        ),
    )


def deployment(name: str, clusters: Sequence[str], *, replicas: int = 1, namespace: str = "app") -> KubernetesObject:
    return KubernetesObject(
        api_version="apps/v1",
        kind="Deployment",
        metadata=ObjectMeta(name=name, namespace=namespace, annotations=on(*clusters)),
        body=freeze({"spec": {"replicas": replicas, "template": {"metadata": {"labels": {"app": name}}}}}),
    )


def export(
    name: str, clusters: Sequence[str], *, slice_: str, namespace: str = "app", aliases: Sequence[str] = ()
) -> ServiceExport:
    return ServiceExport(
        metadata=ObjectMeta(name=name, namespace=namespace, annotations=on(*clusters)),
        spec=ServiceExportSpec(
            slice=slice_,
            selector=LabelSelector(match_labels=FrozenMap({"app": name})),
            ports=(ServicePort(name="http", container_port=8080),),
            aliases=tuple(aliases),
        ),
    )


def world(
    clusters: Sequence[str],
    slices: Sequence[SliceConfig] = (),
    objects: Sequence[KubernetesObject] = (),
    exports: Sequence[ServiceExport] = (),
    nodes: dict[str, ClusterUnderlay] | None = None,
) -> World:
    return World(
        projects=(Project(metadata=ObjectMeta(name="demo", namespace="kubeslice-controller")),),
        clusters=tuple(cluster(name) for name in clusters),
        slices=tuple(slices),
        objects=tuple(objects),
        exports=tuple(exports),
        underlay=Underlay(metadata=ObjectMeta(name="u"), spec=UnderlaySpec(clusters=FrozenMap(nodes))),
    )


def with_member(before: World, name: str) -> World:
    """The same world with one more cluster, last in every slice's list."""
    return replace(
        before,
        clusters=(*before.clusters, cluster(name)),
        slices=tuple(
            replace(item, spec=replace(item.spec, clusters=(*item.spec.clusters, name))) for item in before.slices
        ),
    )


def with_external_gateways(config: SliceConfig, entries: Sequence[ExternalGatewayConfig]) -> SliceConfig:
    return replace(config, spec=replace(config.spec, external_gateway_config=tuple(entries)))


@st.composite
def external_gateways(draw: st.DrawFn, members: Sequence[str]) -> list[ExternalGatewayConfig]:
    """Mostly none; else an entry for one cluster and one for all others, of any type."""
    if draw(st.integers(0, 3)):
        return []
    entries = (("*",), (draw(st.sampled_from(members)),))
    return [
        ExternalGatewayConfig(
            ingress=Switch(enabled=draw(st.booleans())),
            egress=Switch(enabled=draw(st.booleans())),
            gateway_type=draw(st.sampled_from(["istio", "istio", "envoy", "none"])),
            clusters=clusters,
        )
        for clusters in entries[: draw(st.integers(1, 2))]
    ]


@st.composite
def hub_and_spoke(draw: st.DrawFn) -> World:
    """A world of the next release; each slice of two or more clusters may have a hub."""
    found = draw(worlds())
    slices = []
    for item in found.slices:
        if len(item.spec.clusters) > 1 and draw(st.integers(0, 3)):
            topology = Topology(mode="HubAndSpoke", hubs=(draw(st.sampled_from(item.spec.clusters)),))
            item = replace(item, spec=replace(item.spec, topology=topology))
        slices.append(item)
    spec = replace(found.underlay.spec, kubeslice_version="next")
    return replace(found, slices=tuple(slices), underlay=replace(found.underlay, spec=spec))


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """One to six clusters, one to three slices over some of them, workloads on some, exports of some."""
    names = [f"c{i}" for i in range(draw(st.integers(1, 6)))]
    nodes = {
        name: ClusterUnderlay(gateway_nodes=draw(st.integers(1, 3)), app_nodes=draw(st.integers(0, 3)))
        for name in names
    }
    slices, objects, exports = [], [], []
    for index in range(draw(st.integers(1, 3))):
        members = draw(st.permutations(names))[: draw(st.integers(1, len(names)))]
        size = draw(st.integers(max(2, len(members) + 1), 32))
        slices.append(
            with_external_gateways(
                slice_config(
                    f"s{index}", members, subnet=f"10.{index}.0.0/16", max_clusters=size, namespace=f"n{index}"
                ),
                draw(external_gateways(members)),
            )
        )
        for job in range(draw(st.integers(0, 2))):
            where = draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
            count = draw(st.integers(0, 4))
            objects.append(deployment(f"w{job}", where, replicas=count, namespace=f"n{index}"))
            if draw(st.booleans()):
                exports.append(export(f"w{job}", where, slice_=f"s{index}", namespace=f"n{index}"))
    return world(names, slices, objects, exports, nodes)
