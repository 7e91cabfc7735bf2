"""Users' NetworkPolicies: Kubernetes' semantics, case by case, and together with a slice's own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kubeslice_sim.model.document import ObjectMeta
from kubeslice_sim.model.frozen import FrozenMap, freeze
from kubeslice_sim.model.kubernetes import KubernetesObject
from kubeslice_sim.model.world import World
from kubeslice_sim.planner import Plan, plan
from kubeslice_sim.planner.network_policy import selector
from kubeslice_sim.planner.plan import PodPlan
from kubeslice_sim.planner.policy_rules import Decision, PolicyRules
from kubeslice_sim.verify import reach
from tests.planner import worlds


def policy(name: str = "p", namespace: str = "app", **spec: Any) -> KubernetesObject:
    return KubernetesObject(
        api_version="networking.k8s.io/v1",
        kind="NetworkPolicy",
        metadata=ObjectMeta(name=name, namespace=namespace, annotations=worlds.on("a")),
        body=freeze({"spec": {"podSelector": {}, **spec}}),
    )


def named(name: str, **labels: str) -> KubernetesObject:
    return KubernetesObject(
        api_version="v1", kind="Namespace",
        metadata=ObjectMeta(name=name, labels=FrozenMap(labels), annotations=worlds.on("a")),
    )  # fmt: skip


def with_ports(item: KubernetesObject) -> KubernetesObject:
    containers = [{"name": "c", "ports": [{"name": "web", "containerPort": 8080}]}]
    template = {**item.pod_template, "spec": {"containers": containers}}
    return replace(item, body=freeze({"spec": {**item.spec, "template": template}}))


def world(*policies: KubernetesObject, isolated: bool = False) -> World:
    config = worlds.slice_config("red", ["a", "b"])
    profile = replace(config.spec.namespace_isolation_profile, isolation_enabled=isolated)
    config = replace(config, spec=replace(config.spec, namespace_isolation_profile=profile))
    objects = [
        with_ports(worlds.deployment("web", ["a"])),
        worlds.deployment("db", ["a"]),
        worlds.deployment("out", ["a"], namespace="other"),
        named("other", team="blue"),
        *policies,
    ]
    return worlds.world(["a", "b"], [config], objects)


def ask(found: Plan, source: str, target: str, port: int | None = 8080, protocol: str = "TCP") -> Decision:
    pods: dict[str, PodPlan] = {pod.workload: pod for pod in found.pods}
    return PolicyRules(found).judge(pods[source], pods[target], port, protocol)


def allowed(*policies: KubernetesObject, source: str = "out", port: int | None = 8080, protocol: str = "TCP") -> bool:
    return ask(plan(world(*policies)), source, "web", port, protocol).allowed


def ingress(*peers: Any, ports: Any = None, **more: Any) -> KubernetesObject:
    rule = {"from": list(peers)} | ({"ports": ports} if ports else {})
    return policy(ingress=[rule], **more)


def test_no_policy_lets_all_through() -> None:
    assert allowed()


def test_a_block_of_ipv6_lets_nobody_in() -> None:
    assert not allowed(ingress({"ipBlock": {"cidr": "::/0", "except": ["fd00::/8"]}}))


def test_a_policy_without_rules_closes_ingress_only() -> None:
    found = plan(world(policy()))
    assert not ask(found, "out", "web").allowed
    assert ask(found, "web", "out").allowed


def test_policy_types_default_to_egress_where_there_are_egress_rules() -> None:
    found = plan(world(policy(egress=[{"to": [{"podSelector": {}}]}])))
    assert not ask(found, "web", "out").allowed
    assert not ask(found, "out", "web").allowed
    only = plan(world(policy(policyTypes=["Egress"])))
    assert ask(only, "out", "web").allowed
    assert not ask(only, "web", "out").allowed


def test_an_empty_rule_lets_everybody_in() -> None:
    assert allowed(policy(ingress=[{}]))


def test_policies_add_up() -> None:
    blue = ingress({"namespaceSelector": {"matchLabels": {"team": "blue"}}}, name="blue")
    assert not allowed(policy(name="closed"))
    assert allowed(policy(name="closed"), blue)
    assert ask(plan(world(policy(name="closed"), blue)), "out", "web").reason == (
        "NetworkPolicy app/blue, ingress rule 1, lets it through"
    )


@pytest.mark.parametrize(
    ("peer", "passes"),
    [
        ({"podSelector": {}}, False),
        ({"namespaceSelector": {}}, True),
        ({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "other"}}}, True),
        ({"namespaceSelector": {"matchLabels": {"team": "red"}}}, False),
        ({"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "out"}}}, True),
        ({"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "in"}}}, False),
        ({"namespaceSelector": {"matchExpressions": [{"key": "team", "operator": "In", "values": ["blue"]}]}}, True),
        ({"namespaceSelector": {"matchExpressions": [{"key": "kubeslice.io/slice", "operator": "Exists"}]}}, False),
        ({"ipBlock": {"cidr": "192.168.0.0/16"}}, True),
        ({"ipBlock": {"cidr": "192.168.0.0/16", "except": ["192.168.0.0/24"]}}, False),
    ],
)
def test_peers(peer: Any, passes: bool) -> None:
    assert allowed(ingress(peer)) is passes


@pytest.mark.parametrize(
    ("ports", "port", "protocol", "passes"),
    [
        ([{"port": 8080}], 8080, "TCP", True),
        ([{"port": 8080}], 8081, "TCP", False),
        ([{"port": 8080}], 8080, "UDP", False),
        ([{"port": 8080, "protocol": "UDP"}], 8080, "UDP", True),
        ([{"port": 8000, "endPort": 8100}], 8100, "TCP", True),
        ([{"port": 8000, "endPort": 8100}], 8101, "TCP", False),
        ([{"port": "web"}], 8080, "TCP", True),
        ([{"port": "admin"}], 8080, "TCP", False),
        ([{"protocol": "TCP"}], 1, "TCP", True),
        ([{"port": 8080}], None, "TCP", False),
        (None, None, "TCP", True),
    ],
)
def test_ports(ports: Any, port: int | None, protocol: str, passes: bool) -> None:
    assert allowed(ingress({"namespaceSelector": {}}, ports=ports), port=port, protocol=protocol) is passes


def test_a_policy_holds_for_the_pods_that_it_selects() -> None:
    only_db = policy(podSelector={"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["web"]}]})
    assert allowed(only_db)
    assert not ask(plan(world(only_db)), "out", "db").allowed


@pytest.mark.parametrize(
    ("operator", "values", "labels", "holds"),
    [
        ("In", ["x"], {"k": "x"}, True), ("In", ["x"], {}, False), ("NotIn", ["x"], {}, True),
        ("NotIn", ["x"], {"k": "x"}, False), ("Exists", [], {"k": ""}, True), ("DoesNotExist", [], {"k": ""}, False),
    ],
)  # fmt: skip
def test_match_expressions(operator: str, values: list[str], labels: dict[str, str], holds: bool) -> None:
    found = selector({"matchExpressions": [{"key": "k", "operator": operator, "values": values}]})
    assert found.selects(labels) is holds


def test_a_users_policy_opens_what_the_slices_own_closes() -> None:
    assert not ask(plan(world(isolated=True)), "out", "web").allowed
    opened = plan(world(ingress({"namespaceSelector": {"matchLabels": {"team": "blue"}}}), isolated=True))
    assert ask(opened, "out", "web").allowed
    told = {warning.id: warning.message for warning in opened.warnings}
    assert told.keys() == {"net-pol-added", "net-pol-scope-widened"}
    assert "other" in told["net-pol-scope-widened"]


def test_private_addresses_widen_too_and_public_ones_do_not() -> None:
    def told(cidr: str) -> set[str]:
        return {warning.id for warning in plan(world(ingress({"ipBlock": {"cidr": cidr}}))).warnings}

    assert told("10.0.0.0/8") == {"net-pol-added", "net-pol-scope-widened"}
    assert told("203.0.113.0/24") == {"net-pol-added"}


def test_closing_egress_without_dns_is_said() -> None:
    def told(*rules: Any) -> set[str]:
        return {warning.id for warning in plan(world(policy(policyTypes=["Egress"], egress=list(rules)))).warnings}

    assert "net-pol-no-dns" in told()
    assert "net-pol-no-dns" in told({"to": [{"podSelector": {}}]})
    assert "net-pol-no-dns" not in told({"ports": [{"port": 53, "protocol": "UDP"}]})
    assert "net-pol-no-dns" not in told({"to": [{"namespaceSelector": {}}]})


def test_nothing_filters_the_overlay() -> None:
    found = plan(world(policy(policyTypes=["Ingress", "Egress"])))
    (db,) = (pod for pod in found.pods if pod.workload == "db")
    assert reach(found, "app/web@a", str(db.nsm_ip)).allowed
    assert not reach(found, "app/web@a", str(db.pod_ip)).allowed
    answer = reach(found, "other/out@a", "app/web@a")
    assert answer.reason == "NetworkPolicy app/p lets app/web-0@a not hear from other/out-0@a"
