"""Resolution: which addresses a target stands for, asked from one pod."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address

from kubeslice_sim.model.reference import SERVICE_DOMAIN
from kubeslice_sim.planner.plan import ClusterPlan, PodPlan, SlicePlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """The addresses (none: the target stands for nothing here) and how they were found."""

    addresses: tuple[IPv4Address, ...]
    how: str


def resolve_name(name: str, pod: PodPlan, cluster: ClusterPlan, joined: SlicePlan | None) -> Resolution:
    """What the pod's resolver answers.

    A pod on a slice asks its cluster's KubeSlice DNS first, then the cluster's own; a pod in no slice knows the
    cluster's names only (cmd-nsc dnsutils/fanout). Names are lowered on the way, records are not.
    """
    asked = name.rstrip(".").lower()
    if joined is not None and asked in cluster.dns:
        addresses = cluster.dns[asked]
        return Resolution(addresses=addresses, how=_found(name, addresses, f"the KubeSlice DNS of {cluster.name}"))
    if asked in cluster.cluster_dns:
        addresses = cluster.cluster_dns[asked]
        return Resolution(addresses=addresses, how=_found(name, addresses, f"the DNS of {cluster.name}"))
    if joined is None and asked in cluster.dns:
        return Resolution(
            addresses=(), how=f"{pod.reference} is on no slice, so its resolver does not ask KubeSlice DNS for {name}"
        )
    if asked.endswith(f".{SERVICE_DOMAIN}"):
        return Resolution(addresses=(), how=f"no slice of {cluster.name} imports a service {name}")
    return Resolution(addresses=(), how=f"nothing in {cluster.name} answers for {name}")


def resolve_pod(source: PodPlan, target: PodPlan) -> Resolution:
    """The address at which one pod finds another: the overlay's where both are on one slice, else the CNI's."""
    if source.slice is not None and source.slice == target.slice and target.nsm_ip is not None:
        return Resolution(
            addresses=(target.nsm_ip,), how=f"{target.reference} has {target.nsm_ip} on slice {target.slice}"
        )
    if source.cluster == target.cluster:
        return Resolution(addresses=(target.pod_ip,), how=f"{target.reference} has {target.pod_ip} on the CNI")
    return Resolution(
        addresses=(),
        how=f"{target.reference} is in another cluster and {_slices(source, target)}: clusters meet on slices only",
    )


def _slices(source: PodPlan, target: PodPlan) -> str:
    if source.slice is None and target.slice is None:
        return "neither is on a slice"
    if source.slice is None:
        return f"{source.reference} is on no slice"
    if target.slice is None:
        return "it is on no slice"
    return f"on slice {target.slice}, not {source.slice}"


def _found(name: str, addresses: tuple[IPv4Address, ...], by: str) -> str:
    return f"{name} is {', '.join(map(str, addresses))}, says {by}"
