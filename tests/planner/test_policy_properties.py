"""Users' NetworkPolicies: what must hold whatever they say."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Network

from hypothesis import given, settings
from hypothesis import strategies as st

from kubeslice_sim.model.frozen import FrozenMap
from kubeslice_sim.planner import plan
from kubeslice_sim.planner.network_policy import (
    Peer,
    PolicyDirection,
    PolicyPort,
    PolicyRule,
    Requirement,
    Selector,
    UserPolicyPlan,
)
from kubeslice_sim.planner.plan import PodPlan
from kubeslice_sim.planner.policy_rules import PolicyRules
from tests.planner import worlds

FOUND = plan(
    worlds.world(
        ["a"],
        [worlds.slice_config("red", ["a"])],
        [
            worlds.deployment("web", ["a"]),
            worlds.deployment("db", ["a"]),
            worlds.deployment("out", ["a"], namespace="other"),
        ],
    )
)
APPS = ("web", "db", "out", "nobody")
requirements = st.builds(
    Requirement,
    key=st.sampled_from(["app", "kubernetes.io/metadata.name", "missing"]),
    operator=st.sampled_from(["In", "NotIn", "Exists", "DoesNotExist"]),
    values=st.lists(st.sampled_from([*APPS, "other"]), max_size=2).map(tuple),
)
selectors = st.builds(
    Selector,
    labels=st.sampled_from([{}, {}, *({"app": name} for name in APPS)]).map(FrozenMap),
    requirements=st.lists(requirements, max_size=1).map(tuple),
)
peers = st.builds(Peer, pods=st.none() | selectors, namespaces=st.none() | selectors) | st.builds(
    Peer, block=st.sampled_from([IPv4Network("192.168.0.0/30"), IPv4Network("10.0.0.0/8")])
)
ports = st.builds(
    PolicyPort, protocol=st.sampled_from(["TCP", "UDP"]), first=st.integers(78, 80), last=st.integers(80, 82)
)
rules = st.builds(
    PolicyRule, peers=st.lists(peers, max_size=2).map(tuple), ports=st.lists(ports, max_size=1).map(tuple)
)
directions = st.none() | st.lists(rules, max_size=2).map(tuple)
policies = st.builds(
    UserPolicyPlan,
    name=st.sampled_from(["p", "q"]),
    namespace=st.sampled_from(["app", "other"]),
    cluster=st.just("a"),
    pods=selectors,
    ingress=directions,
    egress=directions,
)
pairs = st.permutations(FOUND.pods).map(lambda pods: (pods[0], pods[1]))


def rules_of(*held: UserPolicyPlan) -> PolicyRules:
    return PolicyRules(replace(FOUND, network_policies=held))


@settings(max_examples=200, deadline=None)
@given(st.lists(policies, max_size=3), policies, pairs, st.sampled_from([None, 79, 80, 443]))
def test_a_policy_can_only_close_what_was_open_and_only_open_what_was_closed(
    held: list[UserPolicyPlan], more: UserPolicyPlan, pair: tuple[PodPlan, PodPlan], port: int | None
) -> None:
    """Adding a policy shuts a packet out only at a pod and in a direction that no policy governed before."""
    source, target = pair
    before, after = rules_of(*held), rules_of(*held, more)
    if before.judge(source, target, port).allowed and not after.judge(source, target, port).allowed:
        sides: tuple[tuple[PolicyDirection, PodPlan], ...] = (("egress", source), ("ingress", target))
        assert any(more in after.users(pod, side) and not before.users(pod, side) for side, pod in sides)


@settings(max_examples=200, deadline=None)
@given(st.lists(policies, max_size=4), pairs, st.sampled_from([None, 79, 80, 443]), st.randoms(use_true_random=False))
def test_the_order_of_policies_decides_nothing(
    held: list[UserPolicyPlan], pair: tuple[PodPlan, PodPlan], port: int | None, chance: object
) -> None:
    shuffled = list(held)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    source, target = pair
    one, other = rules_of(*held), rules_of(*shuffled)
    assert one.judge(source, target, port).allowed == other.judge(source, target, port).allowed


@settings(max_examples=200, deadline=None)
@given(st.lists(policies, max_size=3), pairs, st.integers(70, 90))
def test_what_passes_without_a_port_passes_with_any(
    held: list[UserPolicyPlan], pair: tuple[PodPlan, PodPlan], port: int
) -> None:
    source, target = pair
    found = rules_of(*held)
    if found.judge(source, target, None).allowed:
        assert found.judge(source, target, port).allowed
        assert found.judge(source, target, port, "UDP").allowed
