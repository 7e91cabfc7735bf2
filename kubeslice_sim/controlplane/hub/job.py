"""Job: kube-controller-manager's job and TTL controllers, as far as KubeSlice's certificate jobs need them.

As Kubernetes pkg/controller/job and pkg/controller/ttlafterfinished do: a failed pod is tried again after 10 s, then
20 s, up to ``backoffLimit`` times; a finished Job goes after ``ttlSecondsAfterFinished``.
"""

from __future__ import annotations

from kubeslice_sim.controlplane import finalizer
from kubeslice_sim.controlplane.controller import ControllerSpec, Watch, itself
from kubeslice_sim.controlplane.effects import IssueCertificates
from kubeslice_sim.controlplane.hub.certificate_job import (
    CLIENT,
    SERVER,
    complete,
    environment_of,
    failed,
    is_certificate_job,
    job_of,
    rotation_count,
)
from kubeslice_sim.controlplane.reconciler import NOTHING, Delete, Outcome, View
from kubeslice_sim.controlplane.timestamp import seconds
from kubeslice_sim.model.document import ObjectKey, key_of
from kubeslice_sim.model.kubernetes import KubernetesObject

FIRST_PAUSE_S = 10.0
"""Before a failed pod is tried again; it doubles with every failure."""


def reconcile(key: ObjectKey, view: View, now_s: float) -> Outcome:
    """Have the certificates made, again where that failed; delete what has been finished for long enough."""
    job = view.hub.find("Job", key.namespace, key.name)
    if job is None or finalizer.deleting(job) or not is_certificate_job(job):
        return NOTHING
    if complete(job) or failed(job):
        ended = str(job.status.get("completionTime") or job.status.get("lastFailureTime"))
        left_s = seconds(ended) + float(job.spec["ttlSecondsAfterFinished"]) - now_s
        return Outcome(requeue_after_s=left_s) if left_s > 0 else Outcome(writes=(Delete(key=key),))
    failures = int(job.status.get("failed") or 0)
    if failures:
        left_s = seconds(str(job.status["lastFailureTime"])) + FIRST_PAUSE_S * 2 ** (failures - 1) - now_s
        if left_s > 0:
            return Outcome(requeue_after_s=left_s)
    return Outcome(effects=(_order(job, view),))


def _order(job: KubernetesObject, view: View) -> IssueCertificates:
    told = environment_of(job)
    slice_, server = told["SLICE_NAME"], told[SERVER]
    now = rotation_count(slice_, told["NAMESPACE"], view)
    # The number of its keys stands in a Job's name alone: those in use, of a new pair, or the next.
    numbers = (n for n in (now, now + 1) if (found := job_of(server, n, view.hub)) and key_of(found) == key_of(job))
    number = next(numbers, now)
    return IssueCertificates(slice=slice_, server=server, client=told[CLIENT], rotation=number)


JOB = ControllerSpec(name="job", reconcile=reconcile, watches=(Watch(kind="Job", keys=itself),), kubernetes=True)
