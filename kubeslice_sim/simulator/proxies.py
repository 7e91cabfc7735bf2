"""Proxies: where Istio's sidecars and East-West gateways send a connection next, in simulated time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address

from kubeslice_sim.planner.external_gateways import HTTP_PORT, PORTS
from kubeslice_sim.planner.istio import Sidecars, speaks_http
from kubeslice_sim.planner.plan import Plan, SlicePlan
from kubeslice_sim.simulator.ecmp import FiveTuple, choose

Ports = Mapping[int, tuple[IPv4Address, ...]]
"""Port of a service → the pods behind it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxies:
    """Of one world, as its plan has them; it has none where no slice has East-West gateways.

    ``exits``: (pod, address it dials) → the egress gateway that its sidecar hands the request to. ``behind``: an
    ingress gateway's reference → the pods of its services. Where several services share a port the first exported is
    meant: a flow carries no Host header. The pod is chosen by the flow's hash; Istio's weights are equal.
    """

    exits: Mapping[tuple[str, IPv4Address], str] = field(default_factory=dict)
    behind: Mapping[str, Ports] = field(default_factory=dict)
    meshed: frozenset[str] = frozenset()

    def onward(self, gateway: str, source: str, flow: FiveTuple, secret: int) -> FiveTuple | str:
        """The gateway's own connection to a pod behind it, or why it opens none (both are pods' references)."""
        services = self.behind[gateway]
        listens = {port.target_port for port in PORTS["ingress"]}
        if flow.target_port not in listens and source not in self.meshed:
            return f"{gateway} does not listen on {flow.target_port}, and {source} has no Istio sidecar"
        pods = services.get(flow.target_port) or (services.get(next(iter(services), 0), ()))
        if not pods or (flow.target_port in listens and flow.target_port != HTTP_PORT):
            return f"{gateway} has no pod behind port {flow.target_port}"
        port = flow.target_port if flow.target_port in services else next(iter(services))
        return replace(flow, source=flow.target, target=pods[choose(flow, len(pods), secret)], target_port=port)


def proxies_of(plan: Plan) -> Proxies:
    """What the plan's Istio objects say, put for flows."""
    exits: dict[tuple[str, IPv4Address], str] = {}
    behind: dict[str, dict[int, tuple[IPv4Address, ...]]] = {}
    meshed, sidecars = set(), Sidecars(plan.world)
    for item in plan.slices:
        if not item.east_west:
            continue
        for gateway in item.east_west:
            if gateway.direction == "ingress":
                behind[gateway.reference] = _services(item, gateway.cluster)
        egress = {gateway.cluster: gateway.reference for gateway in item.east_west if gateway.direction == "egress"}
        for pod in plan.pods:
            if pod.slice != item.name or pod not in sidecars:
                continue
            meshed.add(pod.reference)
            for service in item.services:
                if pod.cluster in egress and service.namespace == pod.namespace and speaks_http(service.ports):
                    exits.update({(pod.reference, end.nsm_ip): egress[pod.cluster] for end in service.endpoints})
    return Proxies(exits=exits, behind=behind, meshed=frozenset(meshed))


def _services(item: SlicePlan, cluster: str) -> dict[int, tuple[IPv4Address, ...]]:
    found: dict[int, tuple[IPv4Address, ...]] = {}
    for service in item.services:
        pods = tuple(end.nsm_ip for end in service.backends if end.cluster == cluster)
        if pods and speaks_http(service.ports):
            found.setdefault(service.ports[0].port, pods)
    return found
