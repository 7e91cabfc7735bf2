"""Gateway recycler: two operators replace the two pods of one tunnel, step by step, make before break.

As worker-operator pkg/hub/controllers/workerslicegwrecycler does, by polling every ten seconds: the server's side owns
``spec.state`` and asks by ``spec.request``, the client's answers by ``status.client.response``.

==========================  =========================  =======================  ===========================
state                       request                    response                 what both sides do
==========================  =========================  =======================  ===========================
init                        create_new_deployment      new_deployment_created   run a second pod, use it
new_deployment_created_...  update_routing_table       routing_table_updated    take the old one out of the routes
slicerouter_updated_state   delete_old_gw_deployment   old_gw_deployment_...    pause, then delete the old one
old_deployment_deleted_...  none
end                         none                       (deleted at the server's next look at its SliceGateway)
==========================  =========================  =======================  ===========================
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from kubeslice_sim.controlplane import finalizer
from kubeslice_sim.controlplane.controller import ControllerSpec, Watch, itself
from kubeslice_sim.controlplane.hub import labels
from kubeslice_sim.controlplane.reconciler import NOTHING, Note, Outcome, Update, UpdateStatus, View, Write
from kubeslice_sim.controlplane.status import with_metadata
from kubeslice_sim.controlplane.worker.gateway_deployments import (
    EXCLUDE_ROUTE_LABEL,
    MARKED_LABEL,
    excluded,
    marked,
    other_generation,
    split,
    with_intermediates,
)
from kubeslice_sim.model.document import ObjectKey, ObjectMeta
from kubeslice_sim.model.frozen import FrozenMap
from kubeslice_sim.model.slice_gateway import SliceGateway
from kubeslice_sim.model.worker_slice_gw_recycler import (
    GatewayPair,
    RecyclerClient,
    WorkerSliceGwRecycler,
    WorkerSliceGwRecyclerSpec,
)
from kubeslice_sim.planner import names

INIT, SPAWNED, REROUTED, REMOVED, END, ERROR = (
    "init", "new_deployment_created_state", "slicerouter_updated_state", "old_deployment_deleted_state", "end",
    "error_state",
)  # fmt: skip
VERIFY, CREATE, REROUTE, REMOVE, NONE = (
    "verify_new_deployment_created", "create_new_deployment", "update_routing_table", "delete_old_gw_deployment",
    "none",
)  # fmt: skip
CREATED_ANSWER, REROUTED_ANSWER, REMOVED_ANSWER = (
    "new_deployment_created", "routing_table_updated", "old_gw_deployment_deleted",
)  # fmt: skip
PAUSE_ANNOTATION = "kubeslice-sim.io/pause-began"
"""Ours, on the old Deployment: when the pause before its end began; the real operator sleeps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """One side of the tunnel: its gateway, the pod that goes and the pod that comes."""

    gateway: SliceGateway
    old: str
    new: str
    view: View
    now_s: float


def recycler(gateway: SliceGateway, deployment: str, namespace: str) -> WorkerSliceGwRecycler:
    """The order to replace the tunnel that this Deployment of a server serves."""
    name, config = gateway.metadata.name, gateway.status.config
    instance, generation = split(name, deployment)
    client = names.gateway_deployment(config.slice_gateway_remote_gateway_id, instance, generation)
    return WorkerSliceGwRecycler(
        metadata=ObjectMeta(
            name=deployment, namespace=namespace,
            labels=FrozenMap({labels.RECYCLER_SLICE: config.slice_name, labels.RECYCLER_GATEWAY: name}),
        ),
        spec=WorkerSliceGwRecyclerSpec(
            slice_gw_server=name, slice_gw_client=config.slice_gateway_remote_gateway_id,
            server_redundancy_number=instance, client_redundancy_number=instance,
            gw_pair=GatewayPair(client_id=client, server_id=deployment), state=INIT, request=VERIFY,
            slice_name=config.slice_name,
        ),
    )  # fmt: skip


def reconcile(key: ObjectKey, view: View, now_s: float) -> Outcome:
    """Do this side's part of the step that is asked for; the server goes on when both have done theirs."""
    order = view.hub.get(WorkerSliceGwRecycler, key.namespace, key.name)
    if order is None or finalizer.deleting(order) or order.spec.state in (END, ERROR):
        return NOTHING
    spec = order.spec
    for name, deployment, step in (
        (spec.slice_gw_server, spec.gw_pair.server_id, _serve),
        (spec.slice_gw_client, spec.gw_pair.client_id, _follow),
    ):
        gateway = view.local.get(SliceGateway, names.SYSTEM_NAMESPACE, name)
        if gateway is not None and not finalizer.deleting(gateway):
            side = _Side(
                gateway=gateway, old=deployment, new=other_generation(name, deployment), view=view, now_s=now_s
            )  # fmt: skip
            return step(order, side)
    return NOTHING


def _serve(order: WorkerSliceGwRecycler, side: _Side) -> Outcome:
    """The server's side: its own part, then the next state once the client has answered."""
    spec, answer = order.spec, order.status.client.response
    if spec.state == INIT:
        if spec.request == VERIFY:
            return _then(_spawn(side), _asked(order, INIT, CREATE))
        return _advance(order, side, _spawn, CREATED_ANSWER, (SPAWNED, REROUTE), "FSMNewGWSpawned")
    if spec.state == SPAWNED:
        return _advance(order, side, _reroute, REROUTED_ANSWER, (REROUTED, REMOVE), "FSMRoutingTableUpdated")
    if spec.state == REROUTED:
        if answer != REMOVED_ANSWER:
            return Outcome(requeue_after_s=side.view.timing.recycler_poll_s)
        return _advance(order, side, _remove, REMOVED_ANSWER, (REMOVED, NONE), "FSMDeleteOldGW")
    return Outcome(writes=(_asked(order, END, NONE),))


def _follow(order: WorkerSliceGwRecycler, side: _Side) -> Outcome:
    """The client's side: its part of what is asked, then the answer."""
    parts: dict[str, tuple[Callable[[_Side], Outcome | None], str]] = {
        CREATE: (_spawn, CREATED_ANSWER), REROUTE: (_reroute, REROUTED_ANSWER), REMOVE: (_remove, REMOVED_ANSWER),
    }  # fmt: skip
    if order.spec.request not in parts:
        return NOTHING
    part, answer = parts[order.spec.request]
    if order.status.client.response == answer:
        return NOTHING
    waiting = part(side)
    if waiting is not None:
        return waiting
    client = RecyclerClient(response=answer, recycled_client=side.new)
    told = replace(order, status=replace(order.status, client=client))
    return Outcome(writes=(UpdateStatus(item=told, at="hub"),))


def _advance(
    order: WorkerSliceGwRecycler, side: _Side, part: Callable[[_Side], Outcome | None], answer: str,
    following: tuple[str, str], event: str,
) -> Outcome:  # fmt: skip
    waiting = part(side)
    if waiting is not None:
        return waiting
    if order.status.client.response != answer:
        return Outcome(requeue_after_s=side.view.timing.recycler_poll_s)
    subject = ObjectKey("WorkerSliceGwRecycler", order.metadata.namespace, order.metadata.name)
    return Outcome(writes=(_asked(order, *following),), events=(Note(name=event, subject=subject),))


def _spawn(side: _Side) -> Outcome | None:
    """Have the new pod made; None when the router uses it."""
    again_s = side.view.timing.recycler_poll_s
    listed = side.gateway.status.config.slice_gateway_intermediate_deployments
    if side.new not in listed:
        wanted = with_intermediates(side.gateway, (*listed, side.new))
        return Outcome(writes=(UpdateStatus(item=wanted),), requeue_after_s=again_s)
    return None if _used(side, side.new) else Outcome(requeue_after_s=again_s)


def _reroute(side: _Side) -> Outcome | None:
    """Take the old pod out of the routes; None when the router does not use it."""
    again_s = side.view.timing.recycler_poll_s
    pod = side.view.local.find("Pod", names.SYSTEM_NAMESPACE, side.old)
    if pod is not None and not excluded(pod):
        label = pod.metadata.labels.with_items({EXCLUDE_ROUTE_LABEL: "true"})
        return Outcome(writes=(Update(item=with_metadata(pod, labels=label)),), requeue_after_s=again_s)
    return Outcome(requeue_after_s=again_s) if _used(side, side.old) else None


def _remove(side: _Side) -> Outcome | None:
    """Mark the old Deployment for deletion after a pause; None when that is done."""
    held = side.view.local.find("Deployment", names.SYSTEM_NAMESPACE, side.old)
    if held is None or marked(held):
        return None
    began = held.metadata.annotations.get(PAUSE_ANNOTATION)
    pause_s = side.view.timing.recycler_pause_s
    if began is None:
        noted = held.metadata.annotations.with_items({PAUSE_ANNOTATION: repr(side.now_s)})
        return Outcome(writes=(Update(item=with_metadata(held, annotations=noted)),), requeue_after_s=pause_s)
    if side.now_s < float(began) + pause_s:
        return Outcome(requeue_after_s=float(began) + pause_s - side.now_s)
    gone = with_metadata(held, labels=held.metadata.labels.with_items({MARKED_LABEL: "true"}))
    return Outcome(writes=(Update(item=gone),), requeue_after_s=side.view.timing.recycler_poll_s)


def _used(side: _Side, pod: str) -> bool:
    """Whether the router was given the pod when the gateway was last looked at."""
    return any(
        item.pod_name == pod and item.tunnel_status.tunnel_state == "UP" and not item.route_removed
        for item in side.gateway.status.gateway_pod_status
    )


def _asked(order: WorkerSliceGwRecycler, state: str, request: str) -> Write:
    return Update(item=replace(order, spec=replace(order.spec, state=state, request=request)), at="hub")


def _then(first: Outcome | None, write: Write) -> Outcome:
    return Outcome(writes=(*(first.writes if first else ()), write))


GATEWAY_RECYCLER = ControllerSpec(
    name="gateway-recycler",
    reconcile=reconcile,
    watches=(Watch(kind="WorkerSliceGwRecycler", keys=itself, at="hub"),),
)
