"""Stale names: how long a cluster's DNS went on answering with pods that were gone, or with a service taken back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from ipaddress import IPv4Address

from kubeslice_sim.controlplane.effects import ConnectPod, DisconnectPod, ServeNames, StartAppPod
from kubeslice_sim.controlplane.facts import NodeStopped, PodRunning, PodStopped
from kubeslice_sim.controlplane.finalizer import deleting
from kubeslice_sim.controlplane.journal import Entry, ObjectChange
from kubeslice_sim.model.service_export import ServiceExport
from kubeslice_sim.observe.history import StaleName

Pod = tuple[str, str, str]
"""Cluster, namespace and name."""


@dataclass(slots=True)
class _Names:
    served: dict[str, dict[str, tuple[IPv4Address, ...]]] = field(default_factory=dict)
    addresses: dict[Pod, IPv4Address] = field(default_factory=dict)
    open: dict[tuple[str, str, IPv4Address], tuple[float, str]] = field(default_factory=dict)
    found: list[StaleName] = field(default_factory=list)

    def gone(self, at_s: float, pod: Pod) -> None:
        """Whoever still answers with the pod is stale from now on."""
        address = self.addresses.get(pod)
        for cluster, records in self.served.items():
            for name, answers in records.items():
                if address is not None and address in answers:
                    self.open.setdefault((cluster, name, address), (at_s, f"{pod[1]}/{pod[2]}@{pod[0]}"))

    def back(self, at_s: float, pod: Pod) -> None:
        """The pod is there again: what answered with it is right again."""
        self._close(at_s, [key for key in self.open if key[2] == self.addresses.get(pod)])

    def serve(self, at_s: float, told: ServeNames) -> None:
        """A cluster's answers change."""
        self.served[told.cluster] = dict(told.records)
        self._close(at_s, [key for key in self.open
                           if key[0] == told.cluster and key[2] not in told.records.get(key[1], ())])  # fmt: skip

    def rest(self) -> Iterator[StaleName]:
        """What is stale to the end."""
        for (cluster, name, _), (at_s, pod) in self.open.items():
            yield StaleName(at_s=at_s, cluster=cluster, name=name, pod=pod, until_s=None)

    def _close(self, at_s: float, keys: Iterable[tuple[str, str, IPv4Address]]) -> None:
        for cluster, name, address in keys:
            began_s, pod = self.open.pop((cluster, name, address))
            self.found.append(StaleName(at_s=began_s, cluster=cluster, name=name, pod=pod, until_s=at_s))


def stale_names(entries: Iterable[tuple[float, Entry]]) -> tuple[StaleName, ...]:
    """Every stretch, in order of beginning. A pod is gone when it stops, leaves the slice or is exported no more."""
    names = _Names()
    nodes: dict[Pod, tuple[str, str]] = {}
    for at_s, entry in entries:
        match entry:
            case ConnectPod():
                pod = (entry.cluster, entry.namespace, entry.pod)
                names.addresses[pod] = entry.nsm_ip
                names.back(at_s, pod)
            case StartAppPod():
                nodes[entry.cluster, entry.namespace, entry.pod] = (entry.cluster, entry.node)
            case NodeStopped():
                for gone, node in nodes.items():
                    if node == (entry.cluster, entry.node):
                        names.gone(at_s, gone)
            case PodStopped() | DisconnectPod():
                names.gone(at_s, (entry.cluster, entry.namespace, entry.pod))
            case PodRunning():
                names.back(at_s, (entry.cluster, entry.namespace, entry.pod))
            case ServeNames():
                names.serve(at_s, entry)
            case ObjectChange():
                item = entry.change.item
                if isinstance(item, ServiceExport) and (entry.change.action == "DELETED" or deleting(item)):
                    for pod_told in item.status.pods:
                        names.gone(at_s, (entry.cluster, item.metadata.namespace, pod_told.name))
    return tuple(sorted([*names.found, *names.rest()], key=lambda row: (row.at_s, row.cluster, row.name, row.pod)))
