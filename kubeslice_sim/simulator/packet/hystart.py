"""HyStart: CUBIC leaves slow start before it overruns the bottleneck, as Linux does (``net/ipv4/tcp_cubic.c``).

Ha and Rhee, Taming the elephants, 2011, with Linux' numbers: a train of acknowledgements as long as half the least
round trip, or a round trip that has grown by an eighth, says that the window fills the path. (RFC 9406's HyStart++
goes on more slowly instead, and is not what Linux does.)
"""

from __future__ import annotations

from kubeslice_sim.simulator.packet.compiled import compiled
from kubeslice_sim.simulator.packet.tables import Row

LOW_WINDOW = 16.0
"""Segments below which slow start goes on in any case (``hystart_low_window``)."""
TRAIN_GAP_S = 2e-3
"""Acknowledgements that are no further apart belong to one train (``hystart_ack_delta_us``)."""
TRAIN_SLACK_S = 1e-3
"""What bundling may delay acknowledgements (``hystart_ack_delay``'s bound, which it reaches below 2 Gbit/s)."""
LEAST_RISE_S, MOST_RISE_S = 4e-3, 16e-3
"""Between these lies the eighth by which a round trip must have grown."""
SAMPLES = 8
"""Acknowledgements of a round whose least delay is compared."""


@compiled
def leave_slow_start(flow: Row, delay_s: float, now_s: float) -> None:
    """An acknowledgement of CUBIC's came ``delay_s`` after what it answers was sent: slow start may end with it."""
    flow.least_delay_s = min(flow.least_delay_s, delay_s)
    if flow.cwnd >= flow.ssthresh or flow.fills != 0:
        return
    if flow.una > flow.round_end:
        begin_round(flow, now_s)
    if flow.cwnd < LOW_WINDOW:
        return
    if now_s - flow.train_s <= TRAIN_GAP_S:
        flow.train_s = now_s
        if now_s - flow.round_s > (flow.least_delay_s + TRAIN_SLACK_S) / 2.0:
            flow.fills = 1
    flow.round_delay_s = min(flow.round_delay_s, delay_s)
    if flow.round_samples < SAMPLES:
        flow.round_samples += 1
    elif flow.round_delay_s > flow.least_delay_s + min(max(flow.least_delay_s / 8.0, LEAST_RISE_S), MOST_RISE_S):
        flow.fills = 1
    if flow.fills != 0:
        flow.ssthresh = flow.cwnd


@compiled
def begin_round(flow: Row, now_s: float) -> None:
    """What is sent from now on is a new round."""
    flow.round_end = flow.next
    flow.round_s = now_s
    flow.train_s = now_s
    flow.round_delay_s = 1e9
    flow.round_samples = 0
