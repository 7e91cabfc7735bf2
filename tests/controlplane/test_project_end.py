"""A project goes while a cluster's operator does not work: its namespace waits for it, and takes nothing new in."""

from __future__ import annotations

import pytest

from kubeslice_sim.controlplane.built_in import built_in
from kubeslice_sim.controlplane.refusal import Terminating
from kubeslice_sim.controlplane.request import Remove
from kubeslice_sim.model.cluster import Cluster
from kubeslice_sim.model.document import ObjectKey
from tests.controlplane.hand import Hand
from tests.planner.worlds import world

SPACE = ObjectKey("Namespace", "", "kubeslice-demo")
PROJECT = ObjectKey("Project", "kubeslice-controller", "demo")


def test_a_projects_namespace_stays_until_its_last_operator_let_go() -> None:
    hand = Hand(world(("c0", "c1"), []))
    hand.run_for(60)
    store = hand.fleet.hub.store
    hand.fleet.disturbances.crash("c1", now_s=hand.now_s)
    hand.fleet.submit(Remove(key=PROJECT), hand.now_s)
    hand.run_for(60)
    assert store.view.at(PROJECT) is None, "the project itself does not wait"
    assert store.terminates("kubeslice-demo")
    assert [item.metadata.name for item in store.view.list(Cluster)] == ["c1"], "its operator is dead"
    with pytest.raises(Terminating):
        store.create(built_in("ConfigMap", "kubeslice-demo", "late"), hand.now_s)
    hand.fleet.disturbances.restart("c1", hand.now_s)
    hand.run_for(120)
    assert store.view.at(SPACE) is None
    assert store.view.inside("kubeslice-demo") == ()
