"""Certificate jobs: the Job that makes a pair's key material, and what stands there once it is done or has failed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid5

from kubeslice_sim.controlplane.built_in import built_in, with_status_fields
from kubeslice_sim.controlplane.facts import CertificatesFailed, CertificatesIssued
from kubeslice_sim.controlplane.hub import labels
from kubeslice_sim.controlplane.reconciler import View
from kubeslice_sim.controlplane.store import Store
from kubeslice_sim.controlplane.table import StoreView
from kubeslice_sim.controlplane.timestamp import timestamp
from kubeslice_sim.model.document import ObjectKey
from kubeslice_sim.model.kubernetes import KubernetesObject
from kubeslice_sim.model.project import CONTROLLER_NAMESPACE
from kubeslice_sim.model.slice_config import SliceConfig
from kubeslice_sim.model.vpn_key_rotation import VpnKeyRotation
from kubeslice_sim.model.worker_slice_gateway import WorkerSliceGateway
from kubeslice_sim.planner.objects_certificate import certificate_environment
from kubeslice_sim.planner.objects_slice import FIRST_ROTATION

_NAMES = UUID("6b756265-736c-6963-652d-73696d000002")
SERVER = "SERVER_SLICEGATEWAY_NAME"
CLIENT = "CLIENT_SLICEGATEWAY_NAME"
ACCOUNT = "kubeslice-controller-ovpn-manager"
"""Whom the Job's pod is: it may write secrets."""
BACKOFF_LIMIT = 2
"""So often a failed pod of the Job is tried again."""
TTL_S = 86400
"""After so long a finished Job is deleted (``ttlSecondsAfterFinished``)."""


def job_name(server: str, rotation: int, earlier: int = 0) -> str:
    """``open-cert-`` and 8 hexadecimal digits; KubeSlice's are random, ours follow from the pair and the rotation.

    ``earlier``: how many such jobs of earlier pairs of these names still stand; each lives on for its day.
    """
    return f"open-cert-{uuid5(_NAMES, f'{server}/{rotation}/{earlier}' if earlier else f'{server}/{rotation}').hex[:8]}"


def job_of(server: str, rotation: int, hub: StoreView) -> KubernetesObject | None:
    """The newest job that makes the keys of that number for the pair that this gateway serves; None: there is none."""
    earlier = _count(server, rotation, hub)
    return hub.find("Job", CONTROLLER_NAMESPACE, job_name(server, rotation, earlier - 1)) if earlier else None


def _count(server: str, rotation: int, hub: StoreView) -> int:
    """How many jobs of that number stand for pairs of that name."""
    found = 0
    while hub.find("Job", CONTROLLER_NAMESPACE, job_name(server, rotation, found)) is not None:
        found += 1
    return found


def _oldest_at_work(server: str, rotation: int, hub: StoreView) -> KubernetesObject | None:
    """The first of them that is neither complete nor failed: slices of one name in two projects may have one each."""
    for earlier in range(_count(server, rotation, hub)):
        job = hub.find("Job", CONTROLLER_NAMESPACE, job_name(server, rotation, earlier))
        if job is not None and not complete(job) and not failed(job):
            return job
    return None


def jobs_of_slice(slice_: str, view: View) -> tuple[KubernetesObject, ...]:
    """Every job of the slice that is still there, finished or not."""
    return view.hub.objects("Job", CONTROLLER_NAMESPACE, {labels.JOB_SLICE: slice_})


def rotation_count(slice_: str, namespace: str, view: View) -> int:
    """The number of the keys that the slice uses now."""
    rotation = view.hub.get(VpnKeyRotation, namespace, slice_)
    return rotation.spec.rotation_count if rotation is not None else FIRST_ROTATION


def certificate_job(
    config: SliceConfig, server: WorkerSliceGateway, client: WorkerSliceGateway, rotation: int, view: View
) -> KubernetesObject:  # fmt: skip
    """A new Job of one pair; the secrets that it makes go to the slice's namespace."""
    earlier = _count(server.metadata.name, rotation, view.hub)
    environment = certificate_environment(config, server, client)
    container = {
        "name": "ovpn-cert-generator",
        "image": "aveshasystems/gateway-certs-generator:latest",
        "env": [{"name": name, "value": value} for name, value in environment.items()],
    }
    template = {
        "metadata": {
            "name": "ovpn-cert-job-pod", "namespace": CONTROLLER_NAMESPACE, "labels": {"app": "ovpn-cert-generator"},
        },
        "spec": {"serviceAccountName": ACCOUNT, "restartPolicy": "Never", "containers": [container]},
    }  # fmt: skip
    return built_in(
        "Job", CONTROLLER_NAMESPACE, job_name(server.metadata.name, rotation, earlier),
        labels={labels.JOB_SLICE: config.metadata.name},
        body={"spec": {"backoffLimit": BACKOFF_LIMIT, "ttlSecondsAfterFinished": TTL_S, "template": template}},
    )  # fmt: skip


def is_certificate_job(job: KubernetesObject) -> bool:
    """Whether KubeSlice made the Job: others may stand in its cluster, too."""
    return (
        job.metadata.namespace == CONTROLLER_NAMESPACE
        and labels.JOB_SLICE in job.metadata.labels
        and "ttlSecondsAfterFinished" in job.spec
        and {"NAMESPACE", "SLICE_NAME", SERVER, CLIENT} <= environment_of(job).keys()
    )


def environment_of(job: KubernetesObject) -> dict[str, str]:
    """What the Job's first container is told; nothing where it has none."""
    template: Any = job.spec.get("template") or {}
    containers: Any = (template.get("spec") or {}).get("containers") or ({},)
    return {str(item["name"]): str(item.get("value", "")) for item in containers[0].get("env") or ()}


def complete(job: KubernetesObject) -> bool:
    """Whether the Job is done."""
    return "Complete" in _conditions(job)


def failed(job: KubernetesObject) -> bool:
    """Whether the Job has given up."""
    return "Failed" in _conditions(job)


def finish_job(fact: CertificatesIssued, store: Store, now_s: float) -> None:
    """Mark the Job complete and make the pair's secrets anew, without the key material: no store ever holds that."""
    job = _oldest_at_work(fact.server, fact.rotation, store.view)
    if job is None:
        return  # it was told twice
    namespace = environment_of(job)["NAMESPACE"]
    for name in (fact.server, fact.client):
        if store.view.at(ObjectKey("Secret", namespace, name)) is not None:
            store.delete(ObjectKey("Secret", namespace, name), now_s)
        store.create(built_in("Secret", namespace, name, body={"type": "Opaque"}), now_s)
    conditions = [{"type": "Complete", "status": "True"}]
    store.update_status(
        with_status_fields(job, conditions=conditions, succeeded=1, completionTime=timestamp(now_s))
    )  # fmt: skip


def fail_job(fact: CertificatesFailed, store: Store, now_s: float) -> None:
    """Count a failed pod of the Job; one more than ``backoffLimit`` and the Job has failed for good."""
    job = _oldest_at_work(fact.server, fact.rotation, store.view)
    if job is None:
        return
    count = int(job.status.get("failed") or 0) + 1
    condition = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}
    # A real Job has no such field: its controller reads from its pods when the last of them ended. Ours has no pods.
    given_up = {"conditions": [condition]} if count > BACKOFF_LIMIT else {}
    store.update_status(with_status_fields(job, failed=count, lastFailureTime=timestamp(now_s), **given_up))


def _conditions(job: KubernetesObject) -> Iterator[str]:
    return (item["type"] for item in job.status.get("conditions") or () if item["status"] == "True")
