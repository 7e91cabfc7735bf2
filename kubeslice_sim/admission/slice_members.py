"""Rules on a slice's clusters (kubeslice-controller service/slice_config_webhook_validation.go, validateClusters).

KubeSlice goes through the clusters one by one; so do these rules, by ``turn``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import NamedTuple

from kubeslice_sim.admission.namespace import in_project_namespace
from kubeslice_sim.admission.rule import WRITE, Finding, Request, rule
from kubeslice_sim.admission.state import names
from kubeslice_sim.model.cluster import ClusterStatus
from kubeslice_sim.model.document import ObjectKey
from kubeslice_sim.model.release import ASKS_HEALTH, ASKS_NETWORK, DETECTS_NODE_IPS, includes
from kubeslice_sim.model.suggest import meant

SOURCE = "kubeslice-controller service/slice_config_webhook_validation.go"

slice_in_project_namespace = in_project_namespace("SliceConfig", SOURCE)


class Member(NamedTuple):
    """A cluster of the slice that is registered here."""

    place: int
    name: str
    key: ObjectKey
    spec_node_ips: tuple[str, ...]
    network_interface: str
    status: ClusterStatus


@rule("SliceConfig", on=WRITE, source=SOURCE, field="Spec.Clusters")
def slice_clusters_once(request: Request) -> Iterator[Finding]:
    """No cluster stands twice in the list."""
    clusters = request.document.spec.clusters
    for index, name in enumerate(clusters):
        if name in clusters[:index]:
            yield Finding(("spec", "clusters", index), f"the cluster {name} is listed twice", "list it once")


@rule("SliceConfig", on=WRITE, source=SOURCE, field="Spec.Clusters[{turn}]")
def slice_clusters_registered(request: Request) -> Iterator[Finding]:
    """Every cluster exists in the slice's own namespace."""
    namespace = request.document.metadata.namespace
    known = names(request.state.all("Cluster", namespace))
    for index, name in enumerate(request.document.spec.clusters):
        if name not in known:
            free = [other for other in known if other not in request.document.spec.clusters]
            hint = meant(name, free, f"add a Cluster {name} in namespace {namespace}")
            about = (ObjectKey("Cluster", namespace, name),)
            yield Finding(("spec", "clusters", index), f"the cluster {name} is not registered", hint, about, index)


@rule("SliceConfig", source=SOURCE, field="Spec.Clusters[{turn}]")
def slice_clusters_registration_complete(request: Request) -> Iterator[Finding]:
    """Every cluster's registration is complete (since 1.0.0)."""
    for member in _members(request, ASKS_HEALTH):
        status = member.status.registration_status
        if status != "Registered":
            yield _finding(
                member,
                f"the registration of {member.name} is not completed: it is {status or 'not begun'}",
                "its Slice Operator may not be installed yet",
            )


@rule("SliceConfig", source=SOURCE, field="Spec.Clusters[{turn}]")
def slice_clusters_healthy(request: Request) -> Iterator[Finding]:
    """Every cluster that reports health reports Normal (since 1.0.0)."""
    for member in _members(request, ASKS_HEALTH):
        health = member.status.cluster_health
        if health is not None and health.cluster_health_status != "Normal":
            said = health.cluster_health_status or "not set"
            yield _finding(member, f"the health of {member.name} is not normal: it is {said}")


@rule("SliceConfig", on=WRITE, source=SOURCE, field="Status.NodeIPs")
def slice_clusters_node_ips(request: Request) -> Iterator[Finding]:
    """Every cluster has node IPs, given or detected (since 0.7.0; before, given)."""
    if not includes(request.state.version, DETECTS_NODE_IPS):
        for member in _members(request):
            if not member.spec_node_ips:
                message = f"{member.name} has no node IPs: KubeSlice {request.state.version} does not detect them"
                told = _finding(member, message, "give spec.nodeIPs in its Cluster")
                yield replace(told, field="Spec.Clusters.NodeIPs")
        return
    for member in _members(request):
        if not (member.spec_node_ips or member.status.node_ips):
            yield _finding(member, f"{member.name} has no node IPs", "give spec.nodeIPs in its Cluster")


@rule("SliceConfig", on=WRITE, source=SOURCE, field="Spec.Clusters.NetworkInterface")
def slice_clusters_network_interface(request: Request) -> Iterator[Finding]:
    """Every cluster names its gateway nodes' network interface (before 0.7.0)."""
    if includes(request.state.version, DETECTS_NODE_IPS):
        return
    for member in _members(request):
        if not member.network_interface:
            message = f"{member.name} names no network interface: KubeSlice {request.state.version} asks for it"
            yield _finding(member, message, "give spec.networkInterface in its Cluster, such as eth0")


@rule("SliceConfig", on=WRITE, source=SOURCE, field="Spec.Clusters[{turn}]")
def slice_clusters_network(request: Request) -> Iterator[Finding]:
    """Every cluster has KubeSlice's network installed, unless the slice wants none (since 1.3.0)."""
    for member in _networked(request, ASKS_NETWORK):
        if not member.status.network_present:
            hint = "install the worker with networking, or use overlayNetworkDeploymentMode: no-network"
            yield _finding(member, f"the network of {member.name} is not present", hint)


@rule("SliceConfig", on=WRITE, source=SOURCE, field="Status.CniSubnet")
def slice_clusters_cni_known(request: Request) -> Iterator[Finding]:
    """Every cluster's pod networks are known, unless the slice wants no network."""
    for member in _networked(request):
        if not member.status.cni_subnet:
            hint = "its Slice Operator may not be installed yet"
            yield _finding(member, f"the CNI subnet of {member.name} is not known", hint)


@rule("SliceConfig", on=WRITE, source=SOURCE, field="Spec.SliceSubnet")
def slice_subnet_free_of_cni(request: Request) -> Iterator[Finding]:
    """The slice's subnet overlaps no member's pod or service network."""
    subnet = request.document.spec.slice_subnet
    for member in _networked(request):
        for cni in member.status.cni_subnet:
            if overlap(cni, subnet):
                yield Finding(
                    ("spec", "sliceSubnet"),
                    f"{subnet} must not overlap with the CNI subnet {cni} of cluster {member.name}",
                    "choose another private /16",
                    (member.key, ObjectKey("Underlay", "", "")),
                    member.place,
                )


def overlap(first: str, second: str) -> bool:
    """Whether either network holds the other's first address; what is no network overlaps nothing (util/common.go)."""
    one, other = _network(first), _network(second)
    if one is None or other is None or one.version != other.version:
        return False
    return one.network_address in other or other.network_address in one


def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text, strict=False) if "/" in text else None
    except ValueError:
        return None


def _members(request: Request, since: str = "") -> Iterator[Member]:
    """The members that are registered here; none in a release before the one that asks."""
    if not includes(request.state.version, since):
        return
    namespace = request.document.metadata.namespace
    for index, name in enumerate(request.document.spec.clusters):
        cluster = request.state.find("Cluster", namespace, name)
        if cluster is not None:
            key = ObjectKey("Cluster", namespace, name)
            status = request.state.status_of(cluster)
            yield Member(index, name, key, cluster.spec.node_ips, cluster.spec.network_interface, status)


def _networked(request: Request, since: str = "") -> Iterator[Member]:
    if request.document.spec.overlay_network_deployment_mode != "no-network":
        yield from _members(request, since)


def _finding(member: Member, message: str, hint: str = "") -> Finding:
    return Finding(("spec", "clusters", member.place), message, hint, (member.key,), member.place)
