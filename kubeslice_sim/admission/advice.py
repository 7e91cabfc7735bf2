"""Warnings: what KubeSlice accepts and its users regret. They refuse nothing."""

from __future__ import annotations

from collections.abc import Iterator

from kubeslice_sim.admission.rule import Finding, Request, rule
from kubeslice_sim.model.slice_config import SliceConfig
from kubeslice_sim.model.underlay import defaults_told

_OURS = "kubeslice-sim"
LONGEST_GOOD_NAME = 15
_UNMARKED = "AF13"
_BY_SLOT = ("Local", "Static", "")
"""``Local`` is the older name of ``Static`` (KubeSlice 1.5's documentation)."""


def _long_name(request: Request, kind: str) -> Iterator[Finding]:
    name = request.document.metadata.name
    if len(name) > LONGEST_GOOD_NAME:
        message = f"the {kind}'s name has {len(name)} characters; KubeSlice's documentation allows {LONGEST_GOOD_NAME}"
        yield Finding(("metadata", "name"), message, "longer names can make service exports fail on label lengths")


@rule("Cluster", source="KubeSlice documentation", severity="warning")
def cluster_name_long(request: Request) -> Iterator[Finding]:
    """A cluster's name has at most 15 characters."""
    yield from _long_name(request, "cluster")


@rule("SliceConfig", source="KubeSlice documentation", severity="warning")
def slice_name_long(request: Request) -> Iterator[Finding]:
    """A slice's name has at most 15 characters."""
    yield from _long_name(request, "slice")


@rule("SliceConfig", source="gateway-sidecar slicegateway_handler.go", severity="warning")
def slice_dscp_unmarked(request: Request) -> Iterator[Finding]:
    """AF13 is in the enum, but the gateway's sidecar does not know it."""
    profile = request.document.spec.qos_profile_details
    if profile is not None and profile.dscp_class == _UNMARKED:
        message = "gateways do not mark AF13: packets go out unmarked"
        yield Finding(("spec", "qosProfileDetails", "dscpClass"), message, "AF11 and AF12 are marked")


@rule("SliceConfig", source=_OURS, severity="warning")
def slice_of_few_clusters(request: Request) -> Iterator[Finding]:
    """A slice of fewer than two clusters has no tunnels."""
    config: SliceConfig = request.document
    if config.spec.overlay_network_deployment_mode == "no-network":
        return
    if not config.spec.clusters:
        yield Finding(("spec", "clusters"), "the slice has no clusters: nothing will be made", "list at least one")
    elif len(config.spec.clusters) == 1:
        message = f"the slice has one cluster, {config.spec.clusters[0]}: it has no gateways and no tunnels"
        yield Finding(("spec", "clusters"), message, "fine where the slice is meant to stay inside the cluster")


@rule("SliceConfig", source="kubeslice-controller apis/controller/v1alpha1/sliceconfig_types.go", severity="warning")
def slice_ipam_type_ignored(request: Request) -> Iterator[Finding]:
    """KubeSlice takes any text for sliceIpamType and gives CIDRs by slot all the same; Local and Static mean that."""
    given = request.document.spec.slice_ipam_type
    if given not in _BY_SLOT:
        version = request.state.version
        message = f"KubeSlice {version} stores {given}, but gives every cluster its CIDR by slot all the same"
        hint = "for dynamic address management add a SliceTopology with ipam: {type: Dynamic}"
        yield Finding(("spec", "sliceIpamType"), message, hint)


@rule("Cluster", source=_OURS, severity="warning")
def world_without_underlay(request: Request) -> Iterator[Finding]:
    """The world says what it is made of; told once, at its first cluster."""
    first = next(iter(request.state.all("Cluster")), None)
    if request.document is first and not request.state.all("Underlay"):
        message = f"the world has no Underlay, so {defaults_told()} are assumed"
        yield Finding((), message, "an Underlay gives every cluster and link its own")


@rule("SliceConfig", source=_OURS, severity="warning")
def slice_bandwidth_sensible(request: Request) -> Iterator[Finding]:
    """Bandwidths are positive and the priority is 0 to 3 (KubeSlice takes any number)."""
    profile = request.document.spec.qos_profile_details
    if profile is None:
        return
    for field, value in (
        ("bandwidthCeilingKbps", profile.bandwidth_ceiling_kbps),
        ("bandwidthGuaranteedKbps", profile.bandwidth_guaranteed_kbps),
    ):
        if value <= 0:
            yield Finding(("spec", "qosProfileDetails", field), f"{value} kbit/s cannot be shaped", "a positive number")
    if not 0 <= profile.priority <= 3:
        message = f"priority {profile.priority} is outside 0 to 3, which KubeSlice documents"
        yield Finding(("spec", "qosProfileDetails", "priority"), message, "")
