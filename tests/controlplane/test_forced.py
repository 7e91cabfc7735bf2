"""With workers: what somebody deletes by force is made again, and the default slice comes to rest."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kubeslice_sim.controlplane.request import Remove
from kubeslice_sim.manifest import load
from kubeslice_sim.model.document import ObjectKey
from kubeslice_sim.model.slice_config import SliceConfig
from kubeslice_sim.model.timing import FAST
from kubeslice_sim.model.worker_slice_gateway import WorkerSliceGateway
from tests.controlplane.hand import Hand

NAMESPACE = "kubeslice-demo"


@pytest.mark.parametrize(("kind", "name"), [
    ("WorkerSliceGateway", "iperf-slice-worker-1-worker-2"),
    ("WorkerSliceGateway", "iperf-slice-worker-2-worker-1"),
    ("WorkerSliceConfig", "iperf-slice-worker-2"),
])  # fmt: skip
def test_what_is_deleted_by_force_comes_back_and_up(root: Path, kind: str, name: str) -> None:
    hand = Hand(load(root / "scenarios" / "01-two-clusters"), FAST)
    hand.until_up(600)
    before = hand.fleet.hub.store.view.at(ObjectKey(kind, NAMESPACE, name))
    hand.fleet.submit(Remove(key=ObjectKey(kind, NAMESPACE, name)), hand.now_s)
    hand.run_for(1.0)
    hand.until_up(600)
    hand.run_for(30.0)
    hand.until_up(10)
    after = hand.fleet.hub.store.view.at(ObjectKey(kind, NAMESPACE, name))
    assert (after.spec, after.metadata.uid == before.metadata.uid) == (before.spec, False)
    gateways = hand.fleet.hub.store.view.list(WorkerSliceGateway)
    roles = {item.metadata.name: item.spec.gateway_host_type for item in gateways}
    assert roles == {"iperf-slice-worker-1-worker-2": "Server", "iperf-slice-worker-2-worker-1": "Client"}


def test_the_default_slice_comes_to_hold_every_free_namespace(root: Path) -> None:
    world = load(root / "scenarios" / "01-two-clusters")
    project = world.projects[0]
    wanting = replace(project, spec=replace(project.spec, default_slice_creation=True))
    hand = Hand(replace(world, projects=(wanting,)), FAST)
    hand.until_up(600)
    hand.run_for(60.0)
    view = hand.fleet.hub.store.view
    held = view.get(SliceConfig, NAMESPACE, "demo-default-slice")
    assert held is not None
    # The webhook does not let worker-2 bring iperf, which its slice has acquired meanwhile; it has nothing else.
    assert held.spec.clusters == ("worker-1",)
    taken = {item.namespace for item in held.spec.namespace_isolation_profile.application_namespaces}
    events = len(hand.fleet.events)
    hand.run_for(60.0)
    assert view.get(SliceConfig, NAMESPACE, "demo-default-slice") == held, "it has come to rest"
    assert {event.name for event in hand.fleet.events[events:]} <= {"WorkerSliceHealthUpdated"}
    assert "iperf" not in taken
