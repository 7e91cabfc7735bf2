"""The real-time driver comes to the same state as stepping by hand."""

from __future__ import annotations

import threading
import time
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from kubeslice_sim.controlplane.effects import Effect
from kubeslice_sim.controlplane.fleet import Fleet
from kubeslice_sim.controlplane.realtime import DriverStopped, RealTimeDriver
from kubeslice_sim.controlplane.refusal import NotFound
from kubeslice_sim.controlplane.request import Apply, Remove
from kubeslice_sim.manifest import load
from kubeslice_sim.model.document import ObjectKey, ObjectMeta
from kubeslice_sim.model.frozen import freeze
from kubeslice_sim.model.kubernetes import KubernetesObject
from kubeslice_sim.model.timing import FAST, Timing
from kubeslice_sim.model.world import World
from kubeslice_sim.planner import plan
from tests.controlplane.fixed_point import differences, reached
from tests.controlplane.hand import Hand
from tests.controlplane.loopback import SYSTEM, Loopback

COUNTS = ("rounds_until_down",)
QUICK = Timing(**{
    item.name: getattr(FAST, item.name) / (1.0 if item.name in COUNTS else 10.0) for item in fields(Timing)
})  # fmt: skip
"""KubeSlice two hundred times as fast."""


class LoopbackThread:
    """A loopback data plane on the real clock, with a thread that reports its facts."""

    def __init__(self, world: World, timing: Timing) -> None:
        self._lock = threading.Lock()
        self._plane = Loopback(timing)
        self.driver = RealTimeDriver(Fleet(world, timing, self))
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> LoopbackThread:
        self.driver.start()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self.driver.stop()

    @property
    def effects(self) -> list[Effect]:
        with self._lock:
            return list(self._plane.effects)

    def apply(self, effect: Effect) -> None:
        with self._lock:
            self._plane.now_s = self.driver.now_s()
            self._plane.apply(effect)

    def kill(self, cluster: str, pod: str) -> None:
        with self._lock:
            self._plane.now_s = self.driver.now_s()
            self._plane.kill(cluster, SYSTEM, pod)

    def wait(self, holds: Any, within_s: float = 30.0) -> None:
        end_s = time.monotonic() + within_s
        while not self.driver.look(holds):
            assert time.monotonic() < end_s, self.driver.readiness().reason
            time.sleep(0.01)

    def _run(self) -> None:
        while not self._ended.wait(0.001):
            with self._lock:
                facts = self._plane.facts(self.driver.now_s())
            for fact in facts:
                self.driver.report(fact)


@pytest.fixture
def world(root: Path) -> World:
    return load(root / "scenarios" / "03-gateway-failure")


def up(fleet: Fleet) -> bool:
    return fleet.readiness().up


def test_it_comes_to_the_plan_and_to_the_same_as_by_hand(world: World) -> None:
    with LoopbackThread(world, QUICK) as lab:
        lab.wait(up)
        assert lab.driver.look(lambda fleet: differences(fleet, lab.effects, plan(world))) == []
        in_time = lab.driver.look(lambda fleet: reached(fleet, lab.effects))
    hand = Hand(world, QUICK)
    hand.until_up(60)
    assert in_time == reached(hand.fleet, hand.plane.effects)


def test_a_lost_gateway_is_found_out_in_real_time(world: World) -> None:
    with LoopbackThread(world, QUICK) as lab:
        lab.wait(up)
        lab.kill("worker-1", "red-worker-1-worker-2-0-0")
        lab.wait(lambda fleet: not up(fleet))
        lab.wait(lambda fleet: any(
            item.pod == "red-worker-2-worker-1-0-0" and not item.up for item in fleet.transitions
        ))  # fmt: skip


def test_requests_are_done_or_refused_while_it_runs(world: World) -> None:
    sleeper = KubernetesObject(
        api_version="v1", kind="Pod", metadata=ObjectMeta(name="late", namespace="shop"),
        body=freeze({"spec": {"containers": [{"name": "late", "image": "busybox"}]}}),
    )  # fmt: skip
    with LoopbackThread(world, QUICK) as lab:
        lab.wait(up)
        lab.driver.submit(Apply(document=sleeper))
        lab.wait(lambda fleet: ("worker-3", "shop", "late") in reached(fleet, lab.effects)["overlay"])
        with pytest.raises(NotFound):
            lab.driver.submit(Remove(key=ObjectKey("Pod", "shop", "nobody")))
        lab.driver.submit(Remove(key=ObjectKey("Pod", "shop", "late")))
        assert lab.driver.readiness().items


def test_it_sleeps_until_something_is_due(world: World) -> None:
    """With KubeSlice's own waits and a data plane that never answers there is almost nothing to do."""
    steps = []
    fleet = Fleet(world, Timing(), Mute())
    driver = RealTimeDriver(fleet)
    driver.on_step = lambda _, now_s: steps.append(now_s)
    driver.start()
    time.sleep(1.0)
    quiet_from = driver.look(lambda _: len(steps))
    time.sleep(1.0)
    driver.stop()
    assert len(steps) - quiet_from < 20
    driver.stop()


def test_what_breaks_a_reconciler_stops_the_driver_and_is_told(world: World) -> None:
    driver = RealTimeDriver(Fleet(world, QUICK, Broken()))
    driver.start()
    end_s = time.monotonic() + 10
    while driver.failure is None and time.monotonic() < end_s:
        time.sleep(0.01)
    with pytest.raises(DriverStopped) as caught:
        driver.readiness()
    assert isinstance(caught.value.__cause__, OSError)
    with pytest.raises(OSError, match="no space"):
        driver.stop()


class Mute:
    def apply(self, effect: Effect) -> None:
        del effect


class Broken:
    def apply(self, effect: Effect) -> None:
        raise OSError("no space left on device")
