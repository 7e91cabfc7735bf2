"""East-West gateways on both back ends: real requests through real proxies see what the simulator says."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

import kubeslice_sim as ks
from emulator.kernel import search_path
from kubeslice_sim.manifest import dump, load_text
from kubeslice_sim.model.world import World
from kubeslice_sim.observe.observation import Observation
from kubeslice_sim.observe.run import Run

pytestmark = [
    pytest.mark.needs_sandbox,
    pytest.mark.waits,
    pytest.mark.skipif(
        shutil.which("haproxy", path=search_path()) is None, reason="haproxy is not installed: apt install haproxy"
    ),
]

SCENARIO = """
apiVersion: kubeslice-sim.io/v1alpha1
kind: Scenario
metadata: {name: what-is-behind-changes}
spec:
  duration: 14s
  seed: 5
  timing: fast
  traffic:
  - {name: pages, kind: http, from: bookinfo/productpage@worker-1, to: "reviews.bookinfo.svc.slice.local:9080",
     requestsPerSecond: 5}
  timeline:
  - {at: 4s, fault: {name: pod, kill: pod, cluster: worker-2, pod: bookinfo/reviews-0}}
  - {at: 7s, fault: {name: cut two, partition: [worker-1, worker-2]}}
  - {at: 7s, fault: {name: cut three, partition: [worker-1, worker-3]}}
  - {at: 10s, restore: all}
  expect:
  - {name: cut off, outage: {traffic: pages, after: 7s}, atMost: 6s}
"""


@pytest.fixture(scope="module")
def world(root: Path) -> World:
    return ks.load(root / "tests/golden/plans/east-west.yaml")


def test_simulator_and_emulator_agree(world: World) -> None:
    emulated = ks.emulate(world)
    assert emulated.exit_code == 0, f"{emulated.run.notices}\n{emulated.verdict_frame().to_string()}"
    assert "slice red asks for Istio; its gateways and sidecars ran HAProxy here" in emulated.run.notices
    through = next(row for row in rows(emulated.run, "expect/through both gateways") if row.metric == "reachable")
    assert "HTTP 200 through proxies, from reviews-" in through.detail
    comparison = ks.compare(ks.simulate(world), emulated)
    assert comparison.exit_code == 0, comparison.frame().to_string()


def test_proxies_follow_what_comes_and_goes(world: World) -> None:
    told = load_text(f"{dump(replace(world, scenarios=()))}\n---{SCENARIO}")
    run = ks.emulate(told)
    assert run.exit_code == 0, f"{run.run.notices}\n{run.verdict_frame().to_string()}"
    tries = [row for row in rows(run.run, "pages") if row.metric == "reachable"]
    assert {row.outcome for row in tries if 4.5 < row.at_s < 6.0} == {"ok"}  # nobody is led to the pod that is gone
    assert {row.outcome for row in tries if 7.5 < row.at_s < 9.0} == {"timeout"}
    assert tries[-1].outcome == "ok"


def rows(run: Run, probe: str) -> tuple[Observation, ...]:
    return tuple(row for row in run.observations if row.probe == probe)
