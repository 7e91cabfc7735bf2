"""Watching the links: rows for how busy each was, second by second."""

from __future__ import annotations

from kubeslice_sim.model.metric import RESOURCES
from kubeslice_sim.simulator.bulk import INTERVAL_S
from kubeslice_sim.simulator.packet.meter import Meter
from kubeslice_sim.simulator.packet.world import PacketWorld
from kubeslice_sim.simulator.resource import resource_name
from kubeslice_sim.simulator.scene import Play, Scene


def watch(scene: Scene, world: PacketWorld, end_s: float) -> Play:
    """Rows at the end of every second until ``end_s`` for each link that carried packets at any time before."""
    meter, seq = Meter(world), 0
    while scene.env.now < end_s - 1e-9:
        yield scene.env.timeout(min(INTERVAL_S, end_s - scene.env.now))
        for link in meter.read():
            cluster = link.resource[1]
            figures = {"utilisation": link.utilisation, "queue_bytes": link.queue_bytes, "drops": link.drops}
            for metric, value in figures.items():
                if value is not None:
                    scene.rows.add(metric, value, at_s=scene.env.now, probe=RESOURCES, seq=seq, src_cluster=cluster,
                                   src=resource_name(link.resource))  # fmt: skip
        seq += 1
