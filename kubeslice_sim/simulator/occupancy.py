"""Occupancy: rows of how busy the shared parts of the paths were in the fluid engine, second by second."""

from __future__ import annotations

from kubeslice_sim.model.metric import RESOURCES
from kubeslice_sim.simulator.bulk import INTERVAL_S
from kubeslice_sim.simulator.resource import resource_name
from kubeslice_sim.simulator.scene import Play, Scene
from kubeslice_sim.simulator.way import ResourceKey


def occupancy(scene: Scene, end_s: float) -> Play:
    """Rows at the end of every second until ``end_s`` for each resource that flows crossed at any time before.

    The queue is its mean over the window's cycle, drops are those of datagrams that were too much; both are told of
    resources that were full at a time. TCP's own few drops and requests of a packet or two are not in them.
    """
    flows, seq = scene.flows, 0
    before: dict[ResourceKey, tuple[float, float]] = {}
    ever_full: set[ResourceKey] = set()
    while scene.env.now < end_s - 1e-9:
        since_s = scene.env.now
        yield scene.env.timeout(min(INTERVAL_S, end_s - since_s))
        elapsed_s = scene.env.now - since_s
        for key, work, dropped in flows.work_done():
            work_before, dropped_before = before.get(key, (0.0, 0.0))
            before[key] = work, dropped
            capacity = _capacity(scene, key)
            figures = {"utilisation": min(1.0, (work - work_before) / (capacity * elapsed_s)) if capacity else 0.0}
            queue_s = flows.mean_queue_s(key) if capacity else 0.0
            if key in ever_full or queue_s > 0.0 or dropped > dropped_before:
                ever_full.add(key)
                if key[0] != "cpu":
                    figures["queue_bytes"] = queue_s * capacity / 8.0
                figures["drops"] = round(dropped) - round(dropped_before)
            for metric, value in figures.items():
                scene.rows.add(metric, value, at_s=scene.env.now, probe=RESOURCES, seq=seq, src_cluster=key[1],
                               src=resource_name(key))  # fmt: skip
        seq += 1


def _capacity(scene: Scene, key: ResourceKey) -> float:
    try:
        return scene.flows.capacity(key)
    except KeyError:
        return 0.0  # its device is gone
