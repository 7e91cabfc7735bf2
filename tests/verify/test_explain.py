"""How a packet travels, told in full: reviewed texts, and agreement with the short answer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from pytest_regressions.file_regression import FileRegressionFixture

from kubeslice_sim.errors import BadInput
from kubeslice_sim.manifest import load
from kubeslice_sim.model.world import World
from kubeslice_sim.planner import Plan, plan
from kubeslice_sim.verify import Explanation, explain, reach
from tests.planner import worlds

GOLDEN = Path(__file__).parents[1] / "golden"
REVIEWS = "reviews.bookinfo.svc.slice.local"
SERVER = "iperf-server.iperf.svc.slice.local"
QUESTIONS = {
    "another-cluster": ("two-clusters", "iperf/iperf-client", f"{SERVER}:5201"),
    "on-no-slice": ("two-clusters", "other/intruder", SERVER),
    "a-typo": ("two-clusters", "iperf/iperf-client", "iperf-servr.iperf.svc.slice.local"),
    "no-route": ("two-clusters", "iperf/iperf-client", "10.1.192.1"),
    "an-address-of-nobody": ("two-clusters", "iperf/iperf-client", "10.1.64.99"),
    "the-internet": ("two-clusters", "iperf/iperf-client", "203.0.113.9"),
    "over-openvpn": ("three-clusters", "bookinfo/reviews-0@north", "bookinfo/productpage"),
    "an-alias": ("three-clusters", "bookinfo/productpage", "reviews.example.com"),
    "within-a-cluster": ("three-clusters", "bookinfo/reviews-0@west", "bookinfo/reviews-1@west"),
    "another-slice": ("three-clusters", "bookinfo/productpage", "payments/ledger"),
    "isolated": ("three-clusters", "bookinfo/reviews-0@north", "ledger.payments.svc.cluster.local"),
    "allowed-namespace": ("three-clusters", "monitoring/prometheus", "bookinfo/reviews-0@west"),
    "no-network": ("without-gateways", "free/visitor", "team/member@here"),
    "excluded": ("without-gateways", "app/excluded", "app/in"),
    "through-east-west-gateways": (
        "east-west",
        "bookinfo/productpage@worker-1",
        f"{REVIEWS}:9080",
    ),
    "no-sidecar": ("east-west", "bookinfo/productpage@worker-3", f"{REVIEWS}:9080"),
    "at-an-ingress-gateway": ("east-west", "bookinfo/productpage@worker-3", f"{REVIEWS}:8080"),
    "tcp-through-istio": ("east-west", "bookinfo/productpage@worker-1", "database.bookinfo.svc.slice.local:5432"),
    "itself": ("two-clusters", "iperf/iperf-client", "iperf/iperf-client"),
}


@pytest.fixture(scope="module")
def plans() -> dict[str, Plan]:
    return {name: plan(load(GOLDEN / "plans" / f"{name}.yaml")) for name, _, _ in QUESTIONS.values()}


@pytest.mark.parametrize("question", QUESTIONS)
def test_an_explanation_is_told_as_reviewed(
    question: str, plans: dict[str, Plan], file_regression: FileRegressionFixture
) -> None:
    world, source, target = QUESTIONS[question]
    text = str(explain(plans[world], source, target))
    file_regression.check(f"{text}\n", fullpath=GOLDEN / "explanations" / f"{question}.txt")


def test_every_hop_has_its_wrapping_and_its_room(plans: dict[str, Plan]) -> None:
    told = explain(plans["two-clusters"], "iperf/iperf-client", SERVER)
    assert [(leg.hop.kind, leg.overhead_bytes, leg.mtu_bytes) for leg in told.legs] == [
        ("pod", 0, 1500), ("router", 50, 1450), ("gateway", 60, 1300), ("wan", 0, 1500), ("gateway", 0, 1500),
        ("router", 0, 1500), ("pod", 0, None),
    ]  # fmt: skip
    assert told.legs[1].encapsulation == ("UDP 4789 from worker-1-gw-1 to worker-1-gw-2", "VXLAN")
    assert told.legs[2].encapsulation[1] == "WireGuard"
    assert told.mtu_bytes == 1300


def of(slices: list[str], web: str, asked: str) -> World:
    """A slice that onboards ``app``; web runs somewhere, an export of the name ``asked`` stands on b."""
    return worlds.world(
        ("a", "b"),
        [worlds.slice_config("red", slices)],
        [worlds.deployment("client", ["a"]), worlds.deployment(web, ["b"])],
        [worlds.export(asked, ["b"], slice_="red", aliases=["Web.Example.com"])],
    )


@pytest.mark.parametrize(
    ("world", "name", "why"),
    [
        (of(["a", "b"], "other", "web"), "web.app.svc.slice.local", "matches no pod: none that is on red"),
        (of(["a"], "web", "web"), "web.app.svc.slice.local", "stands on b, which is no member of red"),
        (of(["a", "b"], "web", "web"), "web.example.com", "records keep capitals"),
        (of(["a", "b"], "web", "web"), "wbe.app.svc.slice.local", "did you mean web.app.svc.slice.local"),
    ],
)
def test_a_name_that_leads_nowhere_says_what_was_nearly_it(world: World, name: str, why: str) -> None:
    told = explain(plan(world), "app/client", name)
    assert not told.answer.allowed
    assert any(why in line for line in told.lookup.why), told.lookup.why


def test_a_slice_of_others_is_named() -> None:
    world = of(["b"], "web", "web")
    blue = worlds.slice_config("blue", ["a"], subnet="10.2.0.0/16", namespace="else")
    told = explain(plan(replace(world, slices=(*world.slices, blue))), "app/client", "web.app.svc.slice.local")
    assert "ServiceExport app/web is on slice red, of which a is no member" in told.lookup.why


def test_a_pending_export_is_named() -> None:
    world = of(["a", "b"], "web", "web")
    (red,) = world.slices
    profile = red.spec.namespace_isolation_profile
    only_a = replace(profile.application_namespaces[0], clusters=("a",))
    spec = replace(red.spec, namespace_isolation_profile=replace(profile, application_namespaces=(only_a,)))
    told = explain(plan(replace(world, slices=(replace(red, spec=spec),))), "app/client", "web.app.svc.slice.local")
    assert "ServiceExport app/web on b stays PENDING: app is no application namespace of red there" in told.lookup.why


@settings(max_examples=25, deadline=None)
@given(worlds.worlds())
def test_an_explanation_never_contradicts_the_answer(world: World) -> None:
    found = plan(world)
    for source in found.pods[:3]:
        targets = [pod.reference for pod in found.pods[-3:]]
        targets += [service.dns_name for item in found.slices for service in item.services][:3]
        for target in targets:
            told = explain(found, source.reference, target)
            assert told.answer == reach(found, source.reference, target)
            agree(told)


def agree(told: Explanation) -> None:
    """Something stops the packet exactly where it does not arrive; the way is the answer's."""
    stops = [rule.name for rule in told.rules if rule.verdict == "stops"]
    assert bool(stops) != told.answer.allowed, told
    assert tuple(leg.hop for leg in told.legs) == told.answer.hops
    assert (told.mtu_bytes is None) == (not told.answer.allowed or len(told.legs) == 1)
    if told.mtu_bytes is not None and told.answer.mtu_bytes is not None:
        assert told.mtu_bytes <= told.answer.mtu_bytes


def test_a_pod_that_is_not_there_is_bad_input(plans: dict[str, Plan]) -> None:
    with pytest.raises(BadInput, match="did you mean iperf/iperf-client"):
        explain(plans["two-clusters"], "iperf/iperf-clinet", SERVER)
