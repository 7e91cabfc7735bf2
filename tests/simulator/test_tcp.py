"""TCP formulas against their published values."""

from __future__ import annotations

from itertools import islice, pairwise
from math import inf

import numpy as np
import pytest

from kubeslice_sim.simulator.tcp import (
    CUBIC_C,
    RANDOM_LOSS_FRIENDLY,
    Congestion,
    Window,
    chance_window,
    competing_weight,
    cubic_window,
    loss_limit_bps,
    mean_queue_s,
    reno_window,
    retries_s,
    sawtooth_queue_s,
    syn_retries_s,
    window_limit_bps,
)


@pytest.mark.parametrize(
    # RTT ms, loss, Mbit/s by Mathis with an ACK a segment; MSS 1460.
    ("rtt_ms", "loss", "mathis"), [(10, 1e-4, 143.1), (50, 1e-3, 9.05), (100, 1e-2, 1.43)],
)  # fmt: skip
def test_reno_under_regular_loss(rtt_ms: float, loss: float, mathis: float) -> None:
    assert reno_window(loss) * 8 * 1460 / rtt_ms / 1e3 == pytest.approx(mathis, rel=0.006)


@pytest.mark.parametrize(
    # RFC 9438 table 1: RTT 0.1 s, C = 0.4; average CUBIC window in segments.
    ("loss", "segments"),
    [(1e-2, 12), (1e-3, 38.7), (1e-4, 187), (1e-5, 1054), (1e-6, 5926), (1e-7, 33325)],
)
def test_cubic_window_of_the_rfc(loss: float, segments: float) -> None:
    assert cubic_window(loss, 0.1) == pytest.approx(segments, rel=0.025)


def mean_of_cubic_by_chance(steepness: float, runs: int = 1500, losses: int = 80) -> float:
    """CUBIC's mean window times √p for p → 0, stepped through by RFC 9438 with exponential gaps between losses.

    Time is in round trips times √p and windows are times √p, so that only ``steepness`` = C · RTT³ / p remains.
    """
    dice = np.random.default_rng(1)
    guess = max(1.4, 1.2 * (steepness / 0.4) ** 0.25)
    step = min(guess, (guess / max(steepness, 1e-9)) ** (1 / 3)) / 40
    lost, peak, sent, took = np.full(runs, guess), np.full(runs, guess), 0.0, 0.0
    for number in range(losses):
        peak = np.where(lost < peak, 0.85 * lost, lost)  # 4.7: fast convergence
        start, slow = 0.7 * lost, 0.9 / 1.7
        reach = np.cbrt((peak - start) / steepness) if steepness else np.zeros(runs)  # 4.2
        passes_s = (lost - start) / slow
        left = dice.exponential(size=runs)
        window, at, end, until = start, 0.0, np.full(runs, np.nan), np.zeros(runs)
        sent += left.sum() if number >= 30 else 0.0
        while np.isnan(end).any():
            at += step
            friendly = np.where(at < passes_s, start + slow * at, lost + at - passes_s)  # 4.3
            after = np.maximum(window, np.maximum(friendly, peak + steepness * (at - reach) ** 3))
            if not steepness:
                after = friendly
            packets = 0.5 * (window + after) * step
            done, part = np.isnan(end) & (packets >= left), left / packets
            end = np.where(done, window + part * (after - window), end)
            until = np.where(done, at - step * (1 - part), until)
            left, window = left - packets, after
        took += until.sum() if number >= 30 else 0.0
        lost = end
    return float(sent / took)


def test_cubics_window_by_chance_is_the_stationary_mean_of_the_rfcs_rules() -> None:
    """The two numbers to 1 %, the formula between them to 2.5 %."""
    loss = 1e-4
    assert mean_of_cubic_by_chance(0.0) == pytest.approx(RANDOM_LOSS_FRIENDLY, rel=0.01)
    for steepness, within in ((0.3, 0.025), (3.0, 0.025), (300.0, 0.01)):
        rtt_s = (steepness * loss / CUBIC_C) ** (1 / 3)
        found = mean_of_cubic_by_chance(steepness)
        print(f"C · RTT³ / p = {steepness:g}: {found:.4f}")
        assert chance_window("cubic", loss, rtt_s) * loss**0.5 == pytest.approx(found, rel=within)
    assert chance_window("reno", 1e-4, 0.1) == pytest.approx(130.98)


def test_cubic_is_never_below_reno_and_ahead_on_long_paths() -> None:
    assert cubic_window(1e-3, 0.01) == reno_window(1e-3)
    assert cubic_window(1e-5, 0.1) > 2 * reno_window(1e-5)


def test_light_loss_does_not_move_bbr() -> None:
    assert loss_limit_bps("bbr", 0.01, 0.05, 1248) == inf
    assert loss_limit_bps("bbr", 0.3, 0.05, 1248) < 1e6
    reno, cubic = (loss_limit_bps(name, 1e-4, 0.06, 1248) for name in ("reno", "cubic"))
    assert 0 < reno <= cubic < inf
    assert loss_limit_bps("cubic", 0.0, 0.06, 1248) == inf
    assert loss_limit_bps("cubic", 1.0, 0.06, 1248) == 0.0


def test_a_window_a_round_trip() -> None:
    assert window_limit_bps(0.1, 1_250_000) == 100e6


def test_shares_follow_the_round_trip() -> None:
    assert competing_weight("reno", 0.02) == pytest.approx(5 * competing_weight("reno", 0.1))
    assert competing_weight("cubic", 0.02) == pytest.approx(competing_weight("reno", 0.02))


def test_retries_double() -> None:
    # A probe after two round trips, then timeouts of RTT + 200 ms that double.
    assert list(islice(retries_s(0.06), 5)) == pytest.approx([0.12, 0.38, 0.90, 1.94, 4.02])
    moments = list(islice(retries_s(0.06), 20))
    assert max(later - sooner for sooner, later in pairwise(moments)) == pytest.approx(120.0)
    assert list(syn_retries_s()) == [1, 3, 7, 15, 31, 63]


def test_slow_start_doubles_each_round_trip() -> None:
    window = Window("cubic")
    for _ in range(4):
        window.grow(0.05, 0.05)
    assert window.segments == pytest.approx(160)
    assert window.rate_bps(0.05, 1250) == pytest.approx(160 * 1250 * 8 / 0.05)


def test_after_a_timeout_slow_start_ends_at_half_for_reno() -> None:
    window = Window("reno")
    window.timed_out(100)
    assert window.segments == 1
    for _ in range(8):
        window.grow(0.05, 0.05)
    # 1 → 50 in six round trips (capped there), then one segment a round trip.
    assert window.segments == pytest.approx(52)


def test_cubic_returns_to_its_peak_after_k_seconds() -> None:
    window = Window("cubic")
    window.recovered(400)
    assert window.segments == pytest.approx(280)
    # K = cbrt(W (1 - β) / C) = cbrt(400 · 0.3 / 0.4) = 6.69 s (RFC 9438, 4.2).
    for _ in range(67):
        window.grow(0.1, 0.1)
    assert window.segments == pytest.approx(400, rel=0.01)


def test_bbr_restores_what_it_knew() -> None:
    window = Window("bbr")
    window.timed_out(100)
    assert window.segments == 100


@pytest.mark.parametrize("congestion", ["reno", "cubic", "bbr"])
@pytest.mark.parametrize("buffer_s", [0.0, 0.003, 0.01, 0.05, 0.5])
@pytest.mark.parametrize("flows", [1, 4])
def test_the_mean_queue_is_the_mean_of_the_sawtooth(congestion: Congestion, buffer_s: float, flows: int) -> None:
    phases = [(i + 0.5) / 20_000 for i in range(20_000)]
    mean_s = sum(sawtooth_queue_s(congestion, 0.05, buffer_s, phase, flows) for phase in phases) / len(phases)
    assert mean_queue_s(congestion, 0.05, buffer_s, flows) == pytest.approx(mean_s, rel=1e-4, abs=1e-12)


def test_a_deep_queue_makes_near_and_far_alike() -> None:
    near_s, far_s = 0.02, 0.2
    bare = competing_weight("reno", near_s) / competing_weight("reno", far_s)
    queue_s = mean_queue_s("reno", near_s, 0.5)
    assert bare == pytest.approx(10.0)
    assert 1.3 < competing_weight("reno", near_s + queue_s) / competing_weight("reno", far_s + queue_s) < 1.6
