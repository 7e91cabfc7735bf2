"""East-West gateways in simulated time: who gets through them, by which pods."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path

import pytest

import kubeslice_sim as ks
from kubeslice_sim.planner import Plan, plan
from kubeslice_sim.simulator.ecmp import FiveTuple
from kubeslice_sim.simulator.proxies import Proxies, proxies_of
from tests.planner import worlds

INGRESS = "kubeslice-system/red-istio-ingressgateway@worker-2"
MESHED, PLAIN = "bookinfo/productpage-0@worker-1", "bookinfo/productpage-0@worker-3"


@pytest.fixture(scope="module")
def found(root: Path) -> Plan:
    return plan(ks.load(root / "tests/golden/plans/east-west.yaml"))


def test_the_scenario_of_the_world_comes_true(found: Plan) -> None:
    run = ks.simulate(found.world)
    assert {verdict.name: verdict.outcome for verdict in run.verdicts} == dict.fromkeys(
        (expectation.name for expectation in found.world.scenario().spec.expect), "passed"
    )


def test_a_world_without_gateways_has_no_proxies() -> None:
    assert proxies_of(plan(worlds.world(["a", "b"], [worlds.slice_config("red", ["a", "b"])]))) == Proxies()


def test_flows_are_spread_over_all_pods_behind_a_gateway(found: Plan) -> None:
    proxies = proxies_of(found)
    gateway = IPv4Address("10.1.64.4")
    flow = FiveTuple(IPv4Address("10.1.0.2"), gateway, "tcp", 0, 9080)
    onward = [proxies.onward(INGRESS, MESHED, replace(flow, source_port=port), 1) for port in range(40000, 40060)]
    assert {str(item.target) for item in onward if isinstance(item, FiveTuple)} == {
        "10.1.64.1",
        "10.1.64.2",
        "10.1.64.3",
    }
    assert {item.source for item in onward if isinstance(item, FiveTuple)} == {gateway}


def test_without_a_sidecar_only_the_gateways_own_port_is_taken(found: Plan) -> None:
    proxies = proxies_of(found)
    flow = FiveTuple(IPv4Address("10.1.128.1"), IPv4Address("10.1.64.4"), "tcp", 40000, 9080)
    assert "no Istio sidecar" in str(proxies.onward(INGRESS, PLAIN, flow, 1))
    taken = proxies.onward(INGRESS, PLAIN, replace(flow, target_port=8080), 1)
    assert isinstance(taken, FiveTuple) and taken.target_port == 9080
