"""Finalizers: adding and removing them; those of the workers by name (the controller's stand in the planner)."""

from __future__ import annotations

from typing import Any, TypeVar, cast

from kubeslice_sim.controlplane.status import with_metadata

T = TypeVar("T")

CLUSTER_DEREGISTER = "worker.kubeslice.io/cluster-deregister-finalizer"
HUB_SLICE = "controller.kubeslice.io/hubSpokeSlice-finalizer"
HUB_GATEWAY = "controller.kubeslice.io/sliceGw-finalizer"
HUB_SERVICE_IMPORT = "controller.kubeslice.io/hubWorkerServiceImport-finalizer"
SLICE = "networking.kubeslice.io/slice-finalizer"
SLICE_GATEWAY = "networking.kubeslice.io/slicegw-finalizer"
SERVICE_EXPORT = "networking.kubeslice.io/serviceexport-finalizer"
SERVICE_IMPORT = "networking.kubeslice.io/serviceimport-finalizer"


def held(item: Any, finalizer: str) -> bool:
    """Whether the object has the finalizer."""
    return finalizer in item.metadata.finalizers


def added(item: T, finalizer: str) -> T:
    """The object with the finalizer."""
    finalizers = cast(Any, item).metadata.finalizers
    return item if finalizer in finalizers else with_metadata(item, finalizers=(*finalizers, finalizer))


def removed(item: T, finalizer: str) -> T:
    """The object without the finalizer."""
    finalizers = cast(Any, item).metadata.finalizers
    return with_metadata(item, finalizers=tuple(name for name in finalizers if name != finalizer))


def deleting(item: Any) -> bool:
    """Whether the object is marked for deletion."""
    return item.metadata.deletion_timestamp is not None
