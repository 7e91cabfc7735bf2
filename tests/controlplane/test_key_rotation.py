"""Keys are renewed: jobs, secrets, states, and every gateway pod replaced without a tunnel too few."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from kubeslice_sim.controlplane.effects import IssueCertificates, StartGateway
from kubeslice_sim.controlplane.facts import CertificatesFailed
from kubeslice_sim.controlplane.hub.certificate_job import failed
from kubeslice_sim.controlplane.request import Patch
from kubeslice_sim.controlplane.timestamp import seconds, timestamp
from kubeslice_sim.manifest import load
from kubeslice_sim.model.document import ObjectKey
from kubeslice_sim.model.project import CONTROLLER_NAMESPACE
from kubeslice_sim.model.timing import KUBESLICE
from kubeslice_sim.model.vpn_key_rotation import VpnKeyRotation
from kubeslice_sim.model.worker_slice_gw_recycler import WorkerSliceGwRecycler
from tests.controlplane.hand import Hand
from tests.controlplane.loopback import SYSTEM

SLICE = ObjectKey("SliceConfig", "kubeslice-demo", "red")
DAY_S = 86400.0
GATEWAYS = 6


class Rotating(Hand):
    """Three clusters, up, and their slice's keys renewed whenever it is asked for."""

    def __init__(self, folder: Path, begin_s: float = 380.0) -> None:
        super().__init__(load(folder), KUBESLICE)
        self.until_up(600)
        self.run(begin_s)

    def renew(self) -> None:
        """Ask for new keys, as a user does: by a ``renewBefore`` that has just passed."""
        asked = timestamp(self.now_s - 1)
        self.fleet.submit(
            Patch(key=SLICE, change=lambda item: replace(item, spec=replace(item.spec, renew_before=asked))), self.now_s
        )

    @property
    def rotation(self) -> VpnKeyRotation:
        (held,) = self.fleet.hub.store.view.list(VpnKeyRotation)
        return held

    def states(self) -> Counter[str]:
        return Counter(item.status for item in self.rotation.status.current_rotation_state.values())

    def names(self, kind: str, cluster: str, prefix: str) -> list[str]:
        found = self.fleet.workers[cluster].store.view.objects(kind, SYSTEM)
        return [item.metadata.name for item in found if item.metadata.name.startswith(prefix)]


@pytest.fixture
def folder(root: Path) -> Path:
    return root / "scenarios" / "03-gateway-failure"


def test_first_certificates_are_dated_at_the_first_poll_that_finds_the_jobs_done(folder: Path) -> None:
    hand = Rotating(folder)
    spec = hand.rotation.spec
    made_s = seconds(spec.certificate_creation_time or "")
    assert 60 <= made_s <= 62, "looked at after 0, 30 and 60 s; jobs take 60 s"
    assert seconds(spec.certificate_expiry_time or "") == made_s + 30 * DAY_S - 3600
    assert spec.rotation_count == 1
    assert hand.states() == {"COMPLETE": GATEWAYS}


def test_every_tunnel_is_replaced_and_none_is_missed(folder: Path) -> None:
    hand = Rotating(folder)
    hand.renew()
    for _ in range(500):
        hand.run_for(1)
        assert hand.fleet.readiness().up, hand.fleet.readiness().reason
    assert hand.rotation.spec.rotation_count == 2
    assert hand.states() == {"COMPLETE": GATEWAYS}
    status = hand.rotation.status
    ended = status.status_history["red-worker-1-worker-2"]
    assert [(item.status, item.last_updated_timestamp) for item in ended] == [
        ("COMPLETE", hand.rotation.spec.certificate_creation_time)
    ], "the history is of what ended, dated as its certificates are"
    assert ended[0] == status.current_rotation_state["red-worker-1-worker-2"]
    prefix = "red-worker-1-worker-2-"
    assert hand.names("Deployment", "worker-1", prefix) == [f"{prefix}0-1", f"{prefix}1-1"]
    assert hand.names("Service", "worker-1", f"svc-{prefix}") == [f"svc-{prefix}0-1", f"svc-{prefix}1-1"]
    assert hand.names("Secret", "worker-1", prefix) == [f"{prefix}2"], "the old keys are gone"
    assert hand.fleet.hub.store.view.list(WorkerSliceGwRecycler) == (), "what has ended is taken away"
    assert {start.rotation for start in hand.plane.gateways.values()} == {2}


def test_the_next_rotation_goes_back_to_the_first_names(folder: Path) -> None:
    hand = Rotating(folder)
    for _ in range(2):
        hand.renew()
        hand.run_for(500)
    assert hand.rotation.spec.rotation_count == 3
    assert hand.states() == {"COMPLETE": GATEWAYS}
    assert sorted(pod for _, pod in hand.plane.gateways if pod.startswith("red-worker-1-worker-2")) == [
        "red-worker-1-worker-2-0-0", "red-worker-1-worker-2-1-0",
    ]  # fmt: skip
    ports = [(at, start.node_port) for (at, _), start in hand.plane.gateways.items() if start.host_type == "Server"]
    assert len(set(ports)) == len(ports) == GATEWAYS
    assert hand.fleet.readiness().up


def test_the_recyclers_events_come_in_order_for_each_tunnel(folder: Path) -> None:
    hand = Rotating(folder)
    hand.renew()
    hand.run_for(500)
    told: dict[str, list[str]] = {}
    for event in hand.fleet.events:
        if event.subject.startswith("WorkerSliceGwRecycler"):
            told.setdefault(event.subject, []).append(event.name)
    assert len(told) == GATEWAYS
    assert set(map(tuple, told.values())) == {("FSMNewGWSpawned", "FSMRoutingTableUpdated", "FSMDeleteOldGW")}
    names = Counter(event.name for event in hand.fleet.events)
    assert names["CertificatesRenewNow"] == names["VPNKeyRotationStart"] == 1
    assert names["GatewayCertificateUpdated"] == GATEWAYS
    assert names["GatewayRecyclingSuccessful"] == 3, "the servers' operators say so"


def test_a_rotation_that_crosses_midnight_stays_in_progress_until_the_next(folder: Path) -> None:
    hand = Rotating(folder, begin_s=900.0)
    hand.renew()
    while hand.states()["IN_PROGRESS"] < GATEWAYS:
        hand.run_for(1)
    store = hand.fleet.hub.store
    store.update(replace(hand.rotation, spec=replace(
        hand.rotation.spec, certificate_creation_time=timestamp(-300.0)  # yesterday, by the fleet's calendar
    )), hand.now_s)  # fmt: skip
    hand.run_for(600)
    assert hand.states() == {"IN_PROGRESS": GATEWAYS}
    assert hand.fleet.readiness().up
    assert {start.rotation for start in hand.plane.gateways.values()} == {2}, "its tunnels are new all the same"


def test_a_certificate_job_that_goes_on_failing_stops_the_rotation(folder: Path) -> None:
    hand = Rotating(folder)
    victim = "red-worker-1-worker-2"
    issue = hand.plane.apply

    def apply(effect: object) -> None:
        if isinstance(effect, IssueCertificates) and effect.server == victim:
            hand.plane.tell(1.0, CertificatesFailed(
                slice="red", server=victim, client=effect.client, rotation=effect.rotation
            ))  # fmt: skip
        else:
            issue(effect)  # type: ignore[arg-type]

    hand.plane.apply = apply  # type: ignore[method-assign, assignment]
    hand.renew()
    hand.run_for(1000)
    jobs = hand.fleet.hub.store.view.objects("Job", CONTROLLER_NAMESPACE)
    (gone,) = [job for job in jobs if failed(job)]
    assert gone.status["failed"] == 3, "once, and twice again after 10 and 20 s"
    assert [event.name for event in hand.fleet.events].count("CertificateJobFailed") == 1
    assert hand.rotation.spec.rotation_count == 1
    assert hand.fleet.readiness().up, "the old keys go on serving"


def test_finished_jobs_go_after_a_day_and_are_not_made_again(folder: Path) -> None:
    hand = Rotating(folder)
    # A day of polls is long to step through; the jobs are made a day old instead.
    store = hand.fleet.hub.store
    for job in store.view.objects("Job", CONTROLLER_NAMESPACE):
        body = {**job.body, "status": {**job.status, "completionTime": timestamp(-DAY_S + 400)}}
        store.update_status(replace(job, body=job.body.with_items(body)))
    hand.run_for(200)
    assert store.view.objects("Job", CONTROLLER_NAMESPACE) == ()
    assert sum(isinstance(effect, IssueCertificates) for effect in hand.plane.effects) == 3
    assert sum(isinstance(effect, StartGateway) for effect in hand.plane.effects) == 2 * GATEWAYS


def test_a_gateway_that_waits_for_its_peer_keeps_those_that_follow_waiting(folder: Path) -> None:
    hand = Rotating(folder)
    hand.fleet.disturbances.cut("worker-2", hand.now_s)
    hand.renew()
    hand.run_for(400)
    assert hand.rotation.spec.rotation_count == 2
    states = {name: item.status for name, item in hand.rotation.status.current_rotation_state.items()}
    assert states["red-worker-1-worker-2"] == "SECRET_UPDATED", "its client cannot say that it has its keys"
    assert states["red-worker-1-worker-3"] == "COMPLETE", "the next in the list, with last month's keys"
    assert {start.rotation for start in hand.plane.gateways.values()} == {1}
    hand.fleet.disturbances.join("worker-2", hand.now_s)
    hand.run_for(900)
    assert hand.states() == {"COMPLETE": GATEWAYS}
    assert {start.rotation for start in hand.plane.gateways.values()} == {2}
