"""DNS: what the cluster's KubeSlice DNS answers, from its ServiceImports (dns plugin/kubeslice)."""

from __future__ import annotations

from kubeslice_sim.controlplane import finalizer, ip
from kubeslice_sim.controlplane.built_in import DNS, running
from kubeslice_sim.controlplane.controller import ControllerSpec, Watch
from kubeslice_sim.controlplane.effects import ServeNames
from kubeslice_sim.controlplane.reconciler import NOTHING, Outcome, View
from kubeslice_sim.controlplane.store import Change
from kubeslice_sim.model.document import ObjectKey
from kubeslice_sim.model.service_import import ServiceImport
from kubeslice_sim.planner.dns import merge_records, service_records
from kubeslice_sim.planner.names import SYSTEM_NAMESPACE
from kubeslice_sim.planner.plan import EndpointPlan, ServicePlan

_SERVER = ObjectKey("Service", SYSTEM_NAMESPACE, DNS)


def reconcile(key: ObjectKey, view: View, now_s: float) -> Outcome:
    """Serve the names of every import that is not going; a server that does not run is told when it runs again."""
    server = view.local.find("Pod", SYSTEM_NAMESPACE, DNS)
    if server is None or not running(server):
        return NOTHING
    imports = (item for item in view.local.list(ServiceImport) if not finalizer.deleting(item))
    records = merge_records(service_records(_service(item)) for item in imports)
    return Outcome(effects=(ServeNames(cluster=view.cluster, records=records),))


def _service(item: ServiceImport) -> ServicePlan:
    return ServicePlan(
        slice=item.spec.slice,
        namespace=item.metadata.namespace,
        name=item.metadata.name,
        dns_name=item.spec.dns_name,
        source_clusters=tuple(dict.fromkeys(endpoint.cluster_id for endpoint in item.status.endpoints)),
        endpoints=tuple(
            EndpointPlan(
                pod=endpoint.name, cluster=endpoint.cluster_id, nsm_ip=ip.address(endpoint.ip),
                dns_name=endpoint.dns_name, port=endpoint.port,
            )
            for endpoint in item.status.endpoints
        ),
        ports=(),
        aliases=item.spec.aliases,
    )  # fmt: skip


def _server(change: Change, view: View) -> tuple[ObjectKey, ...]:
    """There is one server, whatever changed; of pods only its own concerns it."""
    return () if change.key.kind == "Pod" and change.key.name != DNS else (_SERVER,)


DNS_SERVER = ControllerSpec(
    name="dns",
    reconcile=reconcile,
    watches=(Watch(kind="ServiceImport", keys=_server), Watch(kind="Pod", keys=_server)),
)
