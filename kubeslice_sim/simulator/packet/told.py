"""What only packets tell: rows for retransmissions, reordering and latency."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kubeslice_sim.observe.probe import Probe
from kubeslice_sim.simulator.packet.histogram import BUCKETS, middle_s
from kubeslice_sim.simulator.packet.meter import Meter, bottleneck
from kubeslice_sim.simulator.packet.streams import PacketDatagrams, PacketStream
from kubeslice_sim.simulator.scene import Scene


class Told:
    """Of one probe's senders, interval by interval."""

    def __init__(self, scene: Scene, probe: Probe, senders: Sequence[object]) -> None:
        self._scene = scene
        self._probe = probe
        self._counted = [sender.counted for sender in senders if isinstance(sender, PacketStream | PacketDatagrams)]
        self._before = np.zeros(BUCKETS, np.int64)
        self._rows = 0
        self._meter = Meter(self._counted[0].world)

    def bottleneck(self) -> str:
        """Who held the senders back since the last call: the busiest part of the ways that they take."""
        over = {stage.resource for one in self._counted for stage in one.over.stages}
        return bottleneck(link for link in self._meter.read() if link.resource in over)

    def interval(self) -> None:
        """Rows for the latencies of what has arrived since the last call: one a bucket of the histogram.

        How many packets a row stands for is in its detail; so statistics over any rows are those of the packets,
        within half a bucket's width (0.4 %).
        """
        total = sum((one.latencies() for one in self._counted), np.zeros(BUCKETS, np.int64))
        arrived = total - self._before
        self._before = total
        for bucket in np.flatnonzero(arrived).tolist():
            packets = int(arrived[bucket])
            self._row("latency_s", middle_s(bucket), self._rows, f"{packets} packet{'s' if packets > 1 else ''}")
            self._rows += 1

    def totals(self) -> None:
        """Rows at the probe's end."""
        self.interval()
        counts = [count for one in self._counted for count in one.counts()]
        if self._probe.kind == "tcp":
            self._row("retransmits", sum(c.resent for c in counts))
        self._row("reordered", sum(c.reordered for c in counts))

    def _row(self, metric: str, value: float, seq: int = 0, detail: str = "") -> None:
        scene = self._scene
        slice_ = scene.slice_of(scene.source(self._probe))
        scene.rows.of_probe(self._probe, slice_, metric, value, at_s=scene.env.now, seq=seq, detail=detail)
