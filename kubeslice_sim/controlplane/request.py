"""What a user asks of a cluster's API server while a fleet runs (kubectl apply, patch and delete)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from kubeslice_sim.model.document import ObjectKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Apply:
    """Create the document, or make its spec, labels and annotations so.

    KubeSlice's hub kinds go to the controller cluster, the rest to the clusters of its ``kubeslice-sim.io/clusters``.
    """

    document: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """Change the document under a key, on the hub or on these workers; ``change`` maps what is stored to the wish."""

    key: ObjectKey
    change: Callable[[Any], Any]
    clusters: tuple[str, ...] = ("*",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Remove:
    """Delete the document under a key, from the hub or from these workers."""

    key: ObjectKey
    clusters: tuple[str, ...] = ("*",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """Hand a document to the controller cluster's API server as it is: a new one, a new spec, or a new status."""

    document: Any
    verb: Literal["create", "update", "update status"]


Request = Apply | Patch | Remove | Send
HUB_KINDS = frozenset({
    "Project", "Cluster", "SliceConfig", "SliceQoSConfig", "ServiceExportConfig", "VpnKeyRotation",
    "WorkerSliceConfig", "WorkerSliceGateway", "WorkerServiceImport", "WorkerSliceGwRecycler",
    "SliceTopology", "SliceIpam",
})  # fmt: skip
"""The kinds that live on the controller cluster; the last two of no KubeSlice, but of ours."""
