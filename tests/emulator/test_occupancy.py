"""What the kernel's counters say of tunnels and shares, as rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from emulator.occupancy import Occupancy
from emulator.shaping import QueueCounters
from kubeslice_sim.observe.observation import Observation


@dataclass
class Counters:
    """Stands for an overlay: one tunnel of 10 Mbit/s and one share of 20."""

    tunnel_bytes: int = 1000
    share_bytes: int = 2000
    dropped: int = 5
    rows: list[Observation] = field(default_factory=list)

    def submit(self, work: Any) -> Any:
        return work()

    @property
    def gateways(self) -> Any:
        effect = SimpleNamespace(cluster="east", pod="red-0-0", tunnel_rate_bps=10_000_000)
        return SimpleNamespace(sent=lambda: iter([(effect, self.tunnel_bytes)]))

    @property
    def shares(self) -> Any:
        leaf = QueueCounters(
            name="htb 17:12", sent_bytes=self.share_bytes, sent_packets=1, dropped_packets=self.dropped,
            delayed_packets=0, backlog_bytes=4321,
        )  # fmt: skip
        return SimpleNamespace(leaves=lambda: iter([("east", "node-1", "red", 20_000_000, leaf)]))

    def told(self) -> dict[tuple[str, str], float]:
        """The newest rows."""
        last = max((row.seq for row in self.rows), default=-1)
        return {(row.src, row.metric): row.value for row in self.rows if row.seq == last}


def test_rows_tell_what_was_sent_between_two_looks() -> None:
    kernel = Counters()
    occupancy = Occupancy(kernel, kernel.rows.append)  # type: ignore[arg-type]
    occupancy.look(0.0)
    assert not kernel.rows
    kernel.tunnel_bytes, kernel.share_bytes, kernel.dropped = 1000 + 625_000, 2000 + 2_500_000, 12
    occupancy.look(0.5)
    assert not kernel.rows  # an interval is a second
    occupancy.look(1.0)
    assert kernel.told() == {
        ("tunnel/red-0-0", "utilisation"): 0.5,
        ("qos/node-1/red", "utilisation"): 1.0,
        ("qos/node-1/red", "queue_bytes"): 4321,
        ("qos/node-1/red", "drops"): 7,
    }
    assert {(row.probe, row.src_cluster, row.at_s) for row in kernel.rows} == {("resources", "east", 1.0)}


def test_a_tunnel_that_was_opened_anew_counts_from_its_next_look() -> None:
    kernel = Counters()
    occupancy = Occupancy(kernel, kernel.rows.append)  # type: ignore[arg-type]
    occupancy.look(0.0)
    kernel.tunnel_bytes = 10
    occupancy.look(1.0)
    assert ("tunnel/red-0-0", "utilisation") not in kernel.told()
    kernel.tunnel_bytes += 125_000
    occupancy.look(2.0)
    assert kernel.told()["tunnel/red-0-0", "utilisation"] == 0.1
