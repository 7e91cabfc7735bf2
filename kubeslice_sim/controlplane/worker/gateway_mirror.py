"""Gateway mirror: a WorkerSliceGateway of this cluster becomes its SliceGateway.

As worker-operator pkg/hub/controllers/slicegateway_controller.go does: not before the slice is there, the hub has the
gateway's secret and the slice its VpnKeyRotation; the secret is copied under the rotation's number.
"""

from __future__ import annotations

from kubeslice_sim.controlplane import finalizer
from kubeslice_sim.controlplane.built_in import GATEWAY_LABEL, SLICE_LABEL, built_in, owned_by
from kubeslice_sim.controlplane.controller import ControllerSpec, Watch, differs, itself, only
from kubeslice_sim.controlplane.effects import SetNextHops
from kubeslice_sim.controlplane.reconciler import (
    NOTHING,
    Create,
    Delete,
    Note,
    Outcome,
    Update,
    UpdateStatus,
    View,
    Write,
)
from kubeslice_sim.controlplane.status import with_metadata
from kubeslice_sim.controlplane.store import Change
from kubeslice_sim.controlplane.worker import gateway_pod
from kubeslice_sim.model.changed import changed
from kubeslice_sim.model.document import ObjectKey, ObjectMeta, key_of
from kubeslice_sim.model.frozen import FrozenMap
from kubeslice_sim.model.release import ROTATES_KEYS, includes
from kubeslice_sim.model.slice_gateway import SliceGateway, SliceGatewayConfig, SliceGatewaySpec, SliceGatewayStatus
from kubeslice_sim.model.vpn_key_rotation import VpnKeyRotation
from kubeslice_sim.model.worker_slice import Slice
from kubeslice_sim.model.worker_slice_gateway import WorkerSliceGateway
from kubeslice_sim.planner.names import SYSTEM_NAMESPACE, gateway_secret
from kubeslice_sim.planner.objects_gateway import GATEWAYS_ANNOTATION
from kubeslice_sim.planner.objects_slice import FIRST_ROTATION


def reconcile(key: ObjectKey, view: View, now_s: float) -> Outcome:
    """Create the SliceGateway and keep ``status.config`` true; delete it when the hub's object is going."""
    gateway = view.hub.get(WorkerSliceGateway, key.namespace, key.name)
    if gateway is None:
        return NOTHING
    there = view.local.get(SliceGateway, SYSTEM_NAMESPACE, key.name)
    if finalizer.deleting(gateway):
        return _let_go(gateway, there)
    first: tuple[Write, ...] = ()
    if not finalizer.held(gateway, finalizer.HUB_GATEWAY):
        first = (Update(item=finalizer.added(gateway, finalizer.HUB_GATEWAY), at="hub"),)
    slice_ = view.local.get(Slice, SYSTEM_NAMESPACE, gateway.spec.slice_name)
    rotation = view.hub.get(VpnKeyRotation, key.namespace, gateway.spec.slice_name)
    hub_secret = view.hub.find("Secret", key.namespace, gateway.spec.gateway_credentials.secret_name)
    rotates = includes(view.underlay.spec.kubeslice_version, ROTATES_KEYS)
    if slice_ is None or (rotation is None and rotates) or hub_secret is None:
        return Outcome(writes=first, requeue_after_s=view.timing.wait_for_pods_s)
    if not view.local.objects("Secret", SYSTEM_NAMESPACE, {GATEWAY_LABEL: key.name}):
        # The first; those of later rotations are the business of worker/key_rotation.py.
        name = gateway_secret(key.name, FIRST_ROTATION if rotation is None else rotation.spec.rotation_count)
        secret = built_in("Secret", SYSTEM_NAMESPACE, name, labels={GATEWAY_LABEL: key.name}, body={"type": "Opaque"})
        first = (*first, Create(item=secret))
    config, annotations = mirror(gateway), _count(gateway)
    if there is None:
        item = _slice_gateway(gateway, slice_, config)
        return Outcome(
            writes=(*first, Create(item=item), UpdateStatus(item=item)),
            events=(Note(name="SliceGWCreated", subject=key_of(item)),),
        )
    if there.metadata.annotations != annotations:
        first = (*first, Update(item=with_metadata(there, annotations=annotations)))
    config = changed(
        config, slice_gateway_intermediate_deployments=there.status.config.slice_gateway_intermediate_deployments
    )  # fmt: skip
    if there.status.config == config:
        return Outcome(writes=first)
    return Outcome(
        writes=(*first, UpdateStatus(item=changed(there, status=changed(there.status, config=config)))),
        effects=_obsolete_route(there, config, view),
        events=(Note(name="SliceGWUpdated", subject=key_of(there)),),
    )


def _obsolete_route(there: SliceGateway, config: SliceGatewayConfig, view: View) -> tuple[SetNextHops, ...]:
    """The router's route to what the gateway carried until now, where it becomes a spoke's, or is one no longer."""
    if there.status.config.route_entire_slice_subnet == config.route_entire_slice_subnet:
        return ()
    before = gateway_pod.tunnelled(there, view)
    if before is None:
        return ()
    return (SetNextHops(cluster=view.cluster, slice=there.spec.slice_name, destination=before, via=()),)


def mirror(gateway: WorkerSliceGateway) -> SliceGatewayConfig:
    """What the operator copies of a WorkerSliceGateway; a server's own node ports stand in its Services alone."""
    spec = gateway.spec
    local, remote = spec.local_gateway_config, spec.remote_gateway_config
    return SliceGatewayConfig(
        slice_gateway_id=gateway.metadata.name,
        slice_gateway_name=str(spec.gateway_number),
        slice_name=spec.slice_name,
        slice_gateway_type=spec.gateway_type,
        slice_gateway_subnet=local.gateway_subnet,
        slice_gateway_host_type=spec.gateway_host_type or "",
        slice_gateway_remote_node_ips=remote.node_ips,
        slice_gateway_remote_node_ports=remote.node_ports,
        slice_gateway_remote_subnet=remote.gateway_subnet,
        slice_gateway_remote_vpn_ip=remote.vpn_ip,
        slice_gateway_local_vpn_ip=local.vpn_ip,
        slice_gateway_remote_gateway_id=remote.gateway_name,
        slice_gateway_remote_cluster_id=remote.cluster_name,
        slice_gateway_connectivity_type=spec.gateway_connectivity_type,
        slice_gateway_protocol=spec.gateway_protocol,
        slice_gateway_server_lb_ips=remote.load_balancer_ips,
        route_entire_slice_subnet=spec.route_entire_slice_subnet,
    )


def _slice_gateway(gateway: WorkerSliceGateway, slice_: Slice, config: SliceGatewayConfig) -> SliceGateway:
    return SliceGateway(
        metadata=ObjectMeta(
            name=gateway.metadata.name,
            namespace=SYSTEM_NAMESPACE,
            labels=FrozenMap({SLICE_LABEL: gateway.spec.slice_name}),
            annotations=_count(gateway),
            finalizers=(finalizer.SLICE_GATEWAY,),
            owner_references=(owned_by(slice_, "Slice", Slice.RESOURCE.api_version),),
        ),
        spec=SliceGatewaySpec(slice_name=gateway.spec.slice_name),
        status=SliceGatewayStatus(config=config),
    )


def _count(gateway: WorkerSliceGateway) -> FrozenMap[str]:
    """How many pods the gateway has, where that is not KubeSlice's number; ours."""
    told = gateway.metadata.annotations
    return FrozenMap({GATEWAYS_ANNOTATION: told[GATEWAYS_ANNOTATION]} if GATEWAYS_ANNOTATION in told else {})


def _let_go(gateway: WorkerSliceGateway, there: SliceGateway | None) -> Outcome:
    if there is not None:
        return NOTHING if finalizer.deleting(there) else Outcome(writes=(Delete(key=key_of(there)),))
    if not finalizer.held(gateway, finalizer.HUB_GATEWAY):
        return NOTHING
    return Outcome(writes=(Update(item=finalizer.removed(gateway, finalizer.HUB_GATEWAY), at="hub"),))


def _same_name_on_hub(change: Change, view: View) -> tuple[ObjectKey, ...]:
    return tuple(key_of(item) for item in view.hub.named(WorkerSliceGateway, change.key.name))


def _mirrored_part(item: SliceGateway) -> object:
    """What is written here, and whether the object is going; pods and tunnels are the business of others."""
    return item.status.config, item.metadata.annotations, item.metadata.deletion_timestamp


GATEWAY_MIRROR = ControllerSpec(
    name="gateway-mirror",
    reconcile=reconcile,
    watches=(
        Watch(kind="WorkerSliceGateway", keys=itself, at="hub"),
        Watch(kind="SliceGateway", keys=only(differs(_mirrored_part), _same_name_on_hub)),
    ),
)
