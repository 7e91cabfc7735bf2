"""Writing specifications into rows."""

from __future__ import annotations

import math

from kubeslice_sim.simulator.packet import tables as t
from kubeslice_sim.simulator.packet.distribution import Distribution
from kubeslice_sim.simulator.packet.specs import Bulk, Link, Source

_KINDS = {"fifo": t.FIFO, "bucket": t.BUCKET, "servers": t.SERVERS, "priority": t.PRIORITY, "shaped": t.SHAPED}
_NO_LIMIT = 1 << 62


def fill_link(s: t.State, number: int, link: Link, *, classes: int, servers: int, shape: int, dice: int) -> None:
    """A link's row, and those of its classes, servers and shaper."""
    if not link.capacity > 0.0:
        raise ValueError(f"link {link.name} has a capacity of {link.capacity}: it would never serve")
    if link.kind == "bucket" and not link.burst > 0.0:
        raise ValueError(f"link {link.name} is a token bucket without a burst: it would never let a packet go")
    if link.device is not None and (link.kind != "shaped" or s.links[link.device]["kind"] != t.FIFO):
        raise ValueError(f"link {link.name}: a shaped link, and no other, is part of a device's qdisc, in order itself")
    if (link.kind == "shaped") != (link.shaper is not None):
        raise ValueError(f"link {link.name}: a shaped link, and no other, has a shaper")
    row = s.links[number]
    row["kind"], row["up"], row["dice"] = _KINDS[link.kind], 1, dice
    row["capacity"], row["delay_s"], row["jitter_s"], row["loss"] = (
        link.capacity, link.delay_s, link.jitter_s, link.loss,
    )  # fmt: skip
    row["noise_s"] = link.noise_s
    row["lose_every"] = link.lose_every
    row["limit_packets"] = t.NONE if link.limit_packets is None else link.limit_packets
    row["limit_work"] = link.limit_work
    _draws(row, "service", link.service)
    row["burst"] = row["tokens"] = link.burst
    row["leaf"], row["servers"], row["first_server"] = shape, link.servers, servers
    row["first_class"], row["classes"] = classes, link.classes
    row["serving"] = row["head"] = row["tail"] = row["waits"] = t.NONE
    row["device"] = row["next_leaf"] = row["first_leaf"] = row["turn_own"] = row["turn_lent"] = t.NONE
    if link.device is not None:
        _hang(s, number, link.device)
    for class_ in range(classes, classes + link.classes):
        s.classes[class_] = (t.NONE, t.NONE, 0, 0.0, 0.0)
    if link.shaper is not None:
        given = link.shaper
        s.shapes[shape] = (
            given.rate_bps, given.burst_bits, given.burst_bits,
            given.ceiling_bps, given.ceiling_burst_bits, given.ceiling_burst_bits,
            given.parent_rate_bps, given.parent_burst_bits, given.parent_burst_bits, 0.0,
            given.quantum_bits, given.turn_bits, 0.0, 0.0,
        )  # fmt: skip


def _hang(s: t.State, number: int, device: int) -> None:
    """A leaf under a device's qdisc, after those that are there."""
    s.links[number]["device"] = device
    last = int(s.links[device]["first_leaf"])
    if last == t.NONE:
        s.links[device]["first_leaf"] = s.links[device]["turn_own"] = s.links[device]["turn_lent"] = number
        return
    while s.links[last]["next_leaf"] != t.NONE:
        last = int(s.links[last]["next_leaf"])
    s.links[last]["next_leaf"] = number


def fill_source(row: t.Row, source: Source, dice: int) -> None:
    """An open-loop flow's row."""
    row["kind"], row["running"], row["dice"] = t.OPEN_LOOP, 1, dice
    row["payload"], row["fragments"] = source.payload_bytes, source.fragments
    row["stop_s"], row["limit"] = source.stop_s, _NO_LIMIT if source.limit is None else source.limit
    row["start_s"], row["whole_of"], row["highest"] = source.start_s, t.NONE, t.NONE
    row["finished_s"], row["waking"] = math.inf, 1
    _draws(row, "gap", source.gap)
    _draws(row, "scale", source.scale)


def fill_bulk(row: t.Row, bulk: Bulk, *, window: int, ring: int, segments: int) -> None:
    """A TCP flow's row: connected, nothing sent."""
    row["kind"], row["running"], row["payload"] = t.TCP, 1, bulk.mss_bytes
    row["congestion"] = t.CUBIC if bulk.congestion == "cubic" else t.RENO
    row["limit"] = _NO_LIMIT if bulk.segments is None else bulk.segments
    row["rate"] = bulk.rate_bps / (8.0 * bulk.mss_bytes)
    row["start_s"], row["stop_s"], row["waking"] = bulk.start_s, math.inf, 1
    row["window"], row["mask"], row["first_segment"] = window, ring - 1, segments
    row["cwnd"], row["ssthresh"], row["per_ack"] = bulk.initial_window, math.inf, bulk.per_ack
    row["reordering"], row["least_rto_s"], row["rto_s"] = bulk.reordering, bulk.least_rto_s, bulk.rto_s
    row["least_rtt_s"], row["backoff"], row["timer_s"], row["epoch_s"] = math.inf, 1.0, math.inf, -1.0
    row["ack_every"], row["ack_delay_s"], row["highest"] = bulk.ack_every, bulk.ack_delay_s, t.NONE
    row["newest_s"], row["newest"], row["patience"] = -1.0, t.NONE, 1
    row["finished_s"] = row["settle_s"] = row["settling_s"] = row["undo_s"] = math.inf
    row["least_delay_s"] = math.inf
    row["first_resent"] = row["last_resent"] = row["probe_end"] = t.NONE


def _draws(row: t.Row, column: str, given: Distribution | None) -> None:
    if given is not None:
        row[column], row[f"{column}_a"], row[f"{column}_b"], row[f"{column}_c"] = given.kind, given.a, given.b, given.c
