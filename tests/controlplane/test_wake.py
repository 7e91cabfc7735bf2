"""What wakes a controller: changes that it would look at for nothing do not."""

from __future__ import annotations

from dataclasses import replace

from kubeslice_sim.controlplane.built_in import POD_TYPE_LABEL, SLICE_LABEL, built_in, owned_by, with_status_fields
from kubeslice_sim.controlplane.controller import Controller, ControllerSpec
from kubeslice_sim.controlplane.store import Store
from kubeslice_sim.controlplane.worker.slice import SLICE
from kubeslice_sim.controlplane.worker.workload import WORKLOAD
from kubeslice_sim.model.timing import KUBESLICE
from kubeslice_sim.planner.names import SYSTEM_NAMESPACE
from tests.benchmarks.controlplane import build_world
from tests.controlplane.hand import Hand


def woken(spec: ControllerSpec, store: Store) -> int:
    """How many keys the newest change of a store puts into the controller's queue."""
    view = Hand(build_world(1, 2), KUBESLICE).fleet.hub.view
    controller = Controller(spec)
    controller.see("local", store.changes(store.sequence - 1)[0], view)
    return len(controller.queue)


def test_a_gateways_pod_does_not_wake_the_slice() -> None:
    store = Store("a")
    for kind, keys in (("slicegateway", 0), ("router", 1), ("app", 1)):
        marks = {SLICE_LABEL: "blue", POD_TYPE_LABEL: kind}
        store.create(built_in("Pod", SYSTEM_NAMESPACE, f"{kind}-pod", labels=marks), 0.0)
        assert woken(SLICE, store) == keys, kind


def test_a_workload_is_woken_by_pods_that_come_and_go_not_by_what_becomes_of_them() -> None:
    store = Store("a")
    workload = store.create(built_in("Deployment", "shop", "web"), 0.0)
    owners = (owned_by(workload, "Deployment", workload.api_version),)
    pod = store.create(built_in("Pod", "shop", "web-0", owners=owners), 0.0)
    assert woken(WORKLOAD, store) == 1
    pod = store.update_status(with_status_fields(pod, phase="Running"))
    assert woken(WORKLOAD, store) == 0
    store.update(replace(pod, metadata=replace(pod.metadata, owner_references=())), 0.0)
    assert woken(WORKLOAD, store) == 0, "it has no owner any more"
    store.create(built_in("Pod", "shop", "web-1", owners=owners), 0.0)
    store.delete(next(key for key in store.view.keys("Pod") if key.name == "web-1"), 0.0)
    assert woken(WORKLOAD, store) == 1
