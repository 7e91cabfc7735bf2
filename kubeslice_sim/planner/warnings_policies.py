"""Warnings about users' NetworkPolicies: the events that worker-operator raises for them, and what they shut out."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network

from kubeslice_sim.planner.network_policy import NO_ADDRESSES, PolicyRule, Selector, UserPolicyPlan
from kubeslice_sim.planner.plan import MemberPlan, Plan, PlanWarning
from kubeslice_sim.planner.policy_rules import PolicyRules

_PRIVATE = tuple(map(IPv4Network, ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16")))
_DNS_NAMESPACES = ("kubeslice-system", "kube-system")


def policy_warnings(plan: Plan) -> Iterator[PlanWarning]:
    """Policy by policy; only those in application namespaces of a slice concern KubeSlice.

    As worker-operator pkg/networkpolicy/reconciler.go compares: ingress rules only, of a namespaceSelector only
    ``matchLabels``, of an ipBlock only its base address.
    """
    if not plan.network_policies:
        return
    rules = PolicyRules(plan)
    for policy in plan.network_policies:
        for member in (member for item in plan.slices for member in item.members):
            if member.cluster == policy.cluster and policy.namespace in member.application_namespaces:
                yield _warning("net-pol-added", policy, f"{member.slice} raises NetPolAdded: it is not its policy")
                yield from _widened(policy, member, rules)
        yield from _without_names(policy, plan, rules)


def _widened(policy: UserPolicyPlan, member: MemberPlan, rules: PolicyRules) -> Iterator[PlanWarning]:
    known = {*member.application_namespaces, *member.allowed_namespaces}
    peers = [peer for rule in policy.ingress or () for peer in rule.peers]
    for peer in peers:
        if peer.namespaces is not None:
            by_labels = Selector(labels=peer.namespaces.labels)
            strangers = [
                name
                for name in rules.namespaces(policy.cluster)
                if name not in known and by_labels.selects(rules.namespace_labels(policy.cluster, name))
            ]
            if strangers:
                told = f"NetPolScopeWidenedNamespace: it admits {', '.join(strangers)}, no namespace of {member.slice}"
                yield _warning("net-pol-scope-widened", policy, told)
        if peer.block is not None and any(peer.block.network_address in private for private in _PRIVATE):
            told = f"NetPolScopeWidenedIPBlock: it admits the private addresses {peer.block}"
            yield _warning("net-pol-scope-widened", policy, told)


def _without_names(policy: UserPolicyPlan, plan: Plan, rules: PolicyRules) -> Iterator[PlanWarning]:
    """A pod whose egress is closed must still reach its DNS servers, which are asked over eth0."""
    place = (policy.cluster, policy.namespace)
    if any((item.cluster, item.namespace) == place for found in plan.slices for item in found.policies):
        return  # the slice's own policy lets its pods ask
    for pod in (pod for pod in plan.pods if (pod.cluster, pod.namespace) == place):
        users = rules.users(pod, "egress")
        if policy in users[:1] and not any(
            _reaches_dns(rule, rules, item) for item in users for rule in item.egress or ()
        ):
            told = f"{pod.reference} may not ask any DNS server: no name resolves, not even those of its slice"
            yield _warning("net-pol-no-dns", policy, told)
            return


def _reaches_dns(rule: PolicyRule, rules: PolicyRules, policy: UserPolicyPlan) -> bool:
    ports = not rule.ports or any(
        port.protocol == "UDP" and (port.first is None or port.first <= 53 <= (port.last or port.first))
        for port in rule.ports
    )
    peers = not rule.peers or any(
        peer.block not in (None, NO_ADDRESSES)
        or (
            peer.namespaces is not None
            and any(peer.namespaces.selects(rules.namespace_labels(policy.cluster, name)) for name in _DNS_NAMESPACES)
        )
        for peer in rule.peers
    )
    return ports and peers


def _warning(kind: str, policy: UserPolicyPlan, message: str) -> PlanWarning:
    return PlanWarning(id=kind, subject=f"{policy.namespace}/{policy.name}@{policy.cluster}", message=message)
