"""VpnKeyRotation: when a slice's certificates began to count (controller service/vpn_key_rotation_service.go).

The first certificates count from the moment at which all of the slice's jobs are found done; that is looked at every
30 s.
"""

from __future__ import annotations

from dataclasses import replace

from kubeslice_sim.controlplane.controller import ControllerSpec, Watch, itself
from kubeslice_sim.controlplane.hub import labels
from kubeslice_sim.controlplane.hub.certificate_job import complete
from kubeslice_sim.controlplane.reconciler import NOTHING, Outcome, Update, View
from kubeslice_sim.controlplane.timestamp import timestamp
from kubeslice_sim.model.document import ObjectKey
from kubeslice_sim.model.project import CONTROLLER_NAMESPACE
from kubeslice_sim.model.vpn_key_rotation import VpnKeyRotation

DAY_S = 86400.0
MARGIN_S = 3600.0
"""Certificates are renewed an hour before the interval is over."""


def reconcile(key: ObjectKey, view: View, now_s: float) -> Outcome:
    """Set creation and expiry once every job of the slice is complete."""
    rotation = view.hub.get(VpnKeyRotation, key.namespace, key.name)
    if rotation is None or rotation.spec.certificate_creation_time is not None:
        return NOTHING
    jobs = view.hub.objects("Job", CONTROLLER_NAMESPACE, {labels.JOB_SLICE: key.name})
    if not all(complete(job) for job in jobs):
        return Outcome(requeue_after_s=view.timing.certificate_poll_s)
    expiry_s = now_s + rotation.spec.rotation_interval * DAY_S - MARGIN_S
    spec = replace(
        rotation.spec, certificate_creation_time=timestamp(now_s), certificate_expiry_time=timestamp(expiry_s)
    )
    return Outcome(writes=(Update(item=replace(rotation, spec=spec)),))


VPN_KEY_ROTATION = ControllerSpec(
    name="vpn-key-rotation", reconcile=reconcile, watches=(Watch(kind="VpnKeyRotation", keys=itself),)
)
