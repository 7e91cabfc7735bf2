"""What holds for the plan of every world that KubeSlice admits, over the whole model."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from pathlib import Path

from hypothesis import given, settings

from kubeslice_sim import manifest, planner
from kubeslice_sim.model.world import World
from kubeslice_sim.planner import plan
from tests.planner.test_properties import stable_parts
from tests.worlds import admitted_worlds, holds_for


@holds_for(admitted_worlds())
def test_the_worlds_are_admitted_and_each_has_a_plan(world: World) -> None:
    assert manifest.refusals(world) == []
    found = plan(world)
    assert {item.name for item in found.slices} >= {item.metadata.name for item in world.slices}
    assert all(manifest.decode(item) for item in planner.manifests(found))
    assert {item.slice for item in planner.measure_capacity(found).slices} <= {item.name for item in found.slices}


@holds_for(admitted_worlds())
def test_the_subnets_of_a_slice_are_disjoint_and_inside_it(world: World) -> None:
    for item in plan(world).slices:
        if item.subnet is not None:
            assert all(member.cidr.subnet_of(item.subnet) for member in item.members)
            assert not any(a.cidr.overlaps(b.cidr) for a, b in combinations(item.members, 2))


def joined_by(world: World, project: str) -> World:
    """The world with one more cluster of the project, last in the list of each of its slices."""
    namespace = f"kubeslice-{project}"
    first = next(item for item in world.clusters if item.metadata.namespace == namespace)
    return replace(
        world,
        clusters=(*world.clusters, replace(first, metadata=replace(first.metadata, name="late"), status=None)),
        slices=tuple(
            replace(item, spec=replace(item.spec, clusters=(*item.spec.clusters, "late")))
            if item.metadata.namespace == namespace else item
            for item in world.slices
        ),
    )  # fmt: skip


@holds_for(admitted_worlds())
def test_a_cluster_that_joins_moves_nobody(world: World) -> None:
    before = plan(world)
    after = plan(joined_by(world, "red"), previous=before)
    assert stable_parts(before) <= stable_parts(after)


@holds_for(admitted_worlds())
def test_a_world_is_what_was_written_of_it(world: World) -> None:
    assert manifest.load_text(manifest.dump(world)) == world


def test_the_generated_worlds_cover_the_model(root: Path) -> None:
    """Each of these is met by some of the worlds; else the properties above say less than they seem to."""
    met: set[str] = set()

    @given(admitted_worlds())
    @settings(max_examples=250, derandomize=True, database=None)
    def look(world: World) -> None:
        text = repr([manifest.encode(document) for document in world.documents()])
        met.update(word for word in SIGNS if word in text)

    look()
    assert met == set(SIGNS)


SIGNS = (
    "no-network", "defaultSliceCreation", "SliceTopology", "Dynamic", "forbiddenEdges", "HubAndSpoke",
    "SliceQoSConfig", "standardQosProfileName", "qosProfileDetails", "isolationEnabled", "allowedNamespaces",
    "externalGatewayConfig", "LoadBalancer", "registrationStatus", "nodeIPs", "latitude", "aliases", "StatefulSet",
    "'Pod'", "Wireguard", "kubeslice-blue", "reverse", "gatewayNodes", "'next'", "'0.6'",
)  # fmt: skip
