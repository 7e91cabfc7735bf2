"""The edge of LoadBalancer mode: what the worker's loops leave of it is what the plan says."""

from __future__ import annotations

from pathlib import Path

from kubeslice_sim.manifest import load
from kubeslice_sim.model.timing import FAST
from kubeslice_sim.planner import plan
from kubeslice_sim.planner.names import SYSTEM_NAMESPACE
from tests.controlplane.hand import Hand


def test_the_service_has_a_port_for_every_gateway_that_serves(root: Path) -> None:
    world = load(root / "tests" / "golden" / "plans" / "three-clusters.yaml")
    hand = Hand(world, FAST)
    hand.until_up(600)
    hand.run_for(FAST.slice_reconcile_s * 2)
    edges = [edge for item in plan(world).slices for edge in item.edges]
    assert edges
    for edge in edges:
        view = hand.fleet.workers[edge.cluster].store.view
        assert view.find("Deployment", SYSTEM_NAMESPACE, edge.name) is not None
        service = view.find("Service", SYSTEM_NAMESPACE, edge.service)
        assert service is not None and service.spec["type"] == "LoadBalancer"
        assert {(port["name"], port["port"], port["protocol"]) for port in service.spec["ports"]} == {
            (port.service, port.port, edge.protocol) for port in edge.ports
        }
    without = {cluster.name for cluster in plan(world).clusters} - {edge.cluster for edge in edges}
    for name in without:
        assert hand.fleet.workers[name].store.view.find("Service", SYSTEM_NAMESPACE, edges[0].service) is None
