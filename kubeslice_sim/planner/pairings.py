"""Pairings: which clusters of a slice are joined, who serves and who dials."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kubeslice_sim.model.slice_config import SliceConfig
from kubeslice_sim.model.slice_topology import SliceTopology
from kubeslice_sim.planner import names
from kubeslice_sim.planner.history import SliceHistory
from kubeslice_sim.planner.topology import NUMBER_OF_GATEWAYS, edges_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """Two clusters of a slice that are to be joined by so many tunnels."""

    slice: str
    server: str
    client: str
    gateways: int = NUMBER_OF_GATEWAYS

    def deployments(self, cluster: str) -> tuple[str, ...]:
        """The gateway pods of one of the two, instance by instance."""
        peer = self.client if cluster == self.server else self.server
        gateway = names.gateway(self.slice, cluster, peer)
        return tuple(names.gateway_deployment(gateway, instance) for instance in range(self.gateways))


def choose_server(first: str, second: str, held: Mapping[frozenset[str], str]) -> tuple[str, str]:
    """(server, client) of a pair, given with the one first that serves where the pair is new.

    A pair that exists keeps its roles, however the list is re-ordered and whoever becomes a hub
    (kubeslice-controller service/worker_slice_gateway_service.go createMinimumGatewaysIfNotExists).
    """
    server = held.get(frozenset((first, second)), first)
    return server, second if server == first else first


def pair_clusters(
    config: SliceConfig, history: SliceHistory, shape: SliceTopology | None = None
) -> tuple[Pairing, ...]:
    """Every pair of the slice's topology, with the roles that it has or will get."""
    pairings = []
    for edge in edges_of(config, shape):
        server, client = choose_server(edge.server, edge.client, history.servers)
        pairings.append(Pairing(slice=config.metadata.name, server=server, client=client, gateways=edge.gateways))
    return tuple(pairings)
