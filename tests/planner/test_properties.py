"""What holds for every world."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from ipaddress import IPv4Address
from itertools import combinations

from hypothesis import given, settings

from kubeslice_sim.model.world import World
from kubeslice_sim.planner import Plan, plan
from kubeslice_sim.planner.plan import SlicePlan
from tests.planner import worlds


def addresses(item: SlicePlan, found: Plan) -> dict[tuple[str, str], IPv4Address]:
    """(cluster, device) → overlay address of everything on the slice."""
    known = {(m.cluster, m.router.name): m.router.address for m in item.members if m.router}
    known |= {(end.cluster, end.deployment): end.nsm_ip for tunnel in item.tunnels for end in tunnel.ends}
    return known | {(p.cluster, p.reference): p.nsm_ip for p in found.pods if p.slice == item.name and p.nsm_ip}


@given(worlds.worlds())
def test_cidrs_are_disjoint_and_inside_the_slice(world: World) -> None:
    for item in plan(world).slices:
        assert item.subnet is not None
        assert all(member.cidr.subnet_of(item.subnet) for member in item.members)
        assert not any(a.cidr.overlaps(b.cidr) for a, b in combinations(item.members, 2))


@given(worlds.worlds())
def test_every_overlay_address_is_its_owners_alone_and_in_its_clusters_cidr(world: World) -> None:
    found = plan(world)
    for item in found.slices:
        known = addresses(item, found)
        assert len(set(known.values())) == len(known)
        assert all(address in item.member(cluster).cidr for (cluster, _), address in known.items())


@given(worlds.worlds())
def test_full_mesh_with_two_tunnels_a_pair_and_the_earlier_listed_serving(world: World) -> None:
    for config, item in zip(world.slices, plan(world).slices, strict=True):
        listed = config.spec.clusters
        assert [(pair.server.cluster, pair.client.cluster) for pair in item.pairs] == list(combinations(listed, 2))
        assert len(item.tunnels) == len(listed) * (len(listed) - 1)


@given(worlds.worlds())
def test_every_next_hop_is_an_address_that_exists(world: World) -> None:
    found = plan(world)
    for item in found.slices:
        here = {(cluster, address) for (cluster, _), address in addresses(item, found).items()}
        peers = {}
        for tunnel in item.tunnels:
            peers[tunnel.server.deployment] = tunnel.client.vpn_ip
            peers[tunnel.client.deployment] = tunnel.server.vpn_ip
        for route in item.routes:
            if route.interface == "nsm0":
                assert all((route.cluster, address) in here for address in route.via), route
            else:
                assert route.via == (peers[route.device],), route


@given(worlds.worlds())
def test_routers_know_every_other_cluster_and_pods_know_the_slice(world: World) -> None:
    found = plan(world)
    for item in found.slices:
        for member in item.members:
            assert member.router is not None
            to = {
                route.destination
                for route in item.routes
                if (route.cluster, route.device) == (member.cluster, member.router.name)
            }
            assert to == {other.cidr for other in item.members if other.cluster != member.cluster}
        routed = {route.device for route in item.routes if route.destination == item.subnet}
        assert {pod.reference for pod in found.pods if pod.slice == item.name} <= routed


@given(worlds.worlds())
def test_dns_is_the_union_of_exported_pods_or_their_ingress_gateways_in_every_member_cluster(world: World) -> None:
    found = plan(world)
    for item in found.slices:
        for service in item.services:
            exporting = {
                cluster
                for export in world.exports
                if (export.metadata.name, export.metadata.namespace) == (service.name, service.namespace)
                for cluster in world.placed(export.metadata)
            }
            ingresses = {gateway.cluster: gateway for gateway in item.east_west if gateway.direction == "ingress"}
            behind = {
                pod.nsm_ip
                for pod in found.pods
                if pod.slice == item.name and pod.labels.get("app") == service.name and pod.cluster in exporting
                and pod.cluster not in ingresses
            }  # fmt: skip
            behind |= {gateway.nsm_ip for cluster, gateway in ingresses.items() if cluster in exporting}
            for member in item.members:
                assert set(found.cluster(member.cluster).dns.get(service.dns_name, ())) == behind


@given(worlds.worlds())
def test_node_ports_and_wan_addresses_are_unique(world: World) -> None:
    found = plan(world)
    ports = Counter((t.server.cluster, t.node_port) for item in found.slices for t in item.tunnels)
    assert set(ports.values()) <= {1}
    assert all(30000 <= port <= 32767 for _, port in ports)
    nodes = [node.ip for cluster in found.clusters for node in cluster.nodes]
    assert len(set(nodes)) == len(nodes)


def stable_parts(found: Plan) -> set[object]:
    """Everything that a running pod, gateway or cluster would notice if it changed."""
    parts: set[object] = {(pod.reference, pod.pod_ip, pod.slice, pod.nsm_ip) for pod in found.pods}
    parts |= {(node.name, node.ip) for cluster in found.clusters for node in cluster.nodes}
    for item in found.slices:
        parts |= {(item.name, member.cluster, member.slot, member.cidr, member.router) for member in item.members}
        parts |= {(item.name, pair.number, pair.server, pair.client) for pair in item.pairs}
        parts |= {(tunnel.node_port, *tunnel.ends) for tunnel in item.tunnels}
        parts.add(item.qos)
    return parts


@given(worlds.worlds())
def test_adding_a_cluster_moves_nobody_with_or_without_a_past(world: World) -> None:
    before = plan(world)
    larger = worlds.with_member(world, "new")
    for after in (plan(larger), plan(larger, previous=before)):
        assert stable_parts(before) <= stable_parts(after)
        assert {(pod.reference, pod.node) for pod in before.pods} <= {(pod.reference, pod.node) for pod in after.pods}


@given(worlds.worlds())
def test_reordering_everything_moves_nobody_who_has_a_past(world: World) -> None:
    before = plan(world)
    turned = replace(
        world,
        clusters=world.clusters[::-1],
        objects=world.objects[::-1],
        slices=tuple(
            replace(item, spec=replace(item.spec, clusters=item.spec.clusters[::-1])) for item in world.slices[::-1]
        ),
    )
    assert stable_parts(plan(turned, previous=before)) == stable_parts(before)


@given(worlds.worlds())
@settings(max_examples=50)
def test_a_plan_is_its_own_past(world: World) -> None:
    before = plan(world)
    assert plan(world, previous=before) == before
