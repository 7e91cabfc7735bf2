"""Certificate jobs where nobody runs Jobs: marked as done at once, with secrets that hold no keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kubeslice_sim.controlplane.effects import IssueCertificates
from kubeslice_sim.controlplane.facts import CertificatesIssued
from kubeslice_sim.controlplane.hub.certificate_job import finish_job
from kubeslice_sim.controlplane.reconciler import Create, Delete, UpdateStatus, Write
from kubeslice_sim.controlplane.status import status_of, with_metadata, with_status
from kubeslice_sim.controlplane.store import Store
from kubeslice_sim.controlplane.table import StoreView
from kubeslice_sim.controlplane.timestamp import timestamp
from kubeslice_sim.model.frozen import FrozenMap, freeze


def finished(effect: IssueCertificates, cache: StoreView, now_s: float) -> tuple[Write, ...]:
    """What to write so that the pair's Job is done, as the in-memory API server would have it; nothing if it is."""
    scratch = Store("scratch")
    for kind in ("Job", "Secret"):
        for item in cache.objects(kind):
            scratch.view.put(item)
    fact = CertificatesIssued(slice=effect.slice, server=effect.server, client=effect.client, rotation=effect.rotation)
    finish_job(fact, scratch, now_s)
    return tuple(_writes(scratch, cache, now_s))


def _writes(scratch: Store, cache: StoreView, now_s: float) -> Iterator[Write]:
    for change in scratch.changes(0):
        if change.action == "DELETED":
            yield Delete(key=change.key)
        elif change.action == "ADDED":
            yield Create(item=with_metadata(change.item, uid="", resource_version="", generation=0))
        else:
            held: Any = cache.at(change.key)
            item = with_metadata(change.item, resource_version=held.metadata.resource_version)
            yield UpdateStatus(item=with_status(item, _as_validated(status_of(item), now_s)))


def _as_validated(status: Mapping[str, Any], now_s: float) -> FrozenMap[Any]:
    """A real API server takes a Job for complete that has begun, has ended, and has met its criteria."""
    now = timestamp(now_s)
    met = ("SuccessCriteriaMet", "Complete")
    conditions = [{"type": name, "status": "True", "lastTransitionTime": now, "lastProbeTime": now} for name in met]
    whole: FrozenMap[Any] = freeze(
        {**status, "startTime": status.get("startTime") or now, "completionTime": now, "conditions": conditions}
    )
    return whole
