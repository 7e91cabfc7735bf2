"""Incumbent: whether KubeSlice's own controller is there, beside which ours must not work."""

from __future__ import annotations

from collections.abc import Iterator

from kubeslice_sim.errors import BackendUnavailable
from kubeslice_sim.model.project import CONTROLLER_NAMESPACE
from real.connection import Connection, Kind

_DEPLOYMENT = Kind(api_version="apps/v1", kind="Deployment", plural="deployments", namespaced=True)
_WEBHOOKS = tuple(
    Kind(api_version="admissionregistration.k8s.io/v1", kind=f"{sort}WebhookConfiguration",
         plural=f"{sort.lower()}webhookconfigurations", namespaced=False)
    for sort in ("Validating", "Mutating")
)  # fmt: skip
_GROUPS = ("controller.kubeslice.io", "worker.kubeslice.io")
_NAMESPACE = Kind(api_version="v1", kind="Namespace", plural="namespaces", namespaced=False)


def check_vacant(connection: Connection) -> None:
    """Raises BackendUnavailable where KubeSlice's controller is installed, and where its namespace is missing."""
    found = tuple(_signs(connection))
    if found:
        raise BackendUnavailable(
            f"KubeSlice's own controller is on context {connection.context!r} ({'; '.join(found)}): two controllers "
            "would fight over every object; uninstall it first, or use a cluster that has KubeSlice's CRDs alone"
        )
    if connection.get(_NAMESPACE, "", CONTROLLER_NAMESPACE) is None:
        raise BackendUnavailable(
            f"namespace {CONTROLLER_NAMESPACE} does not exist on context {connection.context!r}, and Projects stand "
            f"there: kubectl create namespace {CONTROLLER_NAMESPACE}"
        )


def _signs(connection: Connection) -> Iterator[str]:
    for item in connection.list(_DEPLOYMENT, namespace=CONTROLLER_NAMESPACE):
        name = item["metadata"]["name"]
        if "controller-manager" in name and (item.get("spec") or {}).get("replicas", 1):
            yield f"Deployment {CONTROLLER_NAMESPACE}/{name}"
    for kind in _WEBHOOKS:
        for item in connection.list(kind):
            for hook in item.get("webhooks") or ():
                groups = {group for rule in hook.get("rules") or () for group in rule.get("apiGroups") or ()}
                if groups & set(_GROUPS):
                    yield f"{kind.kind} {item['metadata']['name']}"
                    break
