"""A node dies: what Kubernetes makes of it and when, what KubeSlice's gateways do, and what its return changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from kubeslice_sim.controlplane.built_in import node_of, running
from kubeslice_sim.controlplane.effects import SetNextHops
from kubeslice_sim.controlplane.finalizer import deleting
from kubeslice_sim.controlplane.node import is_ready
from kubeslice_sim.manifest import load, load_text
from kubeslice_sim.model.kubernetes import KubernetesObject
from kubeslice_sim.model.timing import KUBESLICE
from kubeslice_sim.model.world import World
from kubeslice_sim.planner import plan
from kubeslice_sim.planner.names import app_node, gateway_node, router
from tests.controlplane.hand import Hand
from tests.controlplane.loopback import SYSTEM

SERVER, CLIENT = "worker-1", "worker-2"
EVICTED_S = (340.0, 355.1)
"""After the node's death: 40 to 55 s until it is NotReady, and 300 s that pods tolerate it."""


@pytest.fixture
def world(root: Path) -> World:
    """Scenario 01 with two gateway nodes and an application node a cluster."""
    return with_nodes(load(root / "scenarios" / "01-two-clusters"), gateways=2, others=1)


def with_nodes(found: World, gateways: int, others: int) -> World:
    clusters = {
        name: replace(found.underlay.cluster(name), gateway_nodes=gateways, app_nodes=others, node_ips=())
        for name in (SERVER, CLIENT)
    }
    spec = replace(found.underlay.spec, clusters=type(found.underlay.spec.clusters)(clusters))
    return replace(found, underlay=replace(found.underlay, spec=spec))


class Loss:
    """A world that is up, and one node of the server's cluster that dies at ``zero_s``."""

    def __init__(self, world: World, node: str) -> None:
        self.hand = Hand(world, KUBESLICE)
        self.hand.until_up(600)
        self.node = node
        self.zero_s = self.hand.now_s
        self.hand.plane.lose_node(SERVER, node)

    @property
    def since_s(self) -> float:
        return self.hand.now_s - self.zero_s

    def until(self, holds: Callable[[], bool], within_s: float = 500.0) -> float:
        """How long after the loss it holds."""
        while not holds():
            assert self.since_s < within_s, "never"
            self.hand.run_for(0.05)
        return self.since_s

    def find(self, kind: str, namespace: str, name: str) -> KubernetesObject | None:
        return self.hand.fleet.workers[SERVER].store.view.find(kind, namespace, name)

    def pod(self, name: str, namespace: str = SYSTEM) -> KubernetesObject:
        found = self.find("Pod", namespace, name)
        assert found is not None
        return found

    def node_is_ready(self) -> bool:
        found = self.find("Node", "", self.node)
        assert found is not None
        return is_ready(found)

    def gateways(self) -> dict[str, str]:
        found = self.hand.fleet.workers[SERVER].store.view.objects(
            "Pod", SYSTEM, {"kubeslice.io/pod-type": "slicegateway"}
        )
        return {pod.metadata.name: node_of(pod) for pod in found}

    def on(self, node: str) -> str:
        """The gateway pod there."""
        return next(name for name, place in self.gateways().items() if place == node)

    def hops(self, cluster: str, peer: str) -> int:
        (config,) = plan(self.hand.fleet.world).slices
        newest = self.hand.fleet.ledger.newest("route", cluster, config.name, config.member(peer).cidr)
        assert isinstance(newest, SetNextHops)
        return len(newest.via)

    def events(self, name: str) -> list[str]:
        found = (item for item in self.hand.fleet.events if item.name == name and item.at_s >= self.zero_s)
        return [item.subject.split()[-1].rpartition("/")[2] for item in found]


def spare(world: World) -> str:
    """The server's gateway node without the router: its loss takes one gateway only."""
    (config,) = plan(world).slices
    place = next(item.router.node for item in config.members if item.cluster == SERVER and item.router)
    return next(name for name in (gateway_node(SERVER, 1), gateway_node(SERVER, 2)) if name != place)


def test_the_node_is_not_ready_when_its_leases_stay_away_and_its_pods_are_evicted_later(world: World) -> None:
    loss = Loss(world, spare(world))
    victim = loss.on(loss.node)
    assert 40.0 <= loss.until(lambda: not loss.node_is_ready()) <= 55.0
    loss.hand.run_for(1)
    assert running(loss.pod(victim)) and not is_ready(loss.pod(victim)), "its phase is what kubelet said last"
    assert loss.events("NodeNotReady") == [loss.node]
    assert EVICTED_S[0] <= loss.until(lambda: node_of(loss.pod(victim)) not in ("", loss.node)) <= EVICTED_S[1]
    assert loss.events("TaintManagerEviction") == [victim]


def test_the_peer_routes_round_it_in_minutes_its_own_side_only_when_the_pod_is_evicted(world: World) -> None:
    loss = Loss(world, spare(world))
    peer_s = loss.until(lambda: loss.hops(CLIENT, SERVER) == 1)
    assert 57.0 <= peer_s <= 63.0 + 120.1, "its pings stay unanswered, and its operator looks every two minutes"
    own_s = loss.until(lambda: loss.hops(SERVER, CLIENT) == 1)
    assert EVICTED_S[0] <= own_s <= EVICTED_S[1], "the operator's question to the dead sidecar fails every time"
    assert "SliceGWPodReconcileFailed" in {event.name for event in loss.hand.fleet.events}


def test_the_gateway_runs_on_the_other_node_and_moves_back_when_the_node_does(world: World) -> None:
    loss = Loss(world, spare(world))
    loss.until(lambda: set(loss.gateways().values()) == {n for n in loss.gateways().values() if n != loss.node})
    loss.until(lambda: loss.hand.fleet.readiness().up, within_s=700.0)
    assert len(loss.gateways()) == 2
    moves = loss.events("SliceGWRebalancingSuccess")
    assert moves == [], "nothing is moved about while there is nowhere to go"
    loss.hand.run_for(600)
    assert loss.events("SliceGWRebalancingSuccess") == []
    loss.hand.plane.recover_node(SERVER, loss.node)
    loss.hand.run_for(10)
    assert len(loss.events("SliceGWRebalancingSuccess")) == 1
    loss.hand.run_for(300)
    assert sorted(loss.gateways().values()) == [gateway_node(SERVER, 1), gateway_node(SERVER, 2)]
    assert loss.hand.fleet.readiness().up
    assert loss.node_is_ready()


def test_a_node_that_is_back_in_time_keeps_its_pods(world: World) -> None:
    loss = Loss(world, spare(world))
    victim = loss.pod(loss.on(loss.node))
    loss.until(lambda: not loss.node_is_ready())
    loss.hand.run_for(100)
    loss.hand.plane.recover_node(SERVER, loss.node)
    loss.hand.run_for(400)
    assert loss.pod(victim.metadata.name).metadata.uid == victim.metadata.uid
    assert is_ready(loss.pod(victim.metadata.name))
    assert loss.events("TaintManagerEviction") == []
    assert loss.hand.fleet.readiness().up


def test_a_router_that_died_with_its_node_comes_up_on_another(world: World) -> None:
    (config,) = plan(world).slices
    place = next(item.router.node for item in config.members if item.cluster == SERVER and item.router)
    loss = Loss(world, place)
    loss.until(lambda: node_of(loss.pod(router(config.name))) not in ("", place))
    loss.until(lambda: loss.hand.fleet.readiness().up, within_s=700.0)


def test_the_only_gateway_node_takes_the_slice_with_it_until_it_is_back(world: World) -> None:
    loss = Loss(with_nodes(world, gateways=1, others=1), gateway_node(SERVER, 1))
    loss.hand.run_for(600)
    assert set(loss.gateways().values()) == {""}, "there is nowhere else"
    assert not loss.hand.fleet.readiness().up
    loss.hand.plane.recover_node(SERVER, loss.node)
    back_s = loss.until(lambda: loss.hand.fleet.readiness().up, within_s=1200.0)
    assert back_s <= 600 + 200
    assert set(loss.gateways().values()) == {loss.node}


def test_a_cluster_that_lost_its_last_node_evicts_nobody(world: World) -> None:
    loss = Loss(with_nodes(world, gateways=1, others=0), gateway_node(SERVER, 1))
    before = loss.gateways()
    loss.hand.run_for(600)
    assert not loss.node_is_ready()
    assert (loss.gateways(), loss.events("TaintManagerEviction")) == (before, [])
    loss.hand.plane.recover_node(SERVER, loss.node)
    loss.until(lambda: loss.hand.fleet.readiness().up, within_s=1200.0)
    assert loss.gateways() == before


BARE = """
---
apiVersion: v1
kind: Pod
metadata: {name: alone, namespace: iperf, annotations: {kubeslice-sim.io/clusters: worker-1}}
spec: {containers: [{name: c, image: busybox}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: kept, namespace: iperf, annotations: {kubeslice-sim.io/clusters: worker-1}}
spec:
  replicas: 1
  serviceName: kept
  selector: {matchLabels: {app: kept}}
  template: {metadata: {labels: {app: kept}}, spec: {containers: [{name: c, image: busybox}]}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: hasty, namespace: iperf, annotations: {kubeslice-sim.io/clusters: worker-1}}
spec:
  replicas: 1
  selector: {matchLabels: {app: hasty}}
  template:
    metadata: {labels: {app: hasty}}
    spec:
      tolerations: [{key: node.kubernetes.io/unreachable, operator: Exists, effect: NoExecute, tolerationSeconds: 20}]
      containers: [{name: c, image: busybox}]
"""


def test_what_becomes_of_a_pod_hangs_on_who_made_it(root: Path) -> None:
    text = (root / "scenarios" / "01-two-clusters" / "world.yaml").read_text() + BARE
    node = app_node(SERVER, 1)
    loss = Loss(with_nodes(load_text(text, "world.yaml"), gateways=2, others=1), node)
    assert {node_of(loss.pod(name, "iperf")) for name in ("alone", "kept-0", "hasty-0")} == {node}
    hasty_s = loss.until(lambda: node_of(loss.pod("hasty-0", "iperf")) not in ("", node))
    assert 60.0 <= hasty_s <= 75.1, "it tolerates 20 s only"
    loss.until(lambda: deleting(loss.pod("alone", "iperf")))
    loss.hand.run_for(100)
    assert deleting(loss.pod("kept-0", "iperf")), "a StatefulSet waits for the old one's end"
    assert node_of(loss.pod("kept-0", "iperf")) == node
    loss.hand.plane.recover_node(SERVER, node)
    loss.hand.run_for(60)
    assert loss.find("Pod", "iperf", "alone") is None, "nobody makes it again"
    assert not deleting(loss.pod("kept-0", "iperf"))
    assert running(loss.pod("kept-0", "iperf"))
    assert loss.hand.fleet.readiness().up
