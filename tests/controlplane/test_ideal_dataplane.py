"""Rounds of pings that would say nothing new are left out, and nobody can tell."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from kubeslice_sim.controlplane.effects import StartRouter, StopPod
from kubeslice_sim.controlplane.facts import PodRunning
from kubeslice_sim.controlplane.ideal_dataplane import IdealDataPlane
from kubeslice_sim.manifest import load
from kubeslice_sim.model.timing import FAST
from tests.controlplane.hand import Hand


def _outlived(root: Path, *, steady: bool) -> Hand:
    """A gateway dies, is noticed, comes back; another is deleted with its slice."""
    hand = Hand(load(root / "scenarios" / "03-gateway-failure"), FAST)
    hand.plane.steady = steady
    hand.until_up(600)
    cluster, pod = min(hand.plane.gateways)
    hand.run_for(7.3)
    hand.plane.now_s = hand.now_s
    hand.plane.kill(cluster, "kubeslice-system", pod)
    hand.run_for(20.0)
    hand.plane.now_s = hand.now_s
    hand.plane.restore(cluster, "kubeslice-system", pod)
    hand.run_for(20.0)
    return hand


def test_rounds_that_are_left_out_change_nothing(root: Path) -> None:
    every, some = _outlived(root, steady=False), _outlived(root, steady=True)
    assert [change.up for change in some.fleet.transitions].count(False) >= 2, "the peer noticed, too"
    assert some.fleet.transitions == every.fleet.transitions
    assert some.fleet.events == every.fleet.events
    assert some.plane.effects == every.plane.effects
    assert some.plane.at_rest()
    assert not every.plane.at_rest()


def test_a_gateway_whose_peer_never_runs_is_called_down_and_then_left_alone(root: Path) -> None:
    hand = Hand(load(root / "scenarios" / "01-two-clusters"), FAST)
    hand.plane.steady = True
    hand.until_up(600)
    cluster, pod = min(hand.plane.gateways)
    hand.plane.now_s = hand.now_s
    hand.plane.kill(cluster, "kubeslice-system", pod)
    hand.run_for(600 * FAST.ping_round_s)
    assert hand.plane.at_rest()
    lost = [sidecar.lost_rounds for site in hand.fleet.sites for sidecar in site.sidecars.values()]
    assert sorted(lost) == [0, 0, FAST.rounds_until_down]


def test_a_pod_that_is_stopped_before_it_runs_never_runs() -> None:
    plane = IdealDataPlane(FAST)
    router = StartRouter(
        cluster="a", slice="red", pod="vl3-slice-router-red", node="n", address=IPv4Address("10.1.0.1"),
        cidr=IPv4Network("10.1.0.0/18"), slice_subnet=IPv4Network("10.1.0.0/16"),
    )  # fmt: skip
    plane.apply(router)
    assert plane.due_s() == FAST.pod_start_s
    plane.apply(StopPod(cluster="a", namespace="kubeslice-system", pod=router.pod))
    assert plane.facts(FAST.pod_start_s) == []
    plane.apply(router)
    assert plane.facts(2 * FAST.pod_start_s) == [PodRunning(cluster="a", namespace="kubeslice-system", pod=router.pod)]
