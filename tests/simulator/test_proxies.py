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
GATEWAY, REVIEWS = IPv4Address("10.1.64.4"), "reviews.bookinfo.svc.slice.local"
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


def through(found: Plan, host: str, source_port: int = 40000, port: int = 8080) -> FiveTuple:
    return FiveTuple(IPv4Address("10.1.0.2"), GATEWAY, "tcp", source_port, port, host=host)


def test_requests_are_spread_over_all_pods_of_the_service_behind_a_gateway(found: Plan) -> None:
    proxies, alive = proxies_of(found), {pod.nsm_ip for pod in found.pods if pod.nsm_ip}
    onward = [proxies.arrive(INGRESS, through(found, REVIEWS, port), alive, 1) for port in range(40000, 40060)]
    targets = [item.target for item in onward if isinstance(item, FiveTuple)]
    assert {str(item) for item in targets} == {"10.1.64.1", "10.1.64.2", "10.1.64.3"}
    assert {item.source for item in onward if isinstance(item, FiveTuple)} == {GATEWAY}
    gone = IPv4Address("10.1.64.2")
    left = [proxies.arrive(INGRESS, through(found, REVIEWS, port), alive - {gone}, 1) for port in range(40000, 40060)]
    kept = [(one, other) for one, other in zip(onward, left, strict=True) if getattr(one, "target", None) != gone]
    assert all(one == other for one, other in kept)  # who had another pod keeps it
    assert gone not in {getattr(item, "target", None) for item in left}


def test_a_gateway_goes_by_the_host_and_takes_one_port(found: Plan) -> None:
    proxies, alive = proxies_of(found), {pod.nsm_ip for pod in found.pods if pod.nsm_ip}
    assert "listens on 8080 only" in str(proxies.arrive(INGRESS, through(found, REVIEWS, port=9080), alive, 1))
    assert "no pod of" in str(proxies.arrive(INGRESS, through(found, REVIEWS), set(), 1))
    assert proxies.arrive(INGRESS, through(found, "somebody.else"), alive, 1) is None
    taken = proxies.arrive(INGRESS, through(found, REVIEWS), alive, 1)
    assert isinstance(taken, FiveTuple) and taken.target_port == 9080


def test_a_sidecar_leads_http_by_its_name_and_refuses_tcp_by_its_address(found: Plan) -> None:
    proxies = proxies_of(found)
    led = proxies.leave(MESHED, through(found, REVIEWS, port=9080))
    assert led is not None and led.egress == "kubeslice-system/red-istio-egressgateway@worker-1"
    assert led.servers == ((GATEWAY, 8080), (IPv4Address("10.1.128.6"), 8080))
    assert proxies.leave(MESHED, through(found, "somebody.else", port=9080)) is None
    assert proxies.leave(MESHED, through(found, REVIEWS)) is None  # not the service's port
    assert proxies.leave(PLAIN, through(found, REVIEWS, port=9080)) is None
    database = found.slices[0].services[1]
    flow = replace(through(found, ""), target=database.endpoints[0].nsm_ip, target_port=5432)
    refused = proxies.leave(MESHED, flow)
    assert refused is not None and "takes HTTP only" in refused.refused
