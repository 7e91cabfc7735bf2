"""Worker objects on the hub: how they go (kubeslice-controller service/service_helper.go RemoveWorkerFinalizers)."""

from __future__ import annotations

from typing import Any

from kubeslice_sim.controlplane import finalizer
from kubeslice_sim.controlplane.reconciler import Outcome, Update, View
from kubeslice_sim.controlplane.status import with_metadata
from kubeslice_sim.controlplane.store import Change
from kubeslice_sim.controlplane.timestamp import seconds


def release(item: Any, own: str, view: View, now_s: float) -> Outcome:
    """Let a WorkerSliceConfig, WorkerSliceGateway or WorkerServiceImport under deletion go.

    The controller's finalizer (``own``) goes when the worker's is gone; a worker that does not answer for three
    minutes is not waited for. An outcome without writes says that it waits.
    """
    if set(item.metadata.finalizers) <= {own}:
        return Outcome(writes=(Update(item=finalizer.removed(item, own)),))
    patience_s = view.timing.worker_finalizer_patience_s - (now_s - seconds(item.metadata.deletion_timestamp))
    if patience_s > 0:
        return Outcome(requeue_after_s=patience_s)
    return Outcome(writes=(Update(item=with_metadata(item, finalizers=())),))


def rewritten(change: Change) -> bool:
    """Whether a change is more than a new status."""
    old, new = change.previous, change.item
    return old is None or old.spec != new.spec or any(
        getattr(old.metadata, part) != getattr(new.metadata, part)
        for part in ("labels", "annotations", "finalizers", "deletion_timestamp")
    )  # fmt: skip
