"""Key rotation on a worker: fetch the new keys, have every tunnel replaced, say how far it is.

As worker-operator pkg/hub/controllers/vpnkeyrotation/reconciler.go does: COMPLETE → READ_IN_PROGRESS → SECRET_UPDATED
(the hub's secret stands here as ``<gateway>-<n>``) → IN_PROGRESS (the server has ordered a recycler for each of its
pods, once the client has its secret too) → COMPLETE (no recycler is left). A gateway's time is that of the certificates
for which it was replaced, and its history that of replacements that ended, well or not.

A cluster's gateways come one after the other, in the order of the list, and one that has to wait keeps all that follow
waiting. Every step ends in a wish to look again, after a pause that doubles until a look has nothing to do. No change
of status wakes KubeSlice (GenerationChangedPredicate); but its controller writes the lists of a larger mesh anew all
the time (:mod:`..hub.vpn_key_rotation`), and that does. Ours rest, and it is woken by the states that it waits for.

What one look finds is written in one request, where the real operator makes one for each gateway; and a client's old
secrets, which that one leaves for ever, go when the next but one is fetched.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from kubeslice_sim.controlplane import finalizer
from kubeslice_sim.controlplane.built_in import GATEWAY_LABEL, built_in
from kubeslice_sim.controlplane.controller import ControllerSpec, Watch, itself, only
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
from kubeslice_sim.controlplane.store import Change
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
from kubeslice_sim.planner import names
from kubeslice_sim.planner.names import SYSTEM_NAMESPACE, gateway_secret

READING, FETCHED, RECYCLING, COMPLETE, FAILED = (
    "READ_IN_PROGRESS", "SECRET_UPDATED", "IN_PROGRESS", "COMPLETE", "ERROR",
)  # fmt: skip
CONFLICT_PAUSE_S = 0.01
"""All workers write the one status; each tries a hundred times."""


@dataclass(slots=True)
class _Look:
    """What one look at a rotation finds: the gateways' new states, and what is to be done besides."""

    rotation: VpnKeyRotation
    view: View
    states: dict[str, str] = field(default_factory=dict)
    writes: list[Write] = field(default_factory=list)
    events: list[Note] = field(default_factory=list)

    def state(self, gateway: str) -> str:
        """The gateway's state as this look leaves it; empty for one that was not taken up."""
        held = self.rotation.status.current_rotation_state.get(gateway)
        return self.states.get(gateway, held.status if held is not None else "")

    def outcome(self, *, again_s: float | None = None, retry: str = "") -> Outcome:
        """All of it, and when to look again."""
        status = _noted(self.rotation, self.states)
        if status is not self.rotation.status:
            self.writes.append(UpdateStatus(item=replace(self.rotation, status=status), at="hub"))
        return Outcome(
            writes=tuple(self.writes), events=tuple(self.events), requeue_after_s=again_s, retry=retry,
            conflict_pause_s=CONFLICT_PAUSE_S,
        )  # fmt: skip


def reconcile(key: ObjectKey, view: View, now_s: float) -> Outcome:
    """Take the first gateway of this cluster that is not done one step further; when all are, see how they end."""
    rotation = view.hub.get(VpnKeyRotation, key.namespace, key.name)
    if rotation is None or finalizer.deleting(rotation) or rotation.spec.certificate_creation_time is None:
        return NOTHING
    look, own = _Look(rotation=rotation, view=view), rotation.spec.cluster_gateway_mapping.get(view.cluster, ())
    newcomers = [name for name in own if not look.state(name)]
    if newcomers:
        return _take_up(newcomers, look)
    for name in own:
        outcome = _renew(name, look)
        if outcome is not None:
            return outcome
    if str(rotation.spec.certificate_creation_time)[:10] == timestamp(now_s)[:10]:
        return _progress(own, look)
    # Quirk of KubeSlice, kept: it sees how replacements end only on the day on which the certificates were made. Those
    # that cross midnight (UTC here) stay IN_PROGRESS, and the next rotation takes them for its own, without new keys.
    return look.outcome()


def _take_up(newcomers: Sequence[str], look: _Look) -> Outcome:
    """Gateways are taken up, all at once, when each has exactly its two pods: its first keys are those of the day."""
    for name in newcomers:
        pods = look.view.local.objects("Pod", SYSTEM_NAMESPACE, {GATEWAY_LABEL: name})
        if len(pods) != 2:
            return Outcome(retry=f"{name} has {len(pods)} pods of 2")
        look.states[name] = COMPLETE
    return look.outcome(retry="gateways were taken up")


def _renew(name: str, look: _Look) -> Outcome | None:
    """Give a gateway the keys that its rotation has and it lacks; None: the next one's turn."""
    rotation, view = look.rotation, look.view
    held = rotation.status.current_rotation_state[name]
    if held.last_updated_timestamp == rotation.spec.certificate_creation_time or held.status == RECYCLING:
        return None
    gateway = view.local.get(SliceGateway, SYSTEM_NAMESPACE, name)
    if gateway is None or finalizer.deleting(gateway):
        return look.outcome(retry=f"{name} is not there")
    if held.status not in (READING, FETCHED):
        look.states[name] = READING
        look.events.append(Note(name="GatewayCertificateRecyclingTriggered", subject=key_of(gateway)))
        return look.outcome(retry=f"{name} reads its keys")
    secret = gateway_secret(name, rotation.spec.rotation_count)
    if view.local.find("Secret", SYSTEM_NAMESPACE, secret) is None:
        if view.hub.find("Secret", rotation.metadata.namespace, name) is None:
            return look.outcome(again_s=view.timing.wait_for_router_s)
        copy = built_in("Secret", SYSTEM_NAMESPACE, secret, labels={GATEWAY_LABEL: name}, body={"type": "Opaque"})
        look.writes.extend((*_secrets_before(rotation.spec.rotation_count - 1, name, view), Create(item=copy)))
    if held.status != FETCHED:
        look.states[name] = FETCHED
        look.events.append(Note(name="GatewayCertificateUpdated", subject=key_of(gateway)))
    # The server's operator says when a client is replaced, and when that is over.
    return _recycle(gateway, look) if gateway.status.config.slice_gateway_host_type == "Server" else None


def _recycle(gateway: SliceGateway, look: _Look) -> Outcome:
    """Order a recycler for each of the server's pods once the client has its keys."""
    rotation, view = look.rotation, look.view
    name, client = gateway.metadata.name, gateway.status.config.slice_gateway_remote_gateway_id
    if not look.state(client):
        return look.outcome(again_s=view.timing.wait_for_pods_s)
    if look.state(client) != FETCHED:
        return look.outcome(retry=f"{client} has not its keys yet")
    deployments = [
        item.metadata.name for item in held_deployments(name, view)
        if not marked(item) and rotation_of(item.pod_template["spec"]) < rotation.spec.rotation_count
    ]  # fmt: skip
    orders = [recycler(gateway, deployment, rotation.metadata.namespace) for deployment in deployments]
    look.writes.extend(Create(item=item, at="hub") for item in orders if view.hub.at(key_of(item)) is None)
    look.states |= {client: RECYCLING, name: RECYCLING}
    look.events.append(Note(name="TriggeredFSMToRecycleGateways", subject=key_of(gateway)))
    return look.outcome(retry=f"{name} is being replaced")


def _progress(own: Sequence[str], look: _Look) -> Outcome:
    """Whether the tunnels that this cluster serves are replaced, again one after the other."""
    for name in own:
        gateway = look.view.local.get(SliceGateway, SYSTEM_NAMESPACE, name)
        if look.state(name) != RECYCLING or gateway is None:
            continue
        if gateway.status.config.slice_gateway_host_type != "Server":
            continue
        client = gateway.status.config.slice_gateway_remote_gateway_id
        left = recyclers_of_gateway(name, look.view)
        if any(item.spec.state == ERROR for item in left):
            look.states |= {client: FAILED, name: FAILED}
            look.events.append(Note(name="GatewayRecyclingFailed", subject=key_of(gateway)))
            return look.outcome()
        if left:
            return look.outcome(again_s=look.view.timing.rotation_poll_s)
        look.states |= {client: COMPLETE, name: COMPLETE}
        look.events.append(Note(name="GatewayRecyclingSuccessful", subject=key_of(gateway)))
        look.writes.extend(_secrets_before(look.rotation.spec.rotation_count, name, look.view))
    return look.outcome()


def _secrets_before(number: int, gateway: str, view: View) -> Iterator[Write]:
    """The end of a gateway's secrets of the rotations before that one."""
    for secret in view.local.objects("Secret", SYSTEM_NAMESPACE, {GATEWAY_LABEL: gateway}):
        if int(secret.metadata.name.rpartition("-")[2]) < number:
            yield Delete(key=key_of(secret))


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


@lru_cache(maxsize=256)
def _awaited(mapping: FrozenMap[tuple[str, ...]], slice_: str, cluster: str) -> tuple[str, ...]:
    """A cluster's gateways and their peers."""
    return (
        *mapping.get(cluster, ()),
        *(names.gateway(slice_, remote, cluster) for remote in mapping if remote != cluster),
    )


def _matters(change: Change, view: View) -> bool:
    before, now = change.previous, change.item
    if before is None or before.metadata.generation != now.metadata.generation:
        return True
    old, new = before.status.current_rotation_state, now.status.current_rotation_state
    awaited = _awaited(now.spec.cluster_gateway_mapping, now.metadata.name, view.cluster)
    return any(old.get(name) != new.get(name) for name in awaited)


KEY_ROTATION = ControllerSpec(
    name="key-rotation",
    reconcile=reconcile,
    watches=(Watch(kind="VpnKeyRotation", keys=only(_matters, itself), at="hub"),),
)
