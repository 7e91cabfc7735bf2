"""A gateway pod dies, is found out, is taken out of the routes, and comes back."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest

from kubeslice_sim.controlplane.effects import ConnectPod, SetNextHops
from kubeslice_sim.controlplane.event import TunnelTransition
from kubeslice_sim.manifest import load
from kubeslice_sim.model.timing import FAST, KUBESLICE, Timing
from kubeslice_sim.planner import plan
from kubeslice_sim.planner.plan import Plan
from tests.controlplane.hand import Hand
from tests.controlplane.loopback import SYSTEM

VICTIM, PEER = "red-worker-1-worker-2-0-0", "red-worker-2-worker-1-0-0"


@pytest.fixture
def root_world(root: Path) -> Path:
    return root / "scenarios" / "03-gateway-failure"


class Failure:
    """The world of scenario 03, up, with one gateway of worker-1 towards worker-2 killed at ``zero_s``."""

    def __init__(self, folder: Path, timing: Timing, after_s: float = 0.0) -> None:
        world = load(folder)
        self.plan = plan(world)
        self.hand = Hand(world, timing)
        self.hand.until_up(600)
        self.hand.run_for(after_s)
        self.zero_s = self.hand.now_s
        self.hand.plane.kill("worker-1", SYSTEM, VICTIM)

    def withdrawn_s(self, cluster: str, peer: str, pod: str) -> float:
        """How long it takes until that cluster's router does not use that gateway any more."""
        return self._until(cluster, peer, lambda hops: _address(self.plan, pod) not in hops)

    def used_again_s(self, cluster: str, peer: str, pod: str) -> float:
        return self._until(cluster, peer, lambda hops: _address(self.plan, pod) in hops)

    def _until(self, cluster: str, peer: str, holds: Callable[[tuple[IPv4Address, ...]], bool]) -> float:
        start_s = self.hand.now_s
        while not holds(self.hops(cluster, peer)):
            assert self.hand.now_s < start_s + 400, "never"
            self.hand.run_for(0.05)
        return self.hand.now_s - start_s

    def hops(self, cluster: str, peer: str) -> tuple[IPv4Address, ...]:
        cidr = self.plan.slice("red").member(peer).cidr
        newest = self.hand.fleet.ledger.newest("route", cluster, "red", cidr)
        assert isinstance(newest, SetNextHops)
        return newest.via

    def transitions(self, pod: str) -> list[TunnelTransition]:
        return [item for item in self.hand.fleet.transitions if item.pod == pod and item.at_s >= self.zero_s]


def _address(plan: Plan, pod: str) -> IPv4Address:
    return next(end.nsm_ip for t in plan.slice("red").tunnels for end in t.ends if end.deployment == pod)


def test_its_own_operator_withdraws_it_at_once(root_world: Path) -> None:
    failure = Failure(root_world, KUBESLICE)
    assert failure.withdrawn_s("worker-1", "worker-2", VICTIM) <= 0.2
    assert len(failure.hops("worker-1", "worker-2")) == 1
    assert len(failure.hops("worker-1", "worker-3")) == 2, "the gateways to others stay"


@pytest.mark.parametrize("after_s", [0.0, 17.0, 49.0, 85.0, 111.0])
def test_the_peer_finds_out_in_a_minute_and_withdraws_at_its_next_poll(root_world: Path, after_s: float) -> None:
    failure = Failure(root_world, KUBESLICE, after_s)
    took_s = failure.withdrawn_s("worker-2", "worker-1", PEER)
    (down,) = failure.transitions(PEER)
    assert not down.up
    assert 57.0 <= down.at_s - failure.zero_s <= 63.0, "20 rounds of 3 s, the first of them under way"
    assert down.at_s - failure.zero_s <= took_s <= down.at_s - failure.zero_s + 120.1


def test_both_sides_use_it_again_after_it_is_restored(root_world: Path) -> None:
    failure = Failure(root_world, KUBESLICE)
    failure.hand.run_for(200)
    failure.hand.plane.restore("worker-1", SYSTEM, VICTIM)
    assert failure.used_again_s("worker-1", "worker-2", VICTIM) <= 5 + 3 + 10.1, "pod start, one round, one short poll"
    assert failure.used_again_s("worker-2", "worker-1", PEER) <= 120.1
    assert failure.hand.fleet.readiness().up
    assert [item.up for item in failure.transitions(PEER)] == [False, True]
    assert [item.up for item in failure.transitions(VICTIM)] == [False, True]


def test_a_short_absence_is_not_noticed_by_the_peer(root_world: Path) -> None:
    failure = Failure(root_world, KUBESLICE)
    failure.hand.run_for(30)
    failure.hand.plane.restore("worker-1", SYSTEM, VICTIM)
    failure.hand.run_for(200)
    assert failure.transitions(PEER) == []
    assert failure.hand.fleet.readiness().up


def test_a_router_that_restarts_is_told_everything_again(root_world: Path) -> None:
    failure = Failure(root_world, FAST)
    hand = failure.hand
    hand.plane.restore("worker-1", SYSTEM, VICTIM)
    hand.until_up(60)
    told = len(hand.plane.effects)
    hand.plane.kill("worker-2", SYSTEM, "vl3-slice-router-red")
    hand.plane.restore("worker-2", SYSTEM, "vl3-slice-router-red")
    hand.run_for(1)
    hand.until_up(60)
    again = [effect for effect in hand.plane.effects[told:] if effect.cluster == "worker-2"]
    assert [type(effect) for effect in again].count(ConnectPod) == 1
    routes = [effect for effect in again if isinstance(effect, SetNextHops)]
    assert {effect.destination for effect in routes} == {
        IPv4Network(failure.plan.slice("red").member(peer).cidr) for peer in ("worker-1", "worker-3")
    }
