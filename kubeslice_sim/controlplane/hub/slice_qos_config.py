"""SliceQoSConfig: a named traffic profile; its slices follow it (controller service/slice_qos_config_service.go)."""

from __future__ import annotations

from kubeslice_sim.controlplane import finalizer
from kubeslice_sim.controlplane.controller import ControllerSpec, Watch, itself
from kubeslice_sim.controlplane.reconciler import NOTHING, Note, Outcome, Update, View
from kubeslice_sim.model.document import ObjectKey
from kubeslice_sim.model.slice_qos_config import SliceQosConfig
from kubeslice_sim.planner.objects_metadata import SLICE_QOS_FINALIZER


def reconcile(key: ObjectKey, view: View, now_s: float) -> Outcome:
    """Hold the profile by a finalizer, and let it go when it is deleted: the webhook has seen that nobody uses it."""
    profile = view.hub.get(SliceQosConfig, key.namespace, key.name)
    if profile is None:
        return NOTHING
    if finalizer.deleting(profile):
        if not finalizer.held(profile, SLICE_QOS_FINALIZER):
            return NOTHING
        return Outcome(
            writes=(Update(item=finalizer.removed(profile, SLICE_QOS_FINALIZER)),),
            events=(Note(name="SliceQoSConfigDeleted", subject=key),),
        )
    if finalizer.held(profile, SLICE_QOS_FINALIZER):
        return NOTHING
    return Outcome(writes=(Update(item=finalizer.added(profile, SLICE_QOS_FINALIZER)),))


SLICE_QOS_CONFIG = ControllerSpec(
    name="slice-qos-config", reconcile=reconcile, watches=(Watch(kind="SliceQoSConfig", keys=itself),)
)
