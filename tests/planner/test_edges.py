"""Edges: who has one, and which gateway each port of its load balancer leads to."""

from __future__ import annotations

from dataclasses import replace

from kubeslice_sim.model.slice_config import SliceGatewayProvider, SliceGatewayServiceType
from kubeslice_sim.planner import Plan, plan
from kubeslice_sim.planner.provenance import why
from kubeslice_sim.verify import explain
from tests.planner import worlds


def with_balancer(*clusters: str) -> Plan:
    config = worlds.slice_config("red", ["a", "b", "c"])
    provider = SliceGatewayProvider(
        slice_gateway_type="Wireguard",
        slice_gateway_service_type=tuple(
            SliceGatewayServiceType(cluster=cluster, type="LoadBalancer", protocol="UDP") for cluster in clusters
        ),
    )
    config = replace(config, spec=replace(config.spec, slice_gateway_provider=provider))
    return plan(worlds.world(["a", "b", "c"], [config], [worlds.deployment("web", ["a", "b"])]))


def test_without_a_load_balancer_there_is_none() -> None:
    assert with_balancer().slice("red").edges == ()


def test_one_edge_stands_before_all_gateways_that_serve_in_its_cluster() -> None:
    found = with_balancer("a").slice("red")
    (edge,) = found.edges
    assert (edge.name, edge.service, edge.cluster) == ("red-gw-edge", "svc-red-gw-edge", "a")
    served = [tunnel for tunnel in found.tunnels if tunnel.server.cluster == "a"]
    assert [(port.port, port.gateway) for port in edge.ports] == [(t.node_port, t.server.deployment) for t in served]
    assert len({port.port for port in edge.ports}) == 4
    assert {port.target_port for port in edge.ports} == {11194}


def test_a_cluster_that_only_dials_has_no_service() -> None:
    (edge,) = with_balancer("c").slice("red").edges
    assert (edge.cluster, edge.service, edge.ports) == ("c", "", ())


def test_a_star_gives_every_cluster_one() -> None:
    assert [edge.cluster for edge in with_balancer("*").slice("red").edges] == ["a", "b", "c"]


def test_the_edge_is_on_the_explained_way_and_says_where_its_port_comes_from() -> None:
    found = with_balancer("a")
    there, back = explain(found, "app/web@b", "app/web@a"), explain(found, "app/web@a", "app/web@b")
    assert "red-gw-edge sends it on to svc-red-a-b-0-0:11194 (DNAT)" in str(there)
    assert "back through red-gw-edge" in str(back)
    assert "NodePort number" in str(why(found, "red/a/edge/red-a-b-0-0/port"))
