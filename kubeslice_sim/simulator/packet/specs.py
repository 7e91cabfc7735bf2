"""What a packet network is made of, and what it counts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from kubeslice_sim.simulator.packet.distribution import Distribution
from kubeslice_sim.simulator.tcp import INITIAL_WINDOW, MAX_WINDOW_BYTES, MIN_RTO_S

LinkKind = Literal["fifo", "bucket", "servers", "priority", "shaped"]
ACK_DELAY_S = 0.04
"""Linux' least delay of an acknowledgement (``TCP_DELACK_MIN``)."""
DUPLICATES = 3
"""So many reported segments prove that an earlier one is lost, while nothing was ever reordered (RFC 8985, 6.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shaper:
    """An HTB leaf under a parent of its own; rates in bits per second, bursts in bits, ``quantum`` SFQ's in bits."""

    rate_bps: float
    burst_bits: float
    ceiling_bps: float
    ceiling_burst_bits: float
    parent_rate_bps: float
    parent_burst_bits: float
    quantum_bits: float = 8.0 * 1514

    @property
    def turn_bits(self) -> float:
        """What the leaf sends in a turn: its bytes a second by ten (``r2q``), but from 1000 to 200,000 of them."""
        return 8.0 * min(max(self.rate_bps / 8.0 / 10.0, 1000.0), 200_000.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A queue, what serves it, and the wire behind it.

    ``capacity`` is work per second, in whatever the hops count work in. Kinds: ``fifo`` drop-tail in order; ``bucket``
    a TBF (rate ``capacity``, ``burst`` in work); ``servers`` one line for ``servers`` of them; ``priority`` classes, 0
    first, not preemptive; ``shaped`` SFQ over ``classes`` under an HTB leaf. ``service`` draws the time of a service;
    without it that is work over capacity. ``device``: the fifo link, next on every way, whose qdisc a shaped link is
    part of: it then sends when that is free and no other leaf's turn has come. Limits count the packet in service too.
    ``jitter_s`` is uniform in ± itself, ``noise_s`` the mean of an exponential on top; both delay and never reorder.
    ``loss`` is chance, ``lose_every`` takes every so-manieth packet (0: none).
    """

    name: str
    kind: LinkKind = "fifo"
    capacity: float = math.inf
    delay_s: float = 0.0
    jitter_s: float = 0.0
    noise_s: float = 0.0
    loss: float = 0.0
    lose_every: int = 0
    limit_packets: int | None = None
    limit_work: float = math.inf
    burst: float = 0.0
    service: Distribution | None = None
    servers: int = 1
    classes: int = 1
    shaper: Shaper | None = None
    device: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """A link on a way, what a packet works there by its size (full, acknowledgement, last fragment), and its class."""

    link: int
    work: tuple[float, ...] = (0.0,)
    class_: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Datagrams or jobs at gaps drawn from ``gap``, over ``ways`` in turn; ``scale`` draws their size, 1 being full.

    ``fragments``: packets to a datagram; it arrives with the last of them, and not at all if one is lost.
    """

    name: str
    ways: tuple[int, ...]
    gap: Distribution
    payload_bytes: float = 0.0
    scale: Distribution | None = None
    fragments: int = 1
    start_s: float = 0.0
    stop_s: float = math.inf
    limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulk:
    """A TCP connection that is open already and sends ``segments`` of ``mss_bytes`` (None: without end).

    ``there`` are ways that segments take in turn, ``back`` is that of the acknowledgements. ``rate_bps`` is what the
    application makes. ``per_ack``: the window grows by acknowledgements, as RFC 5681 says, not by what they
    acknowledge, as Linux does. ``rto_s`` is the timeout before the first measurement.
    """

    name: str
    there: tuple[int, ...]
    back: int | None
    mss_bytes: int
    congestion: Literal["reno", "cubic"] = "cubic"
    segments: int | None = None
    window_bytes: float = MAX_WINDOW_BYTES
    rate_bps: float = math.inf
    start_s: float = 0.0
    ack_every: int = 2
    ack_delay_s: float = ACK_DELAY_S
    per_ack: bool = False
    initial_window: float = INITIAL_WINDOW
    reordering: int = DUPLICATES
    least_rto_s: float = MIN_RTO_S
    rto_s: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowCount:
    """What a flow did so far. ``delivered`` is in order (datagrams: whole); latencies are one way, of what arrived;
    ``latency_s`` is their sum."""

    sent: int
    received: int
    delivered: int
    dropped: int
    resent: int
    timeouts: int
    recoveries: int
    reordered: int
    latency_s: float
    mean_s: float
    worst_s: float
    finished_s: float
    cwnd: float
    srtt_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkCount:
    """What came to a link, and what became of it; ``sojourn_s`` sums waiting and service of all that were served.

    ``delayed`` of them had to wait (counted for fifo, bucket and servers).
    """

    arrived: int
    served: int
    delayed: int
    full: int
    lost: int
    refused: int
    sojourn_s: float
    work: float
