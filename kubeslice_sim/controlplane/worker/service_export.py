"""ServiceExport: the pods behind an exported service, pushed to the hub (worker-operator controllers/serviceexport)."""

from __future__ import annotations

from dataclasses import replace

from kubeslice_sim.controlplane import finalizer, ip
from kubeslice_sim.controlplane.built_in import SLICE_LABEL, nsm_ip, running
from kubeslice_sim.controlplane.controller import ControllerSpec, Watch, itself
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
from kubeslice_sim.controlplane.timestamp import unix_s
from kubeslice_sim.controlplane.worker import east_west
from kubeslice_sim.model.cluster import Cluster
from kubeslice_sim.model.document import ObjectKey, key_of
from kubeslice_sim.model.kubernetes import KubernetesObject
from kubeslice_sim.model.membership import AppPod
from kubeslice_sim.model.service_export import (
    ExportedPod,
    IngressGatewayPod,
    ServiceExport,
    ServiceExportStatus,
    ServicePort,
)
from kubeslice_sim.model.service_export_config import ServiceExportConfig
from kubeslice_sim.model.worker_slice import Slice
from kubeslice_sim.planner import names
from kubeslice_sim.planner.objects_service import service_export_config
from kubeslice_sim.planner.plan import EndpointPlan
from kubeslice_sim.planner.services import ingress_endpoint


def reconcile(key: ObjectKey, view: View, now_s: float) -> Outcome:
    """Keep the hub's ServiceExportConfig and the export's status true, once its namespace is onboarded."""
    export = view.local.get(ServiceExport, key.namespace, key.name)
    if export is None:
        return NOTHING
    hub_namespace = _hub_namespace(view)
    if not hub_namespace:
        return Outcome(requeue_after_s=view.timing.wait_for_router_s)
    if finalizer.deleting(export):
        return _withdraw(export, hub_namespace, view)
    writes: list[Write] = []
    if not finalizer.held(export, finalizer.SERVICE_EXPORT):
        labelled = with_metadata(export, labels=export.metadata.labels.with_items({SLICE_LABEL: export.spec.slice}))
        writes.append(Update(item=finalizer.added(labelled, finalizer.SERVICE_EXPORT)))
    slice_ = view.local.get(Slice, names.SYSTEM_NAMESPACE, export.spec.slice)
    if slice_ is None or key.namespace not in slice_.status.application_namespaces:
        pending = replace(export.status, export_status="PENDING")
        if pending != export.status:
            writes.append(UpdateStatus(item=replace(export, status=pending)))
        event = "ServiceExportSliceFetchFailed" if slice_ is None else "ServiceExportStatusPending"
        return Outcome(
            writes=tuple(writes),
            events=(Note(name=event, subject=key),) if pending != export.status else (),
            requeue_after_s=view.timing.wait_for_router_s,
        )
    return _sync(export, slice_, hub_namespace, view, now_s, writes)


def _sync(
    export: ServiceExport, slice_: Slice, hub_namespace: str, view: View, now_s: float, first: list[Write]
) -> Outcome:
    """Push what changed: PENDING, then the hub, then READY."""
    pods = _pods(export, slice_, view)
    behind = "ingress" in east_west.installed(slice_)
    ingress = east_west.ingress_pod(export.spec.slice, view) if behind else None
    if behind and ingress is None:
        return Outcome(writes=tuple(first), requeue_after_s=view.timing.wait_for_router_s)
    wanted = service_export_config(export, view.cluster, hub_namespace, _endpoints(export, pods, ingress, view))
    held = view.hub.get(ServiceExportConfig, hub_namespace, wanted.metadata.name)
    status = _status(export, pods, ingress, view)
    again_s = view.timing.service_export_reconcile_s
    in_sync = held is not None and held.spec == wanted.spec
    if in_sync and status == replace(export.status, last_sync=0) and export.status.last_sync:
        return Outcome(writes=tuple(first), requeue_after_s=again_s)
    if held is not None and finalizer.deleting(held):
        return Outcome(writes=tuple(first), requeue_after_s=view.timing.wait_for_router_s)
    writes: list[Write] = [*first, UpdateStatus(item=replace(export, status=replace(status, export_status="PENDING")))]
    if held is None:
        writes.append(Create(item=wanted, at="hub"))
    elif not in_sync:
        writes.append(Update(item=replace(held, spec=wanted.spec), at="hub"))
    writes.append(UpdateStatus(item=replace(export, status=replace(status, last_sync=unix_s(now_s)))))
    return Outcome(
        writes=tuple(writes),
        events=(Note(name="SyncServiceExportStatusSuccessfully", subject=key_of(export)),),
        requeue_after_s=again_s,
    )


def _pods(export: ServiceExport, slice_: Slice, view: View) -> tuple[AppPod, ...]:
    """The running pods of the export's namespace that ``matchLabels`` selects and that have an overlay address."""
    found = []
    for pod in slice_.status.app_pods:
        there = view.local.find("Pod", pod.pod_namespace, pod.pod_name)
        if (
            pod.pod_namespace == export.metadata.namespace
            and pod.nsm_ip
            and there is not None
            and running(there)
            and export.spec.selector.selects(there.metadata.labels)
        ):
            found.append(pod)
    return tuple(found)


def _endpoints(
    export: ServiceExport, pods: tuple[AppPod, ...], ingress: KubernetesObject | None, view: View
) -> tuple[EndpointPlan, ...]:
    if ingress is not None:
        name, namespace = export.metadata.name, export.metadata.namespace
        return (ingress_endpoint(name, namespace, view.cluster, ip.address(nsm_ip(ingress))),)
    port = export.spec.ports[0].container_port if export.spec.ports else 0
    return tuple(
        EndpointPlan(
            pod=pod.pod_name, cluster=view.cluster, nsm_ip=ip.address(pod.nsm_ip), port=port,
            dns_name=_endpoint_name(export, pod, view),
        )
        for pod in pods
    )  # fmt: skip


def _endpoint_name(export: ServiceExport, pod: AppPod, view: View) -> str:
    return names.endpoint_dns(pod.pod_name, view.cluster, export.metadata.name, export.metadata.namespace)


def _status(
    export: ServiceExport, pods: tuple[AppPod, ...], ingress: KubernetesObject | None, view: View
) -> ServiceExportStatus:
    """The status when all is pushed, but for the time of it."""
    return ServiceExportStatus(
        dns_name=names.service_dns(export.metadata.name, export.metadata.namespace),
        export_status="READY",
        pods=tuple(
            ExportedPod(
                name=pod.pod_name, nsm_ip=pod.nsm_ip, pod_ip=pod.pod_ip, dns_name=_endpoint_name(export, pod, view)
            )
            for pod in pods
        ),
        exposed_ports=exposed_ports(export.spec.ports),
        available_endpoints=len(pods),
        ingress_gw_enabled=ingress is not None,
        ingress_gw_pod=IngressGatewayPod(name=ingress.metadata.name, nsm_ip=nsm_ip(ingress)) if ingress else None,
        aliases=export.spec.aliases,
    )


def exposed_ports(ports: tuple[ServicePort, ...]) -> str:
    """``5201/TCP,...``."""
    return ",".join(f"{port.container_port}/{port.protocol or 'TCP'}" for port in ports)


def _withdraw(export: ServiceExport, hub_namespace: str, view: View) -> Outcome:
    name = names.service_export_config(export.metadata.name, export.metadata.namespace, view.cluster)
    return Outcome(
        writes=(
            Delete(key=ObjectKey("ServiceExportConfig", hub_namespace, name), at="hub"),
            Update(item=finalizer.removed(export, finalizer.SERVICE_EXPORT)),
        ),
        events=(Note(name="ServiceExportDeleted", subject=key_of(export)),),
    )


def _hub_namespace(view: View) -> str:
    """The project's namespace on the hub, which is that of this cluster's Cluster."""
    return next((item.metadata.namespace for item in view.hub.list(Cluster)), "")


def _exports_of_slice(change: Change, view: View) -> tuple[ObjectKey, ...]:
    return tuple(key_of(item) for item in view.local.list(ServiceExport) if item.spec.slice == change.key.name)


def _exports_of_namespace(change: Change, view: View) -> tuple[ObjectKey, ...]:
    """Those beside a pod; those of its slice where the pod is a gateway of the system's namespace."""
    slice_ = change.item.metadata.labels.get(SLICE_LABEL)
    if change.key.namespace == names.SYSTEM_NAMESPACE and change.key.name == names.ingress_gateway(str(slice_)):
        return tuple(key_of(item) for item in view.local.list(ServiceExport) if item.spec.slice == slice_)
    return tuple(key_of(item) for item in view.local.list(ServiceExport, change.key.namespace))


SERVICE_EXPORT = ControllerSpec(
    name="service-export",
    reconcile=reconcile,
    watches=(
        Watch(kind="ServiceExport", keys=itself),
        Watch(kind="Slice", keys=_exports_of_slice),
        Watch(kind="Pod", keys=_exports_of_namespace),
    ),
)
