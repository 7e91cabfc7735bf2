"""NodePorts: where the servers of a cluster are reached from outside."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping

from kubeslice_sim.errors import BadInput
from kubeslice_sim.model.slice_config import SliceConfig
from kubeslice_sim.model.slice_topology import SliceTopology
from kubeslice_sim.model.world import World
from kubeslice_sim.planner.history import History
from kubeslice_sim.planner.members import has_network
from kubeslice_sim.planner.pairings import Pairing
from kubeslice_sim.planner.slots import slot_count
from kubeslice_sim.planner.topology import most_gateways

FIRST_NODE_PORT = 30000
LAST_NODE_PORT = 32767
"""Kubernetes' default ``--service-node-port-range``."""


class NodePorts:
    """Chooses NodePorts as no API server would: reproducibly. A real one picks at random.

    A slice has a range of its own with two ports (else as many as a pair has gateways) for each slot that a client may
    have, so that a new cluster changes nobody's port. Where that range is past the end or the port is taken, the lowest
    free port of the server's cluster serves. Ports that Services of the world ask for are left alone.
    """

    def __init__(
        self,
        world: World,
        configs: Iterable[SliceConfig],
        pairings: Iterable[Pairing],
        history: History,
        shapes: Mapping[str, SliceTopology] | None = None,
    ) -> None:
        self._shapes = shapes or {}
        self._starts = range_starts(configs, self._shapes)
        self._taken = {cluster: set(wanted_by_services(world, cluster)) for cluster in world.cluster_names}
        self._next = dict.fromkeys(self._taken, FIRST_NODE_PORT)
        self._kept: dict[tuple[str, str], int] = {}
        for pairing in pairings:
            past = history.slice(pairing.slice).node_ports
            for deployment in pairing.deployments(pairing.server):
                if deployment in past:
                    self._kept[pairing.slice, deployment] = past[deployment]
                    self._taken[pairing.server].add(past[deployment])

    def take(self, slice_: str, cluster: str, deployment: str, client_slot: int, instance: int) -> int:
        """The port of one server. Raises :exc:`BadInput` when the cluster has none left."""
        if (slice_, deployment) in self._kept:
            return self._kept[slice_, deployment]
        taken = self._taken[cluster]
        port = port_in_range(self._starts[slice_], self._shapes.get(slice_), client_slot, instance)
        if port > LAST_NODE_PORT or port in taken:
            port = lowest_free(cluster, taken, self._next[cluster])
            self._next[cluster] = port + 1
        taken.add(port)
        return port


def port_in_range(start: int, shape: SliceTopology | None, client_slot: int, instance: int) -> int:
    """The port of a server in its slice's range; it may lie past the end of what a cluster has, or be taken."""
    return start + client_slot * most_gateways(shape) + instance


def lowest_free(cluster: str, taken: Container[int], first: int = FIRST_NODE_PORT) -> int:
    """The lowest port from ``first`` upward that is not taken. Raises :exc:`BadInput` when there is none."""
    port = first
    while port in taken:
        port += 1
    if port > LAST_NODE_PORT:
        raise BadInput(
            f"{cluster} has no NodePort left in {FIRST_NODE_PORT}-{LAST_NODE_PORT} for another slice gateway; "
            "use fewer slices on it, or list it later so that other clusters serve"
        )
    return port


def range_starts(configs: Iterable[SliceConfig], shapes: Mapping[str, SliceTopology]) -> dict[str, int]:
    """Slice → the first port of its range, in the order of the slices; those without a network have none."""
    starts, start = {}, FIRST_NODE_PORT
    for config in configs:
        if has_network(config):
            starts[config.metadata.name] = start
            start += slot_count(config.spec.max_clusters) * most_gateways(shapes.get(config.metadata.name))
    return starts


def wanted_by_services(world: World, cluster: str) -> Iterable[int]:
    """The NodePorts that the world's own Services ask for on one cluster."""
    for item in world.objects:
        if item.kind == "Service" and cluster in world.placed(item.metadata):
            yield from (int(port["nodePort"]) for port in item.spec.get("ports") or () if port.get("nodePort"))
