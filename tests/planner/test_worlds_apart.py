"""Worlds that cannot be planned, and worlds that can but should be thought over."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kubeslice_sim.errors import BadInput
from kubeslice_sim.model.cluster import Cluster, ClusterSpec, ClusterStatus
from kubeslice_sim.model.document import ObjectMeta
from kubeslice_sim.model.frozen import FrozenMap, freeze
from kubeslice_sim.model.kubernetes import KubernetesObject
from kubeslice_sim.model.slice_config import SliceConfig, SliceGatewayProvider, SliceGatewayServiceType, VpnConfig
from kubeslice_sim.model.underlay import ClusterUnderlay, Underlay, UnderlaySpec
from kubeslice_sim.planner import AddressesExhausted, plan
from tests.planner import worlds

PAIR = ["a", "b"]


def changed(config: SliceConfig, **spec: Any) -> SliceConfig:
    return replace(config, spec=replace(config.spec, **spec))


def warnings(*slices: SliceConfig, clusters: list[str] = PAIR, **more: Any) -> dict[str, str]:
    found = plan(worlds.world(clusters, slices, **more))
    return {item.id: f"{item.subject}: {item.message}" for item in found.warnings}


def test_everything_that_has_no_plan_is_said_at_once() -> None:
    red = worlds.slice_config("red", ["a", "x", "b"], max_clusters=2, subnet="10.1.0.0/24")
    blue = changed(worlds.slice_config("blue", PAIR), standard_qos_profile_name="gold", qos_profile_details=None)
    nodes = {"a": ClusterUnderlay(pod_cidr="here")}
    with pytest.raises(BadInput) as caught:
        plan(worlds.world(["a", "b", "b"], [red, blue, blue], nodes=nodes))
    said = [f"{problem.path}: {problem.message}" for problem in caught.value.problems]
    assert said == [
        "Cluster/b: 2 clusters are named b",
        "SliceConfig/blue: 2 slices are named blue",
        "Underlay.spec.clusters.a.podCIDR: 'here' is no IPv4 network",
        "SliceConfig/red.spec.clusters: the world has no Cluster x",
        "SliceConfig/red.spec.clusters: 3 clusters, but maxClusters is 2",
        "SliceConfig/red.spec.sliceSubnet: '10.1.0.0/24' is no IPv4 network of the form a.b.0.0/16",
        "SliceConfig/blue.spec.standardQosProfileName: the project has no SliceQoSConfig gold",
        "SliceConfig/blue.spec.standardQosProfileName: the project has no SliceQoSConfig gold",
    ]
    assert all(problem.hint for problem in caught.value.problems)


def test_a_cluster_too_small_for_its_pods_says_so() -> None:
    config = worlds.slice_config("red", PAIR, max_clusters=32)
    with pytest.raises(AddressesExhausted, match=r"10\.1\.0\.0/21 has no address left .* all 2047"):
        plan(worlds.world(PAIR, [config], [worlds.deployment("web", ["a"], replicas=2048)]))


def test_a_plain_world_has_no_warnings() -> None:
    assert warnings(worlds.slice_config("red", PAIR)) == {}


@pytest.mark.parametrize(
    ("id_", "config"),
    [
        ("vpn-network-in-last-slot", worlds.slice_config("red", PAIR, max_clusters=2)),
        ("long-name", worlds.slice_config("a-name-of-sixteen", PAIR)),
        ("empty-slice", worlds.slice_config("red", [])),
        (
            "dscp-not-marked",
            changed(worlds.slice_config("red", PAIR), qos_profile_details=replace(worlds.QOS, dscp_class="AF13")),
        ),
        ("wireguard-cipher", changed(worlds.slice_config("red", PAIR), vpn_config=VpnConfig())),
        ("subnet-overlap", worlds.slice_config("red", PAIR, subnet="192.168.0.0/16")),
    ],
)
def test_a_slices_quirks(id_: str, config: SliceConfig) -> None:
    assert id_ in warnings(config)


def test_wireguard_over_tcp_and_load_balancers() -> None:
    entries = (SliceGatewayServiceType(cluster="a", type="LoadBalancer", protocol="TCP"),)
    provider = SliceGatewayProvider(slice_gateway_type="Wireguard", slice_gateway_service_type=entries)
    config = worlds.slice_config("red", PAIR)
    assert {"wireguard-tcp", "load-balancer-address"} <= warnings(
        changed(config, slice_gateway_provider=provider)
    ).keys()
    only_client = replace(provider, slice_gateway_service_type=(replace(entries[0], cluster="b"),))
    assert warnings(changed(config, slice_gateway_provider=only_client)) == {}


def test_openvpns_first_24_bites_from_the_256th_pod_of_a_client_cluster() -> None:
    config = changed(worlds.slice_config("red", PAIR), slice_gateway_provider=SliceGatewayProvider())
    enough = [worlds.deployment("web", ["b"], replicas=256)]
    assert "openvpn-iroute-24" in warnings(config, objects=enough)
    assert "openvpn-iroute-24" not in warnings(config, objects=[worlds.deployment("web", ["b"], replicas=200)])
    assert "openvpn-iroute-24" not in warnings(config, objects=[worlds.deployment("web", ["a"], replicas=256)])
    assert "openvpn-iroute-24" not in warnings(worlds.slice_config("red", PAIR), objects=enough)


def test_pods_of_one_name_in_two_namespaces() -> None:
    config = worlds.slice_config("red", PAIR)
    two = config.spec.namespace_isolation_profile.application_namespaces[0]
    profile = replace(
        config.spec.namespace_isolation_profile, application_namespaces=(two, replace(two, namespace="more"))
    )
    objects = [worlds.deployment("web", ["a"]), worlds.deployment("web", ["a"], namespace="more")]
    assert "same-pod-name" in warnings(changed(config, namespace_isolation_profile=profile), objects=objects)


def test_foreign_network_policies_and_shared_node_ips() -> None:
    policy = KubernetesObject(
        api_version="networking.k8s.io/v1", kind="NetworkPolicy", metadata=ObjectMeta(name="p", namespace="app")
    )
    nodes = {name: ClusterUnderlay(node_ips=("192.0.2.1",)) for name in PAIR}
    found = warnings(worlds.slice_config("red", PAIR), objects=[policy], nodes=nodes)
    assert found.keys() == {"net-pol-added", "shared-node-ip"}
    assert warnings(objects=[policy], nodes=nodes).keys() == {"shared-node-ip"}


def test_node_ips_come_from_spec_then_status_then_underlay_then_nowhere() -> None:
    def node_ips(spec: ClusterSpec, status: ClusterStatus | None, underlay: tuple[str, ...]) -> tuple[str, ...]:
        world = worlds.world(["a"])
        item = Cluster(metadata=ObjectMeta(name="a", namespace=worlds.HUB), spec=spec, status=status)
        below = UnderlaySpec(clusters=FrozenMap({"a": ClusterUnderlay(node_ips=underlay)}))
        world = replace(world, clusters=(item,), underlay=Underlay(metadata=ObjectMeta(name="u"), spec=below))
        (cluster,) = plan(world).clusters
        assert [str(node.ip) for node in cluster.gateway_nodes] == list(cluster.node_ips)
        return cluster.node_ips

    spec, status, below = ("192.0.2.1", "192.0.2.2"), ("192.0.2.3",), ("192.0.2.4",)
    assert node_ips(ClusterSpec(node_ips=spec), ClusterStatus(node_ips=status), below) == spec
    assert node_ips(ClusterSpec(), ClusterStatus(node_ips=status), below) == status
    assert node_ips(ClusterSpec(), ClusterStatus(), below) == below
    assert node_ips(ClusterSpec(), None, ()) == ("198.18.0.11",)
    assert node_ips(ClusterSpec(node_ip="192.0.2.9"), None, below) == ("192.0.2.9",)
    assert node_ips(ClusterSpec(node_ips=("",)), None, below) == below


def test_invented_addresses_keep_clear_of_given_ones() -> None:
    nodes = {"a": ClusterUnderlay(node_ips=("198.18.0.11",)), "b": ClusterUnderlay(app_nodes=300)}
    found = plan(worlds.world(["a", "b", "c"], nodes=nodes))
    blocks = {cluster.name: {str(node.ip).rsplit(".", 1)[0] for node in cluster.nodes} for cluster in found.clusters}
    assert blocks == {"a": {"198.18.0"}, "b": {"198.18.1", "198.18.2"}, "c": {"198.18.3"}}


def test_two_workloads_that_want_one_pod_name_get_two() -> None:
    pod = KubernetesObject(
        api_version="v1",
        kind="Pod",
        metadata=ObjectMeta(name="web-0", namespace="app", annotations=worlds.on("a")),
        body=freeze({"spec": {}}),
    )
    found = plan(worlds.world(["a"], objects=[pod, worlds.deployment("web", ["a"])]))
    assert [item.name for item in found.pods] == ["web-0", "web-deployment-0"]
