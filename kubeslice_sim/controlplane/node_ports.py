"""Node ports: what an API server gives a Service that asks for one.

A real API server picks at random; this one picks what the planner would, so that a run can be repeated and compared.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kubeslice_sim.controlplane.built_in import GATEWAY_OWNER_LABEL, SLICE_LABEL, node_port, with_spec
from kubeslice_sim.controlplane.store import Store
from kubeslice_sim.model.kubernetes import KubernetesObject
from kubeslice_sim.model.slice_config import SliceConfig
from kubeslice_sim.model.slice_gateway import SliceGateway
from kubeslice_sim.model.slice_topology import SliceTopology
from kubeslice_sim.model.worker_slice_config import WorkerSliceConfig
from kubeslice_sim.model.world import World
from kubeslice_sim.planner import names
from kubeslice_sim.planner.history import History, SliceHistory
from kubeslice_sim.planner.objects_gateway import gateway_count
from kubeslice_sim.planner.pairings import Pairing
from kubeslice_sim.planner.ports import FIRST_NODE_PORT, NodePorts


class NodePortAllocator:
    """Fills in the node ports of new Services. It looks at the hub for what no single worker knows: slots."""

    def __init__(self, world: World, hub: Store) -> None:
        self._world = world
        self._hub = hub
        self._rank = {config.metadata.name: index for index, config in enumerate(world.slices)}

    def complete(self, item: Any, store: Store) -> Any:
        """The object as the API server stores it."""
        if not isinstance(item, KubernetesObject) or item.kind != "Service" or item.spec.get("type") != "NodePort":
            return item
        if node_port(item):
            return item
        ports = [dict(port) for port in item.spec.get("ports") or ()]
        taken = {node_port(service) for service in store.view.objects("Service")}
        for port in ports:
            port["nodePort"] = self._gateway_port(item, store)
            if port["nodePort"] in (0, *taken):
                port["nodePort"] = next(number for number in range(FIRST_NODE_PORT, 65536) if number not in taken)
            taken.add(port["nodePort"])
        return with_spec(item, ports=ports)

    def _gateway_port(self, service: KubernetesObject, store: Store) -> int:
        """The port that the planner gives a slice gateway's Service; 0 for any other Service."""
        gateway = _gateway_of(service, store)
        if gateway is None:
            return 0
        config = gateway.status.config
        deployment = service.metadata.name.removeprefix(names.gateway_service(""))
        instance = int(deployment.removeprefix(gateway.metadata.name + "-").split("-")[0])
        pairings, history = self._past(store)
        shapes = {item.spec.slice: item for item in self._hub.view.list(SliceTopology)}
        planner = NodePorts(self._world, self._configs(), pairings, history, shapes)
        return planner.take(config.slice_name, store.cluster, deployment, self._slot(config), instance)

    def _slot(self, config: Any) -> int:
        wanted = names.worker_slice_config(config.slice_name, config.slice_gateway_remote_cluster_id)
        return next((item.spec.octet or 0 for item in self._hub.view.named(WorkerSliceConfig, wanted)), 0)

    def _configs(self) -> list[SliceConfig]:
        """The slices in the order in which they were made."""
        last = len(self._rank)
        return sorted(
            self._hub.view.list(SliceConfig),
            key=lambda item: (
                item.metadata.creation_timestamp or "", self._rank.get(item.metadata.name, last), item.metadata.name
            ),
        )  # fmt: skip

    def _past(self, store: Store) -> tuple[Iterable[Pairing], History]:
        """The gateway ports that the cluster's Services have already."""
        pairings: dict[str, Pairing] = {}
        history = History()
        for service in store.view.objects("Service", names.SYSTEM_NAMESPACE):
            gateway = _gateway_of(service, store)
            if gateway is None or not node_port(service):
                continue
            config = gateway.status.config
            pairings[gateway.metadata.name] = Pairing(
                slice=config.slice_name,
                server=store.cluster,
                client=config.slice_gateway_remote_cluster_id,
                gateways=gateway_count(gateway.metadata),
            )
            past = history.slices.setdefault(config.slice_name, SliceHistory())
            past.node_ports[service.metadata.name.removeprefix(names.gateway_service(""))] = node_port(service)
        return pairings.values(), history


def _gateway_of(service: KubernetesObject, store: Store) -> SliceGateway | None:
    name = service.metadata.labels.get(GATEWAY_OWNER_LABEL)
    if name is None or SLICE_LABEL not in service.metadata.labels:
        return None
    return store.view.get(SliceGateway, names.SYSTEM_NAMESPACE, name)
