"""The edge of LoadBalancer mode: every handshake of a tunnel goes through it, and it ends with its gateways."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

import kubeslice_sim as ks
from emulator import nft
from emulator.firewall import NAT_TABLE
from emulator.lab import Lab
from kubeslice_sim.model.slice_config import SliceConfig, SliceGatewayServiceType
from kubeslice_sim.model.world import World
from kubeslice_sim.planner import plan


@pytest.fixture(scope="module")
def balanced(root: Path) -> World:
    world = ks.load(root / "scenarios/01-two-clusters")
    return replace(world, slices=tuple(_balanced(config) for config in world.slices))


def _balanced(config: SliceConfig) -> SliceConfig:
    provider = config.spec.slice_gateway_provider
    assert provider is not None
    entries = (SliceGatewayServiceType(cluster="*", type="LoadBalancer", protocol="UDP"),)
    return replace(
        config, spec=replace(config.spec, slice_gateway_provider=replace(provider, slice_gateway_service_type=entries))
    )


@pytest.mark.inside
@pytest.mark.waits
def test_tunnels_come_up_through_the_edge(balanced: World) -> None:
    scenario = balanced.scenario()
    lab = Lab(balanced, scenario.timing, 1)
    assert lab.wait_until_up(lambda missing: None), lab.readiness().waiting
    (planned,) = (edge for item in plan(balanced).slices for edge in item.edges if edge.ports)
    edges = lab.overlay.gateways.edges
    edge = edges.get(planned.slice, planned.cluster)
    assert edge is not None
    counted = {one.comment: one.packets for one in nft.counters(edge.namespace, NAT_TABLE)}
    assert set(counted) == {f"edge port {port.port}" for port in planned.ports}
    assert all(counted.values()), counted
    for port in planned.ports:
        lab.overlay.submit(partial(lab.overlay.gateways.kill, planned.cluster, port.gateway))
    assert edges.get(planned.slice, planned.cluster) is None
    (first, *_) = planned.ports
    assert lab.overlay.submit(lambda: lab.overlay.gateways.revive(planned.cluster, first.gateway))
    again = edges.get(planned.slice, planned.cluster)
    assert again is not None and set(again.gateways) == {first.port}


@pytest.mark.needs_sandbox
@pytest.mark.waits
def test_simulator_and_emulator_agree(balanced: World) -> None:
    emulated = ks.emulate(balanced)
    assert emulated.exit_code == 0, f"{emulated.run.notices}\n{emulated.verdict_frame().to_string()}"
    assert any("asks for a load balancer" in notice for notice in emulated.run.notices)
    comparison = ks.compare(ks.simulate(balanced), emulated)
    assert comparison.exit_code == 0, comparison.frame().to_string()
