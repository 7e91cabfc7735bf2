"""Dynamic IPAM: sticky for a day, reclaimed after it, lowest first, and one clear word when nothing is left."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Network
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeslice_sim.errors import BadInput
from kubeslice_sim.model.document import ObjectMeta
from kubeslice_sim.model.slice_topology import SliceTopology, SliceTopologySpec, TopologyIpam
from kubeslice_sim.model.world import World
from kubeslice_sim.planner import plan
from kubeslice_sim.planner.ipam import RECLAIM_AFTER_S, Allocation, allocate, total_subnets
from kubeslice_sim.planner.plan import Plan
from tests.planner import worlds

SUBNET = IPv4Network("10.1.0.0/16")
HOUR_S = 3600.0
CLUSTERS = ("a", "b", "c", "d", "e")


def owners(found: tuple[Allocation, ...]) -> dict[str, str]:
    return {item.cluster: str(item.subnet) for item in found if item.active}


def test_the_lowest_blocks_in_the_order_of_the_list() -> None:
    found = allocate(SUBNET, 24, ["b", "a"], (), 0.0)
    assert owners(found) == {"b": "10.1.0.0/24", "a": "10.1.1.0/24"}
    assert {item.status for item in found} == {"Allocated"}
    assert [item.status for item in allocate(SUBNET, 24, ["b", "a"], found, 9.0)] == ["InUse", "InUse"]


def test_a_leavers_block_waits_a_day_for_it_and_is_anybodys_then() -> None:
    first = allocate(SUBNET, 24, ["a", "b"], (), 0.0)
    left = allocate(SUBNET, 24, ["b"], first, HOUR_S)
    assert [(item.cluster, item.status, item.released_at_s) for item in left] == [
        ("a", "Released", HOUR_S), ("b", "InUse", None),
    ]  # fmt: skip
    at_the_limit = HOUR_S + RECLAIM_AFTER_S
    assert owners(allocate(SUBNET, 24, ["b", "c"], left, at_the_limit))["c"] == "10.1.2.0/24"
    assert owners(allocate(SUBNET, 24, ["b", "c"], left, at_the_limit + 1))["c"] == "10.1.0.0/24"
    back = allocate(SUBNET, 24, ["b", "a"], left, 100 * at_the_limit)
    assert owners(back)["a"] == "10.1.0.0/24", "its own, however late, while nobody took it"


def test_of_blocks_to_reclaim_the_lowest_goes_first_and_before_new_ones() -> None:
    first = allocate(SUBNET, 24, ["a", "b", "c"], (), 0.0)
    gone = allocate(SUBNET, 24, ["c"], first, 0.0)
    later = allocate(SUBNET, 24, ["c", "x", "y", "z"], gone, 25 * HOUR_S)
    assert owners(later) == {"c": "10.1.2.0/24", "x": "10.1.0.0/24", "y": "10.1.1.0/24", "z": "10.1.3.0/24"}


def test_exhaustion_says_what_is_held_back_and_how_long() -> None:
    first = allocate(SUBNET, 17, ["a", "b"], (), 0.0)
    with pytest.raises(BadInput, match=r"no available subnets for c: of 2 of /17 in 10\.1\.0\.0/16, 2 are in use"):
        allocate(SUBNET, 17, ["a", "b", "c"], first, 0.0)
    left = allocate(SUBNET, 17, ["b"], first, 0.0)
    with pytest.raises(BadInput, match=r"1 still held for clusters that left \(a: 10\.1\.0\.0/17\) \(in 23\.0 h"):
        allocate(SUBNET, 17, ["b", "c"], left, HOUR_S)


def kept(item: Allocation, now_s: float) -> bool:
    return item.active or now_s - (item.released_at_s or 0.0) <= RECLAIM_AFTER_S


@given(
    st.integers(16, 30),
    st.lists(st.tuples(st.lists(st.sampled_from(CLUSTERS), unique=True), st.integers(0, 30)), max_size=8),
)
def test_whatever_comes_and_goes(size: int, story: list[tuple[list[str], int]]) -> None:
    """Disjoint, inside, sticky for whoever stays or comes back within a day, and nobody's history is forgotten."""
    held: tuple[Allocation, ...] = ()
    now_s = 0.0
    for members, hours in story:
        now_s += hours * HOUR_S
        try:
            found = allocate(SUBNET, size, members, held, now_s)
        except BadInput:
            # Of those who are no members, some leave just now and some left within the last day.
            waiting = [item for item in held if item.cluster not in members and kept(item, now_s)]
            assert len(members) + len(waiting) > total_subnets(SUBNET, size)
            continue
        assert {item.cluster for item in found if item.active} == set(members)
        assert not any(a.subnet.overlaps(b.subnet) for a, b in combinations(found, 2))
        assert all(item.subnet.subnet_of(SUBNET) and item.subnet.prefixlen == size for item in found)
        now = owners(found)
        for item in held:
            if item.cluster in members and kept(item, now_s):
                assert now[item.cluster] in {str(b.subnet) for b in held if b.cluster == item.cluster}
        assert {item.subnet for item in held} <= {item.subnet for item in found}
        held = found


def pooled(clusters: list[str], size: int = 24) -> World:
    shape = SliceTopology(
        metadata=ObjectMeta(name="pool"),
        spec=SliceTopologySpec(slice="red", ipam=TopologyIpam(type="Dynamic", subnet_size=size)),
    )
    config = worlds.slice_config("red", clusters, max_clusters=4)
    jobs = [worlds.deployment("web", CLUSTERS[:4])]
    return replace(worlds.world(CLUSTERS[:4], [config], jobs), topologies=(shape,))


def cidrs(found: Plan) -> dict[str, str]:
    return {member.cluster: str(member.cidr) for member in found.slice("red").members}


def test_a_plan_keeps_gives_back_and_reclaims() -> None:
    before = plan(pooled(["a", "b", "c"]))
    without = plan(pooled(["b", "c"]), previous=before, elapsed_s=HOUR_S)
    assert cidrs(without) == {"b": "10.1.1.0/24", "c": "10.1.2.0/24"}
    soon = plan(pooled(["b", "c", "d"]), previous=without, elapsed_s=23 * HOUR_S)
    assert cidrs(soon)["d"] == "10.1.3.0/24"
    late = plan(pooled(["b", "c", "d"]), previous=without, elapsed_s=24 * HOUR_S + 1)
    assert cidrs(late)["d"] == "10.1.0.0/24"
    back = plan(pooled(["b", "c", "a"]), previous=without, elapsed_s=HOUR_S)
    assert cidrs(back)["a"] == "10.1.0.0/24"
    assert {item.slot for item in late.slice("red").members} == {0, 1, 2}, "slots go their own way"
    assert [item.id for item in late.warnings if item.id.startswith("dynamic")] == []
    assert [item.id for item in soon.warnings if item.id.startswith("dynamic")] == ["dynamic-ipam-gateway-subnet"]


def test_a_plan_without_room_names_the_field() -> None:
    before = plan(pooled(["a", "b"], size=17))
    with pytest.raises(BadInput) as caught:
        plan(pooled(["b", "c"], size=17), previous=before, elapsed_s=HOUR_S)
    (problem,) = caught.value.problems
    assert problem.path == "SliceTopology/pool.spec.ipam.subnetSize"
    assert problem.message.startswith("no available subnets for c")
