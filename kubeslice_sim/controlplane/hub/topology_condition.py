"""Topology condition: whether every gateway link that a slice wants is connected; ``next`` only.

As kubeslice-controller service/topology_status.go does (pull request 422), told in SliceConfig.status.conditions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from kubeslice_sim.controlplane import finalizer
from kubeslice_sim.controlplane.controller import ControllerSpec, Watch, itself, labelled, only
from kubeslice_sim.controlplane.hub import labels
from kubeslice_sim.controlplane.hub.slice_ipam import shape_of
from kubeslice_sim.controlplane.reconciler import NOTHING, Outcome, UpdateStatus, View
from kubeslice_sim.controlplane.store import Change
from kubeslice_sim.controlplane.timestamp import timestamp
from kubeslice_sim.model.document import ObjectKey
from kubeslice_sim.model.release import NEXT
from kubeslice_sim.model.slice_config import TOPOLOGY_CONVERGED, Condition, SliceConfig
from kubeslice_sim.model.worker_slice_gateway import WorkerSliceGateway
from kubeslice_sim.planner import names
from kubeslice_sim.planner.topology import edges_of


def reconcile(key: ObjectKey, view: View, now_s: float) -> Outcome:
    """Bring the slice's condition up to date; its transition time moves with its status only."""
    config = view.hub.get(SliceConfig, key.namespace, key.name)
    if config is None or finalizer.deleting(config):
        return NOTHING
    held = {item.metadata.name: item for item in view.hub.list(
        WorkerSliceGateway, key.namespace, {labels.SLICE: key.name}
    )}  # fmt: skip
    wanted = [
        names.gateway(key.name, local, remote)
        for edge in edges_of(config, shape_of(config, view))
        for local, remote in ((edge.server, edge.client), (edge.client, edge.server))
    ]
    states = {name: held[name].status.connection_state or "Pending" if name in held else "Pending" for name in wanted}
    before = next((item for item in config.status.conditions if item.type == TOPOLOGY_CONVERGED), None)
    now = converged(states, config.metadata.generation, timestamp(now_s))
    if before is not None and before.status == now.status:
        now = replace(now, last_transition_time=before.last_transition_time)
    if now == before:
        return NOTHING
    others = tuple(item for item in config.status.conditions if item.type != TOPOLOGY_CONVERGED)
    return Outcome(writes=(UpdateStatus(item=replace(
        config, status=replace(config.status, conditions=(*others, now))
    )),))  # fmt: skip


def converged(states: Mapping[str, str], generation: int, at: str) -> Condition:
    """The condition for these gateways: True when all are connected or none is needed, else how many and which not."""
    missing = sorted(name for name, state in states.items() if state != "Connected")
    total = len(states)
    if not states:
        reason, message = "NoGatewaysRequired", "slice requires no gateway links"
    elif not missing:
        reason, message = "AllEdgesReady", f"all {total} gateway links connected"
    else:
        reason = "EdgesNotReady"
        ready = f"{total - len(missing)}/{total} gateway links connected"
        message = f"{ready}; {missing[0]} is {states[missing[0]]}"
    return Condition(
        type=TOPOLOGY_CONVERGED, status="False" if missing else "True", observed_generation=generation,
        last_transition_time=at, reason=reason, message=message,
    )  # fmt: skip


def _tells(_: Change, view: View) -> bool:
    """Whether this release has the condition; the others have no such controller."""
    return view.underlay.spec.kubeslice_version == NEXT


TOPOLOGY_CONDITION = ControllerSpec(
    name="topology-condition", reconcile=reconcile,
    watches=(
        Watch(kind="SliceConfig", keys=only(_tells, itself)),
        Watch(kind="WorkerSliceGateway", keys=only(_tells, labelled("SliceConfig", labels.SLICE))),
    ),
)  # fmt: skip
