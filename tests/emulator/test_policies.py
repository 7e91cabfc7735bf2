"""NetworkPolicies as nodes keep them: rules for each pod, and the same verdicts as the simulator's."""

from __future__ import annotations

from ipaddress import IPv4Network
from pathlib import Path

import pytest

import kubeslice_sim as ks
from emulator.firewall import Allow, PortRange
from emulator.user_policies import allowed_by_users
from kubeslice_sim.manifest import load
from kubeslice_sim.planner import Plan, plan
from kubeslice_sim.planner.plan import PodPlan
from kubeslice_sim.planner.policy_rules import PolicyRules

PLANS = Path(__file__).parents[1] / "golden" / "plans"


@pytest.fixture(scope="module")
def found() -> Plan:
    return plan(load(PLANS / "network-policies.yaml"))


def pods(found: Plan) -> dict[str, PodPlan]:
    return {pod.name: pod for pod in found.pods}


def test_a_named_port_is_the_number_that_the_pod_gives_it(found: Plan) -> None:
    named = pods(found)
    allowed = allowed_by_users(PolicyRules(found), named["web"], "ingress", found.pods)
    auditor = IPv4Network(named["auditor"].pod_ip)
    assert allowed == (Allow(peers=(auditor,), ports=(PortRange(protocol="tcp", first=8080),)),)


def test_a_direction_that_nobody_governs_is_open_and_one_without_rules_is_shut(found: Plan) -> None:
    rules, named = PolicyRules(found), pods(found)
    assert allowed_by_users(rules, named["web"], "egress", found.pods) is None
    assert allowed_by_users(rules, named["cart"], "ingress", found.pods) is None
    assert allowed_by_users(rules, named["ledger"], "ingress", found.pods) == ()


def test_real_packets_obey_them(found: Plan) -> None:
    run = ks.emulate(found.world)
    assert {verdict.name: verdict.outcome for verdict in run.verdicts} == dict.fromkeys(
        (expectation.name for expectation in found.world.scenario().spec.expect), "passed"
    )
