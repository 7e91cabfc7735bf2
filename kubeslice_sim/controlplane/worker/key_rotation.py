"""Key rotation on a worker: fetch the new keys, have every tunnel replaced, say how far it is.

As worker-operator pkg/hub/controllers/vpnkeyrotation/reconciler.go does, gateway by gateway: COMPLETE →
READ_IN_PROGRESS → SECRET_UPDATED (the hub's secret stands here as ``<gateway>-<n>``) → IN_PROGRESS (the server has
ordered a recycler for each of its pods, once the client has its secret too) → COMPLETE (no recycler is left).
What one look finds is written in one request; the real operator makes one for each gateway. A gateway's time is that
of the certificates for which it was replaced, and its history that of replacements that ended, well or not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from kubeslice_sim.controlplane import finalizer
from kubeslice_sim.controlplane.built_in import GATEWAY_LABEL, built_in
from kubeslice_sim.controlplane.controller import ControllerSpec, Watch, itself
from kubeslice_sim.controlplane.hub.worker_slice_gateway import recyclers_of_gateway
from kubeslice_sim.controlplane.reconciler import (
    NOTHING,
    Create,
    Delete,
    Note,
    Outcome,
    UpdateStatus,
    View,
    Write,
)
from kubeslice_sim.controlplane.timestamp import timestamp
from kubeslice_sim.controlplane.worker.gateway_deployments import held_deployments, marked
from kubeslice_sim.controlplane.worker.gateway_pod import rotation_of
from kubeslice_sim.controlplane.worker.gateway_recycler import ERROR, recycler
from kubeslice_sim.model.document import ObjectKey, key_of
from kubeslice_sim.model.frozen import FrozenMap
from kubeslice_sim.model.slice_gateway import SliceGateway
from kubeslice_sim.model.vpn_key_rotation import (
    HISTORY_LENGTH,
    KeyRotationState,
    VpnKeyRotation,
    VpnKeyRotationStatus,
)
from kubeslice_sim.planner.names import SYSTEM_NAMESPACE, gateway_secret

READING, FETCHED, RECYCLING, COMPLETE, FAILED = (
    "READ_IN_PROGRESS", "SECRET_UPDATED", "IN_PROGRESS", "COMPLETE", "ERROR",
)  # fmt: skip


@dataclass(slots=True)
class _Look:
    """What one look at a rotation finds: the gateways' new states, and what is to be done besides."""

    states: dict[str, str] = field(default_factory=dict)
    writes: list[Write] = field(default_factory=list)
    events: list[Note] = field(default_factory=list)
    again_s: float | None = None

    def wait(self, pause_s: float) -> None:
        self.again_s = pause_s if self.again_s is None else min(self.again_s, pause_s)


def reconcile(key: ObjectKey, view: View, now_s: float) -> Outcome:
    """Take every gateway of this cluster one step further."""
    rotation = view.hub.get(VpnKeyRotation, key.namespace, key.name)
    if rotation is None or finalizer.deleting(rotation) or rotation.spec.certificate_creation_time is None:
        return NOTHING
    look = _Look()
    for name in rotation.spec.cluster_gateway_mapping.get(view.cluster, ()):
        gateway = view.local.get(SliceGateway, SYSTEM_NAMESPACE, name)
        if gateway is not None and not finalizer.deleting(gateway):
            _step(gateway, rotation, look, view, now_s)
        else:
            look.wait(view.timing.certificate_poll_s)
    status = _noted(rotation, look.states)
    if status is not rotation.status:
        look.writes.append(UpdateStatus(item=replace(rotation, status=status), at="hub"))
    return Outcome(writes=tuple(look.writes), events=tuple(look.events), requeue_after_s=look.again_s)


def _step(gateway: SliceGateway, rotation: VpnKeyRotation, look: _Look, view: View, now_s: float) -> None:
    name, number = gateway.metadata.name, rotation.spec.rotation_count
    state = _state(rotation, name)
    secret = gateway_secret(name, number)
    fetched = view.local.find("Secret", SYSTEM_NAMESPACE, secret) is not None
    if not state:
        # A gateway is taken up when it has exactly its two pods; its first keys are those of the day.
        if len(view.local.objects("Pod", SYSTEM_NAMESPACE, {GATEWAY_LABEL: name})) == 2 and fetched:
            look.states[name] = COMPLETE
        else:
            look.wait(view.timing.certificate_poll_s)
    elif state == READING:
        if view.hub.find("Secret", rotation.metadata.namespace, name) is None:
            look.wait(view.timing.wait_for_pods_s)
            return
        if not fetched:
            copy = built_in("Secret", SYSTEM_NAMESPACE, secret, labels={GATEWAY_LABEL: name}, body={"type": "Opaque"})
            look.writes.append(Create(item=copy))
        look.states[name] = FETCHED
        look.events.append(Note(name="GatewayCertificateUpdated", subject=key_of(gateway)))
    elif not fetched:
        # Also from a rotation before this one that never came to its end (see _progress).
        look.states[name] = READING
    elif state == COMPLETE:
        look.writes.extend(_old_secrets(name, secret, view))
    elif gateway.status.config.slice_gateway_host_type != "Server":
        return  # the server's operator says when it is replaced, and when that is over
    elif state == FETCHED:
        _recycle(gateway, rotation, look, view)
    elif state == RECYCLING:
        _progress(gateway, rotation, look, view, now_s)


def _recycle(gateway: SliceGateway, rotation: VpnKeyRotation, look: _Look, view: View) -> None:
    """Order a recycler for each of the server's pods once the client has its keys."""
    name, client = gateway.metadata.name, gateway.status.config.slice_gateway_remote_gateway_id
    if _state(rotation, client) != FETCHED:
        return  # its word comes with the next change of the rotation
    deployments = [
        item.metadata.name for item in held_deployments(name, view)
        if not marked(item) and rotation_of(item.pod_template["spec"]) < rotation.spec.rotation_count
    ]  # fmt: skip
    orders = [recycler(gateway, deployment, rotation.metadata.namespace) for deployment in deployments]
    look.writes.extend(Create(item=item, at="hub") for item in orders if view.hub.at(key_of(item)) is None)
    look.states |= {client: RECYCLING, name: RECYCLING}
    look.events.append(Note(name="GatewayCertificateRecyclingTriggered", subject=key_of(gateway)))
    look.wait(view.timing.rotation_poll_s)


def _progress(gateway: SliceGateway, rotation: VpnKeyRotation, look: _Look, view: View, now_s: float) -> None:
    """Whether all of the gateway's tunnels are replaced.

    Quirk of KubeSlice, kept: it looks only on the day on which the certificates were made, so a rotation that crosses
    midnight (UTC here) stays IN_PROGRESS, with its old secret, until the next one; its tunnels are replaced all the
    same.
    """
    name, client = gateway.metadata.name, gateway.status.config.slice_gateway_remote_gateway_id
    if str(rotation.spec.certificate_creation_time)[:10] != timestamp(now_s)[:10]:
        return
    left = recyclers_of_gateway(name, view)
    if any(item.spec.state == ERROR for item in left):
        look.states |= {client: FAILED, name: FAILED}
        look.events.append(Note(name="GatewayRecyclingFailed", subject=key_of(gateway)))
    elif left:
        look.wait(view.timing.rotation_poll_s)
    else:
        look.states |= {client: COMPLETE, name: COMPLETE}
        look.events.append(Note(name="GatewayRecyclingSuccessful", subject=key_of(gateway)))


def _old_secrets(name: str, newest: str, view: View) -> Iterator[Write]:
    for secret in view.local.objects("Secret", SYSTEM_NAMESPACE, {GATEWAY_LABEL: name}):
        if secret.metadata.name != newest:
            yield Delete(key=key_of(secret))


def _state(rotation: VpnKeyRotation, gateway: str) -> str:
    held = rotation.status.current_rotation_state.get(gateway)
    return held.status if held is not None else ""


def _noted(rotation: VpnKeyRotation, states: Mapping[str, str]) -> VpnKeyRotationStatus:
    """The status with these new states, without the gateways that are gone."""
    held = rotation.status
    listed = _listed(rotation.spec.cluster_gateway_mapping)
    gone = held.current_rotation_state.keys() - listed
    if not states and not gone:
        return held
    current, history = dict(held.current_rotation_state), dict(held.status_history)
    for name in gone:
        del current[name]
        history.pop(name, None)
    for name, state in states.items():
        before = current.get(name)
        if before is not None and state in (READING, FETCHED):
            current[name] = replace(before, status=state)
            continue
        now = current[name] = KeyRotationState(
            status=state, last_updated_timestamp=rotation.spec.certificate_creation_time
        )
        if before is not None and state in (COMPLETE, FAILED):
            history[name] = (now, *history.get(name, ()))[:HISTORY_LENGTH]
    return VpnKeyRotationStatus(current_rotation_state=FrozenMap(current), status_history=FrozenMap(history))


@lru_cache(maxsize=64)
def _listed(mapping: FrozenMap[tuple[str, ...]]) -> frozenset[str]:
    """All gateways of a rotation; they stay the same for hundreds of looks."""
    return frozenset(name for gateways in mapping.values() for name in gateways)


KEY_ROTATION = ControllerSpec(
    name="key-rotation", reconcile=reconcile, watches=(Watch(kind="VpnKeyRotation", keys=itself, at="hub"),)
)
