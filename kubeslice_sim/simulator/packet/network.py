"""Network: links, ways and flows put together in Python, run compiled, read out as plain values."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kubeslice_sim.simulator.packet import tables as t
from kubeslice_sim.simulator.packet.engine import RESERVE, advance, plan_event
from kubeslice_sim.simulator.packet.fill import fill_bulk, fill_link, fill_source
from kubeslice_sim.simulator.packet.histogram import BUCKETS
from kubeslice_sim.simulator.packet.specs import Bulk, FlowCount, Hop, Link, LinkCount, Shaper, Source

_FIRST_PACKETS = 2 * RESERVE
_GROWING = ("links", "hops", "work", "ways", "flows", "segments", "classes", "shapes", "servers", "buckets")


class PacketNetwork:
    """A network of queues. ``seed``: every link and source has dice of its own, by its name.

    Build it, :meth:`run` it, read it; then change or add what you like and run on. Times are seconds on the network's
    own clock, which begins at zero. ``samples``: keep so many latencies in the order of arrival, and stop there (zero:
    counts only).
    """

    def __init__(self, seed: int, *, samples: int = 0) -> None:
        self.now_s = 0.0
        self._seed = seed
        self._used = dict.fromkeys(_GROWING, 0)
        self._s = t.State(
            links=np.zeros(16, t.LINK),
            hops=np.zeros(64, t.HOP),
            work=np.zeros((64, t.CLASSES)),
            ways=np.zeros(16, np.int64),
            flows=np.zeros(4, t.FLOW),
            packets=np.zeros(0, t.PACKET),
            segments=np.zeros(16, t.SEGMENT),
            classes=np.zeros(16, t.CLASS),
            shapes=np.zeros(4, t.SHAPE),
            servers=np.zeros(16),
            events=np.zeros(0, t.EVENT),
            counters=np.zeros(t.COUNTERS, np.int64),
            buckets=np.zeros((4, BUCKETS), np.int64),
            sample_flow=np.zeros(samples, np.int64),
            sample_s=np.zeros(samples),
        )
        self._s.counters[[t.FREE, t.FIRST_DUE, t.LAST_DUE, t.MAY_LOOK, t.MAY_SEND]] = t.NONE
        self._more_packets()

    # -- building ----------------------------------------------------------------------------------------------------

    def add_link(self, link: Link) -> int:
        """Its number. Raises :exc:`ValueError` for a link that could serve nothing."""
        number = self._room("links", 1)
        classes = self._room("classes", link.classes)
        servers = self._room("servers", link.servers)
        shape = self._room("shapes", 1) if link.shaper is not None else t.NONE
        fill_link(
            self._s, number, link, classes=classes, servers=servers, shape=shape, dice=self._dice("link", link.name)
        )
        return number

    def set_link(
        self, number: int, *, capacity: float | None = None, delay_s: float | None = None,
        jitter_s: float | None = None, loss: float | None = None, up: bool | None = None,
    ) -> None:  # fmt: skip
        """Change a link for what comes to it from now on; what is in its queue keeps its departure. None: as it was."""
        row = self._s.links[number]
        for column, value in (("capacity", capacity), ("delay_s", delay_s), ("jitter_s", jitter_s), ("loss", loss)):
            if value is not None:
                row[column] = value
        if up is not None:
            row["up"] = up

    def set_shaper(self, number: int, shaper: Shaper) -> None:
        """Other rates and bursts for a shaped link; the tokens it has it keeps."""
        row = self._s.shapes[self._s.links[number]["leaf"]]
        row["rate"], row["burst"] = shaper.rate_bps, shaper.burst_bits
        row["ceiling"], row["ceiling_burst"] = shaper.ceiling_bps, shaper.ceiling_burst_bits
        row["turn"] = shaper.turn_bits
        row["parent_rate"], row["parent_burst"] = shaper.parent_rate_bps, shaper.parent_burst_bits

    def add_way(self, hops: Sequence[Hop]) -> int:
        """The number of a way over these hops. Raises :exc:`ValueError` when there is none."""
        if not hops:
            raise ValueError("a way needs a hop")
        first = self._room("hops", len(hops))
        self._room("work", len(hops))
        for place, hop in enumerate(hops, first):
            self._s.hops[place] = (hop.link, hop.class_, place == first + len(hops) - 1)
            self._s.work[place, :] = hop.work[0]
            self._s.work[place, : len(hop.work)] = hop.work
        return first

    def add_source(self, source: Source) -> int:
        """The number of an open-loop flow; its first datagram goes at ``start_s``."""
        number = self._flow()
        fill_source(self._s.flows[number], source, self._dice("source", source.name))
        self.set_ways(number, source.ways, None)
        self._plan(max(source.start_s, self.now_s), t.SEND, number)
        return number

    def add_bulk(self, bulk: Bulk) -> int:
        """The number of a TCP flow."""
        number = self._flow()
        window = max(2, int(bulk.window_bytes // bulk.mss_bytes))
        ring = 1 << (window + 1).bit_length()
        fill_bulk(self._s.flows[number], bulk, window=window, ring=ring, segments=self._room("segments", ring))
        self.set_ways(number, bulk.there, bulk.back)
        self._plan(max(bulk.start_s, self.now_s), t.SEND, number)
        return number

    def set_ways(self, flow: int, there: Sequence[int], back: int | None) -> None:
        """From now on packets take these ways in turn (none: they are lost), acknowledgements ``back``."""
        first = self._room("ways", len(there)) if there else t.NONE
        if there:
            self._s.ways[first : first + len(there)] = there
        row = self._s.flows[flow]
        row["there"], row["ways"], row["turn"] = first, len(there), 0
        row["back"] = t.NONE if back is None else back

    def stop(self, flow: int) -> None:
        """The flow sends nothing more; its counts stand."""
        self._s.flows[flow]["running"] = 0

    # -- running -----------------------------------------------------------------------------------------------------

    def run(self, until_s: float) -> None:
        """Let time pass to ``until_s``, that moment included, or until all samples are taken."""
        while True:
            reason = advance(self._s, float(until_s))
            if reason == t.MORE_PACKETS:
                self._more_packets()
                continue
            if reason == t.DONE:
                self.now_s = max(self.now_s, until_s)
            return

    # -- reading -----------------------------------------------------------------------------------------------------

    def flow(self, number: int) -> FlowCount:
        """What a flow did so far."""
        row = self._s.flows[number]
        received = int(row["received"])
        seen = int(self._s.buckets[number].sum())
        return FlowCount(
            sent=int(row["sent"]),
            received=received,
            delivered=int(row["expected"]) if row["kind"] == t.TCP else received,
            dropped=int(row["dropped"]),
            resent=int(row["resent"]),
            timeouts=int(row["timeouts"]),
            recoveries=int(row["recoveries"]),
            reordered=int(row["reordered"]),
            latency_s=float(row["latency_s"]),
            mean_s=float(row["latency_s"]) / seen if seen else math.nan,
            worst_s=float(row["worst_s"]) if seen else math.nan,
            finished_s=float(row["finished_s"]),
            cwnd=float(row["cwnd"]),
            srtt_s=float(row["srtt_s"]),
        )

    def link(self, number: int) -> LinkCount:
        """What came to a link so far."""
        row = self._s.links[number]
        return LinkCount(
            arrived=int(row["arrived"]),
            served=int(row["served"]),
            delayed=int(row["delayed"]),
            full=int(row["full"]),
            lost=int(row["lost"]),
            refused=int(row["refused"]),
            sojourn_s=float(row["sojourn_s"]),
            work=float(row["work"]),
        )

    def capacity(self, number: int) -> float:
        """What a link serves a second, in its own count."""
        return float(self._s.links[number]["capacity"])

    def served_work(self, number: int) -> float:
        """The work that a link has done by now: a queue in order counts a packet's when it comes."""
        row = self._s.links[number]
        ahead = row["kind"] in (t.FIFO, t.BUCKET)
        return float(row["work"]) - (self.wait_s(number) * float(row["capacity"]) if ahead else 0.0)

    def wait_s(self, number: int, class_: int = 0) -> float:
        """How long a packet of this class that came to this link now would wait before its service.

        SFQ serves classes in turn, so who comes to one waits as long as who left it last did.
        """
        row = self._s.links[number]
        if row["kind"] == t.SHAPED:
            own = self._s.classes[row["first_class"] + class_]
            return float(own["waited_s"]) if own["length"] else 0.0
        return max(0.0, float(row["free_s"]) - self.now_s)

    def latencies(self, number: int) -> NDArray[np.int64]:
        """The histogram of a flow's latencies; see :func:`~kubeslice_sim.simulator.packet.histogram.quantile_s`."""
        found: NDArray[np.int64] = self._s.buckets[number].copy()
        return found

    def samples(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The kept latencies: of which flow, and how long."""
        count = int(self._s.counters[t.SAMPLES])
        return self._s.sample_flow[:count].copy(), self._s.sample_s[:count].copy()

    def clear_samples(self) -> None:
        """Forget the kept latencies, so that as many new ones can be kept."""
        self._s.counters[t.SAMPLES] = 0

    @property
    def events(self) -> int:
        """Events handled so far."""
        return int(self._s.counters[t.HANDLED])

    @property
    def hops(self) -> int:
        """Packets that came to a link so far: packet-hops."""
        return int(self._s.counters[t.HOPS])

    # -- room --------------------------------------------------------------------------------------------------------

    def _flow(self) -> int:
        number = self._room("flows", 1)
        self._room("buckets", 1)
        return number

    def _dice(self, *name: str) -> int:
        key = "/".join((str(self._seed), *name))
        return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "big")

    def _plan(self, at_s: float, kind: int, index: int) -> None:
        plan_event(self._s, float(at_s), kind, index)

    def _room(self, table: str, count: int) -> int:
        """The first of ``count`` new rows of a table, which grows by doubling."""
        first = self._used[table]
        held: t.Table = getattr(self._s, table)
        size = len(held)
        while size < first + count:
            size *= 2
        if size > len(held):
            grown = np.zeros((size, *held.shape[1:]), held.dtype)
            grown[: len(held)] = held
            self._s = self._s._replace(**{table: grown})
        self._used[table] = first + count
        return first

    def _more_packets(self) -> None:
        """Twice as many packets, the new ones free; and events enough for all of them and every link and flow."""
        held, events = self._s.packets, self._s.events
        size = max(_FIRST_PACKETS, 2 * len(held))
        packets = np.zeros(size, t.PACKET)
        packets[: len(held)] = held
        packets["next"][len(held) :] = np.arange(len(held) + 1, size + 1)
        packets["next"][-1] = self._s.counters[t.FREE]
        more_events = np.zeros(2 * size, t.EVENT)
        more_events[: len(events)] = events
        self._s.counters[t.FREE] = len(held)
        self._s.counters[t.FREE_PACKETS] += size - len(held)
        self._s = self._s._replace(packets=packets, events=more_events)
