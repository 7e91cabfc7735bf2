"""Occupancy: how busy tunnels and slices' shares of node NICs were, read from the kernel's own counters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from emulator.overlay import Overlay
from kubeslice_sim.model.metric import RESOURCES
from kubeslice_sim.observe.observation import Observation

INTERVAL_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A shared part's rate, what it has sent since it was made, and, where cheaply known, what its queue holds and has
    dropped."""

    capacity_bps: float
    sent_bytes: int
    dropped: int | None = None
    backlog_bytes: int | None = None


class Occupancy:
    """Rows of the parts that a simulator names alike: ``tunnel/<gateway pod>`` and ``qos/<node>/<slice>``.

    A tunnel's bytes are its device's, by netlink; a share's are its HTB leaf's, by one ``tc`` a node. CPUs, NICs and
    wide-area links have no limit of their own here, or none that is cheap to read.
    """

    def __init__(self, overlay: Overlay, emit: Callable[[Observation], None]) -> None:
        self._overlay = overlay
        self._emit = emit
        self._before: dict[tuple[str, str], Reading] = {}
        self._read_s: float | None = None
        self._seq = 0

    def look(self, at_s: float) -> None:
        """Read the counters if the last time was an interval ago; rows are stamped ``at_s`` and speak of what has
        passed since then. The first look only begins."""
        if self._read_s is not None and at_s < self._read_s + INTERVAL_S:
            return
        found = self._overlay.submit(self._read)
        if self._read_s is not None:
            for part, reading in sorted(found.items()):
                before = self._before.get(part)
                if before is not None and 0 < before.sent_bytes <= reading.sent_bytes:  # else it was made anew
                    self._tell(part, before, reading, at_s, at_s - self._read_s)
            self._seq += 1
        self._before, self._read_s = found, at_s

    def _read(self) -> dict[tuple[str, str], Reading]:
        found: dict[tuple[str, str], Reading] = {}
        for effect, sent_bytes in self._overlay.gateways.sent():
            if effect.tunnel_rate_bps:
                found[effect.cluster, f"tunnel/{effect.pod}"] = Reading(
                    capacity_bps=effect.tunnel_rate_bps, sent_bytes=sent_bytes
                )
        for cluster, node, slice_, ceiling_bps, leaf in self._overlay.shares.leaves():
            found[cluster, f"qos/{node}/{slice_}"] = Reading(
                capacity_bps=ceiling_bps, sent_bytes=leaf.sent_bytes, dropped=leaf.dropped_packets,
                backlog_bytes=leaf.backlog_bytes,
            )  # fmt: skip
        return found

    def _tell(self, part: tuple[str, str], before: Reading, now: Reading, at_s: float, elapsed_s: float) -> None:
        figures: dict[str, float] = {
            "utilisation": min(1.0, 8.0 * (now.sent_bytes - before.sent_bytes) / (now.capacity_bps * elapsed_s))
        }
        if now.backlog_bytes is not None:
            figures["queue_bytes"] = now.backlog_bytes
        if now.dropped is not None and before.dropped is not None:
            figures["drops"] = now.dropped - before.dropped
        for metric, value in figures.items():
            self._emit(
                Observation(
                    at_s=round(at_s, 6),
                    probe=RESOURCES,
                    seq=self._seq,
                    metric=metric,
                    value=round(value, 9),
                    outcome="ok",
                    src_cluster=part[0],
                    src=part[1],
                )
            )
