"""Our own rules on a SliceTopology: what no KubeSlice has, but must make sense all the same."""

from __future__ import annotations

from collections.abc import Iterator

from kubeslice_sim.admission.rule import Finding, Request, rule
from kubeslice_sim.admission.state import names
from kubeslice_sim.model.document import ObjectKey
from kubeslice_sim.model.field_path import FieldPath
from kubeslice_sim.model.slice_config import SliceConfig
from kubeslice_sim.model.slice_topology import SliceTopology
from kubeslice_sim.model.suggest import meant

_OURS = "kubeslice-sim"
_PROPOSED = "kubeslice-controller #284"


@rule("SliceTopology", source=_OURS)
def topology_slice_exists(request: Request) -> Iterator[Finding]:
    """The slice is in the world, and has a network."""
    wanted = request.document.spec.slice
    config = _slice(request)
    if config is None:
        known = names(request.state.all("SliceConfig"))
        about = (ObjectKey("SliceConfig", "", wanted),)
        yield Finding(("spec", "slice"), f"there is no slice {wanted}", meant(wanted, known, "add it"), about)
    elif config.spec.overlay_network_deployment_mode == "no-network":
        hint = "leave the SliceTopology out, or give the slice a network"
        yield Finding(("spec", "slice"), f"the slice {wanted} has no network to give a shape", hint, _about(config))


@rule("SliceTopology", source=_OURS)
def topology_once(request: Request) -> Iterator[Finding]:
    """A slice has at most one SliceTopology."""
    wanted = request.document.spec.slice
    for other in request.state.all("SliceTopology"):
        if other is request.document:
            return
        if other.spec.slice == wanted:
            message = f"a second SliceTopology for {wanted}: the first is {other.metadata.name}"
            yield Finding(("spec", "slice"), message, "write all of it in one document")
            return


@rule("SliceTopology", source=_OURS)
def topology_one_shape(request: Request) -> Iterator[Finding]:
    """The pairs are given in one way: by edges, by forbidden ones, or by the hubs of the SliceConfig."""
    spec = request.document.spec
    config = _slice(request)
    hubs = config.spec.topology if config is not None else None
    if hubs is not None and hubs.mode == "HubAndSpoke" and config is not None:
        for field, given in (("edges", spec.edges is not None), ("forbiddenEdges", bool(spec.forbidden_edges))):
            if given:
                message = f"the slice {config.metadata.name} is joined by hubs: its SliceConfig says what is joined"
                yield Finding(("spec", field), message, "leave one of the two out", _about(config))
    elif spec.edges is not None and spec.forbidden_edges:
        yield Finding(("spec", "forbiddenEdges"), "edges say already what is joined", "give edges or forbiddenEdges")


@rule("SliceTopology", source=_OURS)
def topology_clusters_exist(request: Request) -> Iterator[Finding]:
    """The clusters of edges and forbidden edges are in the world."""
    known = names(request.state.all("Cluster"))
    for path, name in _named(request.document):
        if name not in known:
            about = (ObjectKey("Cluster", "", name),)
            yield Finding(path, f"there is no cluster {name}", meant(name, known, "add a Cluster"), about)


@rule("SliceTopology", source=_OURS)
def topology_edges_once(request: Request) -> Iterator[Finding]:
    """An edge joins two different clusters, each pair once."""
    seen: dict[frozenset[str], int] = {}
    for index, edge in enumerate(request.document.spec.edges or ()):
        ends = frozenset(edge.between)
        at: FieldPath = ("spec", "edges", index, "between")
        if len(ends) == 1:
            yield Finding(at, f"joins {edge.between[0]} with itself", "name two clusters")
        elif ends in seen:
            message = f"a second edge between {' and '.join(edge.between)}: the first is edges[{seen[ends]}]"
            yield Finding(at, message, "gateways says how many tunnels one edge has")
        seen.setdefault(ends, index)
    for index, item in enumerate(request.document.spec.forbidden_edges):
        for place, target in enumerate(item.target_clusters):
            if target == item.source_cluster:
                at = ("spec", "forbiddenEdges", index, "targetClusters", place)
                yield Finding(at, f"{target} has no tunnel to itself anyway", "name another cluster")


@rule("SliceTopology", source=_OURS)
def topology_server_of_edge(request: Request) -> Iterator[Finding]:
    """The server of an edge is one of its two clusters."""
    for index, edge in enumerate(request.document.spec.edges or ()):
        if edge.server is not None and edge.server not in edge.between:
            hint = meant(edge.server, edge.between)
            yield Finding(("spec", "edges", index, "server"), f"{edge.server} is no end of this edge", hint)


@rule("SliceTopology", source=_PROPOSED)
def topology_subnets_suffice(request: Request) -> Iterator[Finding]:
    """Dynamic address management has a block for every cluster of the slice."""
    ipam, config = request.document.spec.ipam, _slice(request)
    members = len(dict.fromkeys(config.spec.clusters)) if config is not None else 0
    if config is not None and ipam.type == "Dynamic" and members > ipam.total_subnets:
        blocks = f"{ipam.total_subnets} of /{ipam.subnet_size}"
        message = f"no available subnets: a /16 holds {blocks}, for {members} clusters"
        hint = f"the largest that fit are /{ipam.largest_for(members)}"
        yield Finding(("spec", "ipam", "subnetSize"), message, hint, _about(config))


@rule("SliceTopology", source=_PROPOSED)
def topology_subnet_its_own(request: Request) -> Iterator[Finding]:
    """Of the slices of a project with dynamic address management, no two have the same sliceSubnet."""
    config = _slice(request)
    if config is None or request.document.spec.ipam.type != "Dynamic":
        return
    for other in request.state.all("SliceTopology"):
        if other is request.document:
            return
        peer = _slice_of(request, other) if other.spec.ipam.type == "Dynamic" else None
        if peer is None or peer is config or peer.metadata.namespace != config.metadata.namespace:
            continue
        if peer.spec.slice_subnet == config.spec.slice_subnet:
            message = f"the slice {peer.metadata.name} has {config.spec.slice_subnet} too, and both are Dynamic"
            yield Finding(
                ("spec", "ipam", "type"), message, "give one of the slices another sliceSubnet", _about(config, peer)
            )
            return


@rule("SliceTopology", source=_OURS, severity="warning")
def topology_edge_waits(request: Request) -> Iterator[Finding]:
    """Both clusters of an edge are in the slice."""
    config = _slice(request)
    known = names(request.state.all("Cluster"))
    for path, name in _named(request.document):
        if config is not None and name in known and name not in config.spec.clusters:
            message = f"{name} is not in the slice {config.metadata.name}: this means nothing until it joins"
            yield Finding(path, message, meant(name, config.spec.clusters), _about(config))


def _named(topology: SliceTopology) -> Iterator[tuple[FieldPath, str]]:
    for index, edge in enumerate(topology.spec.edges or ()):
        for side, name in enumerate(edge.between):
            yield ("spec", "edges", index, "between", side), name
    for index, item in enumerate(topology.spec.forbidden_edges):
        yield ("spec", "forbiddenEdges", index, "sourceCluster"), item.source_cluster
        for place, name in enumerate(item.target_clusters):
            yield ("spec", "forbiddenEdges", index, "targetClusters", place), name


def _slice(request: Request) -> SliceConfig | None:
    return _slice_of(request, request.document)


def _slice_of(request: Request, topology: SliceTopology) -> SliceConfig | None:
    for config in request.state.all("SliceConfig"):
        if config.metadata.name == topology.spec.slice:
            found: SliceConfig = config
            return found
    return None


def _about(*configs: SliceConfig) -> tuple[ObjectKey, ...]:
    return tuple(ObjectKey("SliceConfig", item.metadata.namespace, item.metadata.name) for item in configs)
