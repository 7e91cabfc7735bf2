"""Faults of the control plane and of nodes, as a scenario names them, in a whole simulated run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kubeslice_sim import manifest
from kubeslice_sim.controlplane.answers import answer
from kubeslice_sim.controlplane.built_in import DNS
from kubeslice_sim.controlplane.watch import RETIRED
from kubeslice_sim.errors import KubesliceSimError
from kubeslice_sim.model.scenario import Fault, TimelineStep
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


def test_a_lost_gateway_node_is_told_from_its_death_to_the_tunnel_that_is_up_again(root: Path) -> None:
    text = (root / "scenarios" / "01-two-clusters" / "world.yaml").read_text()
    timeline = "[{at: 20s, fault: {name: gone, kill: node, cluster: worker-2, node: worker-2-gw-2}}]"
    scenario = (SCENARIO % timeline).replace("400s", "700s")
    one_node = "worker-2: {podCIDR: 192.168.0.0/16, gatewayNodes: 1}"
    assert one_node in text
    text = text.replace(one_node, "worker-2: {podCIDR: 192.168.0.0/16, gatewayNodes: 2, appNodes: 1}")
    world = manifest.load_text(text + "\n---" + scenario, "world.yaml")
    found = Simulator().run(world, world.scenarios[0], seed=3, run_id="r", on_progress=lambda _: None)
    (mended,) = [item for item in answer(found) if item.question == "time to recover" and item.cluster == "worker-2"]
    assert mended.value is not None and 345 < mended.value < 375
    told = mended.detail
    stages = ["node is found NotReady", "pod is evicted (worker-2) 300 s", "router pod starts", "gateway pod starts"]
    assert [told.index(stage) for stage in stages] == sorted(told.index(stage) for stage in stages), told
    (node,) = [row for row in found.history.states if row.kind == "Node" and row.state == "NotReady"]
    assert 60.0 <= node.at_s <= 75.0


def test_a_killed_gateway_is_explained_by_how_long_the_fault_lasted(root: Path) -> None:
    fault = "{name: dead, kill: gateway, slice: iperf-slice, cluster: worker-1, peer: worker-2, instance: 0}"
    found = run(root, f"[{{at: 20s, fault: {fault}}}, {{at: 220s, restore: dead}}]")
    (mended,) = [item for item in answer(found) if item.question == "time to recover" and item.cluster == "worker-1"]
    assert "the fault lasts 200 s → gateway pod starts (worker-1) 5 s → tunnel comes up" in mended.detail


@pytest.mark.parametrize(
    ("scenario", "tunnels"), [("05-key-rotation", 4), ("06-cluster-joins-and-leaves", 4)], ids=["keys", "leaver"]
)
def test_tunnels_that_were_last_seen_up_are_those_that_there_are(root: Path, scenario: str, tunnels: int) -> None:
    world = manifest.load(root / "scenarios" / scenario)
    found = Simulator().run(world, world.scenarios[0], seed=3, run_id="r", on_progress=lambda _: None)
    seen = {(row.src_cluster, row.src): row for row in found.observations if row.metric == "tunnel_up"}
    pods = {
        (row.cluster, row.name): row.change for row in found.history.states
        if row.kind == "Pod" and row.name in {pod for _, pod in seen}
    }  # fmt: skip
    assert {where for where, row in seen.items() if row.value} == {
        where for where, change in pods.items() if change != "deleted"
    }
    gone = [row for row in seen.values() if not row.value]
    assert gone and all(row.detail == RETIRED for row in gone)
    assert len(seen) - len(gone) == tunnels
    questions = {item.question for item in answer(found)}
    assert not questions & {"time to detect", "time to withdraw", "time to recover"}, "nothing broke"


def test_a_dns_that_was_killed_is_a_pod_that_failed_and_takes_its_time_to_start(root: Path) -> None:
    world = manifest.load(root / "scenarios" / "07-service-discovery")
    (scenario,) = world.scenarios
    steps = (
        TimelineStep(at_s=5.0, fault=Fault(name="dead", kill="dns", cluster="worker-3")),
        TimelineStep(at_s=20.0, restore="dead"),
    )
    scenario = replace(scenario, spec=replace(scenario.spec, timeline=steps, expect=(), duration_s=24.0))
    found = Simulator().run(world, scenario, seed=3, run_id="r", on_progress=lambda _: None)
    states = {
        round(row.at_s, 3): row.state for row in found.history.states
        if (row.cluster, row.kind, row.name) == ("worker-3", "Pod", DNS) and row.at_s > 0
    }  # fmt: skip
    assert states == {5.0: "Failed", 20.0 + scenario.timing.pod_start_s: "Running"}


def test_where_dns_is_dead_an_export_is_not_up(root: Path) -> None:
    world = manifest.load(root / "scenarios" / "07-service-discovery")
    (scenario,) = world.scenarios
    steps = (TimelineStep(at_s=5.0, fault=Fault(name="dead", kill="dns", cluster="worker-3")),)
    scenario = replace(scenario, spec=replace(scenario.spec, timeline=steps, expect=(), duration_s=10.0))
    found = Simulator().run(world, scenario, seed=3, run_id="r", on_progress=lambda _: None)
    assert any("worker-3" in notice and notice.startswith("export shop/cart") for notice in found.notices)


GATEWAY = "kill: gateway, slice: iperf-slice, cluster: worker-1, peer: worker-2, instance: %d"


def told(found: Run) -> dict[tuple[str, str], list[tuple[float | None, str]]]:
    """By question and fault: the figures and their details."""
    answers: dict[tuple[str, str], list[tuple[float | None, str]]] = {}
    for item in answer(found):
        if item.question in ("time to detect", "time to recover"):
            answers.setdefault((item.question, item.subject), []).append((item.value, item.detail))
    return answers


def test_a_fault_that_breaks_no_tunnel_has_no_time_to_detect(root: Path) -> None:
    found = run(
        root,
        f"""
  - {{at: 10s, fault: {{name: slow, api: slow, slower: 10ms, cluster: worker-1}}}}
  - {{at: 11s, fault: {{name: skewed, clock: ahead, by: 1s, cluster: worker-1}}}}
  - {{at: 20s, fault: {{name: dead, {GATEWAY % 0}}}}}
  - {{at: 220s, restore: dead}}
""",
    )
    answers = told(found)
    assert {fault for _, fault in answers} == {"dead"}
    assert all(value is not None for values in answers.values() for value, _ in values)


def test_faults_that_strike_together_are_told_once(root: Path) -> None:
    both = "".join(f"  - {{at: 20s, fault: {{name: dead-{one}, {GATEWAY % one}}}}}\n" for one in (0, 1))
    answers = told(run(root, f"\n{both}  - {{at: 220s, restore: all}}\n"))
    assert {fault for _, fault in answers} == {"dead-0"}
    assert all("with dead-1" in detail for values in answers.values() for _, detail in values)


def test_faults_that_overlap_are_not_told_apart_where_both_may_have_done_it(root: Path) -> None:
    found = run(
        root,
        f"""
  - {{at: 20s, fault: {{name: first, {GATEWAY % 0}}}}}
  - {{at: 25s, fault: {{name: second, {GATEWAY % 1}}}}}
  - {{at: 320s, restore: all}}
""",
    )
    detected = told(found)
    own, peers = detected["time to detect", "first"]
    assert own[0] is not None and own[0] < 1.0, "its own kubelet tells, before the other fault began"
    assert peers[0] is None and "not told apart" in peers[1] and "second" in peers[1]
