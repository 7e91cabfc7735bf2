"""Network policies: the isolation of a slice's namespaces on the CNI, kept by the nodes."""

from __future__ import annotations

from ipaddress import IPv4Network

from emulator import nft
from emulator.fabric import Fabric
from emulator.firewall import Allow, PodPolicy, network_policies
from emulator.pods import AppPods
from kubeslice_sim.controlplane.effects import SetNetworkPolicy


class Policies:
    """The policies of every cluster. Its nodes drop what none of them allows; nodes and DNS always pass."""

    def __init__(self, fabric: Fabric, pods: AppPods) -> None:
        self._fabric = fabric
        self._pods = pods
        self._allowed: dict[str, dict[str, tuple[str, ...]]] = {}

    def set(self, effect: SetNetworkPolicy) -> None:
        """Install, change or remove the policy of one namespace."""
        policies = self._allowed.setdefault(effect.cluster, {})
        if effect.allowed_namespaces is None:
            policies.pop(effect.namespace, None)
        else:
            policies[effect.namespace] = effect.allowed_namespaces
        self._write(effect.cluster)

    def pods_changed(self, cluster: str) -> None:
        """Pods came or went: policies that name their namespaces hold for them too."""
        if self._allowed.get(cluster):
            self._write(cluster)

    def _write(self, cluster: str) -> None:
        plan = self._fabric.plan.cluster(cluster)
        system = (plan.dns_ip, self._fabric.cluster_dns_address(cluster))
        addresses = self._pods.addresses(cluster)
        rules = []
        for namespace, allowed in sorted(self._allowed[cluster].items()):
            friends = {namespace, *allowed}
            peers = {*system, *(ip for place, ip in addresses if place in friends)}
            allow = (Allow(peers=tuple(IPv4Network(ip) for ip in sorted(peers))),)
            rules += [PodPolicy(pod=ip, ingress=allow, egress=allow) for place, ip in addresses if place == namespace]
        for node in plan.nodes:
            nft.apply(self._fabric.nodes[node.name], network_policies(rules, place="node"))
