"""Network policies: the isolation of a slice's namespaces and the users' own policies on the CNI, kept by the nodes."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

from emulator import nft
from emulator.fabric import Fabric
from emulator.firewall import Allow, PodPolicy, network_policies
from emulator.pods import AppPods
from emulator.user_policies import allowed_by_users
from kubeslice_sim.controlplane.effects import SetNetworkPolicy
from kubeslice_sim.planner.network_policy import PolicyDirection, UserPolicyPlan
from kubeslice_sim.planner.policy_rules import PolicyRules


class Policies:
    """The policies of every cluster. Its nodes drop what none of them allows; nodes and DNS always pass.

    A user's policies hold for the pods that the world's plan has.
    """

    def __init__(self, fabric: Fabric, pods: AppPods) -> None:
        self._fabric = fabric
        self._pods = pods
        self._allowed: dict[str, dict[str, tuple[str, ...]]] = {}
        self._users = {policy.cluster for policy in fabric.plan.network_policies}
        self._rules = PolicyRules(fabric.plan)
        self._planned = {(pod.cluster, pod.pod_ip): pod for pod in fabric.plan.pods}

    def set(self, effect: SetNetworkPolicy) -> None:
        """Install, change or remove the policy of one namespace."""
        policies = self._allowed.setdefault(effect.cluster, {})
        if effect.allowed_namespaces is None:
            policies.pop(effect.namespace, None)
        else:
            policies[effect.namespace] = effect.allowed_namespaces
        self._write(effect.cluster)

    def follow(self, standing: tuple[UserPolicyPlan, ...]) -> None:
        """The users' policies are these from now on."""
        before = self._users
        self._users = {policy.cluster for policy in standing}
        self._rules = PolicyRules(replace(self._fabric.plan, network_policies=standing))
        for cluster in sorted(before | self._users):
            self._write(cluster)

    def pods_changed(self, cluster: str) -> None:
        """Pods came or went: policies that name their namespaces hold for them too."""
        if self._allowed.get(cluster) or cluster in self._users:
            self._write(cluster)

    def _write(self, cluster: str) -> None:
        plan = self._fabric.plan.cluster(cluster)
        system = tuple(IPv4Network(ip) for ip in (plan.dns_ip, self._fabric.cluster_dns_address(cluster)))
        policies = []
        for namespace, address in self._pods.addresses(cluster):
            ingress = self._allows(cluster, namespace, address, "ingress", system)
            egress = self._allows(cluster, namespace, address, "egress", system)
            if ingress is not None or egress is not None:
                policies.append(PodPolicy(pod=address, ingress=ingress, egress=egress))
        for node in plan.nodes:
            nft.apply(self._fabric.nodes[node.name], network_policies(policies, place="node"))

    def _allows(
        self,
        cluster: str,
        namespace: str,
        address: IPv4Address,
        direction: PolicyDirection,
        system: tuple[IPv4Network, ...],
    ) -> tuple[Allow, ...] | None:
        """What reaches a pod, or leaves it: all that any policy lets through; None where no policy governs it."""
        there = self._pods.addresses(cluster)
        friends = self._allowed.get(cluster, {}).get(namespace)
        pod = self._planned.get((cluster, address))
        present = [self._planned[cluster, ip] for _, ip in there if (cluster, ip) in self._planned]
        users = allowed_by_users(self._rules, pod, direction, present) if pod is not None else None
        if friends is None and users is None:
            return None
        peers = [] if friends is None else [ip for place, ip in there if place == namespace or place in friends]
        slices = Allow(peers=(*system, *(IPv4Network(ip) for ip in sorted(peers))))
        return (slices, *(users or ()))
