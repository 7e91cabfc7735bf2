"""Refusals: worlds that no plan can be made of. Admission refuses most of them first, with file and line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from ipaddress import IPv4Network

from kubeslice_sim.errors import BadInput, Problem
from kubeslice_sim.model.cluster import Cluster
from kubeslice_sim.model.field_path import show_path
from kubeslice_sim.model.project import Project
from kubeslice_sim.model.release import newer_in
from kubeslice_sim.model.service_export import ServiceExport
from kubeslice_sim.model.slice_config import SliceConfig
from kubeslice_sim.model.suggest import meant
from kubeslice_sim.model.world import World


def refuse_unplannable(world: World) -> None:
    """Raise :exc:`BadInput` with everything that keeps this world from having a plan."""
    clusters = set(world.cluster_names)
    profiles = {(item.metadata.namespace, item.metadata.name) for item in world.qos_profiles}
    problems = (
        *_newer(world),
        *_world_problems(world),
        *(problem for config in world.slices for problem in _slice_problems(config, clusters, profiles)),
    )
    if problems:
        raise BadInput(problems)


def _newer(world: World) -> Iterator[Problem]:
    """What the world's KubeSlice does not have: no plan would be that of a real system."""
    version = world.underlay.spec.kubeslice_version
    documents: tuple[Project | Cluster | SliceConfig | ServiceExport, ...] = (
        *world.projects, *world.clusters, *world.slices, *world.exports
    )  # fmt: skip
    for document in documents:
        for found in newer_in(document, version):
            yield Problem(
                path=f"{document.RESOURCE.kind}/{document.metadata.name}.{show_path(found.path)}",
                message=f"KubeSlice {version} has no {found.what}",
                hint=f"KubeSlice has it since {found.release}: set kubesliceVersion in the Underlay, or leave it out",
            )


def _world_problems(world: World) -> Iterator[Problem]:
    for name, count in Counter(world.cluster_names).items():
        if count > 1:
            yield Problem(
                path=f"Cluster/{name}",
                message=f"{count} clusters are named {name}",
                hint="a world names its worker clusters by one name each, whatever the project",
            )
    for name, count in Counter(config.metadata.name for config in world.slices).items():
        if count > 1:
            yield Problem(
                path=f"SliceConfig/{name}",
                message=f"{count} slices are named {name}",
                hint="a world names its slices by one name each, whatever the project",
            )
    slices = {config.metadata.name for config in world.slices}
    for item in world.topologies:
        if item.spec.slice not in slices:
            yield Problem(
                path=f"SliceTopology/{item.metadata.name}.spec.slice",
                message=f"the world has no SliceConfig {item.spec.slice}",
                hint=meant(item.spec.slice, slices, "add it, or leave the SliceTopology out"),
            )
    for name in world.cluster_names:
        underlay = world.underlay.cluster(name)
        for field, text in (("podCIDR", underlay.pod_cidr), ("serviceCIDR", underlay.service_cidr)):
            if _network(text) is None:
                yield Problem(
                    path=f"Underlay.spec.clusters.{name}.{field}",
                    message=f"{text!r} is no IPv4 network",
                    hint="write it as 192.168.0.0/16",
                )


def _slice_problems(config: SliceConfig, clusters: set[str], profiles: set[tuple[str, str]]) -> Iterator[Problem]:
    where, spec = f"SliceConfig/{config.metadata.name}", config.spec
    for cluster in spec.clusters:
        if cluster not in clusters:
            yield Problem(
                path=f"{where}.spec.clusters",
                message=f"the world has no Cluster {cluster}",
                hint="add the Cluster, or take it off the slice's list",
            )
    members = len(dict.fromkeys(spec.clusters))
    if members > spec.max_clusters:
        yield Problem(
            path=f"{where}.spec.clusters",
            message=f"{members} clusters, but maxClusters is {spec.max_clusters}",
            hint="make a new slice: maxClusters cannot change",
        )
    if spec.overlay_network_deployment_mode == "no-network":
        return
    subnet = _network(spec.slice_subnet)
    if subnet is None or subnet.prefixlen != 16:
        yield Problem(
            path=f"{where}.spec.sliceSubnet",
            message=f"{spec.slice_subnet!r} is no IPv4 network of the form a.b.0.0/16",
            hint="write it as 10.1.0.0/16",
        )
    profile = spec.standard_qos_profile_name
    if profile and profile != "default" and (config.metadata.namespace, profile) not in profiles:
        yield Problem(
            path=f"{where}.spec.standardQosProfileName",
            message=f"the project has no SliceQoSConfig {profile}",
            hint="add it, or give qosProfileDetails instead",
        )


def _network(text: str) -> IPv4Network | None:
    try:
        return IPv4Network(text)
    except ValueError:
        return None
