"""Tables: the state of a network of queues as rows of arrays. Compiled functions read and change the rows in place."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Table = NDArray[Any]
Row = Any
"""One row of a table: its columns are attributes."""

NONE = -1
CLASSES = 4
"""Sizes that a flow's packets come in: 0 full, 1 acknowledgement, 2 and 3 further ones (the last fragment)."""
FULL, ACK, LAST_FRAGMENT = 0, 1, 2
DUPLICATE = -1
"""As the end of an acknowledgement's block: what it answers had arrived before (DSACK)."""
DATA, ACKNOWLEDGEMENT, DATAGRAM = 0, 1, 2
"""What a packet is."""

# Kinds of links.
FIFO, BUCKET, SERVERS, PRIORITY, SHAPED = 0, 1, 2, 3, 4
"""Drop-tail in order; TBF in order; c servers with drawn service times; classes by priority; SFQ under HTB."""

# Kinds of events, in the low bits of a heap entry.
DELIVER, SERVE, ARRIVE, TIMEOUT, DELAYED_ACK, SEND, SETTLE = 0, 1, 2, 3, 4, 5, 6

# States of a sender: nothing is known to be lost; a loss is repaired; after a timeout.
OPEN, RECOVERY, LOSS = 0, 1, 2

# Kinds of flows.
TCP, OPEN_LOOP = 0, 1
RENO, CUBIC = 0, 1

LINK = np.dtype(
    [
        ("kind", "i4"),
        ("up", "i4"),
        ("capacity", "f8"),  # work per second
        ("delay_s", "f8"),  # after the service
        ("jitter_s", "f8"),  # uniform in ± this
        ("noise_s", "f8"),  # the mean of an exponential
        ("loss", "f8"),
        ("lose_every", "i8"),  # every so-manieth packet is lost; 0: none
        ("limit_packets", "i8"),  # in the system, the one in service included; NONE: no limit
        ("limit_work", "f8"),  # of waiting and served packets together
        ("dice", "u8"),
        ("service", "i4"),  # a distribution's kind; 0: work / capacity
        ("service_a", "f8"),
        ("service_b", "f8"),
        ("service_c", "f8"),
        ("free_s", "f8"),  # when the server is free again
        ("burst", "f8"),
        ("tokens", "f8"),
        ("filled_s", "f8"),  # when the tokens were counted
        ("leaf", "i8"),  # SHAPED: its row in the shapes
        ("device", "i8"),  # SHAPED: the link behind it whose own qdisc it is part of; NONE: one that never waits
        ("next_leaf", "i8"),
        ("first_leaf", "i8"),  # a device: its leaves
        ("turn_own", "i8"),  # whose turn it is, of those within their rate
        ("turn_lent", "i8"),  # and of those that borrow
        ("gate_s", "f8"),  # when it has sent what a leaf gave it last
        ("servers", "i8"),
        ("first_server", "i8"),
        ("first_class", "i8"),
        ("classes", "i8"),
        ("turn", "i8"),  # SFQ: whose turn it is
        ("busy", "i4"),
        ("serving", "i8"),
        ("queued", "i8"),
        ("backlog", "f8"),
        ("head", "i8"),  # packets on the way to the next hop, in order
        ("tail", "i8"),
        ("waits", "i8"),  # the first of them that has not departed yet
        ("arrived", "i8"),
        ("served", "i8"),
        ("delayed", "i8"),  # of these, in order or by servers, who had to wait
        ("full", "i8"),  # dropped: no room
        ("lost", "i8"),  # dropped: by chance
        ("refused", "i8"),  # dropped: down
        ("sojourn_s", "f8"),  # waiting and service of all that were served
        ("work", "f8"),  # that was served
    ]
)
HOP = np.dtype([("link", "i8"), ("class_", "i8"), ("final", "i8")])
FLOW = np.dtype(
    [
        ("kind", "i4"),
        ("congestion", "i4"),
        ("running", "i4"),
        ("there", "i8"),  # where its ways begin in the list of ways; NONE: there is none
        ("ways", "i8"),  # so many of them are used in turn
        ("turn", "i8"),
        ("back", "i8"),
        ("dice", "u8"),
        ("payload", "f8"),  # bytes of a full segment or of a datagram
        # open loop
        ("gap", "i4"),
        ("gap_a", "f8"),
        ("gap_b", "f8"),
        ("gap_c", "f8"),
        ("scale", "i4"),  # a distribution of sizes, relative to the full one
        ("scale_a", "f8"),
        ("scale_b", "f8"),
        ("scale_c", "f8"),
        ("fragments", "i8"),
        ("whole_of", "i8"),  # the datagram whose fragments are being counted
        ("whole", "i8"),
        ("stop_s", "f8"),
        ("limit", "i8"),  # segments or datagrams to send
        ("rate", "f8"),  # segments a second that the application makes; infinity: always more
        ("start_s", "f8"),
        ("waking", "i4"),
        # sender
        ("window", "i8"),  # of the receiver, in segments
        ("mask", "i8"),
        ("first_segment", "i8"),
        ("una", "i8"),
        ("next", "i8"),
        ("fack", "i8"),
        ("scan", "i8"),
        ("resend", "i8"),
        ("first_resent", "i8"),  # what was sent again, in the order of sending, until its fate is known
        ("last_resent", "i8"),
        ("sacked", "i8"),
        ("missing", "i8"),
        ("recover", "i8"),
        ("state", "i4"),
        ("cwnd", "f8"),
        ("ssthresh", "f8"),
        ("per_ack", "i4"),  # grows by acknowledgements (RFC 5681), else by what they acknowledge
        ("reordering", "i8"),  # duplicates that prove a loss where nothing was reordered yet
        ("reorders", "i4"),  # 1: the network was seen to
        ("newest_s", "f8"),  # when what was sent last of all that arrived was sent, which it is, its round trip
        ("newest", "i8"),
        ("newest_rtt_s", "f8"),
        ("patience", "i8"),  # quarters of the least round trip that a reordered segment is given
        ("persistence", "i8"),
        ("patient_from", "i8"),
        ("acked", "i8"),  # segments by which the window may grow, unless something is lost
        ("settle_s", "f8"),  # when what is late counts as lost; infinity: nothing is late
        ("settling_s", "f8"),  # when that timer's event comes; infinity: none
        ("undo_s", "f8"),  # when the recovery began that may turn out to be needless; infinity: none
        ("doubted", "i4"),  # 1: the timeout may turn out to be needless
        ("resent_to", "i8"),  # what was sent again since that timeout ends before this segment
        ("survived", "i4"),  # 1: something from there on had arrived all the same
        ("undo_cwnd", "f8"),
        ("undo_ssthresh", "f8"),
        ("srtt_s", "f8"),
        ("rttvar_s", "f8"),
        ("least_rtt_s", "f8"),
        ("rto_s", "f8"),
        ("least_rto_s", "f8"),
        ("backoff", "f8"),
        ("deadline_s", "f8"),
        ("timer_s", "f8"),  # when its timer's event comes; infinity: none
        ("probing", "i4"),  # 1: at the deadline it probes, which is no timeout yet
        ("probe_end", "i8"),  # the segment after the probe, until that is acknowledged; NONE: no probe is out
        ("probe_again", "i4"),  # 1: the probe was no new segment
        ("peak", "f8"),  # CUBIC
        ("prior", "f8"),  # the window that the last loss met
        ("epoch_s", "f8"),
        ("origin", "f8"),
        ("reach_s", "f8"),
        ("friendly", "f8"),
        ("fills", "i4"),  # HyStart: 1: the window fills the path
        ("least_delay_s", "f8"),
        ("round_end", "i8"),
        ("round_s", "f8"),
        ("round_delay_s", "f8"),
        ("round_samples", "i8"),
        ("train_s", "f8"),  # the last acknowledgement of the round's train
        # receiver
        ("expected", "i8"),
        ("highest", "i8"),
        ("highest_s", "f8"),  # when it was sent
        ("ack_every", "i8"),
        ("ack_delay_s", "f8"),
        ("held", "i8"),
        ("held_echo_s", "f8"),
        ("held_s", "f8"),
        ("ack_timing", "i4"),
        # counts
        ("sent", "i8"),
        ("received", "i8"),
        ("resent", "i8"),
        ("timeouts", "i8"),
        ("recoveries", "i8"),
        ("reordered", "i8"),
        ("dropped", "i8"),
        ("latency_s", "f8"),
        ("worst_s", "f8"),
        ("finished_s", "f8"),
        ("last_s", "f8"),
    ]
)
PACKET = np.dtype(
    [
        ("flow", "i8"),
        ("kind", "i4"),
        ("size", "i4"),
        ("hop", "i8"),
        ("next", "i8"),
        ("order", "i8"),
        ("number", "i8"),
        ("scale", "f8"),
        ("work", "f8"),
        ("born_s", "f8"),
        ("came_s", "f8"),  # to the link where it is
        ("departs_s", "f8"),
        ("arrives_s", "f8"),
        ("dead", "i4"),  # lost by chance at this link
        ("held", "i4"),  # it leaves a server of several when its event comes
        ("cumulative", "i8"),  # acknowledgements
        ("block", "i8"),
        ("block_end", "i8"),
        ("echo_s", "f8"),
    ]
)
SEGMENT = np.dtype(
    [("state", "i4"), ("got", "i4"), ("sent_s", "f8"), ("run_start", "i8"), ("run_end", "i8"), ("after", "i8")]
)
"""One place in a flow's ring. ``state``, ``sent_s`` and ``after`` (the next that was sent again) are the sender's.

The rest is the receiver's; runs are known at their ends.
"""
OUT, SACKED, MISSING, RESENT = 0, 1, 2, 3
CLASS = np.dtype([("head", "i8"), ("tail", "i8"), ("length", "i8"), ("allotment", "f8"), ("waited_s", "f8")])
SHAPE = np.dtype(
    [
        ("rate", "f8"), ("burst", "f8"), ("tokens", "f8"),
        ("ceiling", "f8"), ("ceiling_burst", "f8"), ("ceiling_tokens", "f8"),
        ("parent_rate", "f8"), ("parent_burst", "f8"), ("parent_tokens", "f8"), ("filled_s", "f8"),
        ("quantum", "f8"),
        ("turn", "f8"), ("own_deficit", "f8"), ("lent_deficit", "f8"),
    ]
)  # fmt: skip
EVENT = np.dtype([("at_s", "f8"), ("order", "i8"), ("item", "i8")])

# Counters.
ORDER, EVENTS, FREE, FREE_PACKETS, SAMPLES, HANDLED, HOPS, FIRST_DUE, LAST_DUE, MAY_LOOK, MAY_SEND = range(11)
COUNTERS = 11

DONE, MORE_PACKETS, SAMPLES_FULL = 0, 1, 2
"""Why a run returned."""


class State(NamedTuple):
    """All tables.

    ``work`` holds bits (or CPU seconds) by hop and size, ``ways`` the first hop of each way, ``sample_*`` latencies.
    """

    links: Table
    hops: Table
    work: Table
    ways: Table
    flows: Table
    packets: Table
    segments: Table
    classes: Table
    shapes: Table
    servers: Table
    events: Table
    counters: Table
    buckets: Table
    sample_flow: Table
    sample_s: Table
