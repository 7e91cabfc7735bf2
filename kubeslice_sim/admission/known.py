"""Known: everything that a scenario may name, and what was meant where it names something else."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kubeslice_sim.admission.rule import Finding, Request
from kubeslice_sim.model.cluster import Cluster
from kubeslice_sim.model.document import CLUSTERS_ANNOTATION, ObjectKey, ObjectMeta, placement
from kubeslice_sim.model.field_path import FieldPath
from kubeslice_sim.model.frozen import FrozenMap
from kubeslice_sim.model.kubernetes import WORKLOAD_KINDS
from kubeslice_sim.model.node_name import app_node, gateway_node
from kubeslice_sim.model.reference import CLUSTER_DOMAIN, SERVICE_DOMAIN, is_address, port_number, split_port
from kubeslice_sim.model.scenario import Scenario
from kubeslice_sim.model.suggest import meant
from kubeslice_sim.model.underlay import Underlay

_POD_ORDINAL = re.compile(r"(.+)-[0-9]+")
_HOST = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What stands in the world, or comes into it by the scenario's own timeline."""

    clusters: tuple[str, ...]
    slices: Mapping[str, tuple[str, ...]]
    workloads: Mapping[str, frozenset[str]]
    names: frozenset[str]
    nodes: Mapping[str, tuple[str, ...]]

    def source(self, text: str, path: FieldPath) -> Iterator[Finding]:
        """What is wrong with ``namespace/workload[@cluster]``."""
        what, at, cluster = text.partition("@")
        namespace, slash, name = what.partition("/")
        if not (slash and namespace and name) or "/" in name or (at and not cluster):
            yield Finding(path, f'"{text}" names no workload', "write it as namespace/workload@cluster")
            return
        homes = self._homes(what)
        if homes is None:
            about = (ObjectKey("", namespace, name),)
            hint = meant(what, self.workloads, "add a Deployment, StatefulSet or Pod")
            yield Finding(path, f"there is no workload {what}", hint, about)
        if cluster and cluster not in self.clusters:
            yield from self.cluster(cluster, path)
        elif cluster and homes is not None and cluster not in homes:
            about = (ObjectKey("", namespace, name),)
            where = f"it runs on {', '.join(sorted(homes))}" if homes else "it runs nowhere"
            yield Finding(path, f"{what} does not run on {cluster}", where, about)

    def target(self, text: str, path: FieldPath, *, must_resolve: bool = True) -> Iterator[Finding]:
        """What is wrong with ``name[:port]``: a workload, an address or a DNS name."""
        host, port = split_port(text)
        if port is not None and port_number(port) is None:
            yield Finding(path, f'"{port}" is no port', "a port lies between 1 and 65535")
        if "/" in host:
            yield from self.source(host, path)
        elif not is_address(host):
            yield from self.dns_name(host, path, must_resolve=must_resolve)

    def dns_name(self, name: str, path: FieldPath, *, must_resolve: bool = True) -> Iterator[Finding]:
        """What is wrong with a DNS name: no such name at all, or a slice's name that nobody exports."""
        lowered = name.lower()
        if not _HOST.fullmatch(name):
            hint = meant(name, self.names, "a DNS name, an IP address or namespace/workload@cluster")
            yield Finding(path, f'"{name}" is nothing that can be reached', hint)
        elif must_resolve and lowered.endswith((SERVICE_DOMAIN, CLUSTER_DOMAIN)) and not self._answers(lowered):
            service, _, rest = lowered.partition(".")
            about = (ObjectKey("ServiceExport", rest.partition(".")[0], service),)
            what = "exported by nobody" if lowered.endswith(SERVICE_DOMAIN) else "the name of no Service"
            yield Finding(path, f"{name} is {what}", meant(lowered, self.names, "add a ServiceExport"), about)

    def cluster(self, name: str, path: FieldPath, besides: tuple[str, ...] = ()) -> Iterator[Finding]:
        """What is wrong with a cluster's name; ``besides``: what may stand there too."""
        named = (*self.clusters, *besides)
        if name not in named:
            about = (ObjectKey("Cluster", "", name),)
            yield Finding(path, f"there is no cluster {name}", meant(name, named), about)

    def member(self, slice_name: str, cluster: str, path: FieldPath) -> Iterator[Finding]:
        """What is wrong with a cluster that should be a member of a slice."""
        members = self.slices.get(slice_name)
        if cluster not in self.clusters:
            yield from self.cluster(cluster, path)
        elif members is not None and cluster not in members:
            about = (ObjectKey("SliceConfig", "", slice_name),)
            message = f"the cluster {cluster} is not a part of the slice {slice_name}"
            yield Finding(path, message, meant(cluster, members), about)

    def node(self, cluster: str, name: str, path: FieldPath) -> Iterator[Finding]:
        """What is wrong with a node's name; a cluster that is not known is told elsewhere."""
        known = self.nodes.get(cluster)
        if known is not None and name not in known:
            about = (ObjectKey("Cluster", "", cluster),)
            yield Finding(path, f"{cluster} has no node {name}", meant(name, known), about)

    def slice(self, name: str, path: FieldPath) -> Iterator[Finding]:
        """What is wrong with a slice's name."""
        if name not in self.slices:
            about = (ObjectKey("SliceConfig", "", name),)
            yield Finding(path, f"there is no slice {name}", meant(name, self.slices), about)

    def _answers(self, name: str) -> bool:
        """Whether a service has the name, or one of its endpoints (``pod.cluster.`` or ``pod.`` before its name)."""
        labels = name.split(".")
        return any(".".join(labels[skip:]) in self.names for skip in range(3))

    def _homes(self, what: str) -> frozenset[str] | None:
        found = self.workloads.get(what)
        ordinal = _POD_ORDINAL.fullmatch(what)
        return self.workloads.get(ordinal[1]) if found is None and ordinal else found


def known_to(request: Request) -> Known:
    """What the scenario of a request may name."""
    scenario: Scenario = request.document
    applied = [item for step in scenario.spec.timeline for item in step.apply]
    clusters = [item.metadata.name for item in request.state.all("Cluster")]
    clusters += [_name(item) for item in applied if item.get("kind") == "Cluster"]
    slices = {item.metadata.name: item.spec.clusters for item in request.state.all("SliceConfig")}
    for item in applied:
        if item.get("kind") == "SliceConfig":
            wished = tuple(str(name) for name in _texts(_part(item, "spec").get("clusters")))
            slices[_name(item)] = tuple(dict.fromkeys((*slices.get(_name(item), ()), *wished)))
    workloads: dict[str, frozenset[str]] = {}
    for kind in WORKLOAD_KINDS:
        for item in request.state.all(kind):
            key = f"{item.metadata.namespace}/{item.metadata.name}"
            workloads[key] = workloads.get(key, frozenset()) | _spread(placement(item.metadata), clusters)
    for item in applied:
        if item.get("kind") in WORKLOAD_KINDS:
            key = f"{_part(item, 'metadata').get('namespace')}/{_name(item)}"
            wanted = str(_part(_part(item, "metadata"), "annotations").get(CLUSTERS_ANNOTATION, "*"))
            placed = _spread(tuple(part.strip() for part in wanted.split(",")), clusters)
            workloads[key] = workloads.get(key, frozenset()) | placed
    return Known(
        clusters=tuple(clusters), slices=slices, workloads=workloads, names=frozenset(_dns_names(request, applied)),
        nodes={item.metadata.name: _nodes(item, request) for item in request.state.all("Cluster")},
    )  # fmt: skip


def _nodes(cluster: Cluster, request: Request) -> tuple[str, ...]:
    """The names that a plan gives the cluster's nodes: a gateway node at each node IP, whoever gives those."""
    name = cluster.metadata.name
    underlay = next(iter(request.state.all("Underlay")), Underlay(metadata=ObjectMeta(name=""))).cluster(name)
    reported = cluster.status.node_ips if cluster.status is not None else ()
    gateways = max(underlay.gateway_nodes, *map(len, (cluster.spec.node_ips, reported, underlay.node_ips)))
    return (
        *(gateway_node(name, ordinal + 1) for ordinal in range(gateways)),
        *(app_node(name, ordinal + 1) for ordinal in range(underlay.app_nodes)),
    )


def _dns_names(request: Request, applied: list[FrozenMap[Any]]) -> Iterator[str]:
    for export in request.state.all("ServiceExport"):
        service = f"{export.metadata.name}.{export.metadata.namespace}.{SERVICE_DOMAIN}"
        yield service
        yield from (alias.lower() for alias in export.spec.aliases)
    for item in request.state.all("Service"):
        yield f"{item.metadata.name}.{item.metadata.namespace}.{CLUSTER_DOMAIN}"
    for item in applied:
        domain = {"ServiceExport": SERVICE_DOMAIN, "Service": CLUSTER_DOMAIN}.get(str(item.get("kind")))
        if domain:
            yield f"{_name(item)}.{_part(item, 'metadata').get('namespace')}.{domain}"
            yield from (str(alias).lower() for alias in _texts(_part(item, "spec").get("aliases")))


def _spread(wanted: tuple[str, ...], clusters: list[str]) -> frozenset[str]:
    return frozenset(clusters if "*" in wanted else (name for name in wanted if name in clusters))


def _part(item: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A mapping inside an applied document, empty where the document has none (it may be wrong, but not here)."""
    part = item.get(name)
    return part if isinstance(part, Mapping) else {}


def _texts(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, list | tuple) else ()


def _name(item: Mapping[str, Any]) -> str:
    return str(_part(item, "metadata").get("name") or "")
