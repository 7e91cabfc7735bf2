"""Rules on a slice's subnet, size, gateways and QoS.

(kubeslice-controller service/slice_config_webhook_validation.go)
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network, ip_network

from kubeslice_sim.admission.rule import WRITE, Finding, Request, rule
from kubeslice_sim.admission.slice_members import SOURCE
from kubeslice_sim.admission.state import names
from kubeslice_sim.model.document import ObjectKey
from kubeslice_sim.model.release import MAKES_DEFAULT_QOS, includes
from kubeslice_sim.model.slice_config import SliceConfig
from kubeslice_sim.model.suggest import meant

_PRIVATE: tuple[IPv4Network | IPv6Network, ...] = tuple(
    ip_network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
)
"""What Go's net.IP.IsPrivate calls private (RFC 1918, RFC 4193)."""
DEFAULT_QOS_PROFILE = "default"
"""The SliceQoSConfig that the controller makes in every project (service/project_service.go)."""


@rule("SliceConfig", source=SOURCE, field="Spec.Clusters")
def slice_clusters_fit(request: Request) -> Iterator[Finding]:
    """No more clusters than ``maxClusters``, which no update can raise."""
    spec = request.document.spec
    if len(spec.clusters) > spec.max_clusters:
        yield Finding(
            ("spec", "clusters"),
            f"{len(spec.clusters)} participating clusters cannot be more than maxClusters, {spec.max_clusters}",
            "raise maxClusters, 32 at most; it cannot be changed later",
            against=(("spec", "maxClusters"),),
        )


@rule("SliceConfig", on=WRITE, source=SOURCE, field="Spec.SliceSubnet")
def slice_subnet_given(request: Request) -> Iterator[Finding]:
    """A slice with a network has a subnet."""
    if _has_network(request.document) and not request.document.spec.slice_subnet:
        yield Finding(("spec", "sliceSubnet"), "sliceSubnet is required for a slice", "such as 10.1.0.0/16")


@rule("SliceConfig", on=WRITE, source=SOURCE, field="Spec.sliceSubnet")
def slice_subnet_form(request: Request) -> Iterator[Finding]:
    """The subnet is a private IPv4 network a.b.0.0/16 (IPv6 passes KubeSlice's first test and crashes its last)."""
    text = request.document.spec.slice_subnet
    if not _has_network(request.document) or not text:
        return
    path, example = ("spec", "sliceSubnet"), "such as 10.1.0.0/16"
    try:
        network = ip_network(text, strict=False) if "/" in text else None
    except ValueError:
        network = None
    if network is None or not any(
        network.network_address in private for private in _PRIVATE if private.version == network.version
    ):
        what = "is no network" if network is None else "is no private network"
        yield Finding(path, f'"{text}" {what}: sliceSubnet must be a private subnet', example)
    elif network.version == 6:
        yield Finding(path, f'"{text}": KubeSlice has no IPv6 slices', example)
    elif network.prefixlen != 16:
        yield Finding(path, f'"{text}": the prefix must be 16', f"such as {_sixteen(text)}")
    elif not text.split("/")[0].endswith(".0.0"):
        yield Finding(path, f'"{text}": the third and fourth octets must be 0', f"such as {_sixteen(text)}")


@rule("SliceConfig", on=WRITE, source=SOURCE, field="Spec.SliceGatewayProvider")
def slice_gateway_provider_given(request: Request) -> Iterator[Finding]:
    """A slice with a network says which VPN joins its clusters."""
    if _has_network(request.document) and request.document.spec.slice_gateway_provider is None:
        hint = "such as sliceGatewayProvider: {sliceGatewayType: Wireguard, sliceCaType: Local}"
        yield Finding(("spec", "sliceGatewayProvider"), "sliceGatewayProvider is required for a slice", hint)


@rule("SliceConfig", on=WRITE, source=SOURCE, field="Spec.SliceGatewayProvider.SliceGatewayServiceType")
def slice_gateway_service_types(request: Request) -> Iterator[Finding]:
    """A gateway service type names a member or ``*``, each once."""
    spec = request.document.spec
    if not _has_network(request.document) or spec.slice_gateway_provider is None:
        return
    seen: set[str] = set()
    for index, entry in enumerate(spec.slice_gateway_provider.slice_gateway_service_type):
        at = ("spec", "sliceGatewayProvider", "sliceGatewayServiceType", index, "cluster")
        if not entry.cluster:
            yield Finding(at, "the cluster's name cannot be empty", 'a member\'s name, or "*" for all')
        elif entry.cluster != "*" and entry.cluster not in spec.clusters:
            hint = meant(entry.cluster, spec.clusters, "add it to spec.clusters")
            message = f"the cluster {entry.cluster} does not participate in the slice"
            yield Finding(at, message, hint, against=(("spec", "clusters"),))
        elif entry.cluster in seen:
            yield Finding(at, f"there is more than one entry for {entry.cluster}", "leave one")
        seen.add(entry.cluster)


@rule("SliceConfig", on=WRITE, source=SOURCE, field="Spec.StandardQosProfileName")
def slice_one_qos_profile(request: Request) -> Iterator[Finding]:
    """A slice with a network has its own QoS profile or names one, not both."""
    spec = request.document.spec
    if not _has_network(request.document):
        return
    if spec.standard_qos_profile_name and spec.qos_profile_details is not None:
        message = "standardQosProfileName cannot be set when qosProfileDetails is set"
        yield Finding(("spec", "standardQosProfileName"), message, "leave one of the two out")
    if not spec.standard_qos_profile_name and spec.qos_profile_details is None:
        message = "either standardQosProfileName or qosProfileDetails is required"
        yield Finding(("spec", "qosProfileDetails"), message, "standardQosProfileName: default will do")


@rule("SliceConfig", on=WRITE, source=SOURCE, field="Spec.StandardQosProfileName")
def slice_qos_profile_exists(request: Request) -> Iterator[Finding]:
    """The named QoS profile exists in the project."""
    name, namespace = request.document.spec.standard_qos_profile_name, request.document.metadata.namespace
    made = (DEFAULT_QOS_PROFILE,) if includes(request.state.version, MAKES_DEFAULT_QOS) else ()
    if not _has_network(request.document) or name in ("", *made):
        return
    if request.state.find("SliceQoSConfig", namespace, name) is None:
        known = (*names(request.state.all("SliceQoSConfig", namespace)), *made)
        about = (ObjectKey("SliceQoSConfig", namespace, name),)
        yield Finding(
            ("spec", "standardQosProfileName"), f"the SliceQoSConfig {name} was not found", meant(name, known), about
        )


@rule("SliceConfig", on=WRITE, source=SOURCE, field="Spec.QosProfileDetails.BandwidthGuaranteedKbps")
def slice_guaranteed_within_ceiling(request: Request) -> Iterator[Finding]:
    """The guaranteed bandwidth is at most the ceiling."""
    profile = request.document.spec.qos_profile_details
    if not _has_network(request.document) or profile is None:
        return
    if profile.bandwidth_guaranteed_kbps > profile.bandwidth_ceiling_kbps:
        yield Finding(
            ("spec", "qosProfileDetails", "bandwidthGuaranteedKbps"),
            f"bandwidthGuaranteedKbps cannot be greater than bandwidthCeilingKbps: "
            f"{profile.bandwidth_guaranteed_kbps} > {profile.bandwidth_ceiling_kbps}",
            against=(("spec", "qosProfileDetails", "bandwidthCeilingKbps"),),
        )


@rule("SliceConfig", on=WRITE, source=SOURCE, field="Spec.ExternalGatewayConfig.Clusters")
def slice_external_gateways(request: Request) -> Iterator[Finding]:
    """External gateways name members, each once over all entries; ``*`` stands alone and once."""
    spec = request.document.spec
    if not _has_network(request.document):
        return
    seen: set[str] = set()
    for number, entry in enumerate(spec.external_gateway_config):
        for index, cluster in enumerate(entry.clusters):
            at = ("spec", "externalGatewayConfig", number, "clusters", index)
            if cluster == "*" and len(entry.clusters) > 1:
                yield Finding(at, "other clusters are not allowed when * is present", 'write only "*", or only names')
            elif cluster != "*" and cluster not in spec.clusters:
                hint = meant(cluster, spec.clusters, "add it to spec.clusters")
                message = f"the cluster {cluster} does not participate in the slice"
                yield Finding(at, message, hint, against=(("spec", "clusters"),))
            if cluster in seen:
                yield Finding(at, f"{cluster} is listed twice", "one entry for each cluster")
            seen.add(cluster)


def _has_network(config: SliceConfig) -> bool:
    return config.spec.overlay_network_deployment_mode != "no-network"


def _sixteen(text: str) -> str:
    return ".".join(text.split("/")[0].split(".")[:2]) + ".0.0/16"
