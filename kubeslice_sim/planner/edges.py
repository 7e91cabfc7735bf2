"""Edges: where the gateways of a cluster are reached through a load balancer, and how a packet finds its gateway."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kubeslice_sim.model.slice_config import SliceConfig
from kubeslice_sim.planner import names
from kubeslice_sim.planner.gateways import service_type
from kubeslice_sim.planner.plan import EdgePlan, EdgePort, GatewayPairPlan, MemberPlan


def build_edges(
    config: SliceConfig, members: Sequence[MemberPlan], pairs: Sequence[GatewayPairPlan]
) -> Iterator[EdgePlan]:
    """One edge for each cluster whose service type is LoadBalancer: it stands before all gateways that serve there.

    As worker-operator controllers/slice/slice_gw_edge.go does: a cluster that only dials has the Deployment too, but
    no Service, for it has no gateway Services to stand before.
    """
    for member in members:
        connectivity, protocol = service_type(config.spec.slice_gateway_provider, member.cluster)
        if member.router is None or connectivity != "LoadBalancer":
            continue
        served = [pair for pair in pairs if pair.server.cluster == member.cluster]
        tunnels = [tunnel for pair in served for tunnel in pair.tunnels]
        yield EdgePlan(
            name=names.edge(member.slice),
            service=names.edge_service(member.slice) if tunnels else "",
            slice=member.slice,
            cluster=member.cluster,
            protocol=protocol,
            load_balancer_ips=served[0].server.node_ips if served else (),
            ports=tuple(
                EdgePort(
                    port=tunnel.node_port,
                    gateway=tunnel.server.deployment,
                    service=names.gateway_service(tunnel.server.deployment),
                    target_port=tunnel.server.listen_port,
                )
                for tunnel in tunnels
            ),
        )
