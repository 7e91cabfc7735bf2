"""Slices: one slice put together from its parts."""

from __future__ import annotations

from collections.abc import Iterable

from kubeslice_sim.model.slice_config import SliceConfig, SliceGatewayProvider, VpnConfig
from kubeslice_sim.planner.east_west import EastWestGateway
from kubeslice_sim.planner.edges import build_edges
from kubeslice_sim.planner.external_gateways import overlay_routes
from kubeslice_sim.planner.ipam import IpamPlan
from kubeslice_sim.planner.istio import istio_objects
from kubeslice_sim.planner.members import slice_subnet
from kubeslice_sim.planner.nodes import project_of
from kubeslice_sim.planner.plan import GatewayPairPlan, MemberPlan, PodPlan, QosPlan, ServicePlan, SlicePlan
from kubeslice_sim.planner.policies import isolate
from kubeslice_sim.planner.routes import plan_routes
from kubeslice_sim.planner.topology import hubs_of


def cipher(config: SliceConfig) -> str:
    """The cipher of OpenVPN tunnels: AES-256-CBC unless the slice names another; none for WireGuard."""
    provider = config.spec.slice_gateway_provider
    if provider is None or provider.slice_gateway_type != "OpenVPN":
        return ""
    return (config.spec.vpn_config or VpnConfig()).cipher


def assemble_slice(
    config: SliceConfig,
    members: tuple[MemberPlan, ...],
    pairs: tuple[GatewayPairPlan, ...],
    qos: QosPlan | None,
    pods: Iterable[PodPlan],
    services: tuple[ServicePlan, ...],
    east_west: tuple[EastWestGateway, ...],
    ipam: IpamPlan | None = None,
) -> SlicePlan:
    """The slice with its routes, its policies and what Istio is told."""
    subnet = slice_subnet(config)
    return SlicePlan(
        name=config.metadata.name,
        project=project_of(config.metadata.namespace),
        mode=config.spec.overlay_network_deployment_mode,
        gateway_type=(config.spec.slice_gateway_provider or SliceGatewayProvider()).slice_gateway_type,
        cipher=cipher(config),
        subnet=subnet,
        max_clusters=config.spec.max_clusters,
        hubs=hubs_of(config),
        members=members,
        pairs=pairs,
        qos=qos,
        services=services,
        routes=(*plan_routes(subnet, members, pairs, pods), *overlay_routes(subnet, members, east_west))
        if subnet is not None
        else (),
        policies=isolate(config, members),
        east_west=east_west,
        edges=tuple(build_edges(config, members, pairs)),
        istio_objects=istio_objects(config, members, services, east_west),
        ipam=ipam,
    )
