"""WorkerSliceConfig: one cluster's share of a slice, kept as the SliceConfig says.

As kubeslice-controller service/worker_slice_config_service.go does: whoever changes it finds it as it was, all but its
slot, which is never changed here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from ipaddress import IPv4Network

from kubeslice_sim.controlplane import finalizer
from kubeslice_sim.controlplane.controller import ControllerSpec, Watch
from kubeslice_sim.controlplane.hub import labels
from kubeslice_sim.controlplane.hub.worker_objects import release, rewritten
from kubeslice_sim.controlplane.reconciler import NOTHING, Note, Outcome, Update, View
from kubeslice_sim.controlplane.store import Change
from kubeslice_sim.model.document import ObjectKey, key_of
from kubeslice_sim.model.slice_config import QosProfile, SliceConfig
from kubeslice_sim.model.slice_qos_config import SliceQosConfig
from kubeslice_sim.model.worker_slice_config import WorkerSliceConfig
from kubeslice_sim.planner.objects_metadata import QOS_PROFILE_LABEL, WORKER_SLICE_CONFIG_FINALIZER, propagated
from kubeslice_sim.planner.objects_slice import worker_slice_config_spec
from kubeslice_sim.planner.qos import lacks_profile, profile_of


def reconcile(key: ObjectKey, view: View, now_s: float) -> Outcome:
    """Write back what deviates; one under deletion goes once its worker let go (its slice makes it again)."""
    item = view.hub.get(WorkerSliceConfig, key.namespace, key.name)
    if item is None:
        return NOTHING
    config = view.hub.get(SliceConfig, key.namespace, item.spec.slice_name)
    if finalizer.deleting(item):
        gone = release(item, WORKER_SLICE_CONFIG_FINALIZER, view, now_s)
        return replace(gone, events=_forced(item, config)) if gone.writes else gone
    mended = finalizer.added(item, WORKER_SLICE_CONFIG_FINALIZER)
    qos = None if config is None else profile_of(config, view.hub.list(SliceQosConfig, key.namespace))
    if config is not None and not lacks_profile(config, qos):
        mended = settled(mended, config, item.spec.octet, qos)
        # As in KubeSlice, slot and CIDR are the slice's business: wrong ones stay until the slice is looked at.
        own = replace(mended.spec, octet=item.spec.octet, cluster_subnet_cidr=item.spec.cluster_subnet_cidr)
        mended = replace(mended, spec=own)
    return NOTHING if mended == item else Outcome(writes=(Update(item=mended),))


def settled(
    there: WorkerSliceConfig,
    config: SliceConfig,
    slot: int | None,
    qos: QosProfile | None,
    cidr: IPv4Network | None = None,
) -> WorkerSliceConfig:
    """The object with the spec that the slice gives it. ``cidr``: the cluster's; None: that of its slot.

    A label or annotation of the slice arrives where there is none of that key yet; it is never changed or taken away.
    Where somebody took the slice's name out of it, only slot and CIDR arrive any more.
    """
    meta = there.metadata
    cluster = meta.labels.get(labels.WORKER_CLUSTER, "")
    spec = worker_slice_config_spec(config, cluster, slot, qos, cidr)
    if there.spec.slice_name != spec.slice_name:
        place = replace(there.spec, octet=spec.octet, cluster_subnet_cidr=spec.cluster_subnet_cidr)
        return replace(there, spec=place)
    new_labels = _missing(config.metadata.labels, meta.labels)
    new_labels[QOS_PROFILE_LABEL] = config.spec.standard_qos_profile_name
    new_annotations = _missing(config.metadata.annotations, meta.annotations)
    return replace(
        there,
        metadata=replace(
            meta, labels=meta.labels.with_items(new_labels), annotations=meta.annotations.with_items(new_annotations)
        ),
        spec=spec,
    )


def _missing(given: Mapping[str, str], held: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in propagated(given).items() if value and key not in held}


def _forced(item: WorkerSliceConfig, config: SliceConfig | None) -> tuple[Note, ...]:
    """What KubeSlice says when somebody deletes a member's share."""
    if config is None or finalizer.deleting(config):
        return ()
    if item.metadata.labels.get(labels.WORKER_CLUSTER) not in config.spec.clusters:
        return ()
    names = ("WorkerSliceConfigDeletedForcefully", "WorkerSliceConfigRecreated")
    return tuple(Note(name=name, subject=key_of(item)) for name in names)


def _itself(change: Change, _: View) -> tuple[ObjectKey, ...]:
    return (change.key,) if rewritten(change) else ()


WORKER_SLICE_CONFIG = ControllerSpec(
    name="worker-slice-config", reconcile=reconcile, watches=(Watch(kind="WorkerSliceConfig", keys=_itself),)
)
