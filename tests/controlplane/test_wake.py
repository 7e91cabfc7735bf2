"""What wakes a controller: changes that it would look at for nothing do not."""

from __future__ import annotations

from dataclasses import replace

from kubeslice_sim.controlplane.built_in import (
    NSM_IP_LABEL,
    POD_TYPE_LABEL,
    SLICE_LABEL,
    built_in,
    owned_by,
    with_status_fields,
)
from kubeslice_sim.controlplane.controller import Controller, ControllerSpec
from kubeslice_sim.controlplane.status import with_metadata
from kubeslice_sim.controlplane.store import Store
from kubeslice_sim.controlplane.worker.rollout import ROLLOUT
from kubeslice_sim.controlplane.worker.router import ROUTER
from kubeslice_sim.controlplane.worker.slice import SLICE
from kubeslice_sim.controlplane.worker.workload import WORKLOAD
from kubeslice_sim.model.document import ObjectMeta
from kubeslice_sim.model.frozen import FrozenMap
from kubeslice_sim.model.slice_gateway import SliceGateway, SliceGatewayConfig, SliceGatewaySpec, SliceGatewayStatus
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


def test_a_router_is_woken_by_clients_that_ask_and_by_itself() -> None:
    store = Store("a")
    marks = {SLICE_LABEL: "blue", POD_TYPE_LABEL: "slicegateway"}
    client = store.create(built_in("Pod", SYSTEM_NAMESPACE, "gateway", labels=marks), 0.0)
    assert woken(ROUTER, store) == 1
    client = store.update(
        with_metadata(client, labels=client.metadata.labels.with_items({NSM_IP_LABEL: "10.1.0.1"})), 0.0
    )
    assert woken(ROUTER, store) == 0
    store.update_status(with_status_fields(client, phase="Running"))
    assert woken(ROUTER, store) == 0
    router = store.create(built_in("Pod", SYSTEM_NAMESPACE, "router", labels={**marks, POD_TYPE_LABEL: "router"}), 0.0)
    store.update_status(with_status_fields(router, phase="Running"))
    assert woken(ROUTER, store) == 1, "everybody who asked before has waited for it"


def test_a_rollout_is_not_woken_in_the_systems_own_namespace() -> None:
    store = Store("a")
    for namespace, keys in ((SYSTEM_NAMESPACE, 0), ("shop", 1)):
        store.create(built_in("Pod", namespace, "web-0", labels={SLICE_LABEL: "blue"}), 0.0)
        assert woken(ROLLOUT, store) == keys, namespace


def test_a_slice_is_woken_by_gateways_that_dial_otherwise() -> None:
    store = Store("a")
    for host_type in ("Server", "Client"):
        config = SliceGatewayConfig(slice_gateway_host_type=host_type, slice_gateway_remote_node_ports=(30000,))
        gateway = SliceGateway(
            metadata=ObjectMeta(name=host_type, namespace=SYSTEM_NAMESPACE, labels=FrozenMap({SLICE_LABEL: "blue"})),
            spec=SliceGatewaySpec(slice_name="blue"),
        )
        store.create(gateway, 0.0)
        assert woken(SLICE, store) == 0
        gateway = store.update_status(replace(gateway, status=SliceGatewayStatus(config=config)))
        assert woken(SLICE, store) == (host_type == "Client")
        elsewhere = replace(config, slice_gateway_remote_node_ips=("203.0.113.1",))
        store.update_status(replace(gateway, status=SliceGatewayStatus(config=elsewhere)))
        assert woken(SLICE, store) == 0, "netops asks for ports alone"
        store.delete(next(key for key in store.view.keys("SliceGateway") if key.name == host_type), 0.0)
        assert woken(SLICE, store) == (host_type == "Client")


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
