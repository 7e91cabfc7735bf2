"""Gateways: service types, ports, nodes."""

from __future__ import annotations

import pytest

from kubeslice_sim.errors import BadInput
from kubeslice_sim.model.document import ObjectMeta
from kubeslice_sim.model.frozen import freeze
from kubeslice_sim.model.kubernetes import KubernetesObject
from kubeslice_sim.model.slice_config import SliceGatewayProvider, SliceGatewayServiceType
from kubeslice_sim.model.underlay import ClusterUnderlay
from kubeslice_sim.planner import plan
from kubeslice_sim.planner.gateways import service_type
from tests.planner import worlds


def entry(cluster: str, kind: str, protocol: str) -> SliceGatewayServiceType:
    return SliceGatewayServiceType(cluster=cluster, type=kind, protocol=protocol)  # type: ignore[arg-type]


def test_the_last_entry_that_names_a_cluster_wins() -> None:
    own, everyone = entry("a", "LoadBalancer", "TCP"), entry("*", "NodePort", "UDP")
    assert service_type(None, "a") == ("NodePort", "UDP")
    assert service_type(SliceGatewayProvider(slice_gateway_service_type=(everyone, own)), "a") == (
        "LoadBalancer",
        "TCP",
    )
    assert service_type(SliceGatewayProvider(slice_gateway_service_type=(own, everyone)), "a") == ("NodePort", "UDP")
    assert service_type(SliceGatewayProvider(slice_gateway_service_type=(own,)), "b") == ("NodePort", "UDP")


def test_a_gateways_two_pods_stand_on_different_nodes() -> None:
    nodes = {"a": ClusterUnderlay(gateway_nodes=2), "b": ClusterUnderlay(gateway_nodes=3)}
    found = plan(worlds.world(["a", "b"], [worlds.slice_config("red", ["a", "b"])], nodes=nodes))
    (pair,) = found.slice("red").pairs
    assert len({tunnel.server.node for tunnel in pair.tunnels}) == 2
    assert len({tunnel.client.node for tunnel in pair.tunnels}) == 2


def test_ports_that_services_ask_for_are_left_alone() -> None:
    taken = KubernetesObject(
        api_version="v1",
        kind="Service",
        metadata=ObjectMeta(name="web", namespace="app", annotations=worlds.on("a")),
        body=freeze({"spec": {"type": "NodePort", "ports": [{"port": 80, "nodePort": 30002}, {"port": 81}]}}),
    )
    slices = [worlds.slice_config("red", ["a", "b"])]
    assert [t.node_port for t in plan(worlds.world(["a", "b"], slices)).slice("red").tunnels] == [30002, 30003]
    crowded = plan(worlds.world(["a", "b"], slices, [taken])).slice("red")
    assert [t.node_port for t in crowded.tunnels] == [30000, 30003]


def test_a_cluster_runs_out_of_node_ports() -> None:
    names = [f"c{i}" for i in range(32)]
    slices = [
        worlds.slice_config(f"s{i}", names, subnet=f"10.{i}.0.0/16", max_clusters=32, namespace=f"n{i}")
        for i in range(45)
    ]
    with pytest.raises(BadInput, match="c0 has no NodePort left"):
        plan(worlds.world(names, slices))
