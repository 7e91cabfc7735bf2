"""Users' NetworkPolicies as the nodes keep them: for each pod and direction, which addresses and ports pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network
from typing import Literal, cast

from emulator.firewall import Allow, PortRange
from kubeslice_sim.planner.network_policy import Peer, PolicyDirection, PolicyPort, PolicyRule, UserPolicyPlan
from kubeslice_sim.planner.plan import PodPlan
from kubeslice_sim.planner.policy_rules import PolicyRules


def allowed_by_users(
    rules: PolicyRules, pod: PodPlan, direction: PolicyDirection, present: Sequence[PodPlan]
) -> tuple[Allow, ...] | None:
    """What the policies that select the pod let through; None where none of them governs that direction.

    ``present``: the pods of the cluster that selectors may stand for.
    """
    policies = rules.users(pod, direction)
    if not policies:
        return None
    return tuple(
        allow
        for policy in policies
        for rule in policy.rules(direction) or ()
        for allow in _allows(rules, policy, rule, pod, direction, present)
    )


def _allows(
    rules: PolicyRules,
    policy: UserPolicyPlan,
    rule: PolicyRule,
    pod: PodPlan,
    direction: PolicyDirection,
    present: Sequence[PodPlan],
) -> Iterator[Allow]:
    named = any(port.name for port in rule.ports)
    if direction == "egress" and named:
        # A named port has the number that each target gives it.
        for target in present:
            if not rule.peers or any(rules.matches(peer, policy, target) for peer in rule.peers):
                yield from _allow((IPv4Network(target.pod_ip),), _ports(rules, rule.ports, target), rule)
        return
    peers = None if not rule.peers else tuple(_networks(rules, policy, rule.peers, present))
    yield from _allow(peers, _ports(rules, rule.ports, pod), rule)


def _allow(peers: tuple[IPv4Network, ...] | None, ports: tuple[PortRange, ...], rule: PolicyRule) -> Iterator[Allow]:
    if ports or not rule.ports:  # a rule whose named ports nobody has lets nothing through
        yield Allow(peers=peers, ports=ports)


def _ports(rules: PolicyRules, ports: Sequence[PolicyPort], target: PodPlan) -> tuple[PortRange, ...]:
    found = []
    for port in ports:
        protocol = cast(Literal["tcp", "udp", "sctp"], port.protocol.lower())
        if port.name:
            found += [PortRange(protocol=protocol, first=number) for number in rules.ports_of(port, target)]
        else:
            last = port.last if port.last != port.first else None
            found.append(PortRange(protocol=protocol, first=port.first, last=last))
    return tuple(found)


def _networks(
    rules: PolicyRules, policy: UserPolicyPlan, peers: Sequence[Peer], present: Sequence[PodPlan]
) -> Iterator[IPv4Network]:
    for peer in peers:
        if peer.block is not None:
            yield from _without(peer.block, peer.excepts)
        else:
            yield from (IPv4Network(other.pod_ip) for other in present if rules.matches(peer, policy, other))


def _without(block: IPv4Network, excepts: Sequence[IPv4Network]) -> list[IPv4Network]:
    left = [block]
    for hole in excepts:
        left = [
            part
            for net in left
            for part in (net.address_exclude(hole) if hole.subnet_of(net) else [] if net.subnet_of(hole) else [net])
        ]
    return left
