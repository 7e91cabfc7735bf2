"""What only packets tell: rows for retransmissions, reordering and latency."""

from __future__ import annotations

from collections.abc import Sequence

from kubeslice_sim.observe.probe import Probe
from kubeslice_sim.simulator.packet.histogram import quantile_s
from kubeslice_sim.simulator.packet.streams import PacketDatagrams, PacketStream
from kubeslice_sim.simulator.scene import Scene

HUNDREDTHS = 100


def tell(scene: Scene, probe: Probe, senders: Sequence[object]) -> None:
    """Rows at this moment for a probe that ends.

    ``latency_s`` comes in a hundred rows, the middles of the hundredths of all packets that arrived: their mean, median
    and percentiles are those of the packets, and no row stands for more than another.
    """
    counted = [sender.counted for sender in senders if isinstance(sender, PacketStream | PacketDatagrams)]
    counts = [count for one in counted for count in one.counts()]
    slice_, now_s = scene.slice_of(scene.source(probe)), scene.env.now
    if probe.kind == "tcp":
        scene.rows.of_probe(probe, slice_, "retransmits", sum(c.resent for c in counts), at_s=now_s, seq=0)
    scene.rows.of_probe(probe, slice_, "reordered", sum(c.reordered for c in counts), at_s=now_s, seq=0)
    total = sum((one.latencies() for one in counted[1:]), counted[0].latencies())
    if total.sum():
        for row in range(HUNDREDTHS):
            latency_s = quantile_s(total, (row + 0.5) / HUNDREDTHS)
            scene.rows.of_probe(probe, slice_, "latency_s", latency_s, at_s=now_s, seq=row)
