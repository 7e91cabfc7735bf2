"""Renewal: what a rotation of a slice's keys still lacks, as the stores say; asked with the number of the new keys."""

from __future__ import annotations

from collections.abc import Iterator

from kubeslice_sim.controlplane.built_in import GATEWAY_LABEL
from kubeslice_sim.controlplane.finalizer import deleting
from kubeslice_sim.controlplane.hub.certificate_job import complete, failed, jobs_of_slice
from kubeslice_sim.controlplane.past import Past
from kubeslice_sim.controlplane.timestamp import seconds, timestamp
from kubeslice_sim.controlplane.worker.key_rotation import COMPLETE
from kubeslice_sim.model.slice_config import SliceConfig
from kubeslice_sim.model.slice_gateway import SliceGateway
from kubeslice_sim.model.vpn_key_rotation import VpnKeyRotation
from kubeslice_sim.model.worker_slice_gw_recycler import WorkerSliceGwRecycler
from kubeslice_sim.planner.names import SYSTEM_NAMESPACE, gateway_secret


def left_to_do(namespace: str, slice_: str, number: int, past: Past, now_s: float) -> Iterator[str]:
    """Why not every gateway of the slice is COMPLETE with the keys of that number, and no server has older ones."""
    rotation = past.hub.objects.get(VpnKeyRotation, namespace, slice_)
    if rotation is None:
        yield "the slice has no VpnKeyRotation"
        return
    if rotation.spec.rotation_count < number:
        yield _not_begun(rotation, past)
    for cluster, gateways in rotation.spec.cluster_gateway_mapping.items():
        site = past.workers.get(cluster)
        for name in gateways if site is not None else ():
            there = site.objects.get(SliceGateway, SYSTEM_NAMESPACE, name) if site is not None else None
            if site is None or there is None or deleting(there):
                continue
            held = rotation.status.current_rotation_state.get(name)
            state = (held.status if held is not None else "") or "not looked at yet"
            secrets = [item.metadata.name for item in
                       site.objects.objects("Secret", SYSTEM_NAMESPACE, {GATEWAY_LABEL: name})]  # fmt: skip
            if gateway_secret(name, number) not in secrets:
                yield f"{name} is {state} on {cluster}, without the new keys"
            if state != COMPLETE:
                yield f"{name} is {state} on {cluster}{_why(rotation, past, now_s)}"
            if len(secrets) > 1 and there.status.config.slice_gateway_host_type == "Server":
                yield f"{name} still has older keys on {cluster}"  # a client's operator takes them away at the next one


def _not_begun(rotation: VpnKeyRotation, past: Past) -> str:
    """Why the controller has not counted it yet."""
    jobs = jobs_of_slice(rotation.metadata.name, past.hub.present)
    for job in jobs:
        if failed(job):
            return f"certificate job {job.metadata.name} failed, and nobody looks again while it is there"
    for job in jobs:
        if not complete(job):
            return f"certificate job {job.metadata.name} is not done"
    made = rotation.spec.certificate_creation_time
    config = past.hub.objects.get(SliceConfig, rotation.metadata.namespace, rotation.metadata.name)
    asked = config.spec.renew_before if config is not None else None
    if asked is not None and made is not None and seconds(asked) < seconds(made):
        return f"renewBefore ({asked}) lies before the keys were made ({made}), so the controller passes it over"
    return "the controller has not begun it"


def _why(rotation: VpnKeyRotation, past: Past, now_s: float) -> str:
    """What its next look waits for."""
    recyclers = past.hub.objects.list(WorkerSliceGwRecycler, rotation.metadata.namespace)
    for item in recyclers:
        if item.spec.slice_name == rotation.metadata.name:
            return f": recycler {item.metadata.name} is at {item.spec.state or 'its beginning'}"
    day = str(rotation.spec.certificate_creation_time)[:10]
    if day != timestamp(now_s)[:10]:
        return f": its operator looks only on the day of the certificates, {day}, which it is not"
    return ""
