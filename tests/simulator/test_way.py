"""Ways: what a packet meets, asked of every device as it is at that moment."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

import pytest

from kubeslice_sim.controlplane.effects import DisconnectPod, SetNextHops
from kubeslice_sim.simulator.network import Pod
from kubeslice_sim.simulator.way import Way

WEST = IPv4Network("10.1.64.0/18")


def pod(laid, reference: str) -> Pod:
    name, cluster = reference.split("@")
    return laid.parts.scene.network.pods[(cluster, *name.split("/"))]


def way(laid, source: str, target: str, port: int = 5201, source_port: int = 40000) -> Way:
    scene = laid.parts.scene
    start = pod(laid, source)
    place = scene.find(start, target)
    assert place.address is not None
    return scene.ways.trace(start, scene.flow(start, place.address, port, source_port), scene.env.now)


def test_across_clusters_every_part_is_met_once_and_in_order(lay_out) -> None:
    found = way(lay_out(), "app/client-0@east", "app/server-0@west")
    assert found.arrives
    assert [stage.resource[0] for stage in found.stages] == [
        "pod", "tunnel", "cpu", "qos", "nic", "wan", "nic", "cpu", "pod",
    ]  # fmt: skip
    assert found.mtu == 1300
    assert found.delay_s == pytest.approx(0.030 + 2 * 10e-6 + 2 * 10e-6 + 2 * 70e-6 + 2 * 20e-6)


def test_inside_a_cluster_the_way_goes_over_the_router_alone(lay_out) -> None:
    found = way(lay_out(), "app/client-0@east", "app/client-1@east")
    assert found.arrives and found.overlay
    assert found.gateways == []
    assert found.mtu == 1500


def test_flows_spread_over_both_gateways_and_each_stays_on_one(lay_out) -> None:
    laid = lay_out()
    taken = [way(laid, "app/client-0@east", "app/server-0@west", source_port=40000 + i).gateways[0] for i in range(400)]
    assert set(taken) == {laid.gateway("east", 0), laid.gateway("east", 1)}
    assert 150 < taken.count(laid.gateway("east", 0)) < 250
    again = [way(laid, "app/client-0@east", "app/server-0@west", source_port=40000 + i).gateways[0] for i in range(400)]
    assert again == taken


def test_a_route_that_nobody_withdrew_black_holes(lay_out) -> None:
    laid = lay_out()
    victim = laid.gateway("east", 0)
    laid.parts.data_plane.pods.kill(("east", "kubeslice-system", victim))
    found = [way(laid, "app/client-0@east", "app/server-0@west", source_port=40000 + i) for i in range(100)]
    lost = [item for item in found if item.dropped]
    assert 30 < len(lost) < 70
    assert all("does not run" in item.dropped for item in lost)
    # The operator withdraws it: now every flow arrives.
    other = laid.parts.scene.network.gateways["east", laid.gateway("east", 1)].start.nsm_ip
    laid.parts.data_plane.apply(SetNextHops(cluster="east", slice="red", destination=WEST, via=(other,)))
    assert all(way(laid, "app/client-0@east", "app/server-0@west", source_port=40000 + i).arrives for i in range(100))
    laid.parts.data_plane.apply(SetNextHops(cluster="east", slice="red", destination=WEST, via=()))
    assert "has no route" in way(laid, "app/client-0@east", "app/server-0@west").dropped


def test_a_peer_that_died_is_found_at_the_tunnel(lay_out) -> None:
    laid = lay_out()
    laid.parts.data_plane.pods.kill(("west", "kubeslice-system", laid.gateway("west", 0)))
    dropped = {way(laid, "app/client-0@east", "app/server-0@west", source_port=40000 + i).dropped for i in range(50)}
    assert len(dropped) == 2 and "" in dropped
    assert any("is down" in text for text in dropped)


def test_overlapping_pod_networks_are_not_joined(lay_out) -> None:
    laid = lay_out()
    stranger, server = pod(laid, "other/stranger@east"), pod(laid, "app/server-0@west")
    scene = laid.parts.scene
    trace = scene.ways.trace(stranger, scene.flow(stranger, server.pod_ip, 5201, 40000), 0.0)
    # The address means another pod here, or nobody: never the other cluster's.
    assert trace.target is not server


def test_policies_close_the_cni_but_not_the_overlay(lay_out) -> None:
    laid = lay_out()
    assert "network policy" in way(laid, "other/stranger@east", "app/client-0@east").dropped
    assert "network policy" in way(laid, "app/client-0@east", "other/stranger@east").dropped
    assert way(laid, "app/client-0@east", "app/client-1@east").arrives


def test_a_disconnected_pod_has_no_overlay(lay_out) -> None:
    laid = lay_out()
    server = pod(laid, "app/server-0@west")
    address = server.nsm["red"]
    laid.parts.data_plane.apply(DisconnectPod(cluster="west", slice="red", namespace="app", pod="server-0"))
    scene, client = laid.parts.scene, pod(laid, "app/client-0@east")
    trace = scene.ways.trace(client, scene.flow(client, address, 5201, 40000), scene.env.now)
    assert "has no route" in trace.dropped
    assert server.nsm == {}


def test_openvpn_reaches_only_the_first_24_of_its_client(lay_out) -> None:
    laid = lay_out(vpn="OpenVPN")
    network, scene = laid.parts.scene.network, laid.parts.scene
    far = IPv4Address("10.1.65.9")  # in west's /18, beyond its first /24
    server = pod(laid, "app/server-1@west")
    network.routers["west", "red"].clients[far] = server
    client = pod(laid, "app/client-0@east")
    trace = scene.ways.trace(client, scene.flow(client, far, 5201, 40000), scene.env.now)
    assert "routes only 10.1.64.0/24" in trace.dropped
    server.nsm["red"] = far
    back = scene.ways.trace(server, scene.flow(server, client.nsm["red"], 5201, 40000), scene.env.now)
    assert "refuses 10.1.65.9" in back.dropped
    assert way(laid, "app/client-0@east", "app/server-0@west").arrives
