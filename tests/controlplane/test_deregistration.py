"""A cluster leaves for good: its operator takes itself apart, or the controller gives it up after ten minutes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kubeslice_sim.controlplane.refusal import Refused
from kubeslice_sim.controlplane.request import Apply, Patch, Remove
from kubeslice_sim.manifest import load
from kubeslice_sim.model.cluster import Cluster
from kubeslice_sim.model.document import ObjectKey, key_of
from kubeslice_sim.model.project import CONTROLLER_NAMESPACE
from kubeslice_sim.model.service_export import ServiceExport
from kubeslice_sim.model.slice_config import SliceConfig
from kubeslice_sim.model.timing import KUBESLICE
from kubeslice_sim.model.worker_slice import Slice
from tests.controlplane.hand import Hand

PROJECT_SPACE = "kubeslice-demo"
SLICE, CLUSTER = ObjectKey("SliceConfig", PROJECT_SPACE, "red"), ObjectKey("Cluster", PROJECT_SPACE, "worker-2")


@pytest.fixture
def hand(root: Path) -> Hand:
    hand = Hand(load(root / "scenarios" / "03-gateway-failure"), KUBESLICE)
    hand.until_up(600)
    return hand


def told(hand: Hand, since: int) -> list[str]:
    return [event.name for event in hand.fleet.events[since:] if event.name.startswith("Cluster")]


def remove_slice(hand: Hand) -> None:
    """As somebody does who may pass by the webhooks: at the store itself, which is seen with the next report."""
    hand.fleet.hub.store.delete(SLICE, hand.now_s)
    hand.run_for(150)


def test_a_cluster_without_slices_goes_with_its_account_when_its_operator_is_uninstalled(hand: Hand) -> None:
    remove_slice(hand)
    since, timing = len(hand.fleet.events), hand.fleet.timing
    cluster = hand.fleet.hub.store.view.at(CLUSTER)
    hand.fleet.submit(Remove(key=CLUSTER), hand.now_s)
    view = hand.fleet.hub.store.view
    hand.run_for(timing.deregister_job_s - 1)
    assert view.at(CLUSTER).status.registration_status == "DeregisterInProgress"
    hand.run_for(2)
    assert view.at(CLUSTER).status.registration_status == "Deregistered", "the script gives the controller 5 s"
    hand.run_for(timing.deregister_pause_s)
    assert view.at(CLUSTER) is None
    assert view.find("ServiceAccount", PROJECT_SPACE, "kubeslice-rbac-worker-worker-2") is None
    assert told(hand, since) == ["ClusterDeregistrationInProgress", "ClusterDeregistered", "ClusterDeleted"]
    fresh = replace(cluster, metadata=replace(
        cluster.metadata, uid="", resource_version="", finalizers=(), deletion_timestamp=None
    ), status=None)  # fmt: skip
    hand.fleet.submit(Apply(document=fresh), hand.now_s)
    hand.run_for(300)
    held = view.at(CLUSTER)
    assert held is not None and not (held.status and held.status.registration_status), "nobody is there to register it"


def test_a_slice_that_stays_makes_it_fail_and_the_controller_gives_up_after_ten_minutes(hand: Hand) -> None:
    store, since, began_s = hand.fleet.hub.store, len(hand.fleet.events), hand.now_s
    store.delete(CLUSTER, hand.now_s)  # the webhook would not let a member go
    hand.run_for(240)  # until somebody looks at it: the store was changed behind everybody's back
    held = store.view.get(Cluster, PROJECT_SPACE, "worker-2")
    assert held is not None and held.status is not None
    assert held.status.registration_status == "DeregisterFailed"
    assert held.status.is_deregister_in_progress
    hand.run_for(began_s + 620 - hand.now_s)
    assert store.view.at(CLUSTER) is None
    assert hand.fleet.workers["worker-2"].store.view.list(Slice) != (), "what it left behind stays there"
    names = told(hand, since)
    assert names[0] == "ClusterDeregistrationInProgress"
    assert "ClusterDeregisterFailed" in names
    assert names[-2:] == ["ClusterDeregisterTimeout", "ClusterDeleted"]


def test_a_project_goes_in_the_order_that_the_documentation_gives(hand: Hand) -> None:
    """Exports, namespaces, slice, project: each only when the webhooks find the one before done."""
    with pytest.raises(Refused, match="deboard"):
        hand.fleet.submit(Remove(key=SLICE), hand.now_s)
    for site in hand.fleet.workers.values():
        for export in site.store.view.list(ServiceExport):
            hand.fleet.submit(Remove(key=key_of(export)), hand.now_s)
    hand.fleet.submit(Patch(key=SLICE, change=without_namespaces), hand.now_s)
    hand.run_for(30)
    hand.fleet.submit(Remove(key=SLICE), hand.now_s)
    hand.run_for(30)
    hand.fleet.submit(Remove(key=ObjectKey("Project", CONTROLLER_NAMESPACE, "demo")), hand.now_s)
    hand.run_for(60)
    view = hand.fleet.hub.store.view
    assert [kind for kind in view.kinds() if any(key.namespace == PROJECT_SPACE for key in view.keys(kind))] == []
    for site in hand.fleet.workers.values():
        assert site.store.view.list(Slice) == ()


def without_namespaces(item: SliceConfig) -> SliceConfig:
    profile = replace(item.spec.namespace_isolation_profile, application_namespaces=())
    return replace(item, spec=replace(item.spec, namespace_isolation_profile=profile))
