"""Hub-and-spoke: who is joined, who serves, where routes lead, and what a change of the topology does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings

from kubeslice_sim.model.slice_config import SliceConfig, SliceGatewayProvider, Topology
from kubeslice_sim.model.worker_slice_gateway import WorkerSliceGateway
from kubeslice_sim.model.world import World
from kubeslice_sim.planner import Plan, diff, plan, why
from kubeslice_sim.planner.objects import hub_objects
from kubeslice_sim.planner.topology import edges_of
from kubeslice_sim.verify import Verifier, explain
from tests.planner.worlds import deployment, hub_and_spoke, slice_config, world

NAMES = ("c0", "c1", "c2", "c3")


def shaped(hubs: Sequence[str], names: Sequence[str] = NAMES) -> World:
    """One slice with a pod in each cluster; without hubs a full mesh."""
    config = slice_config("red", names)
    if hubs:
        config = replace(config, spec=replace(config.spec, topology=Topology(mode="HubAndSpoke", hubs=tuple(hubs))))
    found = world(names, [config], [deployment("w", names)])
    spec = replace(found.underlay.spec, kubeslice_version="next")
    return replace(found, underlay=replace(found.underlay, spec=spec))


def roles(found: Plan) -> list[tuple[str, str]]:
    return [(pair.server.cluster, pair.client.cluster) for pair in found.slice("red").pairs]


def flags(found: Plan) -> dict[str, bool]:
    return {
        item.metadata.name: item.spec.route_entire_slice_subnet
        for item in hub_objects(found) if isinstance(item, WorkerSliceGateway)
    }  # fmt: skip


@pytest.mark.parametrize(("hubs", "spokes"), [(1, 3), (2, 2), (1, 1)])
def test_the_number_of_pairs_is_upstreams_formula(hubs: int, spokes: int) -> None:
    names = NAMES[: hubs + spokes]
    config: SliceConfig = shaped(names[:hubs], names).slices[0]
    assert len(edges_of(config)) == hubs * spokes + hubs * (hubs - 1) // 2


def test_the_hub_serves_wherever_it_stands_in_the_list() -> None:
    assert roles(plan(shaped(["c2"]))) == [("c2", "c0"), ("c2", "c1"), ("c2", "c3")]


def test_each_spokes_gateway_routes_the_entire_slice_and_no_hubs_does() -> None:
    assert flags(plan(shaped(["c2"]))) == {
        "red-c2-c0": False, "red-c0-c2": True, "red-c2-c1": False, "red-c1-c2": True, "red-c2-c3": False,
        "red-c3-c2": True,
    }  # fmt: skip
    assert not any(flags(plan(shaped([]))).values())


def test_a_spoke_reaches_another_by_way_of_the_hub() -> None:
    found = plan(shaped(["c2"]))
    answer = Verifier(found).reach("app/w@c0", "app/w@c3")
    assert answer.allowed
    assert [(hop.kind, hop.cluster) for hop in answer.hops] == [
        ("pod", "c0"), ("router", "c0"), ("gateway", "c0"), ("wan", ""), ("gateway", "c2"), ("router", "c2"),
        ("gateway", "c2"), ("wan", ""), ("gateway", "c3"), ("router", "c3"), ("pod", "c3"),
    ]  # fmt: skip
    told = str(explain(found, "app/w@c0", "app/w@c3"))
    assert "routes 10.1.0.0/16 via 10.1.0.2 and 10.1.0.3 on nsm0: ECMP by 5-tuple" in told
    assert "relays between spokes: routes 10.1.48.0/20" in told
    assert "encrypts: routes 10.1.0.0/16 via 10.1.255.1 on wg0" in told
    assert "decrypts, then routes 10.1.48.0/20 via 10.1.48.0 on nsm0" in told


def test_an_address_that_nobody_has_does_not_go_round_in_circles() -> None:
    found = Verifier(plan(shaped(["c2"])))
    for address, reason in (
        ("10.1.48.77", "nobody in c3 has 10.1.48.77"),
        ("10.1.0.77", "nobody in c0 has 10.1.0.77"),
        ("10.1.200.1", "vl3-slice-router-red in c2 has no route to 10.1.200.1"),
    ):
        answer = found.reach("app/w@c0", address)
        assert (answer.allowed, answer.reason) == (False, reason)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(hub_and_spoke())
def test_routes_reach_exactly_what_the_topology_says(found: World) -> None:
    _compare_reach(plan(found))


@pytest.mark.long
@settings(max_examples=1500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(hub_and_spoke())
def test_routes_of_many_worlds_reach_exactly_what_the_topology_says(found: World) -> None:
    _compare_reach(plan(found))


def _compare_reach(found: Plan) -> None:
    """Between all pods of a slice: over a tunnel of the two clusters' own, or from spoke to spoke by a hub."""
    asked = Verifier(found)
    for item in found.slices:
        joined = {frozenset((pair.server.cluster, pair.client.cluster)) for pair in item.pairs}
        pods = {pod.cluster: pod for pod in found.pods if pod.slice == item.name}
        for here, source in pods.items():
            for there, target in pods.items():
                by_hub = any({frozenset((here, hub)), frozenset((hub, there))} <= joined for hub in item.hubs)
                wanted = here == there or frozenset((here, there)) in joined or by_hub
                answer = asked.reach(source.reference, str(target.nsm_ip))
                assert answer.allowed is wanted, (here, there, answer.reason)


def test_a_mesh_becomes_hub_and_spoke_without_a_restart() -> None:
    before = plan(shaped([]))
    after = plan(shaped(["c0"]), previous=before)
    changes = diff(before, after)
    assert changes.headlines == (
        "red: it becomes hub-and-spoke around c0, 3 tunnel pairs go, nobody's CIDR moves, no pod restarts",
    )
    assert [change.subject for change in changes.of("gateway routes otherwise")] == [
        "red-c1-c0", "red-c2-c0", "red-c3-c0",
    ]  # fmt: skip
    assert "red-c1-c0 carries all of the slice (was the CIDR of c0 only), without a restart" in str(changes)
    back = diff(after, plan(shaped([]), previous=after))
    assert back.headlines[0].startswith("red: it becomes a full mesh, 3 new tunnel pairs")
    assert len(back.of("gateway routes otherwise")) == 3


def test_a_new_hub_leaves_the_old_one_serving_and_says_so() -> None:
    before = plan(shaped(["c0"]))
    after = plan(shaped(["c1"]), previous=before)
    assert roles(after) == [("c0", "c1"), ("c1", "c2"), ("c1", "c3")]
    assert flags(after)["red-c0-c1"] is True
    assert flags(after)["red-c1-c0"] is False
    (warning,) = [item for item in after.warnings if item.id == "hub-dials"]
    assert warning.message.startswith("c0 serves its hub c1: a pair that exists keeps its roles.")
    _compare_reach(after)
    openvpn = shaped(["c0"]).slices[0]
    spec = replace(openvpn.spec, slice_gateway_provider=SliceGatewayProvider())
    old = plan(replace(shaped(["c0"]), slices=(replace(openvpn, spec=spec),)))
    moved = replace(spec, topology=Topology(mode="HubAndSpoke", hubs=("c1",)))
    new = plan(replace(shaped(["c0"]), slices=(replace(openvpn, spec=moved),)), previous=old)
    (warning,) = [item for item in new.warnings if item.id == "hub-dials"]
    assert "no other spoke reaches it" in warning.message


def test_every_route_and_role_says_where_it_comes_from() -> None:
    found = plan(shaped(["c2"]))
    route = why(found, "red/c0/router/routes/slice")
    assert route.value == "10.1.0.0/16 via 10.1.0.2, 10.1.0.3 dev nsm0"
    assert "c0 is a spoke" in route.formula
    route = why(found, "red/c0/gateways/c2/0/route")
    assert route.value == "10.1.0.0/16 via 10.1.255.1 dev wg0"
    role = why(found, "red/c2/gateways/c0/role")
    assert "wherever it stands in the list" in role.formula
