"""Any order of join, leave, fail, restore and update, with faults, ends with all that is wanted ready, and no more."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from kubeslice_sim.controlplane.fleet import Fleet
from kubeslice_sim.controlplane.fleet_faults import FleetFaults
from kubeslice_sim.controlplane.node import is_ready
from kubeslice_sim.controlplane.refusal import Refused
from kubeslice_sim.controlplane.request import Apply, Patch, Remove
from kubeslice_sim.controlplane.sidecar import TunnelStatus
from kubeslice_sim.controlplane.status import with_metadata
from kubeslice_sim.controlplane.timestamp import timestamp
from kubeslice_sim.controlplane.worker.gateway_deployments import other_generation
from kubeslice_sim.model.document import ObjectKey
from kubeslice_sim.model.scenario import Fault
from kubeslice_sim.model.slice_config import SliceConfig
from kubeslice_sim.model.slice_gateway import SliceGateway
from kubeslice_sim.model.timing import FAST
from kubeslice_sim.model.worker_slice import Slice
from kubeslice_sim.model.worker_slice_config import WorkerSliceConfig
from kubeslice_sim.model.worker_slice_gateway import WorkerSliceGateway
from kubeslice_sim.model.worker_slice_gw_recycler import WorkerSliceGwRecycler
from kubeslice_sim.model.world import World
from kubeslice_sim.planner.names import GATEWAY_NODE_LABEL, gateway_node
from tests.controlplane.hand import Hand
from tests.controlplane.loopback import SYSTEM
from tests.planner.worlds import slice_config, world

T = TypeVar("T")
CLUSTERS = ("c0", "c1", "c2", "c3")
SPACE = "kubeslice-demo"
PATIENCE_S = 900.0
"""Of the fast profile: a day and a half of KubeSlice's own waits. Failed keys may wait up to 1000 s each."""
FAULTS = (
    Fault(kill="operator", cluster="controller"), Fault(kill="operator", cluster="c1"),
    Fault(api="down", cluster="controller"), Fault(api="down", cluster="c0"),
    Fault(api="slow", cluster="controller", slower_s=0.05), Fault(api="watches", cluster="controller"),
    Fault(partition=("c0", "controller")), Fault(partition=("c2", "controller")),
    Fault(clock="ahead", cluster="c1", by_s=3.0), Fault(clock="behind", cluster="controller", by_s=3.0),
)  # fmt: skip


def with_nodes(found: World) -> World:
    """Two gateway nodes and another in each cluster."""
    spec = found.underlay.spec
    clusters = {name: replace(found.underlay.cluster(name), gateway_nodes=2, app_nodes=1, node_ips=())
                for name in CLUSTERS}  # fmt: skip
    return replace(found, underlay=replace(found.underlay, spec=replace(spec, clusters=type(spec.clusters)(clusters))))


class AnyOrder(RuleBasedStateMachine):
    """A project of four clusters and up to two slices, to which things are done.

    Each slice has a namespace of its own: two that claim one are held apart by the webhooks for ever.
    """

    def __init__(self) -> None:
        super().__init__()
        self.active: list[Fault] = []
        self.dead: set[tuple[str, str]] = set()
        self.lost: set[tuple[str, str]] = set()

    @initialize()
    def begin(self) -> None:
        first = with_nodes(world(CLUSTERS, [slice_config("s0", CLUSTERS[:2], namespace="app-s0")]))
        self.hand = Hand(first, FAST)
        self.faults = FleetFaults(self)
        self.hand.until_up(600)

    def do(self, work: Callable[[Fleet, float], T]) -> T:
        return work(self.hand.fleet, self.hand.now_s)

    def held(self, name: str) -> SliceConfig | None:
        item = self.hand.fleet.hub.store.view.get(SliceConfig, SPACE, name)
        return None if item is None or item.metadata.deletion_timestamp else item

    def ask(self, request: Apply | Patch | Remove) -> None:
        with suppress(Refused):  # as kubectl would be told; nothing happened then
            self.hand.fleet.submit(request, self.hand.now_s)

    @rule(duration_s=st.floats(0.0, 40.0))
    def pass_time(self, duration_s: float) -> None:
        self.hand.run_for(duration_s)

    @rule(name=st.sampled_from(("s0", "s1")), members=st.permutations(CLUSTERS), count=st.integers(1, 4))
    def make_or_change(self, name: str, members: list[str], count: int) -> None:
        held = self.held(name)
        if held is None:
            if self.hand.fleet.hub.store.view.get(SliceConfig, SPACE, name) is None:
                self.ask(Apply(document=slice_config(name, tuple(members[:count]), namespace=f"app-{name}")))
            return
        clusters = tuple(members[:count])
        key = ObjectKey("SliceConfig", SPACE, name)
        self.ask(Patch(key=key, change=lambda item: replace(item, spec=replace(item.spec, clusters=clusters))))

    @rule(name=st.sampled_from(("s0", "s1")))
    def delete(self, name: str) -> None:
        if self.held(name) is not None:
            self.ask(Remove(key=ObjectKey("SliceConfig", SPACE, name)))

    @rule(name=st.sampled_from(("s0", "s1")))
    def renew_keys(self, name: str) -> None:
        asked, key = timestamp(self.hand.now_s - 1), ObjectKey("SliceConfig", SPACE, name)
        if self.held(name) is not None:
            self.ask(Patch(key=key, change=lambda item: replace(item, spec=replace(item.spec, renew_before=asked))))

    @rule(chance=st.randoms(use_true_random=False), kind=st.sampled_from(("WorkerSliceGateway", "WorkerSliceConfig")))
    def delete_by_force(self, chance: object, kind: str) -> None:
        keys = self.hand.fleet.hub.store.view.keys(kind)
        if keys:
            self.ask(Remove(key=chance.choice(keys)))  # type: ignore[attr-defined]

    @rule(chance=st.randoms(use_true_random=False))
    def kill_gateway(self, chance: object) -> None:
        alive = sorted(key for key in self.hand.plane.gateways if key not in self.dead)
        if alive:
            cluster, pod = chance.choice(alive)  # type: ignore[attr-defined]
            self.dead.add((cluster, pod))
            self.hand.plane.kill(cluster, SYSTEM, pod)

    @rule()
    def restore_gateways(self) -> None:
        for cluster, pod in sorted(self.dead):
            if (cluster, pod) in self.hand.plane.gateways:
                self.hand.plane.restore(cluster, SYSTEM, pod)
        self.dead.clear()

    @rule(cluster=st.sampled_from(CLUSTERS), ordinal=st.sampled_from((1, 2)))
    def lose_node(self, cluster: str, ordinal: int) -> None:
        node = (cluster, gateway_node(cluster, ordinal))
        if node not in self.lost:
            self.lost.add(node)
            self.hand.plane.lose_node(*node)

    @precondition(lambda self: self.lost)
    @rule()
    def recover_a_node(self) -> None:
        node = min(self.lost)
        self.lost.discard(node)
        self.hand.plane.recover_node(*node)

    @rule(fault=st.sampled_from(FAULTS))
    def break_something(self, fault: Fault) -> None:
        self.faults.strike(fault)
        self.active.append(fault)

    @precondition(lambda self: self.active)
    @rule()
    def mend_the_first(self) -> None:
        self.faults.mend(self.active.pop(0))

    @invariant()
    def sidecars_are_of_gateways_that_are_wanted(self) -> None:
        """None outlives its pod; what was told last of a tunnel is what its sidecar says, unless it hangs."""
        told: dict[tuple[str, str], bool] = {}
        for change in self.hand.fleet.transitions if hasattr(self, "hand") else ():
            assert told.get((change.cluster, change.pod), False) != change.up
            told[change.cluster, change.pod] = change.up
        for cluster, site in self.hand.fleet.workers.items() if hasattr(self, "hand") else ():
            assert {(cluster, pod) for pod in site.sidecars} <= self.hand.plane.gateways.keys()
            for pod in {pod for where, pod in told if where == cluster} | site.sidecars.keys():
                tunnel = site.sidecars.get(pod, TunnelStatus())
                assert tunnel.state == "SILENT" or tunnel.up == told.get((cluster, pod), False)

    def teardown(self) -> None:
        if not hasattr(self, "hand"):
            return
        while self.active:
            self.mend_the_first()
        while self.lost:
            self.recover_a_node()
        self.restore_gateways()
        self.settle()
        self.touch_slices()
        self.settle()
        self.check_nothing_is_left_over()

    def touch_slices(self) -> None:
        """A request that added and removed members left the leavers' gateways until the slice's next event."""
        for key in self.hand.fleet.hub.store.view.keys("SliceConfig"):
            self.ask(Patch(key=key, change=lambda item: with_metadata(
                item, annotations=item.metadata.annotations.with_items({"touched": "yes"})
            )))  # fmt: skip
        self.hand.run_for(1.0)

    def settle(self) -> None:
        until_s = self.hand.now_s + PATIENCE_S
        while self.hand.now_s < until_s:
            self.hand.run_for(20.0)
            if self.hand.fleet.readiness().up and not self.unsettled():
                return
        waiting = [f"{item.kind} {item.name}: {item.reason}" for item in self.hand.fleet.readiness().waiting]
        raise AssertionError("\n".join([*waiting, *self.unsettled()]))

    def unsettled(self) -> list[str]:
        """What is on its way out, or being replaced."""
        view = self.hand.fleet.hub.store.view
        sites = [self.hand.fleet.hub, *self.hand.fleet.workers.values()]
        going = [
            f"{site.name}: {key} is going" for site in sites for kind in site.store.view.kinds()
            for key in site.store.view.keys(kind)
            if site.store.view.at(key).metadata.deletion_timestamp is not None
        ]  # fmt: skip
        recyclers = (item for item in view.list(WorkerSliceGwRecycler) if not self.orphaned(item))
        return [*going, *(f"{item.metadata.name} is {item.spec.state}" for item in recyclers)]

    def orphaned(self, recycler: WorkerSliceGwRecycler) -> bool:
        """Whether it outlived its gateway: it then stands, unattended, until its slice goes.

        So does one that was ordered while its client's operator made the gateway anew: that takes it for another
        cluster's, and looks at it again when its caches list everything anew, after ten hours.
        """
        view, made = self.hand.fleet.hub.store.view, str(recycler.metadata.creation_timestamp)
        gateway = view.get(WorkerSliceGateway, recycler.metadata.namespace, recycler.spec.slice_gw_server)
        if gateway is None or made <= str(gateway.metadata.creation_timestamp):
            return True
        mirrored = (
            site.store.view.get(SliceGateway, SYSTEM, recycler.spec.slice_gw_client)
            for site in self.hand.fleet.workers.values()
        )
        return any(item is not None and made <= str(item.metadata.creation_timestamp) for item in mirrored)

    def ordered_for_nobody(self) -> set[str]:
        """The pods that servers run because of such an order."""
        held = self.hand.fleet.hub.store.view.list(WorkerSliceGwRecycler)
        gone = ((item.spec.slice_gw_server, item.metadata.name) for item in held if self.orphaned(item))
        return {other_generation(gateway, deployment) for gateway, deployment in gone}

    def check_nothing_is_left_over(self) -> None:
        view = self.hand.fleet.hub.store.view
        slices = {item.metadata.name: item.spec.clusters for item in view.list(SliceConfig)}
        shares = {f"{name}-{cluster}" for name, clusters in slices.items() for cluster in clusters}
        gateways = {
            f"{name}-{one}-{other}" for name, clusters in slices.items()
            for one in clusters for other in clusters if one != other
        }  # fmt: skip
        assert {item.metadata.name for item in view.list(WorkerSliceConfig)} == shares
        assert {item.metadata.name for item in view.list(WorkerSliceGateway)} == gateways
        for cluster, site in self.hand.fleet.workers.items():
            local = site.store.view
            assert [node.metadata.labels.get(GATEWAY_NODE_LABEL, "") for node in local.objects("Node")] == [
                "", "gateway", "gateway",
            ]  # fmt: skip
            assert all(is_ready(node) and not node.spec.get("taints") for node in local.objects("Node"))
            assert {item.metadata.name for item in local.list(Slice)} == {
                name for name, clusters in slices.items() if cluster in clusters
            }
            mine = {name for name in gateways if f"-{cluster}-" in f"{name}"[: -len("-c0")] + "-"}
            assert {item.metadata.name for item in local.list(SliceGateway)} == mine
            found = local.objects("Pod", SYSTEM, {"kubeslice.io/pod-type": "slicegateway"})
            pods = [pod for pod in found if pod.metadata.name not in self.ordered_for_nobody()]
            assert len(pods) == 2 * len(mine), "two pods for each gateway"
            assert {pod.metadata.name for pod in pods} == {pod for pod, tunnel in site.sidecars.items() if tunnel.up}


@pytest.mark.parametrize(
    "examples",
    [pytest.param(10, id="few"), pytest.param(300, id="many", marks=[pytest.mark.long, pytest.mark.timeout(3600)])],
)
def test_any_order_ends_with_all_ready_and_nothing_left(examples: int) -> None:
    run_state_machine_as_test(AnyOrder, settings=settings(  # type: ignore[no-untyped-call]
        max_examples=examples, stateful_step_count=12, deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    ))  # fmt: skip
