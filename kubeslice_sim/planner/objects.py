"""Everything that stands on the controller cluster once a world has been created and its workers have reported."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from kubeslice_sim.model.cluster import Cluster
from kubeslice_sim.model.document import ObjectMeta
from kubeslice_sim.model.kubernetes import KubernetesObject
from kubeslice_sim.model.project import Project
from kubeslice_sim.model.release import MAKES_DEFAULT_QOS, ROTATES_KEYS, includes
from kubeslice_sim.model.service_export_config import ServiceExportConfig
from kubeslice_sim.model.slice_config import SliceConfig
from kubeslice_sim.planner import (
    objects_access,
    objects_cluster,
    objects_ipam,
    objects_project,
    objects_service,
    objects_slice,
)
from kubeslice_sim.planner.default_slice import default_slices
from kubeslice_sim.planner.members import has_network
from kubeslice_sim.planner.objects_gateway import Side, worker_slice_gateways
from kubeslice_sim.planner.plan import Plan, PodPlan, SlicePlan
from kubeslice_sim.planner.qos import profile_of
from kubeslice_sim.planner.services import find_exports, ingresses_of, published
from kubeslice_sim.planner.stored import stored


def manifests(plan: Plan) -> tuple[dict[str, Any], ...]:
    """The hub's objects as manifests, in the shape in which the real controller stores them.

    Secrets appear by name and type only. Times, uids and node ports, which no plan decides, are left out.
    """
    version = plan.world.underlay.spec.kubeslice_version
    return tuple(stored(item, version) for item in hub_objects(plan))


def hub_objects(plan: Plan) -> Iterator[Any]:
    """The world's own objects as the controller leaves them, and all that it derives; projects first."""
    world = plan.world
    projects = {project.project_namespace: project for project in world.projects}
    for project in world.projects:
        yield from _project_objects(project, plan)
    clusters = {}
    for document in world.clusters:
        name, namespace = document.metadata.name, document.metadata.namespace
        reported = objects_cluster.reported_status(world, plan.cluster(name))
        clusters[name] = objects_cluster.registered_cluster(document, projects.get(namespace), reported)
        yield clusters[name]
        yield from objects_access.worker_account(name, namespace)
    exports = _exports_by_slice(plan)
    for config in (*world.slices, *default_slices(world)):
        found = objects_slice.registered_slice(config, projects.get(config.metadata.namespace))
        name = config.metadata.name
        yield from _slice_objects(found, plan, plan.slice(name), clusters)
        yield from _service_objects(exports[name], plan.slice(name))


def _project_objects(project: Project, plan: Plan) -> Iterator[Any]:
    yield objects_project.registered_project(project)
    yield objects_project.project_namespace(project)
    yield from objects_access.roles(project)
    yield from objects_access.user_accounts(project)
    own = [item for item in plan.world.qos_profiles if item.metadata.namespace == project.project_namespace]
    made = includes(plan.world.underlay.spec.kubeslice_version, MAKES_DEFAULT_QOS)
    if made and objects_project.DEFAULT_QOS not in {item.metadata.name for item in own}:
        yield objects_project.default_qos_profile(project)
    yield from (objects_project.registered_qos_profile(item) for item in own)


def _slice_objects(config: SliceConfig, plan: Plan, found: SlicePlan, clusters: dict[str, Cluster]) -> Iterator[Any]:
    yield config
    profile = profile_of(config, plan.world.qos_profiles)
    for member in found.members:
        slot = member.slot if has_network(config) else None
        cidr = member.cidr if found.ipam is not None else None
        yield objects_slice.worker_slice_config(config, member.cluster, slot, profile, cidr)
    if found.ipam is not None:
        yield objects_ipam.slice_ipam(config, found.ipam)
    sides = {
        member.cluster: Side(clusters[member.cluster], member.slot, member.cidr if found.ipam is not None else None)
        for member in found.members
    }
    gateways: dict[str, list[str]] = defaultdict(list)
    for pair in found.pairs:
        server, client = (sides[end.cluster] for end in (pair.server, pair.client))
        for gateway in worker_slice_gateways(config, server, client, len(pair.tunnels)):
            gateways[gateway.spec.local_gateway_config.cluster_name].append(gateway.metadata.name)
            yield gateway
            yield _gateway_secret(gateway.metadata.name, gateway.metadata.namespace)
    rotation = objects_slice.vpn_key_rotation(config, {name: tuple(found) for name, found in gateways.items()})
    if rotation is not None and includes(plan.world.underlay.spec.kubeslice_version, ROTATES_KEYS):
        yield rotation


def _gateway_secret(name: str, namespace: str) -> KubernetesObject:
    """The secret that the certificate job fills; its name only."""
    return KubernetesObject(api_version="v1", kind="Secret", metadata=ObjectMeta(name=name, namespace=namespace))


def _service_objects(exports: list[ServiceExportConfig], found: SlicePlan) -> Iterator[Any]:
    services: dict[tuple[str, str], list[ServiceExportConfig]] = defaultdict(list)
    for export in sorted(exports, key=lambda item: item.metadata.name):
        yield export
        services[export.spec.service_namespace, export.spec.service_name].append(export)
    for group in services.values():
        for member in found.members:
            yield objects_service.worker_service_import(group, member.cluster)


def _exports_by_slice(plan: Plan) -> dict[str, list[ServiceExportConfig]]:
    namespaces = {item.metadata.name: item.metadata.namespace for item in plan.world.clusters}
    pods: dict[tuple[str, str], list[PodPlan]] = defaultdict(list)
    for pod in plan.pods:
        pods[pod.cluster, pod.namespace].append(pod)
    exports: dict[str, list[ServiceExportConfig]] = defaultdict(list)
    ingresses = ingresses_of(gateway for item in plan.slices for gateway in item.east_west)
    for export in find_exports(plan.world, (member for item in plan.slices for member in item.members)):
        if export.ready:
            endpoints = published(export, pods[export.cluster, export.namespace], ingresses)
            document = objects_service.service_export_config(
                export.document, export.cluster, namespaces[export.cluster], endpoints
            )
            exports[export.document.spec.slice].append(document)
    return exports
