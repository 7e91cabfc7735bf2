"""What an operator does for gateways that stand: it moves crowded ones apart and dials ports that changed."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from kubeslice_sim.controlplane.built_in import node_of, node_port, with_spec
from kubeslice_sim.controlplane.effects import StartGateway
from kubeslice_sim.controlplane.request import Patch
from kubeslice_sim.controlplane.status import with_metadata
from kubeslice_sim.manifest import load
from kubeslice_sim.model.cluster import Cluster
from kubeslice_sim.model.document import ObjectKey
from kubeslice_sim.model.kubernetes import KubernetesObject
from kubeslice_sim.model.timing import FAST, KUBESLICE
from kubeslice_sim.model.world import World
from kubeslice_sim.planner.names import GATEWAY_NODE_LABEL, gateway_node
from tests.controlplane.hand import Hand
from tests.controlplane.loopback import SYSTEM

SERVER, CLIENT = "worker-1", "worker-2"


@pytest.fixture
def world(root: Path) -> World:
    """Scenario 01 with two gateway nodes a cluster."""
    found = load(root / "scenarios" / "01-two-clusters")
    clusters = {name: replace(found.underlay.cluster(name), gateway_nodes=2, node_ips=()) for name in (SERVER, CLIENT)}
    spec = replace(found.underlay.spec, clusters=type(found.underlay.spec.clusters)(clusters))
    return replace(found, underlay=replace(found.underlay, spec=spec))


def _gateways(hand: Hand, cluster: str) -> tuple[KubernetesObject, ...]:
    return hand.fleet.workers[cluster].store.view.objects("Pod", SYSTEM, {"kubeslice.io/pod-type": "slicegateway"})


def _label(hand: Hand, node: str, value: str) -> None:
    def change(item: KubernetesObject) -> KubernetesObject:
        return with_metadata(item, labels=item.metadata.labels.with_items({GATEWAY_NODE_LABEL: value}))

    hand.fleet.submit(Patch(key=ObjectKey("Node", "", node), change=change, clusters=(SERVER,)), hand.now_s)


def _askew(world: World) -> Hand:
    """Both gateways of the server stand on its first node, because the second came later."""
    hand = Hand(world, KUBESLICE)
    second = gateway_node(SERVER, 2)
    _label(hand, second, "")
    hand.until_up(600)
    assert Counter(map(node_of, _gateways(hand, SERVER))) == {gateway_node(SERVER, 1): 2}
    _label(hand, second, "gateway")
    return hand


def test_a_gateway_moves_to_a_node_that_joins_and_its_tunnel_with_it(world: World) -> None:
    hand = _askew(world)
    hand.run_for(30)
    assert len(_gateways(hand, SERVER)) == 3, "one tunnel at a time, made before the old one breaks"
    hand.run_for(300)
    assert sorted(map(node_of, _gateways(hand, SERVER))) == [gateway_node(SERVER, 1), gateway_node(SERVER, 2)]
    assert hand.fleet.readiness().up
    moves = [event for event in hand.fleet.events if event.name == "SliceGWRebalancingSuccess"]
    assert [event.cluster for event in moves] == [SERVER], "the server's operator alone, once"


def test_gateways_that_stand_well_are_left_alone(world: World) -> None:
    hand = _askew(world)
    hand.run_for(600)
    pods = [pod.metadata.uid for cluster in (SERVER, CLIENT) for pod in _gateways(hand, cluster)]
    before = hand.writes()
    hand.run_for(600)
    assert [pod.metadata.uid for cluster in (SERVER, CLIENT) for pod in _gateways(hand, cluster)] == pods
    assert sum(count for (_, name), count in (hand.writes() - before).items() if name == "gateway-recycler") == 0


def test_a_client_dials_the_port_that_its_server_has_now(world: World) -> None:
    hand = Hand(world, FAST)
    hand.until_up(60)
    served = _gateways(hand, SERVER)[0]
    kept = [pod.metadata.uid for pod in _gateways(hand, SERVER)]
    key = ObjectKey("Service", SYSTEM, f"svc-{served.metadata.name}")
    others = {pod.metadata.name: pod.metadata.uid for pod in _gateways(hand, CLIENT)}

    def moved(item: KubernetesObject) -> KubernetesObject:
        return with_spec(item, ports=[{**item.spec["ports"][0], "nodePort": 32123}])

    hand.fleet.submit(Patch(key=key, change=moved, clusters=(SERVER,)), hand.now_s)
    assert node_port(hand.fleet.workers[SERVER].store.view.find(*_parts(key))) == 32123
    hand.run_for(5)
    hand.until_up(60)
    replaced = [pod for pod in _gateways(hand, CLIENT) if pod.metadata.uid != others[pod.metadata.name]]
    (pod,) = replaced
    started = hand.fleet.ledger.newest("pod", CLIENT, SYSTEM, pod.metadata.name)
    assert isinstance(started, StartGateway)
    assert started.node_port == 32123
    assert [pod.metadata.uid for pod in _gateways(hand, SERVER)] == kept, "the server's pods never restart for it"


def _parts(key: ObjectKey) -> tuple[str, str, str]:
    return key.kind, key.namespace, key.name


@pytest.mark.parametrize(
    ("addresses", "restarts"),
    [(("198.51.100.7",), True), (("198.51.100.7", "{first}"), False)],
    ids=["all are new", "one is kept"],
)
def test_a_client_restarts_where_all_of_its_servers_addresses_are_new(
    world: World, addresses: tuple[str, ...], restarts: bool
) -> None:  # fmt: skip
    hand = Hand(world, FAST)
    hand.until_up(60)
    key = ObjectKey("Cluster", "kubeslice-demo", SERVER)
    held = hand.fleet.hub.store.view.get(Cluster, key.namespace, key.name)
    assert held is not None and held.status is not None
    known = held.status.node_ips
    wanted = tuple(item.format(first=known[0]) for item in addresses)
    before = [pod.metadata.uid for cluster in (SERVER, CLIENT) for pod in _gateways(hand, cluster)]

    def moved(item: Cluster) -> Cluster:
        return replace(item, spec=replace(item.spec, node_ips=wanted))

    hand.fleet.submit(Patch(key=key, change=moved), hand.now_s)
    hand.run_for(10)
    hand.until_up(60)
    after = [pod.metadata.uid for cluster in (SERVER, CLIENT) for pod in _gateways(hand, cluster)]
    assert after[:2] == before[:2], "the server's own stay"
    assert (set(after[2:]) & set(before[2:]) == set()) is restarts
    told = [hand.fleet.ledger.newest("pod", CLIENT, SYSTEM, pod.metadata.name) for pod in _gateways(hand, CLIENT)]
    if restarts:
        assert {start.remote_node_ips for start in told if isinstance(start, StartGateway)} == {wanted}
