"""Who reaches what, by which way, and why: answered on the plan alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kubeslice_sim.errors import BadInput
from kubeslice_sim.manifest import load
from kubeslice_sim.planner import Plan, plan
from kubeslice_sim.verify import Verifier, reach

GOLDEN = Path(__file__).parents[1] / "golden" / "plans"
SERVER = "iperf-server.iperf.svc.slice.local"


@pytest.fixture(scope="module")
def two() -> Plan:
    return plan(load(GOLDEN / "two-clusters.yaml"))


@pytest.fixture(scope="module")
def three() -> Plan:
    return plan(load(GOLDEN / "three-clusters.yaml"))


@pytest.fixture(scope="module")
def apart() -> Plan:
    return plan(load(GOLDEN / "without-gateways.yaml"))


def test_the_way_to_another_cluster(two: Plan) -> None:
    answer = reach(two, "iperf/iperf-client@worker-1", f"{SERVER}:5201")
    assert answer.allowed
    assert answer.reason == "over slice red"
    assert [(hop.kind, hop.device, hop.interface, hop.mtu_bytes) for hop in answer.hops] == [
        ("pod", "iperf/iperf-client-0@worker-1", "nsm0", 1500),
        ("router", "vl3-slice-router-red", "nsm0", 1500),
        ("gateway", "red-worker-1-worker-2-0-0", "wg0", 1300),
        ("wan", "worker-1 to worker-2", "", 1500),
        ("gateway", "red-worker-2-worker-1-0-0", "nsm0", 1500),
        ("router", "vl3-slice-router-red", "nsm0", 1500),
        ("pod", "iperf/iperf-server-0@worker-2", "", None),
    ]
    assert answer.hops[1].alternatives == ("red-worker-1-worker-2-1-0",)
    assert (answer.delay_s, answer.mtu_bytes) == (pytest.approx(0.031), 1300)
    assert answer.evidence[0] == f"{SERVER} is 10.1.64.1, 10.1.64.2, says the KubeSlice DNS of worker-1"
    assert "vl3-slice-router-red in worker-1: 10.1.64.0/18 via 10.1.0.2, 10.1.0.3" in answer.evidence


def test_each_direction_of_a_link_has_its_own_delay(three: Plan) -> None:
    there = reach(three, "bookinfo/productpage", "bookinfo/reviews-0@north")
    back = reach(three, "bookinfo/reviews-0@north", "bookinfo/productpage")
    assert (there.delay_s, back.delay_s) == (pytest.approx(0.020), pytest.approx(0.015))
    assert [hop.interface for hop in there.hops if hop.kind == "gateway"] == ["tun0", "nsm0"]


def test_within_a_cluster_the_overlay_goes_through_the_router(three: Plan) -> None:
    answer = reach(three, "bookinfo/reviews-0@west", "bookinfo/reviews-1@west")
    assert [hop.kind for hop in answer.hops] == ["pod", "router", "pod"]
    assert (answer.delay_s, answer.mtu_bytes) == (0, 1500)


def test_a_pod_on_no_slice_cannot_even_resolve_the_name(two: Plan) -> None:
    answer = reach(two, "other/intruder@worker-1", SERVER)
    assert not answer.allowed
    assert "is on no slice" in answer.reason
    assert answer.hops == ()


def test_clusters_meet_on_slices_only(two: Plan, three: Plan) -> None:
    assert "clusters meet on slices only" in reach(two, "other/intruder", "iperf/iperf-server-0").reason
    assert "not pay" in reach(three, "payments/ledger", "bookinfo/productpage").reason


def test_an_overlay_address_says_nothing_to_a_pod_that_is_not_on_the_slice(two: Plan) -> None:
    assert not reach(two, "other/intruder", "10.1.64.1").allowed


def test_overlapping_pod_networks_do_not_lead_to_the_other_cluster(two: Plan) -> None:
    server = next(pod for pod in two.pods if pod.name == "iperf-server-1")
    answer = reach(two, "iperf/iperf-client", str(server.pod_ip))
    assert answer.hops[-1].device == "other/intruder@worker-1"  # who has that address in worker-1


def test_isolation_closes_a_namespace_both_ways(three: Plan, apart: Plan) -> None:
    allowed = reach(three, "monitoring/prometheus", "bookinfo/reviews-0@west")
    assert allowed.allowed
    assert allowed.reason == "over the CNI of west"
    assert "NetworkPolicy books-bookinfo lets it through" in allowed.evidence
    into = reach(apart, "free/visitor", "app/in")
    assert (into.allowed, into.reason) == (False, "NetworkPolicy alone-app lets app not hear from free")
    out = reach(apart, "app/in", "free/visitor")
    assert (out.allowed, out.reason) == (False, "NetworkPolicy alone-app lets app not send to free")
    assert reach(apart, "app/excluded", "app/in").allowed


def test_a_no_network_slice_isolates_but_joins_nothing(apart: Plan) -> None:
    assert not reach(apart, "free/visitor", "team/member@here").allowed
    assert not reach(apart, "team/member@here", "team/member@a-very-long-name-for-a-cluster").allowed


def test_addresses_that_nobody_has(two: Plan) -> None:
    assert reach(two, "iperf/iperf-client", "10.1.64.99").reason == "nobody in worker-2 has 10.1.64.99"
    assert reach(two, "iperf/iperf-client", "10.1.0.99").reason == "nobody in worker-1 has 10.1.0.99"
    unused = reach(two, "iperf/iperf-client", "10.1.192.1")
    assert unused.reason == "vl3-slice-router-red in worker-1 has no route to 10.1.192.1"
    assert [hop.kind for hop in unused.hops] == ["pod", "router"]
    assert not reach(two, "iperf/iperf-client", "203.0.113.9").allowed


def test_routers_and_gateways_have_addresses_but_are_no_pods_to_reach(two: Plan) -> None:
    gateway = two.slice("red").tunnels[0].client
    assert reach(two, "iperf/iperf-client", str(gateway.nsm_ip)).reason == (
        f"{gateway.nsm_ip} is the gateway {gateway.deployment}"
    )


def test_names_within_a_cluster(three: Plan) -> None:
    name = "ledger.payments.svc.cluster.local"
    assert reach(three, "bookinfo/reviews-0@north", name).reason.startswith("NetworkPolicy books-bookinfo")
    assert "nothing in west answers" in reach(three, "monitoring/prometheus", name).reason
    assert "imports a service" in reach(three, "bookinfo/productpage", "nobody.bookinfo.svc.slice.local").reason


def test_aliases_with_capitals_never_resolve(three: Plan) -> None:
    assert reach(three, "bookinfo/productpage", "reviews.example.com").allowed
    assert reach(three, "bookinfo/productpage", "REVIEWS.example.com").allowed  # asked in any case, it is the same name
    only = three.clusters[0]
    table = {name: ips for name, ips in only.dns.items() if name != "reviews.example.com"}
    changed = replace(three, clusters=(replace(only, dns=type(only.dns)(table)), *three.clusters[1:]))
    assert not reach(changed, "bookinfo/productpage", "Reviews.example.com").allowed


def test_a_broken_plan_is_seen_for_what_it_is(two: Plan) -> None:
    red = two.slice("red")

    def without(drop: str) -> Plan:
        kept = tuple(
            route for route in red.routes if not (route.device == drop and str(route.destination) != "10.1.0.0/16")
        )
        return replace(two, slices=(replace(red, routes=kept),))

    source, target = "iperf/iperf-client", "iperf/iperf-server-0"
    assert "has no route to" in reach(without("vl3-slice-router-red"), source, target).reason
    assert "in circles" in reach(without("red-worker-1-worker-2-0-0"), source, target).reason


def test_one_verifier_answers_many_questions(two: Plan) -> None:
    verifier = Verifier(two)
    pods = [pod.reference for pod in two.pods if pod.slice == "red"]
    assert all(verifier.reach(a, b).allowed for a in pods for b in pods)
    assert verifier.reach(pods[0], pods[0]).reason == "it is the pod itself"


def test_a_pod_that_is_not_there_is_bad_input(two: Plan) -> None:
    with pytest.raises(BadInput, match="did you mean iperf/iperf-client"):
        reach(two, "iperf/iperf-clinet", SERVER)
    with pytest.raises(BadInput, match="no port"):
        reach(two, "iperf/iperf-client", f"{SERVER}:x")


def test_an_answer_reads_like_a_sentence(two: Plan) -> None:
    lines = str(reach(two, "iperf/iperf-client", SERVER)).splitlines()
    assert lines[0] == f"iperf/iperf-client-0@worker-1 reaches {SERVER}: over slice red"
    assert lines[2] == "  2. router vl3-slice-router-red -> nsm0 (or red-worker-1-worker-2-1-0)"
