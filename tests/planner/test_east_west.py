"""East-West gateways: who gets one, what stands behind it, and what changes with it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeslice_sim.manifest import load
from kubeslice_sim.model.slice_config import ExternalGatewayConfig, Switch
from kubeslice_sim.model.world import World
from kubeslice_sim.planner import Plan, plan
from kubeslice_sim.planner.capacity import measure_capacity
from kubeslice_sim.planner.difference import diff
from kubeslice_sim.planner.istio import weights
from kubeslice_sim.planner.provenance import askable, why
from tests.planner import worlds

ON = Switch(enabled=True)


@pytest.fixture(scope="module")
def found() -> Plan:
    return plan(load(Path(__file__).parents[1] / "golden" / "plans" / "east-west.yaml"))


def with_entries(world: World, *entries: ExternalGatewayConfig) -> World:
    (config,) = world.slices
    return replace(world, slices=(worlds.with_external_gateways(config, entries),))


def small() -> World:
    return worlds.world(
        ["a", "b"],
        [worlds.slice_config("red", ["a", "b"])],
        [worlds.deployment("web", ["b"], replicas=2)],
        [worlds.export("web", ["b"], slice_="red")],
    )


@given(st.integers(0, 300))
def test_weights_are_a_hundred_however_many(count: int) -> None:
    found = weights(count)
    assert len(found) == count
    assert sum(found) == (100 if count else 0)
    assert list(found) == sorted(found, reverse=True) and (not found or found[0] - found[-1] <= 1)


def test_a_gateway_of_another_type_is_not_installed_and_said_to_be_idle() -> None:
    found = plan(with_entries(small(), ExternalGatewayConfig(ingress=ON, gateway_type="envoy", clusters=("*",))))
    assert found.slice("red").east_west == ()
    assert [warning.id for warning in found.warnings] == ["external-gateway-idle"]


def test_an_ingress_gateway_stands_for_all_pods_behind_it() -> None:
    before = plan(small())
    after = plan(
        with_entries(small(), ExternalGatewayConfig(ingress=ON, gateway_type="istio", clusters=("b",))), before
    )
    (service,) = after.slice("red").services
    (gateway,) = after.slice("red").east_west
    assert [(end.nsm_ip, end.port) for end in service.endpoints] == [(gateway.nsm_ip, 8080)]
    assert [end.pod for end in service.backends] == ["web-0", "web-1"]
    assert after.cluster("a").dns["web.app.svc.slice.local"] == (gateway.nsm_ip,)


def test_a_gateway_that_comes_later_moves_nobody() -> None:
    before = plan(small())
    after = plan(
        with_entries(small(), ExternalGatewayConfig(ingress=ON, egress=ON, gateway_type="istio", clusters=("*",))),
        before,
    )
    kinds = {change.kind for change in diff(before, after).changes}
    assert kinds == {"external gateway appears", "name appears", "name vanishes", "name changes"}
    assert len(diff(before, after).of("external gateway appears")) == 4
    assert {change.kind for change in diff(after, before).changes} >= {"external gateway vanishes"}


def test_gateways_take_addresses(found: Plan) -> None:
    left = {member.cluster: member for item in measure_capacity(found).slices for member in item.members}
    assert (left["worker-1"].east_west_gateways, left["worker-3"].east_west_gateways) == (1, 2)
    assert left["worker-1"].addresses_left == 16383 - 1 - 4 - 1


def test_every_overlay_address_is_given_once(found: Plan) -> None:
    item = found.slice("red")
    given_ = [
        *(pod.nsm_ip for pod in found.pods),
        *(gateway.nsm_ip for gateway in item.east_west),
        *(end.nsm_ip for tunnel in item.tunnels for end in tunnel.ends),
    ]
    assert len(given_) == len(set(given_))


def test_every_value_says_where_it_comes_from(found: Plan) -> None:
    paths = askable(found)
    for path in (
        "red/worker-3/ingress/nsm-address",
        "red/worker-3/egress/pod-ip",
        "red/worker-1/egress/node",
        "red/worker-2/virtual-services/bookinfo/reviews",
        "red/worker-3/virtual-services/kubeslice-system/reviews-bookinfo/egressgateway",
        "red/worker-3/virtual-services/kubeslice-system/reviews-bookinfo/ingressgateway",
        "red/mtu/tunnel",
    ):
        assert path in paths
        assert why(found, path).path == path
    assert len(paths) == len(set(paths))
    assert why(found, "red/worker-3/ingress/nsm-address").value == "10.1.128.6"
    assert "4 pods and 1 East-West gateway" in str(why(found, "red/worker-3/ingress/nsm-address"))


def test_what_istio_cannot_carry_is_said(found: Plan) -> None:
    assert [(warning.id, warning.subject) for warning in found.warnings] == [
        ("external-gateway-idle", "red"),
        ("istio-not-http", "bookinfo/database"),
        ("istio-no-sidecar", "bookinfo@worker-3"),
        ("istio-one-virtual-service", "bookinfo/reviews@worker-3"),
    ]
