"""What a change of the world means to its user, in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from pytest_regressions.file_regression import FileRegressionFixture

from kubeslice_sim.model.service_export import ServicePort
from kubeslice_sim.model.slice_config import (
    NamespaceIsolationProfile,
    NamespaceSelection,
    QosProfile,
    SliceGatewayProvider,
    SliceGatewayServiceType,
    VpnConfig,
)
from kubeslice_sim.model.underlay import ClusterUnderlay
from kubeslice_sim.model.world import World
from kubeslice_sim.planner import Plan, plan
from kubeslice_sim.planner.difference import Difference, diff
from tests.planner import worlds

GOLDEN = Path(__file__).parents[1] / "golden" / "changes"
NAMES = ("worker-1", "worker-2", "worker-3", "worker-4")


def of(*members: str, web: Sequence[str] = NAMES[:3], replicas: int = 1) -> World:
    """A slice over these members; every cluster exists, web runs on the first three."""
    return worlds.world(
        NAMES,
        [worlds.slice_config("red", members)],
        [worlds.deployment("web", web, replicas=replicas)],
        [worlds.export("web", web, slice_="red")],
    )


def step(before: World, after: World) -> Difference:
    first = plan(before)
    return diff(first, plan(after, previous=first))


def _rejoined() -> Difference:
    first = plan(of(*NAMES[:3]))
    left = plan(of(*NAMES[1:3]), previous=first)
    return diff(left, plan(of(*NAMES[1:3], NAMES[0]), previous=left))


def _shaped(world: World, **changed: object) -> World:
    (item,) = world.slices
    qos = replace(worlds.QOS, **changed)  # type: ignore[arg-type]
    return replace(world, slices=(replace(item, spec=replace(item.spec, qos_profile_details=qos)),))


def _isolated(world: World) -> World:
    (item,) = world.slices
    profile = replace(item.spec.namespace_isolation_profile, isolation_enabled=True)
    return replace(world, slices=(replace(item, spec=replace(item.spec, namespace_isolation_profile=profile)),))


def _emptied(world: World) -> World:
    (item,) = world.slices
    spec = replace(item.spec, namespace_isolation_profile=NamespaceIsolationProfile())
    return replace(world, slices=(replace(item, spec=spec),))


def _at(world: World, *node_ips: str) -> World:
    underlay = {"worker-1": ClusterUnderlay(node_ips=node_ips, gateway_nodes=len(node_ips))}
    return replace(world, underlay=worlds.world((), nodes=underlay).underlay)


STORIES = {
    "join": lambda: step(of(*NAMES[:3]), of(*NAMES)),
    "leave": lambda: step(of(*NAMES[:3]), of(*NAMES[1:3])),
    "reorder": lambda: step(of(*NAMES[:3]), of(*reversed(NAMES[:3]))),
    "rejoin": _rejoined,
    "apart": lambda: diff(plan(of(*NAMES[:2])), plan(of(*reversed(NAMES[:2])))),
    "scale": lambda: step(of(*NAMES[:2]), of(*NAMES[:2], replicas=2)),
    "shaping": lambda: step(of(*NAMES[:2]), _shaped(of(*NAMES[:2]), bandwidth_ceiling_kbps=9000, dscp_class="AF13")),
    "isolation": lambda: step(of(*NAMES[:2]), _isolated(of(*NAMES[:2]))),
    "offboarding": lambda: step(of(*NAMES[:2]), _emptied(of(*NAMES[:2]))),
    "new-slice": lambda: step(worlds.world(NAMES, (), of().objects), of(*NAMES[:2])),
    "node-ips": lambda: step(_at(of(*NAMES[:2]), "198.51.100.1"), _at(of(*NAMES[:2]), "198.51.100.7", "198.51.100.8")),
}


@pytest.mark.parametrize("story", STORIES)
def test_a_change_is_told_as_reviewed(story: str, file_regression: FileRegressionFixture) -> None:
    file_regression.check(f"{STORIES[story]()}\n", fullpath=GOLDEN / f"{story}.txt")


def test_who_joins_is_told_in_one_sentence() -> None:
    told = step(of(*NAMES[:3]), of(*NAMES))
    assert told.headlines == ("red: worker-4 joins: 3 new tunnel pairs, nobody's CIDR moves, no pod restarts",)


def test_one_node_ip_that_stays_keeps_the_clients_running() -> None:
    first, kept, fresh = ("198.51.100.1",), ("198.51.100.1", "198.51.100.2"), ("198.51.100.9",)
    assert not step(_at(of(*NAMES[:2]), *first), _at(of(*NAMES[:2]), *kept)).of("gateway restarts")
    restarted = step(_at(of(*NAMES[:2]), *first), _at(of(*NAMES[:2]), *fresh)).of("gateway restarts")
    assert [change.cluster for change in restarted] == ["worker-2", "worker-2"]


@settings(max_examples=40, deadline=None)
@given(worlds.worlds())
def test_nothing_differs_from_itself(world: World) -> None:
    once = plan(world)
    assert not diff(once, once).changes
    assert str(diff(once, once)) == "nothing changes"
    again = plan(world, previous=once)
    assert diff(once, again).headlines == ()


@settings(max_examples=40, deadline=None)
@given(worlds.worlds())
def test_who_joins_moves_nobody(world: World) -> None:
    before = plan(world)
    after = plan(worlds.with_member(world, "newcomer"), previous=before)
    told = diff(before, after)
    assert {change.kind for change in told.changes} <= {
        "cluster registered", "cluster joins", "tunnels added", "external gateway appears",
    }  # fmt: skip
    assert all(change.cluster == "newcomer" for change in told.of("external gateway appears"))
    assert all("nobody's CIDR moves, no pod restarts" in line for line in told.headlines)
    added = {item.name: len(item.members) for item in before.slices}
    for name, members in added.items():
        assert len([change for change in told.of("tunnels added") if change.slice == name]) == members


@settings(max_examples=25, deadline=None)
@given(worlds.worlds(), worlds.worlds())
def test_any_two_plans_can_be_told_apart(one: World, other: World) -> None:
    a, b = plan(one), plan(other)
    there, back = diff(a, b), diff(b, a)
    opposite = {"cluster joins": "cluster leaves", "pod appears": "pod vanishes", "name appears": "name vanishes",
                "tunnels added": "tunnels removed", "slice appears": "slice vanishes"}  # fmt: skip
    for come, gone in opposite.items():
        assert subjects(there, come) == subjects(back, gone)


def subjects(told: Difference, kind: str) -> set[tuple[str, str]]:
    return {(change.slice, change.subject) for change in told.changes if change.kind == kind}


def test_pods_restart_when_their_workload_changes() -> None:
    before = of(*NAMES[:2])
    (web,) = before.objects
    spec = {"replicas": 1, "template": {"metadata": {"labels": {"app": "web", "v": "2"}}}}
    after = replace(before, objects=(replace(web, body=type(web.body)({"spec": spec})),))
    told = step(before, after).of("pod restarts")
    assert {change.sentence for change in told} == {
        f"app/web-0@{name} restarts: its template's labels change" for name in NAMES[:3]
    }


def _spec(**changed: object) -> World:
    """Two members with one part of the SliceConfig another one."""
    world = of(*NAMES[:2])
    (item,) = world.slices
    return replace(world, slices=(replace(item, spec=replace(item.spec, **changed)),))  # type: ignore[arg-type]


def _exported(**changed: object) -> World:
    world = of(*NAMES[:2])
    (item,) = world.exports
    return replace(world, exports=(replace(item, spec=replace(item.spec, **changed)),))  # type: ignore[arg-type]


BALANCED = SliceGatewayServiceType(cluster="*", type="LoadBalancer", protocol="TCP")
OPENVPN = SliceGatewayProvider(slice_gateway_type="OpenVPN")
EVERYWHERE = NamespaceIsolationProfile(
    application_namespaces=(NamespaceSelection(namespace="app", clusters=("*",)),),
    allowed_namespaces=(NamespaceSelection(namespace="friend", clusters=("*",)),),
)


@pytest.mark.parametrize(
    ("after", "kinds"),
    [
        (_spec(slice_subnet="10.9.0.0/16"), {"cidr moves", "address moves", "name changes"}),
        (_spec(max_clusters=2), {"cidr moves", "address moves", "name changes"}),
        (_spec(slice_gateway_provider=OPENVPN), {"gateways reached otherwise", "gateway restarts"}),
        (_spec(slice_gateway_provider=SliceGatewayProvider(slice_gateway_type="Wireguard",
               slice_gateway_service_type=(BALANCED,))), {"gateways reached otherwise", "gateway restarts"}),
        (_spec(namespace_isolation_profile=EVERYWHERE), {"namespace joins"}),
        (_spec(overlay_network_deployment_mode="no-network"),
         {"cidr moves", "tunnels removed", "pod restarts", "name vanishes", "shaping changes"}),
        (_spec(overlay_network_deployment_mode="multi-network"), {"pod restarts", "name vanishes"}),
        (_exported(ports=(ServicePort(name="http", container_port=9090),)), {"ports change"}),
        (_exported(aliases=("web.example.com",)), {"name appears"}),
        (worlds.world((*NAMES, "worker-5"), of(*NAMES[:2]).slices, of().objects, of().exports), {"cluster registered"}),
    ],
)  # fmt: skip
def test_no_single_change_goes_untold(after: World, kinds: set[str]) -> None:
    first = plan(of(*NAMES[:2]))
    told = diff(first, plan(after, previous=first))
    assert kinds <= {change.kind for change in told.changes}
    assert all(change.sentence for change in told.changes)
    back = diff(plan(after), plan(of(*NAMES[:2])))
    assert back.changes


def test_another_cipher_is_told() -> None:
    def ciphered(cipher: str) -> World:
        return _spec(slice_gateway_provider=OPENVPN, vpn_config=VpnConfig(cipher=cipher))  # type: ignore[arg-type]

    told = step(ciphered("AES-256-CBC"), ciphered("AES-128-CBC"))
    assert [change.sentence for change in told.changes] == [
        "the tunnels of red are encrypted with AES-128-CBC (was AES-256-CBC)"
    ]
    assert told.headlines == ("red: its cipher changes, nobody's CIDR moves, no pod restarts",)


def test_a_plan_of_the_same_world_in_a_new_profile_only_reshapes() -> None:
    qos = QosProfile(priority=2, bandwidth_ceiling_kbps=5120, bandwidth_guaranteed_kbps=2560, dscp_class="AF11")
    first: Plan = plan(of(*NAMES[:2]))
    world = _shaped(of(*NAMES[:2]), priority=qos.priority)
    assert [change.kind for change in diff(first, plan(world, previous=first)).changes] == ["shaping changes"]


def test_an_allowed_namespace_is_not_onboarded() -> None:
    before = of(*NAMES[:2])
    (item,) = before.slices
    profile = item.spec.namespace_isolation_profile
    allowed = replace(profile, allowed_namespaces=(NamespaceSelection(namespace="mon", clusters=("*",)),))
    after = replace(before, slices=(replace(item, spec=replace(item.spec, namespace_isolation_profile=allowed)),))
    there, back = step(before, after), step(after, before)
    assert str(there).startswith("red: mon allowed on worker-1 and worker-2, ")
    assert str(back).startswith("red: mon no longer allowed on worker-1 and worker-2, ")
