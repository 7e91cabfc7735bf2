"""Take a slice's namespaces off it: KubeSlice refuses to delete a slice that still has any."""

from __future__ import annotations

from real.connection import Connection, Kind, Object


def offboard(connection: Connection, kind: Kind, live: Object) -> None:
    """Empty a SliceConfig's application namespaces, if it has any.

    As the KubeSlice controller's webhook asks for (service/slice_config_webhook_validation.go, delete): first the
    lists must be empty, then the workers must have reported that nothing is on board any more.
    """
    profile = (live.get("spec") or {}).get("namespaceIsolationProfile") or {}
    if profile.get("applicationNamespaces"):
        empty: Object = {"spec": {"namespaceIsolationProfile": {"applicationNamespaces": []}}}
        metadata = live["metadata"]
        connection.merge(kind, metadata["namespace"], metadata["name"], empty)
