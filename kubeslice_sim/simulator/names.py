"""Names: what a pod's resolver answers, as its sidecar, the cluster's KubeSlice DNS and the cluster's own do.

Addresses come in the order of the service's endpoints, as in KubeSlice DNS, and no client changes it: of RFC 6724 only
rule 9 could, and glibc applies that to IPv4 only within the own interface's network, Go not at all.
What stands in several services at once (an alias that two slices of a cluster share) KubeSlice DNS answers service by
service in random order (Go's maps); here it is that of the slices.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address

import simpy

from kubeslice_sim.simulator.costs import Costs
from kubeslice_sim.simulator.network import Network, Pod

Addresses = tuple[IPv4Address, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The addresses (none: the name is not known) and how long the answer took."""

    addresses: Addresses
    took_s: float
    cached: bool = False


class Resolver:
    """Answers names for pods. ``cluster_names``: cluster → what its own DNS knows."""

    def __init__(
        self, env: simpy.Environment, network: Network, costs: Costs, ttl_s: float,
        cluster_names: Mapping[str, Mapping[str, Addresses]],
    ) -> None:  # fmt: skip
        self._env = env
        self._network = network
        self._costs = costs
        self._ttl_s = ttl_s
        self._cluster_names = cluster_names
        self._cache: dict[tuple[Pod, int, str], tuple[float, Addresses]] = {}

    def ask(self, pod: Pod, name: str, noise_s: float = 0.0) -> Reply:
        """What ``pod`` gets for ``name`` now.

        In a slice: the cache of its sidecar (it keeps answers that hold an address, for the TTL), then KubeSlice DNS,
        then the cluster's. A dead KubeSlice DNS costs its timeout first. CoreDNS lowers the question, not its records
        (reference 7), so a name with capitals is never found there.
        """
        question = (pod, pod.life, name)
        until_s, kept = self._cache.get(question, (0.0, ()))
        if self._env.now < until_s:
            return Reply(addresses=kept, took_s=self._costs.dns_cached_s + noise_s, cached=True)
        took_s = self._costs.dns_answer_s + noise_s
        if pod.nsm:
            server = self._network.nameserver(pod.cluster)
            if not server.answers:
                took_s += self._costs.dns_timeout_s
            else:
                found = server.records.get(name.lower(), ())
                if found:
                    self._cache[question] = (self._env.now + self._ttl_s, found)
                    return Reply(addresses=found, took_s=took_s)
                took_s += self._costs.dns_answer_s
        return Reply(addresses=self._cluster_names.get(pod.cluster, {}).get(name.lower(), ()), took_s=took_s)


def who_is(network: Network, asker: Pod, addresses: Iterable[IPv4Address]) -> str:
    """The pods behind addresses as ``asker`` reaches them: ``ns/pod@cluster,…``, sorted; unknown addresses as such."""
    found = []
    for address in addresses:
        local = network.pods_by_ip.get((asker.cluster, address))
        owners = (network.owners.get((slice_, address)) for slice_ in asker.nsm)
        found.append(next(filter(None, owners), None) or (local.reference if local else str(address)))
    return ",".join(sorted(found))
