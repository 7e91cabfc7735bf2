"""Shares: each slice's class on the NICs of a cluster's gateway nodes, as netops keeps them."""

from __future__ import annotations

from collections.abc import Iterator

from emulator.fabric import UPLINK, Fabric
from emulator.shaping import NodeShaper, PortMatch, PortSide, QueueCounters, SliceShape
from kubeslice_sim.controlplane.effects import SetQos


class Shares:
    """The HTB of every gateway node."""

    def __init__(self, fabric: Fabric) -> None:
        self._fabric = fabric
        self._shapers: dict[str, NodeShaper] = {}
        self._shapes: dict[str, dict[str, SliceShape]] = {}

    def set(self, effect: SetQos) -> None:
        """Install, change or remove a slice's class on every gateway node of the cluster."""
        shapes = self._shapes.setdefault(effect.cluster, {})
        if effect.qos is None or not effect.qos.shapes:
            shapes.pop(effect.slice, None)
        else:
            ports = {
                *(PortMatch(side=PortSide.SOURCE, port=port) for port in effect.source_ports),
                *(PortMatch(side=PortSide.DESTINATION, port=port) for port in effect.destination_ports),
            }
            shapes[effect.slice] = SliceShape(
                number=effect.qos.number,
                ceiling_bps=effect.qos.ceiling_bps,
                guaranteed_bps=effect.qos.guaranteed_bps,
                priority=effect.qos.priority,
                ports=tuple(sorted(ports)),
            )
        for node in self._fabric.plan.cluster(effect.cluster).gateway_nodes:
            shaper = self._shapers.get(node.name)
            if shaper is None:
                shaper = self._shapers[node.name] = NodeShaper(self._fabric.nodes[node.name], UPLINK)
            shaper.apply(shapes.values())

    def leaves(self) -> Iterator[tuple[str, str, str, int, QueueCounters]]:
        """Cluster, node, slice, its ceiling in bit/s and its leaf class's counters, for every share of every node."""
        for cluster, shapes in self._shapes.items():
            for node in self._fabric.plan.cluster(cluster).gateway_nodes if shapes else ():
                counters = {counter.name: counter for counter in self._shapers[node.name].counters()}
                for slice_, shape in shapes.items():
                    leaf = counters.get(f"htb {shape.leaf_class}")
                    if leaf is not None:
                        yield cluster, node.name, slice_, shape.ceiling_bps, leaf
