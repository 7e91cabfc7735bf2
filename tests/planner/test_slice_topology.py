"""Custom edges and gateway counts: the plan is joined exactly as the document says, and every derived part follows."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, permutations
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from pytest_regressions.file_regression import FileRegressionFixture

from kubeslice_sim.manifest import load
from kubeslice_sim.model.document import ObjectMeta
from kubeslice_sim.model.slice_topology import (
    ForbiddenEdge,
    SliceTopology,
    SliceTopologySpec,
    TopologyEdge,
    TopologyIpam,
)
from kubeslice_sim.model.world import World
from kubeslice_sim.planner import askable, diff, measure_capacity, plan, why
from kubeslice_sim.planner.plan import Plan, SlicePlan
from kubeslice_sim.verify.reach import Verifier
from tests.planner import worlds

GOLDEN = Path(__file__).parents[1] / "golden"
CLUSTERS = ("a", "b", "c", "d", "e")
PAIRS = tuple(combinations(CLUSTERS, 2))


def shaped(spec: SliceTopologySpec, clusters: tuple[str, ...] = CLUSTERS) -> World:
    config = worlds.slice_config("red", clusters, max_clusters=8)
    jobs = [worlds.deployment("web", CLUSTERS)]
    found = worlds.world(CLUSTERS, [config], jobs)
    return replace(found, topologies=(SliceTopology(metadata=ObjectMeta(name="shape"), spec=spec),))


@st.composite
def specs(draw: st.DrawFn) -> SliceTopologySpec:
    """Any edges between five clusters, each with a server and a count of its own or not; or some that are forbidden."""
    count = draw(st.integers(1, 4))
    chosen = draw(st.lists(st.sampled_from(PAIRS), unique=True))
    if draw(st.booleans()):
        forbidden = tuple(ForbiddenEdge(source_cluster=b, target_clusters=(a,)) for a, b in chosen)
        return SliceTopologySpec(slice="red", forbidden_edges=forbidden, gateways_per_pair=count)
    edges = tuple(
        TopologyEdge(
            between=draw(st.sampled_from([(a, b), (b, a)])),
            server=draw(st.sampled_from([None, a, b])),
            gateways=draw(st.none() | st.integers(1, 4)),
        )
        for a, b in chosen
    )
    return SliceTopologySpec(slice="red", edges=edges, gateways_per_pair=count)


def wanted(spec: SliceTopologySpec) -> dict[tuple[str, str], int]:
    """(server, client) → gateways, worked out from the document alone."""
    if spec.edges is None:
        none = {frozenset((item.source_cluster, *item.target_clusters)) for item in spec.forbidden_edges}
        return {pair: spec.gateways_per_pair for pair in PAIRS if frozenset(pair) not in none}
    found = {}
    for edge in spec.edges:
        server = edge.server or min(edge.between)
        client = next(name for name in edge.between if name != server)
        found[server, client] = edge.gateways or spec.gateways_per_pair
    return found


@given(specs())
def test_the_pairs_are_the_documents(spec: SliceTopologySpec) -> None:
    item = plan(shaped(spec)).slice("red")
    assert {(pair.server.cluster, pair.client.cluster): len(pair.tunnels) for pair in item.pairs} == wanted(spec)


@given(specs())
def test_routes_reach_exactly_what_the_edges_say(spec: SliceTopologySpec) -> None:
    found = plan(shaped(spec))
    verifier = Verifier(found)
    joined = {frozenset(pair) for pair in wanted(spec)}
    for near, far in permutations(CLUSTERS, 2):
        answer = verifier.reach(f"app/web-0@{near}", f"app/web-0@{far}")
        assert answer.allowed is (frozenset((near, far)) in joined)
        if not answer.allowed:
            assert answer.reason.startswith(f"slice red has no edge between {near} and {far}: ")


@given(specs())
def test_ports_addresses_and_next_hops_follow(spec: SliceTopologySpec) -> None:
    item = plan(shaped(spec)).slice("red")
    ends = [end for tunnel in item.tunnels for end in tunnel.ends]
    assert len({(end.cluster, end.deployment) for end in ends}) == len(ends)
    assert len({(end.cluster, end.nsm_ip) for end in ends}) == len(ends)
    served = [(tunnel.server.cluster, tunnel.node_port) for tunnel in item.tunnels]
    assert len(set(served)) == len(served)
    counts = wanted(spec)
    for near, far in permutations(CLUSTERS, 2):
        count = counts.get((near, far)) or counts.get((far, near)) or 0
        assert len(next_hops(item, near, far)) == count


def next_hops(item: SlicePlan, near: str, far: str) -> tuple[object, ...]:
    router, cidr = item.member(near).router, item.member(far).cidr
    assert router is not None
    via = [route.via for route in item.routes if (route.cluster, route.device) == (near, router.name)
           and route.destination == cidr]  # fmt: skip
    return tuple(address for hops in via for address in hops)


def test_an_edge_waits_for_its_cluster_and_a_joiner_moves_nobody() -> None:
    spec = SliceTopologySpec(slice="red", edges=(TopologyEdge(between=("a", "b")), TopologyEdge(between=("e", "a"))))
    before = plan(shaped(spec, ("a", "b", "c")))
    assert [pair.client.cluster for pair in before.slice("red").pairs] == ["b"]
    after = plan(shaped(spec, ("a", "b", "c", "e")), previous=before)
    assert [pair.client.cluster for pair in after.slice("red").pairs] == ["b", "e"]
    assert stable(before) <= stable(after)


def test_a_pair_keeps_its_roles_and_ports_when_its_edge_changes() -> None:
    first = SliceTopologySpec(slice="red", edges=(TopologyEdge(between=("a", "b"), gateways=3),))
    then = SliceTopologySpec(slice="red", edges=(TopologyEdge(between=("a", "b"), gateways=3, server="b"),))
    before = plan(shaped(first))
    after = plan(shaped(then), previous=before)
    assert after.slice("red").pairs == before.slice("red").pairs


def test_what_only_says_what_kubeslice_does_is_deployable() -> None:
    usual = SliceTopologySpec(slice="red")
    assert plan(shaped(usual)).not_deployable == ()
    assert plan(shaped(usual)).slices == plan(replace(shaped(usual), topologies=())).slices
    assert plan(shaped(SliceTopologySpec(slice="red", gateways_per_pair=3))).not_deployable == (
        "not deployable on KubeSlice 1.9: 3 gateways a pair of slice red (SliceTopology shape)",
    )


def test_every_value_of_a_chain_is_told_as_reviewed(file_regression: FileRegressionFixture) -> None:
    chain = plan(load(GOLDEN / "plans" / "chain.yaml"))
    told = "\n".join(str(why(chain, path)) for path in askable(chain))
    file_regression.check(f"{told}\n", fullpath=GOLDEN / "provenance" / "chain.txt")


def test_other_edges_and_counts_are_told() -> None:
    first = SliceTopologySpec(slice="red", edges=(TopologyEdge(between=("a", "b"), gateways=3),))
    then = SliceTopologySpec(
        slice="red", edges=(TopologyEdge(between=("a", "b"), gateways=1), TopologyEdge(between=("b", "c")))
    )
    before = plan(shaped(first))
    told = diff(before, plan(shaped(then), previous=before))
    assert str(told) == (
        "red: 1 new tunnel pair, 1 pair with another number of tunnels, nobody's CIDR moves, no pod restarts\n"
        "  2 tunnels between b and c: b serves, c dials\n"
        "  1 tunnel between a and b instead of 3"
    )


def test_a_pool_says_how_many_may_still_join() -> None:
    spec = SliceTopologySpec(slice="red", ipam=TopologyIpam(type="Dynamic", subnet_size=18))
    before = plan(shaped(spec, ("a", "b", "c")))
    (room,) = measure_capacity(before).slices
    assert (room.clusters_left, room.subnets_left) == (1, 1)
    after = plan(shaped(spec, ("b", "c")), previous=before, elapsed_s=60)
    (room,) = measure_capacity(after).slices
    assert (room.clusters_left, room.subnets_left) == (1, 1), "the leaver's is not free yet"
    (left,) = diff(before, after).of("cluster leaves")
    assert left.sentence == "a leaves red and gives back slot 0, 10.1.0.0/18, which waits for it for a day"
    (room,) = measure_capacity(plan(shaped(spec, ("b", "c")), previous=after, elapsed_s=86_401)).slices
    assert room.subnets_left == 2


def stable(found: Plan) -> set[object]:
    item = found.slice("red")
    return {
        *((member.cluster, member.slot, member.cidr) for member in item.members),
        *((end.deployment, end.nsm_ip, end.vpn_ip) for tunnel in item.tunnels for end in tunnel.ends),
        *((tunnel.server.deployment, tunnel.node_port) for tunnel in item.tunnels),
        *((pod.reference, pod.nsm_ip) for pod in found.pods if pod.cluster != "e"),
    }
