"""What a KubeSlice release does not have yet (KubeSlice's release notes; tags of kubeslice-controller)."""

from __future__ import annotations

from collections.abc import Iterator

from kubeslice_sim.admission.rule import WRITE, Finding, Request, rule
from kubeslice_sim.model.field_path import FieldPath
from kubeslice_sim.model.slice_config import SliceConfigSpec

_SOURCE = "KubeSlice release notes"
_OLD = "0.6"


@rule("SliceConfig", on=WRITE, source=_SOURCE)
def slice_features_of_version(request: Request) -> Iterator[Finding]:
    """A SliceConfig uses only what the world's KubeSlice version has."""
    if request.state.version == _OLD:
        for path, what, since in _newer(request.document.spec):
            yield _absent(path, what, since)


@rule("Project", on=WRITE, source=_SOURCE)
def project_features_of_version(request: Request) -> Iterator[Finding]:
    """A Project uses only what the world's KubeSlice version has."""
    if request.state.version == _OLD and request.document.spec.default_slice_creation:
        yield _absent(("spec", "defaultSliceCreation"), "defaultSliceCreation", "1.4.0")


@rule("ServiceExport", on=WRITE, source=_SOURCE)
def export_features_of_version(request: Request) -> Iterator[Finding]:
    """A ServiceExport uses only what the world's KubeSlice version has."""
    if request.state.version == _OLD and request.document.spec.aliases:
        yield _absent(("spec", "aliases"), "aliases", "0.7.0")


def _newer(spec: SliceConfigSpec) -> Iterator[tuple[FieldPath, str, str]]:
    if spec.overlay_network_deployment_mode != "single-network":
        yield ("spec", "overlayNetworkDeploymentMode"), "overlayNetworkDeploymentMode", "1.3.0"
    if spec.vpn_config is not None:
        yield ("spec", "vpnConfig"), "vpnConfig", "1.1.0"
    if spec.renew_before is not None:
        yield ("spec", "renewBefore"), "renewBefore", "1.1.0"
    if spec.rotation_interval != SliceConfigSpec().rotation_interval:
        yield ("spec", "rotationInterval"), "rotationInterval", "1.1.0"
    provider = spec.slice_gateway_provider
    if provider is not None:
        at: FieldPath = ("spec", "sliceGatewayProvider")
        if provider.slice_gateway_type == "Wireguard":
            yield (*at, "sliceGatewayType"), "gateway type Wireguard", "1.9"
        if provider.slice_gateway_service_type:
            yield (*at, "sliceGatewayServiceType"), "sliceGatewayServiceType", "1.2.0"
    for index, entry in enumerate(spec.external_gateway_config):
        at = ("spec", "externalGatewayConfig", index)
        if entry.gateway_type == "envoy":
            yield (*at, "gatewayType"), "gateway type envoy", "1.4.0"
        if entry.vpc_service_access is not None:
            yield (*at, "vpcServiceAccess"), "vpcServiceAccess", "1.4.0"


def _absent(path: FieldPath, what: str, since: str) -> Finding:
    hint = f"KubeSlice has it since {since}: set kubesliceVersion in the Underlay, or leave it out"
    return Finding(path, f"KubeSlice {_OLD} has no {what}", hint)
