"""Who else lives in a namespace: asked before a namespace is deleted with all that is in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from real.connection import Connection
from real.order import STAGES
from real.ownership import owner

_MADE_BY_KUBERNETES = {("ServiceAccount", "default"), ("ConfigMap", "kube-root-ca.crt")}
_SHOWN = 5


def foreign_tenants(connection: Connection, namespace: str, world: str) -> tuple[str, ...]:
    """Up to five objects ("Deployment web") in a namespace that neither this world nor another object brought there.

    Looks at the kinds that worlds are made of (order.STAGES): not a promise that nothing else is there.
    """
    found: list[str] = []
    for api_version, name in (kind for stage in STAGES for kind in stage):
        kind = connection.find_kind(api_version, name)
        if kind is None or not kind.namespaced:
            continue
        for live in connection.list(kind, namespace=namespace):
            if owner(live) != world and not _is_derived(name, live["metadata"]):
                found.append(f"{name} {live['metadata']['name']}")
    return tuple(found[:_SHOWN]) + (("…",) if len(found) > _SHOWN else ())


def _is_derived(kind: str, metadata: Mapping[str, Any]) -> bool:
    by_kubeslice = (metadata.get("labels") or {}).get("kubeslice-resource-owner") == "kubeslice-controller"
    return bool(metadata.get("ownerReferences")) or by_kubeslice or (kind, metadata["name"]) in _MADE_BY_KUBERNETES
