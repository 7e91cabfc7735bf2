"""What wires let through: rates, buffers and segments, measured from outside; on netem too where the kernel has it."""

from __future__ import annotations

import time

import pytest

from emulator.netns import Namespace
from emulator.passage import Direction
from emulator.wire import Wire
from tests.emulator.wires import B, both, iperf_bps, laid_wire, ping, udp

inside = pytest.mark.inside


@inside
@both
@pytest.mark.parametrize("rate_bps", [10e6, 200e6])
def test_tcp_gets_the_rate_and_not_more(implementation: str, rate_bps: float) -> None:
    with laid_wire(implementation, Direction(delay_s=0.005, rate_bps=rate_bps), Direction(delay_s=0.005)) as (_, a, b):
        assert 0.85 * rate_bps < iperf_bps(a, b, 2) < rate_bps


@inside
@both
def test_a_full_buffer_overflows_and_bounds_the_waiting(implementation: str) -> None:
    small = Direction(rate_bps=1e6, queue_bytes=12_500)  # 100 ms' worth
    with laid_wire(implementation, small, Direction()) as (wire, a, b):
        with b.call(udp) as listener, a.call(udp) as speaker:
            listener.bind((B, 4000))
            listener.settimeout(1)
            for number in range(60):
                speaker.sendto(str(number).encode().ljust(1400), (B, 4000))
            sent_s = time.monotonic()
            arrived = []
            with pytest.raises(TimeoutError):
                while True:
                    arrived.append(int(listener.recv(2000)))
                    last_s = time.monotonic() - sent_s
        counters = wire.counters().forth
    assert arrived == sorted(arrived)
    assert 5 < len(arrived) < 30  # what fits the buffer and the token bucket
    assert last_s < 0.2
    assert counters.overflowed_packets == 60 - len(arrived)
    assert counters.lost_packets == 0


@inside
@both
def test_a_rate_can_be_lifted_and_set_again(implementation: str) -> None:
    slow, free = Direction(rate_bps=1e6), Direction()
    with laid_wire(implementation, free) as (wire, a, _):
        for _round in range(2):
            wire.set(forth=slow)
            limited_s = _burst_s(a)
            wire.set(forth=free)
            free_s = _burst_s(a)
            assert limited_s > 0.08  # 20 kB less the bucket's 7.6 kB at 1 Mbit/s
            assert free_s < 0.03


def _burst_s(a: Namespace) -> float:
    """The time of one ping of 20,000 bytes, in fragments."""
    return next(iter(ping(a, "-s", "20000", count=1).values()))


@inside
@both
def test_loss_strikes_segments_not_bundles_of_them(implementation: str) -> None:
    with laid_wire(implementation, Direction(delay_s=0.001)) as (wire, a, b):
        iperf_bps(a, b, 1)
        assert _mean_size(wire, 0, 0) > 3000, "the kernel made no bundles: this test shows nothing"
        counted = wire.counters().forth
        wire.set(forth=Direction(delay_s=0.001, loss=0.001))
        iperf_bps(a, b, 1)
        assert _mean_size(wire, counted.delivered_packets, counted.delivered_bytes) <= 1514


def _mean_size(wire: Wire, packets: int, size_bytes: int) -> float:
    counted = wire.counters().forth
    return (counted.delivered_bytes - size_bytes) / (counted.delivered_packets - packets)
