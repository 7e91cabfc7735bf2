"""TCP by published formulas: response to loss, window growth, retransmission timers. Pure; windows in segments."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Literal

Congestion = Literal["cubic", "reno", "bbr"]

INITIAL_WINDOW = 10.0
"""Segments (RFC 6928)."""
CUBIC_C = 0.4
CUBIC_BETA = 0.7
RENO_BETA = 0.5
MAX_WINDOW_BYTES = 3 * 2**20
"""Half of Linux' ``tcp_rmem`` maximum of 6 MiB: what a receiver advertises under ``tcp_adv_win_scale=1``."""
MIN_RTO_S = 0.2
MAX_RTO_S = 120.0
RANDOM_LOSS_WINDOW = 1.3098
"""Reno's mean window times √p where losses come by chance (Ott, Kemperman and Mathis 1996), not at equal intervals."""
RANDOM_LOSS_FRIENDLY = 1.4125
"""The same of CUBIC where it follows Reno: 0.53 segments a round trip up to the window that was lost, then one, and 0.7
of it after a loss (RFC 9438, 4.3). With equal intervals it never gets further, so there it is Reno's."""
RANDOM_LOSS_CUBIC = 1.1343
"""How much larger CUBIC's mean window is where losses come by chance, far above Reno's: the stationary mean of RFC
9438's 4.2, 4.6 and 4.7, for which the RFC has no formula. Both numbers are computed anew in the tests."""
_BETWEEN = 7.0
"""Where both count, the higher norm of the two is within 2 % of that mean."""
_CONVERGING = 2.0 / (2.0 + 2.0 ** (1.0 / 3.0))
"""The share of time that CUBIC spends in cycles of fast convergence: twice ∛(0.15 W/C) against once ∛(0.3 W/C)."""
BBR_LOSS_LIMIT = 0.2
"""Above about 20 % loss BBR's rate collapses too (Cardwell et al., ACM Queue 14(5), 2016, figure 8)."""


def reno_window(loss: float) -> float:
    """The mean window of Reno under regular losses: √(3/(2p)) (Mathis et al. 1997); infinite without loss."""
    return math.inf if loss <= 0.0 else math.sqrt(1.5 / loss)


def cubic_window(loss: float, rtt_s: float) -> float:
    """The mean window of CUBIC: (C(3+β)/(4(1−β)))^¼ (RTT/p)^¾, never below Reno's (RFC 9438, 5.1 and 4.3)."""
    return math.inf if loss <= 0.0 else max(_cubic_alone(loss, rtt_s), reno_window(loss))


def _cubic_alone(loss: float, rtt_s: float) -> float:
    factor = (CUBIC_C * (3.0 + CUBIC_BETA) / (4.0 * (1.0 - CUBIC_BETA))) ** 0.25
    return float(factor * (rtt_s / loss) ** 0.75)


def chance_window(congestion: Congestion, loss: float, rtt_s: float) -> float:
    """The mean window of Reno or CUBIC where each packet is lost by chance, without timeouts.

    With exponential gaps windows climb further than with equal ones, and fall from further up.
    """
    if loss <= 0.0:
        return math.inf
    if congestion != "cubic":
        return RANDOM_LOSS_WINDOW / math.sqrt(loss)
    friendly = RANDOM_LOSS_FRIENDLY / math.sqrt(loss)
    larger = RANDOM_LOSS_CUBIC * _cubic_alone(loss, rtt_s) / friendly
    return float(friendly * (1.0 + larger**_BETWEEN) ** (1.0 / _BETWEEN))


def loss_limit_bps(congestion: Congestion, loss: float, rtt_s: float, mss_bytes: int) -> float:
    """The payload rate that random loss leaves to one flow, in bit/s; infinite where loss does not limit it.

    A sender of today: its window is that of losses by chance (:func:`chance_window`). SACK repairs without a timeout
    what is lost once. A retransmission that is lost, too, is told by what was sent after it, a round trip later (RACK,
    RFC 8985); but in a halved window it is the last with chance 2/W, and then takes a timeout, which backs off as in
    Padhye et al. 1998. Linux grows windows by acknowledged bytes, so delayed acknowledgements do not slow it.
    """
    if loss <= 0.0:
        return math.inf
    if loss >= 1.0:
        return 0.0
    if congestion == "bbr" and loss <= BBR_LOSS_LIMIT:
        return math.inf
    window = chance_window(congestion, loss, rtt_s)
    last = min(1.0, 2.0 / window)
    again_s = last * rto_s(rtt_s) * _backed_off(loss) + (1.0 - last) * rtt_s
    return 8.0 * mss_bytes / (rtt_s / window + loss**2 * again_s)


def _backed_off(loss: float) -> float:
    """How many timeouts' time a row of them takes on average, doubling six times: Padhye et al. 1998, their short form
    1 + 32 p², which packets bear out at a tenth, and f(p)/(1 − p) where that is more, from losses of a half on."""
    doublings = 1.0 + sum(2.0 ** (count - 1) * loss**count for count in range(1, 7))
    return max(1.0 + 32.0 * loss**2, doublings / (1.0 - loss))


def window_limit_bps(rtt_s: float, window_bytes: int = MAX_WINDOW_BYTES) -> float:
    """What the receiver's window lets through: one window a round trip."""
    return 8.0 * window_bytes / rtt_s


def competing_weight(congestion: Congestion, rtt_s: float) -> float:
    """How a flow fares against others at one bottleneck, where all see the same loss: its response at p = 10⁻³.

    ``rtt_s`` is what the flow sees, with the queue that stands there: a deep buffer makes near and far alike.

    Reno: ∝ 1/RTT; CUBIC: the same, but ∝ RTT^-¼ where its window exceeds Reno's (RTT above about 0.12 s). BBR takes
    Reno's place: its fairness depends on the buffer, and no one formula holds.
    """
    loss = 1e-3
    window = cubic_window(loss, rtt_s) if congestion == "cubic" else reno_window(loss)
    return window / rtt_s


def sawtooth_queue_s(congestion: Congestion, rtt_s: float, buffer_s: float, phase: float, flows: int = 1) -> float:
    """The queue before a full drop-tail resource at a ``phase`` (0 to 1) of the window's cycle, as waiting time.

    At the top of its cycle the window fills path and buffer; what exceeds the path is queued. Reno falls to half of
    that and climbs back linearly. CUBIC falls to 0.7 of it, and has two cycles in turn: back by its cube to where it
    was (RFC 9438, 4.2), which it reaches a little lower; so next it aims at 0.85 of that (fast convergence, 4.7), and
    passes by there. Flows that share the queue are not in step: their sum falls by 1/√n (Appenzeller, Keslassy and
    McKeown 2004). BBR keeps the queue about empty (Cardwell et al. 2016).
    """
    if congestion == "bbr":
        return 0.0
    return max(0.0, (rtt_s + buffer_s) * (1.0 - _fall(congestion, phase) / math.sqrt(flows)) - rtt_s)


def _fall(congestion: Congestion, phase: float) -> float:
    """By what share of its top the window is below it."""
    if congestion == "reno":
        return (1.0 - RENO_BETA) * (1.0 - phase)
    depth = 1.0 - CUBIC_BETA
    if phase < _CONVERGING:
        return 0.5 * depth * (1.0 - (2.0 * phase / _CONVERGING - 1.0) ** 3)
    return depth * ((1.0 - phase) / (1.0 - _CONVERGING)) ** 3


def mean_queue_s(congestion: Congestion, rtt_s: float, buffer_s: float, flows: int = 1) -> float:
    """The mean of :func:`sawtooth_queue_s` over the cycle, in closed form."""
    if congestion == "bbr" or buffer_s <= 0.0:
        return 0.0
    unit_s = (rtt_s + buffer_s) / math.sqrt(flows)
    if congestion == "reno":
        return _mean_of_power(buffer_s, unit_s * (1.0 - RENO_BETA), 1)
    fall_s = unit_s * (1.0 - CUBIC_BETA)
    # Of the cycle through 0.85: middle + half · z³ for z from -1 to 1, where that is positive.
    middle_s, half_s = buffer_s - 0.5 * fall_s, 0.5 * fall_s
    least = max(-1.0, math.copysign(abs(middle_s / half_s) ** (1.0 / 3.0), -middle_s))
    converging_s = 0.5 * (middle_s * (1.0 - least) + half_s * (1.0 - least**4) / 4.0)
    return _CONVERGING * converging_s + (1.0 - _CONVERGING) * _mean_of_power(buffer_s, fall_s, 3)


def _mean_of_power(top_s: float, fall_s: float, power: int) -> float:
    """The mean of ``top − fall · x^power`` for x from 0 to 1, where that is positive."""
    queued = min(1.0, (top_s / fall_s) ** (1.0 / power))
    return float(queued * top_s - fall_s * queued ** (power + 1) / (power + 1))


def window_queue_s(windows: Sequence[tuple[float, float]], rate_bps: float, buffer_s: float) -> float:
    """How long the queue is that whole windows keep before a full resource, at most ``buffer_s``.

    ``windows``: bits under way and round trip without queues, by kind of sender; ``rate_bps``: what passes of them all.
    By Little's law each sends a window a round trip, and the queue makes the trips so long that this is all that
    passes: Σ W/(RTT + queue) = rate. The queue then stands still.
    """
    if rate_bps <= 0.0 or sum(bits / (rtt_s + buffer_s) for bits, rtt_s in windows) >= rate_bps:
        return buffer_s
    low_s, high_s = 0.0, buffer_s
    while high_s - low_s > 1e-9:
        middle_s = 0.5 * (low_s + high_s)
        if sum(bits / (rtt_s + middle_s) for bits, rtt_s in windows) > rate_bps:
            low_s = middle_s
        else:
            high_s = middle_s
    return high_s


def rto_s(rtt_s: float) -> float:
    """Linux' retransmission timeout at a steady round trip: it adds at least 200 ms (``tcp_rto_min``)."""
    return rtt_s + MIN_RTO_S


def retries_s(rtt_s: float) -> Iterator[float]:
    """When, after the last answer, TCP tries again: a tail loss probe, then timeouts that double up to 120 s.

    RFC 8985 (7.2: probe after two round trips) and RFC 6298; endless.
    """
    at_s = 2.0 * rtt_s
    yield at_s
    wait_s = rto_s(rtt_s)
    while True:
        at_s += wait_s
        yield at_s
        wait_s = min(2.0 * wait_s, MAX_RTO_S)


def syn_retries_s() -> Iterator[float]:
    """When, after the first SYN, Linux repeats it: 1, 3, 7, 15, 31, 63 s (``tcp_syn_retries=6``)."""
    for exponent in range(1, 7):
        yield 2.0**exponent - 1.0


class Window:
    """The congestion window of one flow as it opens: slow start, then the growth of its algorithm."""

    __slots__ = ("_congestion", "_epoch_s", "_friendly", "_peak", "segments", "threshold")

    def __init__(self, congestion: Congestion) -> None:
        self._congestion = congestion
        self.segments = INITIAL_WINDOW
        self.threshold = math.inf
        self._peak = 0.0
        self._epoch_s = 0.0
        self._friendly = 0.0

    @property
    def beta(self) -> float:
        """What is left of the window after a loss."""
        return CUBIC_BETA if self._congestion == "cubic" else RENO_BETA

    def timed_out(self, segments: float) -> None:
        """A timeout with ``segments`` in flight: back to one segment (RFC 5681, 3.1); BBR restores what it knew."""
        self._lost(segments)
        self.segments = self.threshold if self._congestion == "bbr" else 1.0

    def recovered(self, segments: float) -> None:
        """A loss that was repaired without a timeout, with ``segments`` in flight (RFC 5681, 3.2; RFC 9438, 4.6)."""
        self._lost(segments)
        self.segments = self.threshold

    def goes_on(self, segments: float) -> None:
        """Nothing was lost, but what fills the path is another window than these ``segments``: grow on from them."""
        self._lost(segments)
        self.segments = self.threshold = max(segments, 2.0)
        self._friendly = self.segments

    def _lost(self, segments: float) -> None:
        segments = max(segments, 2.0)
        self._peak = segments
        self.threshold = segments if self._congestion == "bbr" else max(segments * self.beta, 2.0)
        self._epoch_s = 0.0
        self._friendly = self.threshold

    def grow(self, elapsed_s: float, rtt_s: float) -> None:
        """Open the window by what ``elapsed_s`` of acknowledged sending opens it."""
        if self.segments < self.threshold or self._congestion == "bbr":
            self.segments = min(self.segments * 2.0 ** (elapsed_s / rtt_s), max(self.threshold, self.segments))
            if self._congestion == "bbr":
                self.threshold = math.inf
            return
        self._epoch_s += elapsed_s
        reno = self.segments + elapsed_s / rtt_s
        if self._congestion == "reno":
            self.segments = reno
            return
        reach_s = (self._peak * (1.0 - CUBIC_BETA) / CUBIC_C) ** (1.0 / 3.0)
        cubic = CUBIC_C * (self._epoch_s - reach_s) ** 3 + self._peak
        friendly = 3.0 * (1.0 - CUBIC_BETA) / (1.0 + CUBIC_BETA) * elapsed_s / rtt_s
        self._friendly += friendly
        self.segments = max(cubic, self._friendly)

    def rate_bps(self, rtt_s: float, mss_bytes: int) -> float:
        """One window of payload a round trip."""
        return self.segments * mss_bytes * 8.0 / rtt_s
