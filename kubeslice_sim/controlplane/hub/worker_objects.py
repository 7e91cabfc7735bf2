"""Worker objects on the hub: whose they are, and how they go.

As kubeslice-controller service/service_helper.go RemoveWorkerFinalizers does.
"""

from __future__ import annotations

from typing import Any

from kubeslice_sim.controlplane.reconciler import Outcome, Update, View
from kubeslice_sim.controlplane.status import with_metadata
from kubeslice_sim.controlplane.store import Change
from kubeslice_sim.controlplane.table import D
from kubeslice_sim.controlplane.timestamp import seconds
from kubeslice_sim.model.slice_config import SliceConfig
from kubeslice_sim.planner.objects_metadata import owner_labels


def release(item: Any, own: str, view: View, now_s: float) -> Outcome:
    """Let a WorkerSliceConfig, WorkerSliceGateway or WorkerServiceImport under deletion go.

    The controller's finalizer (``own``) goes when the worker's is gone; a worker that does not answer for three
    minutes is not waited for, nor is anybody once ``own`` is gone. An outcome without writes says that it waits.
    """
    if own not in item.metadata.finalizers or item.metadata.finalizers == (own,):
        return Outcome(writes=(Update(item=with_metadata(item, finalizers=())),))
    patience_s = view.timing.worker_finalizer_patience_s - (now_s - seconds(item.metadata.deletion_timestamp))
    if patience_s > 0:
        return Outcome(requeue_after_s=patience_s)
    return Outcome(writes=(Update(item=with_metadata(item, finalizers=())),))


def owned_by(config: SliceConfig, view: View, noun: type[D]) -> tuple[D, ...]:
    """The slice's objects of that kind, by the labels that name their owner; one made by hand may have none."""
    return view.hub.list(noun, config.metadata.namespace, owner_labels("SliceConfig", config.metadata.name))


def rewritten(change: Change) -> bool:
    """Whether a change is more than a new status."""
    old, new = change.previous, change.item
    return old is None or old.spec != new.spec or any(
        getattr(old.metadata, part) != getattr(new.metadata, part)
        for part in ("labels", "annotations", "finalizers", "deletion_timestamp")
    )  # fmt: skip
