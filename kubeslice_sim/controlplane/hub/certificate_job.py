"""Certificate jobs: the Job that makes a pair's key material, and what stands there once it is done."""

from __future__ import annotations

from uuid import UUID, uuid5

from kubeslice_sim.controlplane.built_in import built_in, with_status_fields
from kubeslice_sim.controlplane.facts import CertificatesIssued
from kubeslice_sim.controlplane.hub import labels
from kubeslice_sim.controlplane.reconciler import View
from kubeslice_sim.controlplane.store import Store
from kubeslice_sim.model.document import ObjectKey
from kubeslice_sim.model.kubernetes import KubernetesObject
from kubeslice_sim.model.project import CONTROLLER_NAMESPACE
from kubeslice_sim.planner.objects_slice import FIRST_ROTATION

_NAMES = UUID("6b756265-736c-6963-652d-73696d000002")
SERVER = "SERVER_SLICEGATEWAY_NAME"
CLIENT = "CLIENT_SLICEGATEWAY_NAME"


def job_name(server: str, rotation: int) -> str:
    """``open-cert-`` and 8 hexadecimal digits; KubeSlice's are random, ours follow from the pair and the rotation."""
    return f"open-cert-{uuid5(_NAMES, f'{server}/{rotation}').hex[:8]}"


def job_of(server: str, view: View) -> KubernetesObject | None:
    """The job of the pair that this gateway serves, None where there is none."""
    return view.hub.find("Job", CONTROLLER_NAMESPACE, job_name(server, FIRST_ROTATION))


def certificate_job(slice_: str, server: str, client: str, rotation: int, namespace: str) -> KubernetesObject:
    """The Job of one pair; the secrets that it makes go to the project's ``namespace``."""
    environment = {
        "NAMESPACE": namespace, SERVER: server, CLIENT: client, "SLICE_NAME": slice_,
    }  # fmt: skip
    container = {
        "name": "ovpn-cert-generator",
        "image": "aveshasystems/gateway-certs-generator:latest",
        "env": [{"name": name, "value": value} for name, value in environment.items()],
    }
    template = {"spec": {"restartPolicy": "Never", "containers": [container]}}
    return built_in(
        "Job", CONTROLLER_NAMESPACE, job_name(server, rotation), labels={labels.JOB_SLICE: slice_},
        body={"spec": {"backoffLimit": 2, "ttlSecondsAfterFinished": 86400, "template": template}},
    )  # fmt: skip


def complete(job: KubernetesObject) -> bool:
    """Whether the Job is done."""
    return any(item["type"] == "Complete" for item in job.status.get("conditions") or ())


def finish_job(fact: CertificatesIssued, store: Store, now_s: float) -> None:
    """Mark the Job complete and make the pair's secrets, without the key material: no store ever holds that."""
    job = store.view.find("Job", CONTROLLER_NAMESPACE, job_name(fact.server, fact.rotation))
    if job is None:
        return  # its slice is gone
    container = job.spec["template"]["spec"]["containers"][0]
    namespace = next(item["value"] for item in container["env"] if item["name"] == "NAMESPACE")
    for name in (fact.server, fact.client):
        if store.view.at(ObjectKey("Secret", namespace, name)) is None:
            store.create(built_in("Secret", namespace, name, body={"type": "Opaque"}), now_s)
    store.update_status(with_status_fields(job, conditions=[{"type": "Complete", "status": "True"}], succeeded=1))
