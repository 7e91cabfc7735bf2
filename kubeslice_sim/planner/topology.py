"""Topology: which clusters of a slice are to be joined, who serves, by how many tunnels, and who relays for whom.

The rest of the planner asks here and counts nothing itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations

from kubeslice_sim.model.slice_config import SliceConfig
from kubeslice_sim.model.slice_topology import DEFAULT_GATEWAYS, SliceTopology, SliceTopologySpec
from kubeslice_sim.planner.members import has_network, member_clusters

NUMBER_OF_GATEWAYS = DEFAULT_GATEWAYS
"""Tunnels per cluster pair (worker-operator main.go)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """Two clusters that are to be joined. ``server``: who serves where the pair is new; ``gateways``: its tunnels."""

    server: str
    client: str
    gateways: int = NUMBER_OF_GATEWAYS


def edges_of(config: SliceConfig, shape: SliceTopology | None = None) -> tuple[Edge, ...]:
    """Every pair that the slice asks for, in the order in which KubeSlice makes them.

    As kubeslice-controller service/topology_resolver.go does (pull request 410): a full mesh of the listed clusters,
    of which the earlier serves; or hubs with every spoke, hub by hub, then hubs with each other. A hub serves its
    spokes wherever they stand in the list.

    ``shape``, which no KubeSlice has, says otherwise: the pairs that it names, or all but those that it forbids; who
    serves, where it says so; and how many gateways a pair has. The order stays that of the list.
    """
    if not has_network(config):
        return ()
    hubs = hubs_of(config)
    usual = _hub_edges(config, hubs) if hubs else _mesh_edges(config)
    return tuple(usual if shape is None else _shaped(usual, shape.spec))


def most_gateways(shape: SliceTopology | None) -> int:
    """The most gateways that a pair of the slice has at an end."""
    if shape is None:
        return NUMBER_OF_GATEWAYS
    return max(shape.spec.gateways_per_pair, *(edge.gateways or 0 for edge in (shape.spec.edges or ())), 0)


def hubs_of(config: SliceConfig) -> tuple[str, ...]:
    """The clusters that relay for the others; none in a full mesh."""
    topology = config.spec.topology
    if topology is None or topology.mode != "HubAndSpoke":
        return ()
    members = frozenset(config.spec.clusters)
    return tuple(hub for hub in dict.fromkeys(topology.hubs) if hub in members)


def routes_entire_slice(hubs: Collection[str], local: str, remote: str) -> bool:
    """Whether ``local`` sends all of the slice towards ``remote``: a spoke's gateways to a hub, never a hub's own."""
    return remote in hubs and local not in hubs


def _shaped(usual: Iterable[Edge], spec: SliceTopologySpec) -> Iterator[Edge]:
    """The usual pairs as our document changes them. A pair with a cluster that is no member waits for it."""
    named = {frozenset(edge.between): edge for edge in spec.edges or ()}
    forbidden = {frozenset((item.source_cluster, to)) for item in spec.forbidden_edges for to in item.target_clusters}
    for edge in usual:
        ends = frozenset((edge.server, edge.client))
        own = named.get(ends)
        if ends in forbidden or (spec.edges is not None and own is None):
            continue
        gateways = (own.gateways if own is not None else None) or spec.gateways_per_pair
        if own is not None and own.server == edge.client:
            yield Edge(server=edge.client, client=edge.server, gateways=gateways)
        else:
            yield Edge(server=edge.server, client=edge.client, gateways=gateways)


def _mesh_edges(config: SliceConfig) -> Iterator[Edge]:
    for server, client in combinations(member_clusters(config), 2):
        yield Edge(server=server, client=client)


def _hub_edges(config: SliceConfig, hubs: tuple[str, ...]) -> Iterator[Edge]:
    for hub in hubs:
        for spoke in member_clusters(config):
            if spoke not in hubs:
                yield Edge(server=hub, client=spoke)
    for server, client in combinations(hubs, 2):
        yield Edge(server=server, client=client)
