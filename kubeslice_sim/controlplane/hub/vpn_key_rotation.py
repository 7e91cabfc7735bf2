"""VpnKeyRotation: which gateways a slice's keys belong to, and since when (service/vpn_key_rotation_service.go).

The slice's controller keeps clusters, gateways and interval; this one the times. Certificates count from the moment at
which all of the slice's jobs are found done; that is looked at every 30 s. When they expire, every pair gets a new job,
and the rotation its next number. KubeSlice compares gateway lists in random order and rewrites them without end; ours
are sorted. It remembers in one flag for all slices that jobs are under way; ours are known by their names.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from kubeslice_sim.controlplane import finalizer
from kubeslice_sim.controlplane.controller import ControllerSpec, Watch, itself
from kubeslice_sim.controlplane.hub import labels
from kubeslice_sim.controlplane.hub.certificate_job import (
    certificate_job,
    complete,
    failed,
    job_of,
    jobs_of_slice,
)
from kubeslice_sim.controlplane.reconciler import NOTHING, Create, Note, Outcome, Update, View, Write
from kubeslice_sim.controlplane.timestamp import seconds, timestamp
from kubeslice_sim.model.document import ObjectKey, key_of
from kubeslice_sim.model.release import ROTATES_KEYS, includes
from kubeslice_sim.model.slice_config import SliceConfig
from kubeslice_sim.model.vpn_key_rotation import VpnKeyRotation
from kubeslice_sim.model.worker_slice_gateway import WorkerSliceGateway
from kubeslice_sim.planner import names
from kubeslice_sim.planner.members import member_clusters
from kubeslice_sim.planner.objects_slice import vpn_key_rotation

DAY_S = 86400.0
MARGIN_S = 3600.0
"""Certificates are renewed an hour before the interval is over."""


def reconcile(key: ObjectKey, view: View, now_s: float) -> Outcome:
    """Undo what somebody else changed; date the certificates once every job is complete; renew them when they expire.

    A job that failed ends it, as in KubeSlice: nobody looks again before this object changes or its jobs are gone.
    """
    rotation = view.hub.get(VpnKeyRotation, key.namespace, key.name)
    if rotation is None:
        return NOTHING
    mended = _mended(rotation, view.hub.get(SliceConfig, key.namespace, key.name))
    if mended != rotation:
        note = Note(name="VPNKeyRotationConfigUpdated", subject=key)
        return Outcome(writes=(Update(item=mended),), events=(note,))
    expiry = rotation.spec.certificate_expiry_time
    if rotation.spec.certificate_creation_time is not None and expiry is not None:
        left_s = seconds(expiry) - now_s
        return Outcome(requeue_after_s=left_s) if left_s > 0 else _renew(rotation, view, now_s)
    jobs = jobs_of_slice(key.name, view)
    if not jobs:
        return NOTHING  # a slice of one cluster has no gateways; a second cluster's arrival changes this object
    if any(failed(job) for job in jobs):
        return _given_up(rotation)
    if not all(complete(job) for job in jobs):
        return Outcome(requeue_after_s=view.timing.certificate_poll_s)
    return Outcome(writes=(Update(item=_dated(rotation, now_s)),))


def _renew(rotation: VpnKeyRotation, view: View, now_s: float) -> Outcome:
    """Make the missing jobs of the next number; when all of the slice's jobs are done, begin the rotation."""
    key, number = key_of(rotation), rotation.spec.rotation_count + 1
    servers = {
        item.metadata.name: item
        for item in view.hub.list(WorkerSliceGateway, key.namespace, {labels.SLICE: key.name})
        if item.spec.gateway_host_type == "Server" and not finalizer.deleting(item)
    }
    config = view.hub.get(SliceConfig, key.namespace, key.name)
    missing: list[Write] = []
    for name, item in servers.items():
        client = view.hub.get(WorkerSliceGateway, key.namespace, item.spec.remote_gateway_config.gateway_name)
        if config is None or client is None:
            return Outcome(retry=f"the slice or the client of {name} is not there")
        if job_of(name, number, view) is None:
            missing.append(Create(item=certificate_job(config, item, client, number)))
    if missing and _another_renews(key, view, now_s):
        return Outcome(requeue_after_s=view.timing.certificate_poll_s)
    if missing:
        return Outcome(writes=tuple(missing), requeue_after_s=view.timing.certificate_poll_s)
    jobs = jobs_of_slice(key.name, view)
    if any(failed(job) for job in jobs):
        return _given_up(rotation)
    if not all(complete(job) for job in jobs):
        return Outcome(requeue_after_s=view.timing.certificate_poll_s)
    dated = _dated(rotation, now_s)
    begun = replace(dated, spec=replace(dated.spec, rotation_count=number))
    return Outcome(writes=(Update(item=begun),), events=(Note(name="VPNKeyRotationStart", subject=key),))


def _another_renews(key: ObjectKey, view: View, now_s: float) -> bool:
    """Whether another slice's new jobs were made and its rotation has not begun.

    One flag of the controller serves all its slices (``jobCreationInProgress``): they renew one after the other, and
    one whose job failed holds up all others: in KubeSlice until the controller restarts, here until the job is deleted.
    Not reproduced: one whose last jobs are not yet a day old does not wait, but counts on with the keys that it has.
    """
    for other in view.hub.list(VpnKeyRotation):
        expiry = other.spec.certificate_expiry_time
        if key_of(other) == key or expiry is None or seconds(expiry) > now_s:
            continue
        jobs = jobs_of_slice(other.metadata.name, view)
        if any(seconds(str(job.metadata.creation_timestamp)) >= int(seconds(expiry)) for job in jobs):
            return True
    return False


def _given_up(rotation: VpnKeyRotation) -> Outcome:
    return Outcome(events=(Note(name="CertificateJobFailed", subject=key_of(rotation)),))


def _dated(rotation: VpnKeyRotation, now_s: float) -> VpnKeyRotation:
    made = timestamp(now_s)
    return replace(rotation, spec=replace(
        rotation.spec, certificate_creation_time=made,
        certificate_expiry_time=_expiry(made, rotation.spec.rotation_interval),
    ))  # fmt: skip


def keep_rotation(config: SliceConfig, view: View) -> Outcome:
    """Create the slice's rotation, or bring its clusters, gateways and interval up to date (since 1.1.0)."""
    if not includes(view.underlay.spec.kubeslice_version, ROTATES_KEYS):
        return NOTHING
    wanted = vpn_key_rotation(config, _gateways(config, ()))
    if wanted is None:
        return NOTHING
    key = key_of(wanted)
    there = view.hub.get(VpnKeyRotation, key.namespace, key.name)
    if there is None:
        return Outcome(writes=(Create(item=wanted),), events=(Note(name="VPNKeyRotationConfigCreated", subject=key),))
    spec = there.spec
    if spec.clusters != wanted.spec.clusters:
        seen = vpn_key_rotation(config, _gateways(config, _still_seen(spec.clusters, wanted.spec.clusters))) or wanted
        spec = replace(
            spec, clusters=wanted.spec.clusters, cluster_gateway_mapping=seen.spec.cluster_gateway_mapping
        )  # fmt: skip
    if spec.rotation_interval != wanted.spec.rotation_interval:
        made, days = spec.certificate_creation_time, wanted.spec.rotation_interval
        spec = replace(
            spec, rotation_interval=days,
            certificate_expiry_time=spec.certificate_expiry_time if made is None else _expiry(made, days),
        )  # fmt: skip
    events = () if spec == there.spec else (Note(name="VPNKeyRotationConfigUpdated", subject=key),)
    if _renewal_asked(config, there):
        # KubeSlice's webhook writes this when renewBefore changes; here it is seen when the slice is looked at.
        spec = replace(spec, certificate_expiry_time=config.spec.renew_before)
        events = (*events, Note(name="CertificatesRenewNow", subject=key))
    if spec == there.spec:
        return NOTHING
    return Outcome(writes=(Update(item=replace(there, spec=spec)),), events=events)


def _renewal_asked(config: SliceConfig, rotation: VpnKeyRotation) -> bool:
    """Whether ``renewBefore`` names a moment since the certificates were made (which the webhook lets be in the past).

    One from before says nothing: it may have been granted long ago.
    """
    asked, made = config.spec.renew_before, rotation.spec.certificate_creation_time
    if asked is None or made is None or asked == rotation.spec.certificate_expiry_time:
        return False
    return seconds(asked) >= seconds(made)


def _mended(rotation: VpnKeyRotation, config: SliceConfig | None) -> VpnKeyRotation:
    """The rotation as its slice says. Gateways too many in its lists stay (see :func:`_still_seen`)."""
    wanted = None
    if config is not None and not finalizer.deleting(config):
        wanted = vpn_key_rotation(config, _gateways(config, ()))
    if wanted is None:
        return rotation
    spec, held = wanted.spec, rotation.spec.cluster_gateway_mapping
    mapping = spec.cluster_gateway_mapping
    if held.keys() == mapping.keys() and all(set(held[name]) >= set(mapping[name]) for name in mapping):
        mapping = held
    return replace(rotation, spec=replace(
        rotation.spec, slice_name=spec.slice_name, clusters=spec.clusters, rotation_interval=spec.rotation_interval,
        cluster_gateway_mapping=mapping,
    ))  # fmt: skip


def _gateways(config: SliceConfig, besides: Collection[str]) -> dict[str, tuple[str, ...]]:
    listed = member_clusters(config)
    return {
        local: tuple(
            names.gateway(config.metadata.name, local, remote) for remote in (*listed, *besides) if remote != local
        )
        for local in listed
    }


def _still_seen(before: Collection[str], now: Collection[str]) -> tuple[str, ...]:
    """Clusters that left and whose gateways the rotation goes on naming until its slice's clusters change again.

    A race in KubeSlice: while a list has several gateways, it rewrites the rotation over and over, and stops at the
    first two looks that agree, though gateways are still being deleted. With two members left and several gone, the
    controller that was recorded (grow-shrink, step 06) had deleted the gateways of the first cluster by then, and not
    yet the others'. Nothing else reads the list before the next rotation of keys.
    """
    left = sorted(set(before) - set(now))
    return tuple(left[1:]) if len(now) == 2 else ()


def _expiry(made: str, days: int) -> str:
    """When certificates that were made then are renewed."""
    return timestamp(seconds(made) + days * DAY_S - MARGIN_S)


VPN_KEY_ROTATION = ControllerSpec(
    name="vpn-key-rotation", reconcile=reconcile, watches=(Watch(kind="VpnKeyRotation", keys=itself),)
)
