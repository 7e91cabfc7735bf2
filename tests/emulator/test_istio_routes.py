"""From the plan's Istio objects to HAProxy's configuration: every route with what is there now."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from pytest_regressions.file_regression import FileRegressionFixture

from emulator.istio_routes import Present, hosts_at, hosts_of_sidecar, intercepted
from emulator.lab import LabError, refuse_unsupported
from emulator.proxy_configuration import (
    Intercepted,
    Server,
    VirtualHost,
    gateway_configuration,
    sidecar_configuration,
)
from kubeslice_sim.manifest import load
from kubeslice_sim.planner import Plan, plan
from kubeslice_sim.planner.east_west import EastWestGateway, IstioObject

INGRESS_2, INGRESS_3 = IPv4Address("10.1.64.4"), IPv4Address("10.1.128.6")


@pytest.fixture(scope="module")
def found() -> Plan:
    return plan(load(Path(__file__).parents[1] / "golden" / "plans" / "east-west.yaml"))


def objects(found: Plan, cluster: str) -> tuple[IstioObject, ...]:
    return tuple(item for item in found.slice("red").istio_objects if item.cluster == cluster)


def present(found: Plan, cluster: str) -> Present:
    return Present(
        records=found.cluster(cluster).dns,
        pods=frozenset(pod.nsm_ip for pod in found.pods if pod.cluster == cluster and pod.nsm_ip),
        gateways=tuple(item for item in found.slice("red").east_west if item.cluster == cluster),
    )


def gateway(found: Plan, cluster: str, direction: str) -> EastWestGateway:
    (one,) = (item for item in present(found, cluster).gateways if item.direction == direction)
    return one


def test_an_egress_gateway_leads_to_the_ingress_gateways_and_spreads_by_weight(found: Plan) -> None:
    (host,) = hosts_at(gateway(found, "worker-1", "egress"), objects(found, "worker-1"), present(found, "worker-1"))
    assert host == VirtualHost(
        name="kubeslice-system.reviews-bookinfo",
        hosts=("reviews.bookinfo.svc.slice.local", "reviews.bookinfo.svc.cluster.local"),
        servers=(
            Server(address=INGRESS_2, port=8080, weight=50),
            Server(address=INGRESS_3, port=8080, weight=50),
        ),
    )


def test_an_ingress_gateway_leads_to_the_pods_that_are_connected(found: Plan) -> None:
    ingress, there = gateway(found, "worker-2", "ingress"), present(found, "worker-2")
    (host,) = hosts_at(ingress, objects(found, "worker-2"), there)
    assert [(str(one.address), one.port, one.weight) for one in host.servers] == [
        ("10.1.64.1", 9080, 34),
        ("10.1.64.2", 9080, 33),
        ("10.1.64.3", 9080, 33),
    ]
    less = replace(there, pods=there.pods - {IPv4Address("10.1.64.2")})
    (host,) = hosts_at(ingress, objects(found, "worker-2"), less)
    assert [str(one.address) for one in host.servers] == ["10.1.64.1", "10.1.64.3"]


def test_a_sidecar_leads_to_the_egress_gateway_where_there_is_one_and_else_to_the_endpoints(found: Plan) -> None:
    (host,) = hosts_of_sidecar("bookinfo", objects(found, "worker-1"), present(found, "worker-1"))
    egress = gateway(found, "worker-1", "egress")
    assert host.servers == (Server(address=egress.pod_ip, port=8080, weight=100),)
    (host,) = hosts_of_sidecar("bookinfo", objects(found, "worker-2"), present(found, "worker-2"))
    assert [(one.address, one.port) for one in host.servers] == [(INGRESS_2, 8080), (INGRESS_3, 8080)]
    assert hosts_of_sidecar("elsewhere", objects(found, "worker-1"), present(found, "worker-1")) == ()
    killed = replace(present(found, "worker-1"), gateways=())
    (host,) = hosts_of_sidecar("bookinfo", objects(found, "worker-1"), killed)
    assert host.servers == ()


def test_a_sidecar_takes_http_and_resets_what_the_egress_gateway_does_not_listen_for(found: Plan) -> None:
    database = IPv4Address("10.1.0.1")
    http = tuple(Intercepted(address=address, port=9080) for address in (INGRESS_2, INGRESS_3))
    assert intercepted("bookinfo", objects(found, "worker-1"), present(found, "worker-1")) == (
        Intercepted(address=database, port=5432, refused=True),
        *http,
    )
    assert intercepted("bookinfo", objects(found, "worker-2"), present(found, "worker-2")) == http


def test_the_text_for_a_gateway(found: Plan, file_regression: FileRegressionFixture) -> None:
    hosts = hosts_at(gateway(found, "worker-3", "ingress"), objects(found, "worker-3"), present(found, "worker-3"))
    file_regression.check(gateway_configuration(8080, hosts), extension=".cfg")


def test_the_text_for_a_sidecar(found: Plan, file_regression: FileRegressionFixture) -> None:
    hosts = hosts_of_sidecar("bookinfo", objects(found, "worker-2"), present(found, "worker-2"))
    file_regression.check(sidecar_configuration(15001, hosts), extension=".cfg")


def test_without_haproxy_such_a_world_is_refused_with_what_to_do(found: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda program, path: None)
    with pytest.raises(
        LabError, match=r"red-istio-egressgateway, .*: haproxy, .* is not installed: apt install haproxy"
    ):
        refuse_unsupported(found)
