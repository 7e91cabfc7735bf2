"""Node ports: what an API server gives a Service that asks for one.

A real API server picks at random; this one picks what the planner would, so that a run can be repeated and compared.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from kubeslice_sim.controlplane.built_in import GATEWAY_OWNER_LABEL, SLICE_LABEL, node_port, with_spec
from kubeslice_sim.controlplane.refusal import Expired
from kubeslice_sim.controlplane.store import Store
from kubeslice_sim.model.document import ObjectKey
from kubeslice_sim.model.kubernetes import KubernetesObject
from kubeslice_sim.model.slice_config import SliceConfig
from kubeslice_sim.model.slice_gateway import SliceGateway
from kubeslice_sim.model.slice_topology import SliceTopology
from kubeslice_sim.model.worker_slice_config import WorkerSliceConfig
from kubeslice_sim.model.world import World
from kubeslice_sim.planner import names
from kubeslice_sim.planner.ports import LAST_NODE_PORT, lowest_free, port_in_range, range_starts, wanted_by_services


class NodePortAllocator:
    """Fills in the node ports of new Services. It looks at the hub for what no single worker knows: slots."""

    def __init__(self, world: World, hub: Store) -> None:
        self._world = world
        self._hub = hub
        self._rank = {config.metadata.name: index for index, config in enumerate(world.slices)}
        self._taken: dict[str, _TakenPorts] = {}
        self._seen: tuple[tuple[SliceConfig, ...], tuple[SliceTopology, ...]] = ((), ())
        self._starts: dict[str, int] = {}
        self._shapes: dict[str, SliceTopology] = {}

    def complete(self, item: Any, store: Store) -> Any:
        """The object as the API server stores it. Raises :exc:`BadInput` when the cluster has no port left."""
        if not isinstance(item, KubernetesObject) or item.kind != "Service" or item.spec.get("type") != "NodePort":
            return item
        if node_port(item):
            return item
        taken = self._taken_on(store)
        ports = [dict(port) for port in item.spec.get("ports") or ()]
        new: set[int] = set()
        for port in ports:
            number = self._gateway_port(item, store)
            if number in new or not taken.free(number):
                number = lowest_free(store.cluster, taken.with_these(new))
            port["nodePort"] = number
            new.add(number)
        return with_spec(item, ports=ports)

    def _gateway_port(self, service: KubernetesObject, store: Store) -> int:
        """The port that the planner gives a slice gateway's Service; 0 for any other Service."""
        gateway = _gateway_of(service, store)
        if gateway is None:
            return 0
        config = gateway.status.config
        deployment = service.metadata.name.removeprefix(names.gateway_service(""))
        instance = int(deployment.removeprefix(gateway.metadata.name + "-").split("-")[0])
        self._look_at_slices()
        start, shape = self._starts[config.slice_name], self._shapes.get(config.slice_name)
        return port_in_range(start, shape, self._slot(config), instance)

    def _slot(self, config: Any) -> int:
        wanted = names.worker_slice_config(config.slice_name, config.slice_gateway_remote_cluster_id)
        return next((item.spec.octet or 0 for item in self._hub.view.named(WorkerSliceConfig, wanted)), 0)

    def _look_at_slices(self) -> None:
        """Work the slices' ranges out anew if one of them is another than at the last look."""
        seen = self._hub.view.list(SliceConfig), self._hub.view.list(SliceTopology)
        if seen == self._seen:
            return
        last = len(self._rank)
        in_order = sorted(seen[0], key=lambda item: (
            item.metadata.creation_timestamp or "", self._rank.get(item.metadata.name, last), item.metadata.name
        ))  # fmt: skip
        self._seen = seen
        self._shapes = {item.spec.slice: item for item in seen[1]}
        self._starts = range_starts(in_order, self._shapes)

    def _taken_on(self, store: Store) -> _TakenPorts:
        taken = self._taken.get(store.cluster)
        if taken is None or not taken.follows(store):
            wanted = frozenset(wanted_by_services(self._world, store.cluster))
            taken = self._taken[store.cluster] = _TakenPorts(store, wanted)
        taken.look()
        return taken


class _TakenPorts:
    """The node ports of one cluster's Services, and those that Services of the world are still to ask for.

    It follows the store's log, so that a new Service costs what happened since the last, not a look at all of them.
    """

    def __init__(self, store: Store, wanted: frozenset[int]) -> None:
        self._store = store
        self._wanted = wanted
        self._sequence = 0
        self._held: dict[ObjectKey, tuple[int, ...]] = {}
        self._count: Counter[int] = Counter()

    def follows(self, store: Store) -> bool:
        """Whether this is the store's."""
        return self._store is store

    def look(self) -> None:
        """Take note of what is new in the log; of everything, where the log does not reach back."""
        try:
            for change in self._store.changes(self._sequence):
                if change.key.kind == "Service":
                    self._note(change.key, () if change.action == "DELETED" else _node_ports(change.item))
        except Expired:
            self._held.clear()
            self._count.clear()
            for item in self._store.view.objects("Service"):
                self._note(ObjectKey("Service", item.metadata.namespace, item.metadata.name), _node_ports(item))
        self._sequence = self._store.sequence

    def free(self, port: int) -> bool:
        """Whether a Service could have it."""
        return 0 < port <= LAST_NODE_PORT and self._count.get(port, 0) <= 0 and port not in self._wanted

    def with_these(self, more: set[int]) -> set[int]:
        """All that are taken, and these."""
        return {*(+self._count), *self._wanted, *more}

    def _note(self, key: ObjectKey, ports: tuple[int, ...]) -> None:
        self._count.subtract(self._held.pop(key, ()))
        if ports:
            self._held[key] = ports
            self._count.update(ports)


def _node_ports(service: KubernetesObject) -> tuple[int, ...]:
    return tuple(int(port["nodePort"]) for port in service.spec.get("ports") or () if port.get("nodePort"))


def _gateway_of(service: KubernetesObject, store: Store) -> SliceGateway | None:
    name = service.metadata.labels.get(GATEWAY_OWNER_LABEL)
    if name is None or SLICE_LABEL not in service.metadata.labels:
        return None
    return store.view.get(SliceGateway, names.SYSTEM_NAMESPACE, name)
