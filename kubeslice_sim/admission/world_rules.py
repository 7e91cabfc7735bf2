"""Our own rules on how the documents of a world fit together."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network, ip_network

from kubeslice_sim.admission.export import together
from kubeslice_sim.admission.rule import ANY_KIND, Finding, Request, rule
from kubeslice_sim.admission.slice_namespaces import APPLICATION, entries, is_default_slice, spread
from kubeslice_sim.admission.state import names
from kubeslice_sim.model.document import CLUSTERS_ANNOTATION, ObjectKey, key_of, placement
from kubeslice_sim.model.suggest import meant

_OURS = "kubeslice-sim"
_UNIQUE_IN_WORLD = ("Cluster", "SliceConfig")
_PLACED = ("ServiceExport", "Namespace", "Pod", "Service", "Deployment", "StatefulSet", "NetworkPolicy")


@rule(ANY_KIND, source=_OURS)
def name_unique(request: Request) -> Iterator[Finding]:
    """A name stands once per kind and namespace (and cluster); Clusters and slices have one name each in a world."""
    document = request.document
    key = key_of(document)
    across = key.kind in _UNIQUE_IN_WORLD
    for other in request.state.same_name(document, across):
        if other is document:
            return
        if key.kind not in _PLACED or together(other, document):
            elsewhere = key.namespace != other.metadata.namespace
            hint = "clusters and slices have one name each in a world" if elsewhere else "give one of them another name"
            where = f" (the first stands in {other.metadata.namespace})" if elsewhere else ""
            yield Finding(("metadata", "name"), f"a second {key.kind} is named {key.name}{where}", hint)
            return


@rule(ANY_KIND, source=_OURS)
def placement_exists(request: Request) -> Iterator[Finding]:
    """The clusters on which a document is placed are in the world."""
    if CLUSTERS_ANNOTATION not in request.document.metadata.annotations:
        return
    known = names(request.state.all("Cluster"))
    wanted = placement(request.document.metadata)
    path = ("metadata", "annotations", CLUSTERS_ANNOTATION)
    if not wanted:
        yield Finding(path, "names no cluster", 'worker names with commas between them, or "*"')
    for name in wanted:
        if name != "*" and name not in known:
            about = (ObjectKey("Cluster", "", name),)
            yield Finding(path, f"there is no cluster {name}", meant(name, known, "add a Cluster"), about)


@rule("SliceConfig", source=_OURS)
def namespace_in_one_slice(request: Request) -> Iterator[Finding]:
    """Of two slices that want a namespace of a cluster, the first in the world gets it."""
    config = request.document
    if is_default_slice(config.metadata.name):
        return
    taken: dict[tuple[str, str], str] = {}
    for other in request.state.all("SliceConfig", config.metadata.namespace):
        if other is config:
            break
        if not is_default_slice(other.metadata.name):
            for _, entry in entries(other, APPLICATION):
                for cluster in spread(other, entry):
                    taken.setdefault((cluster, entry.namespace), other.metadata.name)
    for path, entry in entries(config, APPLICATION):
        for cluster in spread(config, entry):
            holder = taken.get((cluster, entry.namespace))
            if holder and holder != config.metadata.name:
                about = (ObjectKey("SliceConfig", config.metadata.namespace, holder),)
                message = f"the namespace {entry.namespace} of {cluster} joins the slice {holder} already"
                yield Finding((*path, "namespace"), message, "a namespace joins one slice on a cluster", about)


@rule("Underlay", source=_OURS)
def underlay_clusters_exist(request: Request) -> Iterator[Finding]:
    """The clusters that the underlay describes or links are in the world."""
    known = names(request.state.all("Cluster"))
    spec = request.document.spec
    paths: list[tuple[tuple[str | int, ...], str]] = [(("spec", "clusters", name), name) for name in spec.clusters]
    for index, link in enumerate(spec.links):
        paths += [(("spec", "links", index, "between", side), name) for side, name in enumerate(link.between)]
    for path, name in paths:
        if name not in known:
            about = (ObjectKey("Cluster", "", name),)
            yield Finding(path, f"there is no cluster {name}", meant(name, known, "add a Cluster"), about)


@rule("Underlay", source=_OURS)
def underlay_links_once(request: Request) -> Iterator[Finding]:
    """A link joins two different clusters, each pair once."""
    seen: dict[frozenset[str], int] = {}
    for index, link in enumerate(request.document.spec.links):
        ends = frozenset(link.between)
        at = ("spec", "links", index, "between")
        if len(ends) == 1:
            yield Finding(at, f"links {link.between[0]} with itself", "name two clusters")
        elif ends in seen:
            message = f"a second link between {' and '.join(link.between)}: the first is links[{seen[ends]}]"
            yield Finding(at, message, "use forward and reverse in one link")
        seen.setdefault(ends, index)


@rule("Underlay", source=_OURS)
def underlay_networks(request: Request) -> Iterator[Finding]:
    """Pod and service networks are IPv4 networks; node IPs are addresses, one a gateway node at most."""
    for name, cluster in request.document.spec.clusters.items():
        for field, text in (("podCIDR", cluster.pod_cidr), ("serviceCIDR", cluster.service_cidr)):
            problem = _network_problem(text)
            if problem:
                hint = f"such as {_masked(text)}"
                yield Finding(("spec", "clusters", name, field), f'"{text}" {problem}', hint)
        for index, text in enumerate(cluster.node_ips):
            problem = _network_problem(f"{text}/32") if "/" not in text else "is no address"
            if problem:
                yield Finding(("spec", "clusters", name, "nodeIPs", index), f'"{text}" is no IPv4 address', "")


@rule("Underlay", source=_OURS)
def underlay_node_ips_apart(request: Request) -> Iterator[Finding]:
    """A node IP belongs to one node and lies in no pod network: others could not send to it."""
    clusters = request.document.spec.clusters
    pods = {name: network for name, item in clusters.items() if (network := _network(item.pod_cidr)) is not None}
    holder: dict[str, str] = {}
    for name, cluster in clusters.items():
        for index, text in enumerate(cluster.node_ips):
            at, address = ("spec", "clusters", name, "nodeIPs", index), _network(text)
            inside = [other for other, network in pods.items() if address is not None and address.subnet_of(network)]
            if text in cluster.node_ips[:index]:
                hint = "each gateway node has one of its own, in their order"
                yield Finding(at, f"{text} is the address of another node of {name}", hint)
            elif holder.setdefault(text, name) != name:
                yield Finding(at, f"{text} is a node of {holder[text]} too", "tunnels are dialled by node IP")
            elif inside:
                where = f"the pod network {pods[inside[0]]} of {inside[0]}"
                yield Finding(at, f"{text} lies in {where}", "pods there would look for it among themselves")


def _network(text: str) -> IPv4Network | None:
    try:
        return IPv4Network(text)
    except ValueError:
        return None


def _masked(text: str) -> str:
    try:
        return str(IPv4Network(text, strict=False))
    except ValueError:
        return "192.168.0.0/16"


def _network_problem(text: str) -> str:
    try:
        network = ip_network(text)
    except ValueError as error:
        return "has host bits set" if "host bits" in str(error) else "is no network"
    return "" if network.version == 4 else "is no IPv4 network"
