"""What breaks in the control plane, what it does to slices meanwhile, and that everything mends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest

from kubeslice_sim.controlplane.effects import SetNextHops
from kubeslice_sim.controlplane.fleet import Fleet
from kubeslice_sim.controlplane.fleet_faults import FleetFaults
from kubeslice_sim.controlplane.hub.certificate_job import failed
from kubeslice_sim.controlplane.request import Apply, Patch, Remove
from kubeslice_sim.manifest import load
from kubeslice_sim.model.document import ObjectKey
from kubeslice_sim.model.project import CONTROLLER_NAMESPACE
from kubeslice_sim.model.quantity import DURATION
from kubeslice_sim.model.scenario import Fault
from kubeslice_sim.model.slice_config import SliceConfig
from kubeslice_sim.model.timing import KUBESLICE
from kubeslice_sim.model.worker_slice import Slice
from tests.controlplane.hand import Hand
from tests.controlplane.loopback import SYSTEM

T = TypeVar("T")
RED = ObjectKey("SliceConfig", "kubeslice-demo", "red")
VICTIM, PEER_POD = "red-worker-1-worker-2-0-0", "red-worker-2-worker-1-0-0"


class Broken(Hand):
    """The world of scenario 03, up, and its faults."""

    def __init__(self, folder: Path) -> None:
        super().__init__(load(folder), KUBESLICE)
        self.until_up(600)
        self.faults = FleetFaults(self)

    def do(self, work: Callable[[Fleet, float], T]) -> T:
        return work(self.fleet, self.now_s)

    def second_slice(self) -> None:
        """Ask for one more slice over the same clusters."""
        red = self.fleet.hub.store.view.get(SliceConfig, "kubeslice-demo", "red")
        assert red is not None
        blue = replace(
            red, metadata=replace(red.metadata, name="blue", uid="", resource_version="", finalizers=()),
            spec=replace(
                red.spec, slice_subnet="10.9.0.0/16",
                namespace_isolation_profile=replace(
                    red.spec.namespace_isolation_profile, application_namespaces=()
                ),
            ),
        )  # fmt: skip
        self.fleet.submit(Apply(document=blue), self.now_s)

    def waiting(self, slice_: str) -> list[str]:
        return [item.reason for item in self.fleet.readiness().waiting if item.slice == slice_]


@pytest.fixture
def hand(root: Path) -> Broken:
    return Broken(root / "scenarios" / "03-gateway-failure")


def test_without_the_controller_a_slice_stays_up_and_a_new_one_waits(hand: Broken) -> None:
    fault = Fault(kill="operator", cluster="controller")
    hand.faults.strike(fault)
    hand.second_slice()
    hand.run_for(300)
    assert hand.waiting("red") == []
    assert hand.waiting("blue") != []
    hand.faults.mend(fault)
    hand.until_up(600)


@pytest.mark.parametrize("fault", [
    Fault(api="down", cluster="controller"), Fault(partition=("worker-2", "controller")),
], ids=lambda fault: fault.api or "partition")  # fmt: skip
def test_without_the_controllers_api_server_no_route_is_withdrawn(hand: Broken, fault: Fault) -> None:
    hand.faults.strike(fault)
    hand.run_for(30)
    hand.plane.kill("worker-1", SYSTEM, VICTIM)
    before = len(hand.plane.effects)
    hand.run_for(200)
    status = hand.fleet.workers["worker-2"].sidecars[PEER_POD]
    assert status.state == "DOWN", "the sidecar needs no controller"
    assert worker_2_routes(hand, before) == [], "the operator begins every look at a gateway with a question to the hub"
    hand.faults.mend(fault)
    hand.run_for(300)
    withdrawn = worker_2_routes(hand, before)
    assert withdrawn and all(len(hops.via) == 1 for hops in withdrawn), "one of the two gateways is left"
    hand.plane.restore("worker-1", SYSTEM, VICTIM)
    hand.until_up(900)


def worker_2_routes(hand: Broken, before: int) -> list[SetNextHops]:
    """What worker-2's router was told of its way to worker-1, since so many effects."""
    return [
        effect for effect in hand.plane.effects[before:]
        if isinstance(effect, SetNextHops) and effect.cluster == "worker-2" and len(effect.via) < 2
    ]  # fmt: skip


@pytest.mark.parametrize("fault", [
    Fault(partition=("worker-2", "controller")), Fault(kill="operator", cluster="worker-2"),
    Fault(api="down", cluster="worker-2"),
], ids=lambda fault: fault.api or fault.kill or "partition")  # fmt: skip
def test_a_worker_that_is_cut_off_joins_a_slice_when_it_is_back(hand: Broken, fault: Fault) -> None:
    hand.faults.strike(fault)
    hand.second_slice()
    hand.run_for(200)
    assert hand.waiting("red") == []
    assert hand.waiting("blue") != []
    assert hand.fleet.workers["worker-2"].store.view.get(Slice, SYSTEM, "blue") is None
    assert hand.fleet.workers["worker-1"].store.view.get(Slice, SYSTEM, "blue") is not None
    hand.faults.mend(fault)
    hand.until_up(900)


def test_a_worker_that_is_away_for_long_is_not_waited_for_and_cleans_up_later(hand: Broken) -> None:
    fault = Fault(partition=("worker-2", "controller"))
    hand.faults.strike(fault)
    hand.fleet.hub.store.delete(RED, hand.now_s)
    hand.second_slice()
    hand.run_for(240)
    held = hand.fleet.hub.store.view.keys("WorkerSliceConfig")
    assert not any(key.name.startswith("red-") for key in held), "cleared by force after three minutes"
    assert hand.fleet.workers["worker-2"].store.view.get(Slice, SYSTEM, "red") is not None, "left behind"


def test_a_slow_api_server_makes_a_slice_slow(hand: Broken) -> None:
    fault = Fault(api="slow", cluster="controller", slower_s=2.0)
    hand.faults.strike(fault)
    began_s = hand.now_s
    hand.second_slice()
    slow_s = hand.until_up(900) - began_s
    hand.faults.mend(fault)
    hand.fleet.submit(Remove(key=ObjectKey("SliceConfig", "kubeslice-demo", "blue")), hand.now_s)
    hand.run_for(60)
    began_s = hand.now_s
    hand.second_slice()
    assert slow_s > hand.until_up(900) - began_s + 4


def test_watches_that_end_begin_again_by_themselves(hand: Broken) -> None:
    hand.faults.strike(Fault(api="watches", cluster="controller"))
    hand.second_slice()
    hand.until_up(600)


def test_certificates_that_fail_thrice_are_not_asked_for_again(hand: Broken) -> None:
    fault = Fault(certificates="fail", slice="blue")
    hand.faults.strike(fault)
    hand.second_slice()
    hand.run_for(400)
    jobs = hand.fleet.hub.store.view.objects("Job", CONTROLLER_NAMESPACE)
    assert sum(failed(job) for job in jobs) == 3
    assert "CertificateJobFailed" in {event.name for event in hand.fleet.events}
    hand.faults.mend(fault)
    hand.run_for(400)
    assert hand.waiting("blue") != [], "nobody repeats a Job that has given up"
    for name in ("blue-worker-1-worker-2", "blue-worker-1-worker-3", "blue-worker-2-worker-3"):
        key = ObjectKey("WorkerSliceGateway", "kubeslice-demo", name)
        hand.fleet.submit(Remove(key=key), hand.now_s)  # what a person does: the pair is made anew, with a new Job
        hand.run_for(60)  # one after the other: a pass stops at a pair that has one end
    hand.until_up(900)


def test_one_failed_pod_of_a_certificate_job_costs_seventy_seconds(hand: Broken) -> None:
    fault = Fault(certificates="fail", slice="blue")
    hand.faults.strike(fault)
    hand.second_slice()
    hand.run_for(30)
    hand.faults.mend(fault)
    began_s = hand.now_s
    assert hand.until_up(900) - began_s > 30 + 10 + 60


def test_a_sidecar_that_hangs_hides_what_happens_to_its_gateway(hand: Broken) -> None:
    fault = Fault(hang="sidecar", slice="red", cluster="worker-2", peer="worker-1", instance=1)
    (evidence,) = hand.faults.strike(fault)
    assert evidence.part == "red-worker-2-worker-1-1-0"
    hand.plane.kill("worker-1", SYSTEM, VICTIM)
    hand.run_for(400)
    gateway = hand.fleet.workers["worker-2"].sidecars[PEER_POD]
    assert gateway.state == "DOWN", "the other pod's sidecar knows"
    assert "its tunnel is not up" in " ".join(hand.waiting("red"))
    assert "SliceGWPodReconcileFailed" in {event.name for event in hand.fleet.events}
    told = [event for event in hand.fleet.events if event.name == "SliceGWPodReconcileFailed"]
    assert told[0].cluster == "worker-2"
    hand.faults.mend(fault)
    hand.plane.restore("worker-1", SYSTEM, VICTIM)
    hand.until_up(2000)


def test_a_controller_whose_clock_is_ahead_renews_keys_too_early(hand: Broken) -> None:
    hand.run_for(200)
    fault = Fault(clock="ahead", cluster="controller", by_s=31 * 86400.0)
    hand.faults.strike(fault)
    hand.fleet.submit(
        Patch(key=RED, change=lambda item: replace(item, spec=replace(item.spec, rotation_interval=31))), hand.now_s
    )
    hand.run_for(400)
    assert "VPNKeyRotationStart" in {event.name for event in hand.fleet.events}
    hand.faults.mend(fault)
    hand.until_up(600)


def test_two_faults_of_one_part_hold_it_both(hand: Broken) -> None:
    first, second = Fault(name="a", api="down", cluster="controller"), Fault(name="b", api="down", cluster="controller")
    hand.faults.strike(first)
    hand.faults.strike(second)
    (evidence,) = hand.faults.mend(first)
    assert "another fault holds it" in evidence.sentence
    assert not hand.fleet.hub.post.up
    hand.faults.mend(second)
    assert hand.fleet.hub.post.up


@pytest.mark.parametrize("first_to_end", [0, 1])
def test_of_two_slow_downs_the_one_that_is_left_holds(hand: Broken, first_to_end: int) -> None:
    slow = [Fault(name=str(by_s), api="slow", cluster="controller", slower_s=by_s) for by_s in (0.1, 3.0)]
    for fault in slow:
        hand.faults.strike(fault)
    assert hand.fleet.hub.post.slower_s == 3.0
    ended = slow.pop(first_to_end)
    (evidence,) = hand.faults.mend(ended)
    assert hand.fleet.hub.post.slower_s == slow[0].slower_s
    assert DURATION.format(slow[0].slower_s or 0.0) in evidence.sentence
    hand.faults.mend(slow[0])
    assert hand.fleet.hub.post.slower_s == 0.0


def test_of_two_wrong_clocks_the_one_that_is_left_holds(hand: Broken) -> None:
    ahead = Fault(name="a", clock="ahead", cluster="worker-1", by_s=40 * 86400.0)
    behind = Fault(name="b", clock="behind", cluster="worker-1", by_s=90.0)
    (evidence,) = hand.faults.strike(ahead)
    assert "40d ahead" in evidence.sentence
    (evidence,) = hand.faults.strike(behind)
    assert "90s behind" in evidence.sentence
    site = hand.fleet.workers["worker-1"]
    assert site.clock_ahead_s == -90.0
    hand.faults.mend(behind)
    assert site.clock_ahead_s == 40 * 86400.0
    hand.faults.mend(ahead)
    assert site.clock_ahead_s == 0.0


def test_a_sidecar_that_two_faults_hang_answers_when_both_have_ended(hand: Broken) -> None:
    both = Fault(name="both", hang="sidecar", slice="red", cluster="worker-2", peer="worker-1")
    one = replace(both, name="one", instance=0)
    hand.faults.strike(both)
    hand.faults.strike(one)
    sidecars, other_pod = hand.fleet.workers["worker-2"].sidecars, "red-worker-2-worker-1-1-0"
    (evidence,) = hand.faults.mend(one)
    assert "another fault holds it" in evidence.sentence
    assert sidecars[PEER_POD].state == sidecars[other_pod].state == "SILENT"
    hand.faults.strike(one)
    (evidence,) = hand.faults.mend(both)
    assert evidence.sentence.startswith(f"{other_pod} on worker-2 answers again")
    assert (sidecars[PEER_POD].state, sidecars[other_pod].state) == ("SILENT", "UP")
    hand.faults.mend(one)
    assert sidecars[PEER_POD].state == "UP"
