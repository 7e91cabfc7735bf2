"""A world without the secrets that its documents may hold: what may be written down and handed on."""

from __future__ import annotations

from dataclasses import replace

from kubeslice_sim.model.cluster import Cluster
from kubeslice_sim.model.frozen import FrozenMap, freeze, thaw
from kubeslice_sim.model.kubernetes import KubernetesObject
from kubeslice_sim.model.world import World

REDACTED = "redacted"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
"""kubectl's copy of an object, values and all."""


def without_secrets(world: World) -> World:
    """The same world with the values of Secrets and the clusters' dashboard tokens replaced; their keys stay."""
    return replace(
        world, clusters=tuple(map(_cluster, world.clusters)), objects=tuple(map(_kubernetes_object, world.objects))
    )


def _cluster(cluster: Cluster) -> Cluster:
    facts = cluster.spec.cluster_property
    dashboard = facts.monitoring.kubernetes_dashboard if facts and facts.monitoring else None
    if not facts or not facts.monitoring or not dashboard or not dashboard.access_token:
        return cluster
    monitoring = replace(facts.monitoring, kubernetes_dashboard=replace(dashboard, access_token=REDACTED))
    return replace(cluster, spec=replace(cluster.spec, cluster_property=replace(facts, monitoring=monitoring)))


def _kubernetes_object(item: KubernetesObject) -> KubernetesObject:
    if item.kind != "Secret":
        return item
    body = thaw(item.body)
    # `data` is base64 by the API's schema: the word is written so that the object stays valid.
    for part, word in (("data", "cmVkYWN0ZWQ="), ("stringData", REDACTED)):
        if isinstance(body.get(part), dict):
            body[part] = dict.fromkeys(body[part], word)
    annotations = FrozenMap({key: value for key, value in item.metadata.annotations.items() if key != LAST_APPLIED})
    return replace(item, body=freeze(body), metadata=replace(item.metadata, annotations=annotations))
