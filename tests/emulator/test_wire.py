"""Delay, jitter, loss and reach of wires, measured from outside; on netem too where the kernel has it."""

from __future__ import annotations

import os
import re
import signal
import statistics
import subprocess
import time
from pathlib import Path

import pytest

from emulator import links
from emulator.links import Addresses, NextHop, Route
from emulator.netns import Namespace, create_all
from emulator.passage import Direction
from emulator.wire import WireEnd, WireError, Wires, WireSpec
from tests.emulator.wires import HAS_NETEM, A, B, both, laid_wire, ping, udp

inside = pytest.mark.inside


@pytest.mark.needs_netem
@pytest.mark.skipif(not HAS_NETEM, reason="a kernel with sch_netem: the netem half of the wire tests has not run")
def test_the_netem_half_of_these_tests_runs_too() -> None:
    assert both.args[1] == ["nfqueue", "netem"]


@inside
@both
@pytest.mark.parametrize("one_way_s", [0.005, 0.031])
def test_a_round_trip_takes_both_delays(implementation: str, one_way_s: float) -> None:
    with laid_wire(implementation, Direction(delay_s=one_way_s)) as (_, a, _b):
        times_s = list(ping(a, count=40).values())
    assert len(times_s) == 40
    assert statistics.median(times_s) == pytest.approx(2 * one_way_s, abs=1e-3)


@inside
@both
def test_each_direction_has_its_own_delay(implementation: str) -> None:
    with laid_wire(implementation, Direction(delay_s=0.02), Direction(delay_s=0.002)) as (_, a, b):
        assert _one_way_s(a, b, B) == pytest.approx(0.02, abs=2e-3)
        assert _one_way_s(b, a, A) == pytest.approx(0.002, abs=2e-3)


def _one_way_s(sender: Namespace, receiver: Namespace, address: str) -> float:
    """The median time that a datagram takes one way; both ends share this machine's clock."""
    with receiver.call(udp) as listener, sender.call(udp) as speaker:
        listener.bind((address, 4000))
        listener.settimeout(2)
        taken_s = []
        for _ in range(15):
            sent_s = time.monotonic()
            speaker.sendto(b"x", (address, 4000))
            listener.recv(10)
            taken_s.append(time.monotonic() - sent_s)
    return statistics.median(taken_s)


@inside
@both
def test_jitter_spreads_the_delay_and_keeps_the_order(implementation: str) -> None:
    with laid_wire(implementation, Direction(delay_s=0.01, jitter_s=0.005), Direction()) as (_, a, b):
        times_s = sorted(ping(a, count=80).values())
        assert times_s[0] > 0.0045
        assert times_s[-8] < 0.0165
        assert times_s[-8] - times_s[7] > 0.005  # uniform in 10 ms: the middle 80 % span 8 ms
        with b.call(udp) as listener, a.call(udp) as speaker:
            listener.bind((B, 4000))
            listener.settimeout(2)
            for number in range(150):  # they fit the receive buffer
                speaker.sendto(str(number).encode(), (B, 4000))
                time.sleep(0.0005)
            assert [int(listener.recv(10)) for _ in range(150)] == list(range(150))


@inside
@both
def test_loss_strikes_as_often_as_asked_in_its_direction_only(implementation: str) -> None:
    with laid_wire(implementation, Direction(loss=0.1), Direction()) as (wire, a, _):
        answered = len(ping(a, "-i", "0.002", count=2000))
        counters = wire.counters()
    # Five standard deviations of a binomial around 200.
    assert 200 - 67 < 2000 - answered < 200 + 67
    assert counters.forth.lost_packets == 2000 - answered
    assert counters.back.lost_packets == 0


@inside
def test_one_seed_loses_the_same_packets_and_another_seed_others() -> None:
    def answered(seed: int) -> set[int]:
        with laid_wire("nfqueue", Direction(loss=0.2), Direction(), seed=seed) as (_, a, _b):
            return set(ping(a, "-i", "0.005", count=200))

    first = answered(1)
    assert 100 < len(first) < 200
    assert answered(1) == first
    assert answered(2) != first


@inside
@both
def test_a_partition_stops_everything_and_heals(implementation: str) -> None:
    with laid_wire(implementation, Direction(delay_s=0.001)) as (wire, a, b):
        assert len(ping(a, count=5)) == 5
        wire.set(forth=Direction(loss=1.0))
        assert ping(a, count=5) == {}
        assert ping(b, count=5, to=A) == {}
        wire.set(forth=Direction(delay_s=0.001))
        assert len(ping(a, count=5)) == 5
        assert wire.spec.forth == Direction(delay_s=0.001)


@inside
@both
def test_a_change_holds_for_running_traffic(implementation: str) -> None:
    with laid_wire(implementation, Direction(delay_s=0.002)) as (wire, a, _):
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
def test_the_mtu_passes_whole_and_nothing_larger(implementation: str) -> None:
    with laid_wire(implementation, Direction()) as (_, a, _b):
        assert len(ping(a, "-M", "do", "-s", "1472", count=1)) == 1
        assert ping(a, "-M", "do", "-s", "1473", count=1) == {}


@inside
@both
def test_networks_behind_the_ends_are_reached_over_the_wire(implementation: str) -> None:
    with laid_wire(implementation, Direction(delay_s=0.003)) as (_, a, b):
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
        times_s = list(ping(a, count=10, to="172.20.1.1").values())
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
            times_s = ping(hub, to=f"10.0.{number}.2", count=10).values()
            assert statistics.median(times_s) == pytest.approx(0.005 * number, abs=1e-3)


@inside
def test_a_dead_delay_line_is_told() -> None:
    with laid_wire("nfqueue", Direction()) as (wire, a, _):
        for entry in Path("/proc").glob("[0-9]*/cmdline"):
            if b"emulator.delayline" in entry.read_bytes():
                os.kill(int(entry.parent.name), signal.SIGKILL)
        with pytest.raises(WireError, match="start the sandbox anew"):
            wire.counters()
        assert ping(a, count=2) == {}, "without its delay line a wire must not become a fast one"
