"""Gateway Deployments: which of them one side of a pair has now, and which come and go while one is replaced.

Each instance has one Deployment, ``<gateway>-<instance>-<generation>``. A recycler adds the other generation as an
intermediate Deployment, takes the old one out of the routes and marks it for deletion (worker-operator
pkg/hub/controllers/workerslicegwrecycler).
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from kubeslice_sim.controlplane.built_in import GATEWAY_OWNER_LABEL
from kubeslice_sim.controlplane.reconciler import Delete, UpdateStatus, View, Write
from kubeslice_sim.model.document import ObjectKey, key_of
from kubeslice_sim.model.kubernetes import KubernetesObject
from kubeslice_sim.model.slice_gateway import SliceGateway
from kubeslice_sim.planner import names

EXCLUDE_ROUTE_LABEL = "kubeslice.io/exclude-gw-route"
"""On a gateway pod: the router is not to use it."""
MARKED_LABEL = "kubeslice.io/marked-for-deletion"
"""On a gateway's Deployment: it is not wanted any more."""


@lru_cache(65536)
def split(gateway: str, deployment: str) -> tuple[int, int]:
    """Instance and generation of a gateway's Deployment (or of its pod, which bears the same name)."""
    instance, _, generation = deployment.removeprefix(gateway + "-").partition("-")
    return int(instance), int(generation or 0)


def other_generation(gateway: str, deployment: str) -> str:
    """The Deployment that takes the place of this one."""
    instance, generation = split(gateway, deployment)
    return names.gateway_deployment(gateway, instance, 1 - generation)


def marked(deployment: KubernetesObject) -> bool:
    """Whether the Deployment is to go."""
    return bool(deployment.metadata.labels.get(MARKED_LABEL) == "true")


def excluded(pod: KubernetesObject) -> bool:
    """Whether the router is not to use the pod."""
    return bool(pod.metadata.labels.get(EXCLUDE_ROUTE_LABEL) == "true")


def held_deployments(gateway: str, view: View) -> tuple[KubernetesObject, ...]:
    """The gateway's Deployments that are there, in the order of instance and generation."""
    return view.local.objects("Deployment", names.SYSTEM_NAMESPACE, {GATEWAY_OWNER_LABEL: gateway})


def wanted_deployments(gateway: SliceGateway, count: int, view: View) -> tuple[str, ...]:
    """Of each of ``count`` instances the Deployment that it has, else the first; and intermediate ones."""
    name = gateway.metadata.name
    held = held_deployments(name, view)
    going = tuple(item.metadata.name for item in held if marked(item))
    there = tuple(item.metadata.name for item in held)
    return _wanted(name, count, there, going, gateway.status.config.slice_gateway_intermediate_deployments)


@lru_cache(65536)
def _wanted(
    gateway: str, count: int, held: tuple[str, ...], going: tuple[str, ...], intermediate: tuple[str, ...]
) -> tuple[str, ...]:  # fmt: skip
    """The same by names: most looks find those of the last one."""
    there = {*held, *intermediate}.difference(going)
    served = {split(gateway, item)[0] for item in there}
    there.update(names.gateway_deployment(gateway, instance) for instance in range(count) if instance not in served)
    own = (item for item in there if split(gateway, item)[0] < count)
    return tuple(sorted(own, key=lambda item: split(gateway, item)))


def retire(gateway: SliceGateway, view: View) -> tuple[Write, ...]:
    """Delete what is marked for deletion, with its Service; an intermediate Deployment that is left is one no more."""
    name, config = gateway.metadata.name, gateway.status.config
    held = held_deployments(name, view)
    if not any(map(marked, held)):
        return ()  # nearly always, and asked at every look
    writes: list[Write] = []
    for item in held:
        if marked(item):
            writes.append(Delete(key=key_of(item)))
            service = ObjectKey("Service", names.SYSTEM_NAMESPACE, names.gateway_service(item.metadata.name))
            if view.local.at(service) is not None:
                writes.append(Delete(key=service))
    instances = [split(name, item.metadata.name)[0] for item in held if not marked(item)]
    still = tuple(
        item for item in config.slice_gateway_intermediate_deployments
        if instances.count(split(name, item)[0]) != 1 or item not in {there.metadata.name for there in held}
    )  # fmt: skip
    if still != config.slice_gateway_intermediate_deployments:
        writes.append(UpdateStatus(item=with_intermediates(gateway, still)))
    return tuple(writes)


def with_intermediates(gateway: SliceGateway, deployments: tuple[str, ...]) -> SliceGateway:
    """The gateway with these intermediate Deployments."""
    config = replace(gateway.status.config, slice_gateway_intermediate_deployments=deployments)
    return replace(gateway, status=replace(gateway.status, config=config))
