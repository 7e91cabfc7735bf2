"""Namespaces that join and leave a standing slice: which pods are on the overlay, and which restart."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kubeslice_sim.controlplane.effects import ConnectPod, Effect, StartAppPod, StopPod
from kubeslice_sim.controlplane.request import Patch
from kubeslice_sim.model.document import ObjectKey
from kubeslice_sim.model.slice_config import SliceConfig
from kubeslice_sim.model.timing import FAST
from tests.controlplane.hand import Hand
from tests.planner import worlds as make


@pytest.fixture
def hand() -> Hand:
    world = make.world(
        ["a", "b"], [make.slice_config("red", ["a", "b"])],
        [make.deployment("client", ["a"]), make.deployment("server", ["b"], replicas=2)],
    )  # fmt: skip
    hand = Hand(world, FAST)
    hand.until_up(60)
    return hand


def _leave(item: SliceConfig) -> SliceConfig:
    profile = replace(item.spec.namespace_isolation_profile, application_namespaces=())
    return replace(item, spec=replace(item.spec, namespace_isolation_profile=profile))


def _of(hand: Hand, pod: str, since: int) -> list[Effect]:
    return [effect for effect in hand.plane.effects[since:] if getattr(effect, "pod", "") == pod]


def test_pods_that_are_there_when_a_slice_comes_up_join_where_they_stand(hand: Hand) -> None:
    assert [type(effect) for effect in _of(hand, "server-0", 0)] == [StartAppPod, ConnectPod]


def test_a_namespace_that_leaves_takes_its_pods_off_and_restarts_them_one_by_one(hand: Hand) -> None:
    since = len(hand.plane.effects)
    hand.fleet.submit(Patch(key=ObjectKey("SliceConfig", make.HUB, "red"), change=_leave), hand.now_s)
    hand.run_for(10)
    for pod in ("server-0", "server-1"):
        told = [type(effect) for effect in _of(hand, pod, since)]
        assert told.count(StopPod) == told.count(StartAppPod) == 1
        assert told.index(StopPod) < told.index(StartAppPod)
        assert ConnectPod not in told
    stops = [effect.pod for effect in hand.plane.effects[since:] if isinstance(effect, StopPod)]
    assert [pod for pod in stops if pod.startswith("server")] == ["server-1", "server-0"]
    assert all(hand.plane.alive.values())
