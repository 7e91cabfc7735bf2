"""How true the wires are: round-trip error, TCP throughput, rate, loss and the cost of laying: `python wires.py`."""

from __future__ import annotations

import json
import re
import statistics
import subprocess
import time
from pathlib import Path

from emulator.channel import Channel
from emulator.netns import Namespace, create_all
from emulator.passage import Direction
from emulator.sandbox import Sandbox
from emulator.wire import Wire, WireEnd, Wires, WireSpec

A, B = "10.0.0.1", "10.0.0.2"
LARGE_WINDOWS = {"net.ipv4.tcp_rmem": "4096 131072 100000000", "net.ipv4.tcp_wmem": "4096 131072 100000000"}


def measure(channel: Channel) -> None:
    """The entry point inside the sandbox: streams lines of text."""

    def say(text: str) -> None:
        channel.event({"text": text})

    a, b = create_all(["a", "b"])
    with Wires(seed=1) as wires:
        say(f"implementation: {wires.implementation}")
        ends = (WireEnd(namespace=a, name="wan", address=A), WireEnd(namespace=b, name="wan", address=B))
        (wire,) = wires.lay([WireSpec(name="w", a=ends[0], b=ends[1], forth=Direction(), back=Direction())])
        for end in (a, b):
            end.sysctls(LARGE_WINDOWS)
        for one_way_s in (0.0, 0.005, 0.01, 0.031, 0.05):
            _both(wire, Direction(delay_s=one_way_s))
            errors_ms = [(rtt_s - 2 * one_way_s) * 1e3 for rtt_s in _ping(a)]
            middle, spread = statistics.median(errors_ms), statistics.stdev(errors_ms)
            say(f"{one_way_s * 1e3:4.0f} ms one way: RTT error median {middle:+.3f} ms, sd {spread:.3f} ms")
        for one_way_s in (0.005, 0.025):
            for control in ("cubic", "bbr"):
                _both(wire, Direction(delay_s=one_way_s))
                say(f"{one_way_s * 1e3:4.0f} ms, no rate, {control}: {_iperf_bps(a, b, control) / 1e9:.2f} Gbit/s")
        for rate_bps in (10e6, 100e6, 1e9):
            _both(wire, Direction(delay_s=0.005, rate_bps=rate_bps))
            say(f"{rate_bps / 1e6:4.0f} Mbit/s asked, cubic: {_iperf_bps(a, b, 'cubic') / 1e6:.1f} Mbit/s TCP payload")
        for loss in (0.01, 0.05):
            wire.set(forth=Direction(loss=loss), back=Direction())
            before = wire.counters().forth.lost_packets
            a.run(["ping", "-f", "-q", "-c", "10000", B], timeout_s=120)
            lost = wire.counters().forth.lost_packets - before
            say(f"loss {loss:.0%} asked: {lost / 10000:.2%} of 10,000 pings")
        spokes = create_all(f"s{number}" for number in range(50))
        began_s = time.perf_counter()
        wires.lay([_spoke(a, spoke, number) for number, spoke in enumerate(spokes)])
        say(f"50 more wires, delayed and rated: {time.perf_counter() - began_s:.2f} s")


def _both(wire: Wire, direction: Direction) -> None:
    wire.set(forth=direction, back=direction)


def _ping(a: Namespace) -> list[float]:
    out = a.run(["ping", "-c", "100", "-i", "0.02", B], timeout_s=60).stdout.decode()
    return [float(ms) / 1e3 for ms in re.findall(r"time=([\d.]+)", out)]


def _iperf_bps(a: Namespace, b: Namespace, control: str) -> float:
    with b.popen(["iperf3", "--server", "--one-off"], stdout=subprocess.DEVNULL) as server:
        time.sleep(0.3)
        argv = ["iperf3", "-c", B, "-t", "4", "-O", "1", "-C", control, "--json"]
        report = json.loads(a.run(argv, timeout_s=30).stdout)
        server.wait()
    return float(report["end"]["sum_received"]["bits_per_second"])


def _spoke(hub: Namespace, spoke: Namespace, number: int) -> WireSpec:
    there = Direction(delay_s=0.01, rate_bps=100e6)
    return WireSpec(
        name=f"s{number}",
        a=WireEnd(namespace=hub, name=f"to{number}", address=f"10.1.{number}.1"),
        b=WireEnd(namespace=spoke, name="wan", address=f"10.1.{number}.2"),
        forth=there,
        back=there,
    )


if __name__ == "__main__":
    with Sandbox.start("wires:measure", python_path=[Path(__file__).parent]) as sandbox:
        for event in sandbox.events():
            print(event["text"], flush=True)
