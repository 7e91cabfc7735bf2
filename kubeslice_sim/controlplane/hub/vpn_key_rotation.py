"""VpnKeyRotation: which gateways a slice's keys belong to, and since when (service/vpn_key_rotation_service.go).

The slice's controller keeps clusters, gateways and interval; this one the times. Certificates count from the moment at
which all of the slice's jobs are found done; that is looked at every 30 s. When they expire, every pair gets a new job,
and the rotation its next number. KubeSlice remembers in one flag for all slices that jobs are under way; ours are
known by their names.

The lists name the gateways that stand when the rotation is looked at, in whatever project a slice of that name has
them. Nothing but a change of the rotation has it looked at; but KubeSlice compares lists in random order, writes them
again where they differ and looks again, so that one with several lists of several gateways is looked at all the time.
Ours are sorted; such a one is looked at when a gateway comes or goes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from math import factorial, prod

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
from kubeslice_sim.controlplane.store import Change
from kubeslice_sim.controlplane.timestamp import seconds, timestamp
from kubeslice_sim.model.document import ObjectKey, key_of
from kubeslice_sim.model.frozen import FrozenMap
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
Lists = FrozenMap[tuple[str, ...]]
RESTLESS = 24**2
"""A rotation whose lists have so many orders outlasts what its slice is doing: that of a full mesh of four does."""


def reconcile(key: ObjectKey, view: View, now_s: float) -> Outcome:
    """Undo what somebody else changed; date the certificates once every job is complete; renew them when they expire.

    A job that failed ends it, as in KubeSlice: nobody looks again before this object changes or its jobs are gone.
    """
    rotation = view.hub.get(VpnKeyRotation, key.namespace, key.name)
    if rotation is None:
        return NOTHING
    mended = _mended(rotation, view.hub.get(SliceConfig, key.namespace, key.name), view)
    if mended != rotation:
        return Outcome(writes=(Update(item=mended),))
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
        if job_of(name, number, view.hub) is None:
            missing.append(Create(item=certificate_job(config, item, client, number, view)))
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
        certificate_expiry_time=expiry_of(made, rotation.spec.rotation_interval),
    ))  # fmt: skip


def keep_rotation(config: SliceConfig, view: View) -> Outcome:
    """Create the slice's rotation, or bring its clusters, gateways and interval up to date (since 1.1.0)."""
    if not includes(view.underlay.spec.kubeslice_version, ROTATES_KEYS):
        return NOTHING
    wanted = vpn_key_rotation(config, {})
    if wanted is None:
        return NOTHING
    key = key_of(wanted)
    there = view.hub.get(VpnKeyRotation, key.namespace, key.name)
    if there is None:
        return Outcome(writes=(Create(item=wanted),), events=(Note(name="VPNKeyRotationConfigCreated", subject=key),))
    spec = there.spec
    spec = replace(spec, clusters=wanted.spec.clusters)
    if spec.rotation_interval != wanted.spec.rotation_interval:
        made, days = spec.certificate_creation_time, wanted.spec.rotation_interval
        spec = replace(
            spec, rotation_interval=days,
            certificate_expiry_time=spec.certificate_expiry_time if made is None else expiry_of(made, days),
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


def _mended(rotation: VpnKeyRotation, config: SliceConfig | None, view: View) -> VpnKeyRotation:
    """The rotation as its slice says."""
    wanted = None if config is None or finalizer.deleting(config) else vpn_key_rotation(config, {})
    if config is None or wanted is None:
        return rotation
    spec = wanted.spec
    return replace(rotation, spec=replace(
        rotation.spec, slice_name=spec.slice_name, clusters=spec.clusters, rotation_interval=spec.rotation_interval,
        cluster_gateway_mapping=_lists(config, rotation.spec.cluster_gateway_mapping, view),
    ))  # fmt: skip


def _lists(config: SliceConfig, last: Lists, view: View) -> Lists:
    """The gateways of each member that has any: those that stand, and those of the last look that are still named."""
    members = member_clusters(config)
    standing: dict[str, list[str]] = {}
    for item in view.hub.list(WorkerSliceGateway, labels={labels.SLICE: config.metadata.name}):
        if not finalizer.deleting(item):
            standing.setdefault(item.metadata.labels.get(labels.WORKER_CLUSTER, ""), []).append(item.metadata.name)
    lists = FrozenMap({name: tuple(sorted(standing[name])) for name in members if name in standing})
    if last.keys() == lists.keys():
        # Two lists of one gateway agree at the first look, and nobody looks again.
        agreed = len(lists) == len(members) == 2 and all(set(last[name]) >= set(lists[name]) for name in lists)
        return last if agreed else lists
    seen = _last_seen(config.metadata.name, last, members)
    return FrozenMap({
        name: tuple(sorted((*found, *seen.intersection(last.get(name, ())).difference(found))))
        for name, found in lists.items()
    })  # fmt: skip


def _last_seen(slice_: str, before: Collection[str], now: Collection[str]) -> frozenset[str]:
    """Gateways to clusters that left which a rotation goes on naming until its slice's clusters change again.

    A race in KubeSlice: a rotation that is looked at all the time comes to rest at the first two looks that agree,
    though gateways are still being deleted. Where four and more shrink to two, the controller that was recorded
    (grow-shrink, step 06) had deleted the gateways of the first cluster by then, and not yet the others'; of three
    other runs two named none that had gone, one all. Nothing else reads the list before the next rotation of keys.
    """
    left = sorted(set(before) - set(now))
    if len(now) != 2 or len(before) < 4 or not set(now) <= set(before):
        return frozenset()
    return frozenset(names.gateway(slice_, local, remote) for local in now for remote in left[1:])


def _restless(change: Change, view: View) -> Iterable[ObjectKey]:
    """The rotation that is looked at all the time, when a gateway of its slice goes or comes; any that lacks one.

    Two looks agree by chance once in the product of the numbers of orders in which its lists may come.
    """
    before, after = change.previous, change.item
    if change.action == "MODIFIED" and before is not None and finalizer.deleting(before) == finalizer.deleting(after):
        return ()
    key = ObjectKey("VpnKeyRotation", change.key.namespace, after.spec.slice_name)
    rotation = view.hub.get(VpnKeyRotation, key.namespace, key.name)
    config = view.hub.get(SliceConfig, key.namespace, key.name)
    if rotation is None or config is None or config.spec.clusters != rotation.spec.clusters:
        return ()  # a pass of the slice is about to bring it new clusters, and it is looked at then
    lists = rotation.spec.cluster_gateway_mapping
    orders = prod(factorial(min(len(found), 4)) for found in lists.values())
    unnamed = change.action == "ADDED" and all(change.key.name not in found for found in lists.values())
    if unnamed and (orders > 1 or len(lists) < len(config.spec.clusters)):
        return (key,)
    return (key,) if orders >= RESTLESS else ()


def expiry_of(made: str, days: int) -> str:
    """When certificates that were made then are renewed."""
    return timestamp(seconds(made) + days * DAY_S - MARGIN_S)


VPN_KEY_ROTATION = ControllerSpec(
    name="vpn-key-rotation",
    reconcile=reconcile,
    watches=(Watch(kind="VpnKeyRotation", keys=itself), Watch(kind="WorkerSliceGateway", keys=_restless)),
)
