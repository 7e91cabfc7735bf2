"""Rules for what workers and the controller itself write on the hub."""

from __future__ import annotations

from collections.abc import Iterator

from kubeslice_sim.admission.namespace import in_project_namespace
from kubeslice_sim.admission.rule import WRITE, Finding, Request, rule
from kubeslice_sim.admission.state import names
from kubeslice_sim.admission.suggest import meant
from kubeslice_sim.model.document import ObjectKey

_EXPORTS = "kubeslice-controller service/service_export_config_webhook_validation.go"
_ROTATION = "kubeslice-controller service/vpn_key_rotation_webhook_validation.go"

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


@rule("VpnKeyRotation", source=_ROTATION, field="Spec.SliceName")
def rotation_slice_exists(request: Request) -> Iterator[Finding]:
    """The rotation's slice exists."""
    name, namespace = request.document.spec.slice_name, request.document.metadata.namespace
    if request.state.find("SliceConfig", namespace, name) is None:
        yield Finding(("spec", "sliceName"), f"invalid config: the SliceConfig {name} is not present")


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
