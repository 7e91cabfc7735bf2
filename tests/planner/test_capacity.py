"""The room that a plan leaves: figures that agree with using it up."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings

from kubeslice_sim.errors import BadInput
from kubeslice_sim.model.frozen import freeze
from kubeslice_sim.model.kubernetes import KubernetesObject
from kubeslice_sim.model.world import World
from kubeslice_sim.planner import AddressesExhausted, AddressPool, Plan, plan
from kubeslice_sim.planner.capacity import measure_capacity, rotations_per_year
from tests.planner import worlds

NAMES = ("a", "b", "c")


def of(*members: str, replicas: int = 1, max_clusters: int = 4) -> World:
    slices = [worlds.slice_config("red", members, max_clusters=max_clusters)]
    return worlds.world(NAMES, slices, [worlds.deployment("web", members[:1], replicas=replicas)])


def left_by_trying(found: Plan, slice_: str, cluster: str) -> int:
    """How many more clients the member's router takes."""
    pool: AddressPool[object] = AddressPool(found.slice(slice_).member(cluster).cidr)
    ends = (end for tunnel in found.slice(slice_).tunnels for end in tunnel.ends)
    pool.reserve((end, end.nsm_ip) for end in ends if end.cluster == cluster)
    pool.reserve((p, p.nsm_ip) for p in found.pods if p.nsm_ip and (p.slice, p.cluster) == (slice_, cluster))
    pool.reserve((gate, gate.nsm_ip) for gate in found.slice(slice_).east_west if gate.cluster == cluster)
    for count in range(1 << 16):
        try:
            pool.allocate(count)
        except AddressesExhausted:
            return count
    raise AssertionError("a pool without an end")


@settings(max_examples=10, deadline=None)
@given(worlds.worlds())
def test_addresses_left_are_those_that_can_still_be_given(world: World) -> None:
    found = plan(world)
    for item in measure_capacity(found).slices:
        for member in item.members[:2]:
            assert member.addresses_left == left_by_trying(found, item.slice, member.cluster)


def test_as_many_pods_as_there_are_addresses_left_and_no_more() -> None:
    (item,) = measure_capacity(plan(of("a", "b", replicas=0, max_clusters=32))).slices
    room = item.members[0].addresses_left
    assert room == 2047 - 2
    full = plan(of("a", "b", replicas=room, max_clusters=32))
    assert measure_capacity(full).slices[0].members[0].addresses_left == 0
    with pytest.raises(AddressesExhausted):
        plan(of("a", "b", replicas=room + 1, max_clusters=32))


def test_clusters_left_are_those_that_can_still_join() -> None:
    world = of("a", "b", max_clusters=3)
    assert measure_capacity(plan(world)).slices[0].clusters_left == 1
    full = worlds.with_member(world, "d")
    assert measure_capacity(plan(full)).slices[0].clusters_left == 0
    with pytest.raises(BadInput, match="maxClusters"):
        plan(worlds.with_member(full, "e"))


def test_what_a_slice_of_three_costs() -> None:
    (item,) = measure_capacity(plan(of(*NAMES))).slices
    assert (item.pairs, item.tunnels, item.gateway_pods) == (3, 6, 12)
    assert (item.certificate_jobs, item.certificates) == (3, 6)
    assert item.renewals_per_year == pytest.approx(6 * 365 * 24 / (30 * 24 - 1))
    assert rotations_per_year(90) == pytest.approx(365 / 90, rel=1e-3)


def test_kubeslice_before_rotation_renews_nothing() -> None:
    (item,) = measure_capacity(replace(plan(of(*NAMES)), kubeslice_version="0.6")).slices
    assert (item.certificates, item.renewals_per_year) == (6, 0)


def test_node_ports_of_servers_and_services() -> None:
    service = KubernetesObject(
        api_version="v1", kind="Service", metadata=worlds.deployment("s", ["b"]).metadata,
        body=freeze({"spec": {"type": "NodePort", "ports": [{"port": 80, "nodePort": 32000}]}}),
    )  # fmt: skip
    world = of(*NAMES)
    found = measure_capacity(plan(replace(world, objects=(*world.objects, service))))
    assert {item.cluster: item.node_ports for item in found.clusters} == {"a": 4, "b": 3, "c": 0}
    assert [item.node_ports_left for item in found.clusters] == [2764, 2765, 2768]


def test_node_ports_left_are_those_that_can_still_be_given() -> None:
    ports = [{"port": port, "nodePort": port} for port in range(30000, 32766)]
    services = KubernetesObject(
        api_version="v1", kind="Service", metadata=worlds.deployment("s", ["a"]).metadata,
        body=freeze({"spec": {"type": "NodePort", "ports": ports}}),
    )  # fmt: skip

    def crowded(*members: str) -> World:
        return replace(of(*members), objects=(services,))

    assert measure_capacity(plan(crowded("a"))).clusters[0].node_ports_left == 2
    assert measure_capacity(plan(crowded("a", "b"))).clusters[0].node_ports_left == 0
    with pytest.raises(BadInput, match="no NodePort left"):
        plan(crowded("a", "b", "c"))


@settings(max_examples=40, deadline=None)
@given(worlds.worlds())
def test_nodes_carry_every_gateway_and_router(world: World) -> None:
    found = plan(world)
    told = measure_capacity(found)
    nodes = [node for cluster in told.clusters for node in cluster.nodes]
    assert sum(node.gateway_pods for node in nodes) == sum(item.gateway_pods for item in told.slices)
    assert sum(node.routers for node in nodes) == sum(len(item.members) for item in told.slices)
    assert all(node.shaped_slices <= min(node.gateway_pods, len(found.slices)) for node in nodes)


def test_a_slice_without_a_network_costs_nothing() -> None:
    item = worlds.slice_config("flat", NAMES)
    flat = replace(item, spec=replace(item.spec, overlay_network_deployment_mode="no-network"))
    (told,) = measure_capacity(plan(worlds.world(NAMES, [flat]))).slices
    assert (told.tunnels, told.certificates, told.renewals_per_year, told.members) == (0, 0, 0.0, ())
