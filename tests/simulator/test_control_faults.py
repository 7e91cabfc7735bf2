"""Faults of the control plane and of nodes, as a scenario names them, in a whole simulated run."""

from __future__ import annotations

from pathlib import Path

import pytest

from kubeslice_sim import manifest
from kubeslice_sim.errors import KubesliceSimError
from kubeslice_sim.observe.run import Run
from kubeslice_sim.simulator.backend import Simulator

SCENARIO = """
apiVersion: kubeslice-sim.io/v1alpha1
kind: Scenario
metadata: {name: broken}
spec:
  duration: 400s
  seed: 3
  timing: kubeslice
  traffic: [{name: echo, kind: ping, from: iperf/iperf-sleep@worker-1, to: iperf-server.iperf.svc.slice.local}]
  timeline: %s
"""


def run(root: Path, timeline: str) -> Run:
    text = (root / "scenarios" / "01-two-clusters" / "world.yaml").read_text()
    world = manifest.load_text(text + "\n---" + SCENARIO % timeline, "world.yaml")
    (scenario,) = world.scenarios
    return Simulator().run(world, scenario, seed=3, run_id="r", on_progress=lambda _: None)


def fault_rows(found: Run) -> list[str]:
    return [row.detail for row in found.observations if row.metric == "fault"]


def lost(found: Run) -> list[float]:
    return [row.at_s for row in found.observations if row.probe == "echo" and row.outcome != "ok"]


def test_pods_do_not_notice_a_controller_that_is_down(root: Path) -> None:
    found = run(root, "[{at: 20s, fault: {name: dark, api: down, cluster: controller}}, {at: 300s, restore: dark}]")
    assert fault_rows(found) == [
        "the API server of controller refuses every request", "the API server of controller answers again",
    ]  # fmt: skip
    assert lost(found) == []


def test_a_lost_gateway_node_takes_its_pods_and_gives_them_back(root: Path) -> None:
    found = run(
        root,
        """
  - {at: 20s, fault: {name: gone, kill: node, cluster: worker-2, node: worker-2-gw-1}}
  - {at: 200s, restore: gone}
""",
    )
    first, last = fault_rows(found)
    assert "worker-2-gw-1 of worker-2 is gone" in first and "pods with it" in first
    assert "is back" in last
    assert lost(found) and min(lost(found)) >= 19.0
    assert max(lost(found)) < 380.0, "it works again"


def test_a_fault_that_means_nothing_is_told_with_what_was_meant(root: Path) -> None:
    with pytest.raises(KubesliceSimError) as problem:
        run(root, "[{at: 1s, fault: {api: slow, cluster: worker-9}}, {at: 2s, fault: {hang: sidecar, slice: red}}]")
    text = str(problem.value)
    assert "api: slow needs slower" in text
    assert "there is no cluster worker-9" in text
    assert "hang: sidecar needs slice, cluster, peer" in text
