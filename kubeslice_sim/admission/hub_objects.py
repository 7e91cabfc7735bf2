"""Rules for what workers and the controller itself write on the hub."""

from __future__ import annotations

from collections.abc import Iterator

from kubeslice_sim.admission.namespace import in_project_namespace
from kubeslice_sim.admission.rule import DELETE, UPDATE, WRITE, Finding, Request, rule
from kubeslice_sim.admission.state import names
from kubeslice_sim.model.document import ObjectKey
from kubeslice_sim.model.suggest import meant

_EXPORTS = "kubeslice-controller service/service_export_config_webhook_validation.go"
_ROTATION = "kubeslice-controller service/vpn_key_rotation_webhook_validation.go"
_WORKER_SLICE = "kubeslice-controller service/worker_slice_config_webhook_validation.go"
_GATEWAY = "kubeslice-controller service/worker_slice_gateway_webhook_validation.go"

export_config_in_project_namespace = in_project_namespace("ServiceExportConfig", _EXPORTS)


@rule("ServiceExportConfig", on=WRITE, source=_EXPORTS, field="Spec.SliceName")
def export_config_slice_exists(request: Request) -> Iterator[Finding]:
    """The exported service's slice exists in the project."""
    name, namespace = request.document.spec.slice_name, request.document.metadata.namespace
    if request.state.find("SliceConfig", namespace, name) is None:
        hint = meant(name, names(request.state.all("SliceConfig", namespace)))
        about = (ObjectKey("SliceConfig", namespace, name),)
        yield Finding(("spec", "sliceName"), f'there is no valid slice with the name "{name}"', hint, about)


@rule("ServiceExportConfig", on=WRITE, source=_EXPORTS, field="Spec.SourceCluster")
def export_config_cluster_registered(request: Request) -> Iterator[Finding]:
    """The exporting cluster is registered."""
    yield from _registered(request, request.document.spec.source_cluster, ("spec", "sourceCluster"))


@rule("ServiceExportConfig", on=WRITE, source=_EXPORTS, field="Spec.Cluster")
def export_config_cluster_in_slice(request: Request) -> Iterator[Finding]:
    """The exporting cluster is a member of the slice."""
    yield from _member(request, request.document.spec.source_cluster, ("spec", "sourceCluster"))


@rule("ServiceExportConfig", on=WRITE, source=_EXPORTS, field="Spec.ServiceDiscoveryEndpoints.Cluster")
def export_config_endpoints(request: Request) -> Iterator[Finding]:
    """Every endpoint's cluster is registered and a member of the slice."""
    for index, endpoint in enumerate(request.document.spec.service_discovery_endpoints):
        path = ("spec", "serviceDiscoveryEndpoints", index, "cluster")
        yield from _registered(request, endpoint.cluster, path)
        yield from _member(request, endpoint.cluster, path)


@rule("VpnKeyRotation", source=_ROTATION)
def rotation_named_as_slice(request: Request) -> Iterator[Finding]:
    """A rotation has the name of its slice."""
    name, wanted = request.document.metadata.name, request.document.spec.slice_name
    if name != wanted:
        yield Finding(("metadata", "name"), f"invalid config: the name {name} should match spec.sliceName, {wanted}")


@rule("VpnKeyRotation", source=_ROTATION, field="Spec.SliceName")
def rotation_slice_exists(request: Request) -> Iterator[Finding]:
    """The rotation's slice exists."""
    name, namespace = request.document.spec.slice_name, request.document.metadata.namespace
    if request.state.find("SliceConfig", namespace, name) is None:
        yield Finding(("spec", "sliceName"), f"invalid config: the SliceConfig {name} is not present")


@rule("VpnKeyRotation", on=DELETE, source=_ROTATION)
def rotation_outlives_its_slice(request: Request) -> Iterator[Finding]:
    """A rotation of keys is deleted only with its slice."""
    name, namespace = request.document.spec.slice_name, request.document.metadata.namespace
    config = request.state.find("SliceConfig", namespace, name)
    if config is not None and config.metadata.deletion_timestamp is None:
        about = (ObjectKey("SliceConfig", namespace, name),)
        message = f"the VpnKeyRotation {request.document.metadata.name} cannot be deleted while its slice lives"
        yield Finding((), message, "delete the SliceConfig; the rotation goes with it", about)


@rule("WorkerSliceConfig", on=UPDATE, source=_WORKER_SLICE, field="Spec.Octet")
def worker_slice_octet_kept(request: Request) -> Iterator[Finding]:
    """A cluster's slot in a slice never changes once given (taking it away makes KubeSlice's webhook panic)."""
    old, new = request.old.spec.octet, request.document.spec.octet
    if old is not None and new != old:
        message = f"the octet {old} cannot be {'removed' if new is None else f'changed to {new}'}"
        yield Finding(("spec", "octet"), message)


@rule("WorkerSliceGateway", on=UPDATE, source=_GATEWAY, field="Spec.GatewayNumber")
def worker_gateway_number_kept(request: Request) -> Iterator[Finding]:
    """A gateway's number never changes."""
    old, new = request.old.spec.gateway_number, request.document.spec.gateway_number
    if new != old:
        yield Finding(("spec", "gatewayNumber"), f"the gateway number {old} cannot be changed to {new}")


def _registered(request: Request, cluster: str, path: tuple[str | int, ...]) -> Iterator[Finding]:
    namespace = request.document.metadata.namespace
    if request.state.find("Cluster", namespace, cluster) is None:
        hint = meant(cluster, names(request.state.all("Cluster", namespace)))
        about = (ObjectKey("Cluster", namespace, cluster),)
        yield Finding(path, f'the cluster "{cluster}" is not registered', hint, about)


def _member(request: Request, cluster: str, path: tuple[str | int, ...]) -> Iterator[Finding]:
    namespace, name = request.document.metadata.namespace, request.document.spec.slice_name
    config = request.state.find("SliceConfig", namespace, name)
    known = request.state.find("Cluster", namespace, cluster) is not None
    if config is not None and known and cluster not in config.spec.clusters:
        about = (ObjectKey("SliceConfig", namespace, name),)
        hint = meant(cluster, config.spec.clusters)
        yield Finding(path, f"the cluster {cluster} is not a part of the slice {name}", hint, about)
