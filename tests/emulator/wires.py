"""One wire between two namespaces, and how it is measured: by ping, iperf3 and plain sockets."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from emulator import kernel
from emulator.netns import Namespace, create_all
from emulator.passage import Direction
from emulator.wire import Wire, WireEnd, Wires, WireSpec

A, B = "10.0.0.1", "10.0.0.2"
HAS_NETEM = any(feature.name == "netem" and feature.present for feature in kernel.survey())

both = pytest.mark.parametrize("implementation", ["nfqueue", *(["netem"] if HAS_NETEM else [])])


@contextmanager
def laid_wire(
    implementation: str, forth: Direction, back: Direction | None = None, *, seed: int = 1
) -> Iterator[tuple[Wire, Namespace, Namespace]]:
    """A wire and the namespaces at its ends, whose addresses are A and B; ``back`` is like ``forth`` if not said."""
    a, b = create_all(["a", "b"])
    ends = (WireEnd(namespace=a, name="wan", address=A), WireEnd(namespace=b, name="wan", address=B))
    spec = WireSpec(name="w", a=ends[0], b=ends[1], forth=forth, back=forth if back is None else back)
    with Wires(seed=seed, implementation=implementation) as wires:  # type: ignore[arg-type]
        (wire,) = wires.lay([spec])
        yield wire, a, b


def ping(namespace: Namespace, *options: str, count: int = 20, to: str = B) -> dict[int, float]:
    """Round-trip times in seconds by sequence number, of the pings that were answered."""
    argv = ["ping", "-n", "-c", str(count), "-i", "0.02", "-W", "1", *options, to]
    out = namespace.run(argv, timeout_s=60).stdout.decode()
    return {int(seq): float(ms) / 1000 for seq, ms in re.findall(r"icmp_seq=(\d+).*time=([\d.]+)", out)}


def iperf_bps(a: Namespace, b: Namespace, seconds: int) -> float:
    """What one TCP stream moves from ``a`` to ``b``, after a second of warming up."""
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


def udp() -> socket.socket:
    """A socket for datagrams, of the namespace that calls."""
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
