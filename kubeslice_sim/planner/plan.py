"""Plan: the answer to a world, down to every address, tunnel, route, shaping class and DNS record."""

from __future__ import annotations

from dataclasses import dataclass

from kubeslice_sim.model.release import KubeSliceVersion
from kubeslice_sim.model.world import World
from kubeslice_sim.planner.network_policy import UserPolicyPlan
from kubeslice_sim.planner.plan_clusters import ClusterPlan, NodePlan, PodPlan
from kubeslice_sim.planner.plan_gateways import (
    EdgePlan,
    EdgePort,
    GatewayPairPlan,
    GatewayPlan,
    HostType,
    TunnelEnd,
    TunnelPlan,
)
from kubeslice_sim.planner.plan_slices import (
    EndpointPlan,
    MemberPlan,
    NetworkPolicyPlan,
    QosPlan,
    RoutePlan,
    RouterPlan,
    ServicePlan,
    ServicePortPlan,
    SlicePlan,
)

__all__ = [
    "ClusterPlan",
    "EdgePlan",
    "EdgePort",
    "EndpointPlan",
    "GatewayPairPlan",
    "GatewayPlan",
    "HostType",
    "MemberPlan",
    "NetworkPolicyPlan",
    "NodePlan",
    "Plan",
    "PlanWarning",
    "PodPlan",
    "QosPlan",
    "RoutePlan",
    "RouterPlan",
    "ServicePlan",
    "ServicePortPlan",
    "SlicePlan",
    "TunnelEnd",
    "TunnelPlan",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanWarning:
    """Something that will bite in this world: KubeSlice's quirk or our advice."""

    id: str
    subject: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything that KubeSlice makes of a world.

    ``not_deployable``: what of the world no KubeSlice of that version has, a sentence each.
    ``network_policies``: its users' own.
    """

    world: World
    kubeslice_version: KubeSliceVersion
    clusters: tuple[ClusterPlan, ...]
    slices: tuple[SlicePlan, ...]
    pods: tuple[PodPlan, ...]
    warnings: tuple[PlanWarning, ...] = ()
    not_deployable: tuple[str, ...] = ()
    network_policies: tuple[UserPolicyPlan, ...] = ()

    def cluster(self, name: str) -> ClusterPlan:
        """The cluster of that name. Raises :exc:`KeyError`."""
        for item in self.clusters:
            if item.name == name:
                return item
        raise KeyError(name)

    def slice(self, name: str) -> SlicePlan:
        """The slice of that name. Raises :exc:`KeyError`."""
        for item in self.slices:
            if item.name == name:
                return item
        raise KeyError(name)
