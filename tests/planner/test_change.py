"""A world that changes: who keeps what, as the real controller was seen to do (oracle case grow-shrink)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kubeslice_sim.model.world import World
from kubeslice_sim.planner import Plan, plan
from tests.planner import worlds

NAMES = ("worker-1", "worker-2", "worker-3", "worker-4")


def of(*members: str, clusters: Sequence[str] = NAMES) -> World:
    return worlds.world(
        clusters,
        [worlds.slice_config("red", members)],
        [worlds.deployment("web", clusters, replicas=2)],
    )


def slots(found: Plan) -> dict[str, int]:
    return {member.cluster: member.slot for member in found.slice("red").members}


def servers(found: Plan) -> set[tuple[str, str]]:
    return {(pair.server.cluster, pair.client.cluster) for pair in found.slice("red").pairs}


def test_a_freed_slot_goes_to_the_next_joiner_and_roles_stay() -> None:
    first = plan(of("worker-1", "worker-2", "worker-3"))
    dropped = plan(of("worker-2", "worker-3"), previous=first)
    assert slots(dropped) == {"worker-2": 1, "worker-3": 2}
    joined = plan(of("worker-2", "worker-3", "worker-4"), previous=dropped)
    assert slots(joined) == {"worker-2": 1, "worker-3": 2, "worker-4": 0}


def test_a_cluster_added_again_at_the_end_has_its_old_slot_but_dials() -> None:
    first = plan(of("worker-1", "worker-2", "worker-3"))
    dropped = plan(of("worker-2", "worker-3"), previous=first)
    again = plan(of("worker-2", "worker-3", "worker-1"), previous=dropped)
    assert slots(again)["worker-1"] == 0
    assert servers(again) == {("worker-2", "worker-3"), ("worker-2", "worker-1"), ("worker-3", "worker-1")}


def test_reordering_the_list_leaves_roles_alone() -> None:
    first = plan(of("worker-1", "worker-2"))
    turned = plan(of("worker-2", "worker-1"), previous=first)
    assert servers(turned) == {("worker-1", "worker-2")}
    assert servers(plan(of("worker-2", "worker-1"))) == {("worker-2", "worker-1")}


def test_a_new_pod_takes_the_lowest_free_address_and_the_others_keep_theirs() -> None:
    first = plan(of("worker-1", "worker-2"))
    more = of("worker-1", "worker-2")
    more = replace(more, objects=(worlds.deployment("api", ["worker-1"]), *more.objects))
    after = plan(more, previous=first)
    overlay = {pod.reference: str(pod.nsm_ip) for pod in after.pods if pod.cluster == "worker-1"}
    assert overlay == {
        "app/api-0@worker-1": "10.1.0.5",
        "app/web-0@worker-1": "10.1.0.1",
        "app/web-1@worker-1": "10.1.0.2",
    }
    fresh = {pod.reference: str(pod.nsm_ip) for pod in plan(more).pods if pod.cluster == "worker-1"}
    assert fresh == {
        "app/api-0@worker-1": "10.1.0.1",
        "app/web-0@worker-1": "10.1.0.2",
        "app/web-1@worker-1": "10.1.0.3",
    }


def test_the_address_of_a_pod_that_is_gone_is_free() -> None:
    first = plan(of("worker-1", "worker-2"))
    fewer = worlds.world(NAMES, [worlds.slice_config("red", NAMES[:2])], [worlds.deployment("api", ["worker-1"])])
    (pod,) = plan(fewer, previous=first).pods
    assert (str(pod.nsm_ip), str(pod.pod_ip)) == ("10.1.0.1", "192.168.0.2")


def test_slices_keep_their_traffic_class_and_node_ports() -> None:
    two = [worlds.slice_config(name, NAMES[:2], subnet=f"10.{i}.0.0/16") for i, name in enumerate("ab")]
    first = plan(worlds.world(NAMES, two))
    after = plan(
        worlds.world(NAMES, [worlds.slice_config("new", NAMES[:2], subnet="10.9.0.0/16"), two[1]]), previous=first
    )
    assert {item.name: item.qos.leaf for item in after.slices if item.qos} == {"new": "17:12", "b": "17:23"}
    before = [tunnel.node_port for tunnel in first.slice("b").tunnels]
    assert [tunnel.node_port for tunnel in after.slice("b").tunnels] == before
