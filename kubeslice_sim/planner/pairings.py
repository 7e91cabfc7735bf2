"""Pairings: which clusters of a slice are joined, who serves and who dials."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

from kubeslice_sim.model.slice_config import SliceConfig
from kubeslice_sim.planner import names
from kubeslice_sim.planner.history import SliceHistory
from kubeslice_sim.planner.members import has_network, member_clusters

NUMBER_OF_GATEWAYS = 2
"""Tunnels per cluster pair (worker-operator main.go)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """Two clusters of a slice that are to be joined."""

    slice: str
    server: str
    client: str

    def deployments(self, cluster: str) -> tuple[str, ...]:
        """The gateway pods of one of the two, instance by instance."""
        peer = self.client if cluster == self.server else self.server
        gateway = names.gateway(self.slice, cluster, peer)
        return tuple(names.gateway_deployment(gateway, instance) for instance in range(NUMBER_OF_GATEWAYS))


def choose_server(first: str, second: str, held: Mapping[frozenset[str], str]) -> tuple[str, str]:
    """(server, client) of a pair, given in the order in which the SliceConfig lists them.

    The earlier listed serves; a pair that exists keeps its roles, however the list is re-ordered
    (kubeslice-controller service/worker_slice_gateway_service.go createMinimumGatewaysIfNotExists).
    """
    server = held.get(frozenset((first, second)), first)
    return server, second if server == first else first


def pair_clusters(config: SliceConfig, history: SliceHistory) -> tuple[Pairing, ...]:
    """Every pair of the full mesh, in the order of the SliceConfig's list."""
    if not has_network(config):
        return ()
    chosen = (choose_server(a, b, history.servers) for a, b in combinations(member_clusters(config), 2))
    return tuple(Pairing(slice=config.metadata.name, server=server, client=client) for server, client in chosen)
