"""Wires, measured from outside by ping, iperf3 and plain sockets; on netem too where the kernel has it."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from emulator import kernel, links
from emulator.bottleneck import commands
from emulator.links import Addresses, NextHop, Route
from emulator.netem import netem_command
from emulator.netns import Namespace, create_all
from emulator.passage import Direction, Impairment, Passage
from emulator.wire import Wire, WireEnd, WireError, Wires, WireSpec

A, B = "10.0.0.1", "10.0.0.2"

HAS_NETEM = any(feature.name == "netem" and feature.present for feature in kernel.survey())

inside = pytest.mark.inside
both = pytest.mark.parametrize("implementation", ["nfqueue", *(["netem"] if HAS_NETEM else [])])


@contextmanager
def _wire(
    implementation: str, forth: Direction, back: Direction | None = None, *, seed: int = 1
) -> Iterator[tuple[Wire, Namespace, Namespace]]:
    a, b = create_all(["a", "b"])
    ends = (WireEnd(namespace=a, name="wan", address=A), WireEnd(namespace=b, name="wan", address=B))
    spec = WireSpec(name="w", a=ends[0], b=ends[1], forth=forth, back=forth if back is None else back)
    with Wires(seed=seed, implementation=implementation) as wires:  # type: ignore[arg-type]
        (wire,) = wires.lay([spec])
        yield wire, a, b


def _ping(namespace: Namespace, *options: str, count: int = 20, to: str = B) -> dict[int, float]:
    """Round-trip times in seconds by sequence number, of the pings that were answered."""
    argv = ["ping", "-n", "-c", str(count), "-i", "0.02", "-W", "1", *options, to]
    out = namespace.run(argv, timeout_s=60).stdout.decode()
    return {int(seq): float(ms) / 1000 for seq, ms in re.findall(r"icmp_seq=(\d+).*time=([\d.]+)", out)}


def _iperf_bps(a: Namespace, b: Namespace, seconds: int) -> float:
    with b.popen(["iperf3", "--server", "--one-off"], stdout=subprocess.DEVNULL) as server:
        _await_listener(b, 5201)
        argv = ["iperf3", "-c", B, "-t", str(seconds), "-O", "1", "-C", "cubic", "--json"]
        report = json.loads(a.run(argv, timeout_s=30).stdout)
        server.wait()
    return float(report["end"]["sum_received"]["bits_per_second"])


def _await_listener(namespace: Namespace, port: int) -> None:
    until_s = time.monotonic() + 5
    while f":{port:04X} 00000000:0000 0A" not in namespace.call(_listeners):
        assert time.monotonic() < until_s, f"nobody listens on {port}"
        time.sleep(0.01)


def _listeners() -> str:
    tables = (Path("/proc/thread-self/net", name).read_text() for name in ("tcp", "tcp6"))
    return "\n".join(tables).replace("00000000000000000000000000000000", "00000000")


@pytest.mark.needs_netem
@pytest.mark.skipif(not HAS_NETEM, reason="a kernel with sch_netem: the netem half of the wire tests has not run")
def test_the_netem_half_of_these_tests_runs_too() -> None:
    assert both.args[1] == ["nfqueue", "netem"]


@inside
@both
@pytest.mark.parametrize("one_way_s", [0.005, 0.031])
def test_a_round_trip_takes_both_delays(implementation: str, one_way_s: float) -> None:
    with _wire(implementation, Direction(delay_s=one_way_s)) as (_, a, _b):
        times_s = list(_ping(a, count=40).values())
    assert len(times_s) == 40
    assert statistics.median(times_s) == pytest.approx(2 * one_way_s, abs=1e-3)


@inside
@both
def test_each_direction_has_its_own_delay(implementation: str) -> None:
    with _wire(implementation, Direction(delay_s=0.02), Direction(delay_s=0.002)) as (_, a, b):
        assert _one_way_s(a, b, B) == pytest.approx(0.02, abs=2e-3)
        assert _one_way_s(b, a, A) == pytest.approx(0.002, abs=2e-3)


def _one_way_s(sender: Namespace, receiver: Namespace, address: str) -> float:
    """The median time that a datagram takes one way; both ends share this machine's clock."""
    with receiver.call(_udp) as listener, sender.call(_udp) as speaker:
        listener.bind((address, 4000))
        listener.settimeout(2)
        taken_s = []
        for _ in range(15):
            sent_s = time.monotonic()
            speaker.sendto(b"x", (address, 4000))
            listener.recv(10)
            taken_s.append(time.monotonic() - sent_s)
    return statistics.median(taken_s)


def _udp() -> socket.socket:
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


@inside
@both
def test_jitter_spreads_the_delay_and_keeps_the_order(implementation: str) -> None:
    with _wire(implementation, Direction(delay_s=0.01, jitter_s=0.005), Direction()) as (_, a, b):
        times_s = sorted(_ping(a, count=80).values())
        assert times_s[0] > 0.0045
        assert times_s[-8] < 0.0165
        assert times_s[-8] - times_s[7] > 0.005  # uniform in 10 ms: the middle 80 % span 8 ms
        with b.call(_udp) as listener, a.call(_udp) as speaker:
            listener.bind((B, 4000))
            listener.settimeout(2)
            for number in range(150):  # they fit the receive buffer
                speaker.sendto(str(number).encode(), (B, 4000))
                time.sleep(0.0005)
            assert [int(listener.recv(10)) for _ in range(150)] == list(range(150))


@inside
@both
def test_loss_strikes_as_often_as_asked_in_its_direction_only(implementation: str) -> None:
    with _wire(implementation, Direction(loss=0.1), Direction()) as (wire, a, _):
        answered = len(_ping(a, "-i", "0.002", count=2000))
        counters = wire.counters()
    # Five standard deviations of a binomial around 200.
    assert 200 - 67 < 2000 - answered < 200 + 67
    assert counters.forth.lost_packets == 2000 - answered
    assert counters.back.lost_packets == 0


@inside
def test_one_seed_loses_the_same_packets_and_another_seed_others() -> None:
    def answered(seed: int) -> set[int]:
        with _wire("nfqueue", Direction(loss=0.2), Direction(), seed=seed) as (_, a, _b):
            return set(_ping(a, "-i", "0.005", count=200))

    first = answered(1)
    assert 100 < len(first) < 200
    assert answered(1) == first
    assert answered(2) != first


@inside
@both
def test_loss_strikes_segments_not_bundles_of_them(implementation: str) -> None:
    with _wire(implementation, Direction(delay_s=0.001)) as (wire, a, b):
        _iperf_bps(a, b, 1)
        assert _mean_size(wire, 0, 0) > 3000, "the kernel made no bundles: this test shows nothing"
        counted = wire.counters().forth
        wire.set(forth=Direction(delay_s=0.001, loss=0.001))
        _iperf_bps(a, b, 1)
        assert _mean_size(wire, counted.delivered_packets, counted.delivered_bytes) <= 1514


def _mean_size(wire: Wire, packets: int, size_bytes: int) -> float:
    counted = wire.counters().forth
    return (counted.delivered_bytes - size_bytes) / (counted.delivered_packets - packets)


@inside
@both
def test_a_partition_stops_everything_and_heals(implementation: str) -> None:
    with _wire(implementation, Direction(delay_s=0.001)) as (wire, a, b):
        assert len(_ping(a, count=5)) == 5
        wire.set(forth=Direction(loss=1.0))
        assert _ping(a, count=5) == {}
        assert _ping(b, count=5, to=A) == {}
        wire.set(forth=Direction(delay_s=0.001))
        assert len(_ping(a, count=5)) == 5
        assert wire.spec.forth == Direction(delay_s=0.001)


@inside
@both
def test_a_change_holds_for_running_traffic(implementation: str) -> None:
    with _wire(implementation, Direction(delay_s=0.002)) as (wire, a, _):
        process = a.popen(["ping", "-n", "-c", "60", "-i", "0.02", B], stdout=subprocess.PIPE)
        time.sleep(0.5)
        wire.set(forth=Direction(delay_s=0.032))
        out = process.communicate(timeout=20)[0].decode()
    times_ms = [float(ms) for ms in re.findall(r"time=([\d.]+)", out)]
    assert len(times_ms) == 60
    assert statistics.median(times_ms[:15]) == pytest.approx(4, abs=1)
    assert statistics.median(times_ms[-15:]) == pytest.approx(34, abs=1)


@inside
@both
@pytest.mark.parametrize("rate_bps", [10e6, 200e6])
def test_tcp_gets_the_rate_and_not_more(implementation: str, rate_bps: float) -> None:
    with _wire(implementation, Direction(delay_s=0.005, rate_bps=rate_bps), Direction(delay_s=0.005)) as (_, a, b):
        assert 0.85 * rate_bps < _iperf_bps(a, b, 2) < rate_bps


@inside
@both
def test_a_full_buffer_overflows_and_bounds_the_waiting(implementation: str) -> None:
    small = Direction(rate_bps=1e6, queue_bytes=12_500)  # 100 ms' worth
    with _wire(implementation, small, Direction()) as (wire, a, b):
        with b.call(_udp) as listener, a.call(_udp) as speaker:
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
    with _wire(implementation, free) as (wire, a, _):
        for _round in range(2):
            wire.set(forth=slow)
            limited_s = _burst_s(a)
            wire.set(forth=free)
            free_s = _burst_s(a)
            assert limited_s > 0.08  # 20 kB less the bucket's 7.6 kB at 1 Mbit/s
            assert free_s < 0.03


def _burst_s(a: Namespace) -> float:
    """The time of one ping of 20,000 bytes, in fragments."""
    return next(iter(_ping(a, "-s", "20000", count=1).values()))


@inside
@both
def test_the_mtu_passes_whole_and_nothing_larger(implementation: str) -> None:
    with _wire(implementation, Direction()) as (_, a, _b):
        assert len(_ping(a, "-M", "do", "-s", "1472", count=1)) == 1
        assert _ping(a, "-M", "do", "-s", "1473", count=1) == {}


@inside
@both
def test_networks_behind_the_ends_are_reached_over_the_wire(implementation: str) -> None:
    with _wire(implementation, Direction(delay_s=0.003)) as (_, a, b):
        links.apply(
            [
                Addresses(namespace=b, name="lo", addresses=("172.20.1.1/32",)),
                Route(
                    namespace=a,
                    destination="172.20.0.0/16",
                    hops=(NextHop(via=B, device="wan", onlink=True),),
                    source=A,
                ),
            ]
        )
        times_s = list(_ping(a, count=10, to="172.20.1.1").values())
        assert statistics.median(times_s) == pytest.approx(0.006, abs=1e-3)


@inside
@both
def test_many_wires_do_not_mix(implementation: str) -> None:
    hub, *spokes = create_all(["hub", *(f"s{number}" for number in range(6))])
    specs = [
        WireSpec(
            name=f"w{number}",
            a=WireEnd(namespace=hub, name=f"to{number}", address=f"10.0.{number}.1"),
            b=WireEnd(namespace=spoke, name="wan", address=f"10.0.{number}.2"),
            forth=Direction(delay_s=0.005 * number),
            back=Direction(),
        )
        for number, spoke in enumerate(spokes)
    ]
    with Wires(seed=1, implementation=implementation) as wires:  # type: ignore[arg-type]
        wires.lay(specs)
        for number in range(6):
            times_s = _ping(hub, to=f"10.0.{number}.2", count=10).values()
            assert statistics.median(times_s) == pytest.approx(0.005 * number, abs=1e-3)


@inside
def test_a_dead_delay_line_is_told() -> None:
    with _wire("nfqueue", Direction()) as (wire, a, _):
        for entry in Path("/proc").glob("[0-9]*/cmdline"):
            if b"emulator.delayline" in entry.read_bytes():
                os.kill(int(entry.parent.name), signal.SIGKILL)
        with pytest.raises(WireError, match="start the sandbox anew"):
            wire.counters()
        assert _ping(a, count=2) == {}, "without its delay line a wire must not become a fast one"


@pytest.mark.parametrize(
    "wrong",
    [{"delay_s": -0.1}, {"jitter_s": -1.0}, {"loss": 1.1}, {"loss": -0.1}, {"rate_bps": 0.0}],
    ids=lambda wrong: next(iter(wrong)),
)
def test_impossible_directions_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(WireError):
        Direction(**wrong)


@pytest.mark.parametrize(
    ("direction", "command"),
    [
        (Direction(delay_s=0.031), "delay 31000us"),
        (Direction(delay_s=0.01, jitter_s=0.002), "delay 10000us 2000us rate 100gbit"),
        (Direction(delay_s=0.01, loss=0.0001), "delay 10000us loss 0.010000%"),
        (Direction(loss=1.0), "delay 0us loss 100.000000%"),
    ],
)
def test_netem_is_told_in_its_own_words(direction: Direction, command: str) -> None:
    assert netem_command("b", direction) == f"qdisc replace dev b root handle 1: netem limit 65000 {command}"


@pytest.fixture
def impaired() -> Callable[[Direction], Impairment]:
    def make(direction: Direction) -> Impairment:
        nowhere = Namespace.current()
        end = WireEnd(namespace=nowhere, name="wan", address=A)
        passage = Passage(key="w/forth", middle=nowhere, sender=end, device_in="a", device_out="b")
        nowhere.close()
        return Impairment(passage=passage, direction=direction, buffer_bytes=direction.buffer_bytes(0.062))

    return make


@pytest.mark.parametrize(
    ("rate_bps", "burst", "limit"),
    [(1e6, 7570, 48448), (200e6, 50_000, 1_550_000), (10e9, 262_144, 77_500_000)],
)
def test_the_bucket_holds_two_milliseconds_and_the_buffer_a_round_trip(
    impaired: Callable[[Direction], Impairment], rate_bps: float, burst: int, limit: int
) -> None:
    (line,) = commands(impaired(Direction(rate_bps=rate_bps)), parent="root", limited_before=False)
    expected = f"rate {rate_bps:.0f}bit burst {burst} limit {limit}"
    assert line == f"qdisc replace dev b root handle 10: tbf {expected}"


def test_no_rate_takes_away_only_what_is_there(impaired: Callable[[Direction], Impairment]) -> None:
    free = impaired(Direction())
    assert commands(free, parent="root", limited_before=False) == []
    assert commands(free, parent="root", limited_before=True) == ["qdisc del dev b root"]
