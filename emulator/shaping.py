"""Slice QoS as KubeSlice's netops and gateway sidecar set it: HTB on a node's NIC, TBF on each tunnel.

As netops `server/netop_handler.go` and the sidecar `pkg/sidecar/sidecarpb/slicegateway_handler.go` do, egress only, on
encrypted packets at the node: all gateways of a slice on a node share one class, whatever cluster they lead to.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from emulator.netns import Namespace
from kubeslice_sim.errors import BackendUnavailable, BadInput

MAX_SLICES = 100
TUNNEL_LATENCY_MS = 500
TUNNEL_BURST_BYTES = 4096
"""The sidecar's `burst 32kbit`: 1 ms at 30 Mbit/s, so a machine whose timers are later than that loses rate.

Measured: 96 % of the rate as TCP payload in a 1300-byte tunnel (all there is) to 100 Mbit/s on a quiet machine, 88 % at
100 Mbit/s with four busy loops on two cores, where 5 ms of burst kept 94 %; on a veth with GSO 95 % at 300 Mbit/s and
85 % at 1 Gbit/s. Packets that GSO has joined are cut to fit and not dropped.
"""
_ROOT = "17:"
_NO_CLASS = 30  # the root's default class, which never exists: other traffic passes unshaped
_SFQ_PACKETS = 127  # sfq's own limit, kept by what stands in for it


class Leaf(StrEnum):
    """The queue under a slice's leaf class; a plain queue of sfq's length where the kernel has no sfq."""

    SFQ = "sfq perturb 10"
    PFIFO = f"pfifo limit {_SFQ_PACKETS}"


class PortSide(StrEnum):
    """Which port of an outer packet tells its slice: the server's node port is its source, the client's destination."""

    SOURCE = "sport"
    DESTINATION = "dport"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class PortMatch:
    """The outer packets of one gateway on this node, known by a node port."""

    side: PortSide
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceShape:
    """What one slice may send out of one node; `number`, 1 to 100, is its place there (netops takes the lowest free).

    `priority` orders the filters, lower first, and nothing else. Raises BadInput if the numbers make no HTB class.
    """

    number: int
    ceiling_bps: int
    guaranteed_bps: int
    priority: int
    ports: tuple[PortMatch, ...]

    def __post_init__(self) -> None:
        if not 1 <= self.number <= MAX_SLICES:
            raise BadInput(f"a node shapes {MAX_SLICES} slices, numbered from 1: there is no place {self.number}")
        if not 0 < self.guaranteed_bps <= self.ceiling_bps:
            raise BadInput(
                f"guaranteed {self.guaranteed_bps} bit/s must be above zero "
                f"and at most the ceiling {self.ceiling_bps} bit/s"
            )

    @property
    def parent_class(self) -> str:
        """Netops writes 11 times the number, in decimal digits which tc reads as hexadecimal."""
        return f"{_ROOT}{11 * self.number}"

    @property
    def leaf_class(self) -> str:
        """The child of `parent_class`, where the slice's packets queue."""
        return f"{_ROOT}{11 * self.number + 1}"


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueCounters:
    """What a class or queue has done since it was made. `name` is `htb 17:12` or `tbf 8001:`, as tc names it."""

    name: str
    sent_bytes: int
    sent_packets: int
    dropped_packets: int
    delayed_packets: int
    backlog_bytes: int


class ShapingError(BackendUnavailable):
    """The kernel refused a queue; the message has tc's line and reason."""


class NodeShaper:
    """The slices' shares of one node NIC. It owns the NIC's root queue from the first slice to the last."""

    def __init__(self, namespace: Namespace, interface: str) -> None:
        self.namespace = namespace
        self.interface = interface
        self._leaf = choose_leaf(namespace)
        self._shapes: tuple[SliceShape, ...] = ()

    def apply(self, shapes: Iterable[SliceShape]) -> None:
        """Makes the NIC shape exactly `shapes`; packets already queued in classes that stay are kept.

        Raises BadInput if two have one number, ShapingError if the kernel refuses.
        """
        wanted = tuple(sorted(shapes, key=lambda shape: shape.number))
        if len({shape.number for shape in wanted}) != len(wanted):
            raise BadInput("two slices have the same place on one node: give each its own number")
        run_tc(self.namespace, htb_lines(self.interface, before=self._shapes, after=wanted, leaf=self._leaf))
        self._shapes = wanted

    def counters(self) -> tuple[QueueCounters, ...]:
        """The counters of every class, parents included, in order of their names."""
        return tuple(sorted(read_counters(self.namespace, "class", self.interface), key=lambda one: one.name))

    def remove(self) -> None:
        """Takes all shaping off the NIC; a NIC without is fine."""
        self.apply(())


def htb_lines(
    interface: str, *, before: Sequence[SliceShape], after: Sequence[SliceShape], leaf: Leaf
) -> tuple[str, ...]:
    """The `tc -batch` lines that lead from the shapes `before` to those `after`; none if they are the same."""
    if tuple(before) == tuple(after):
        return ()
    if not after:
        return (f"qdisc del dev {interface} root",)
    lines = [] if before else [f"qdisc replace dev {interface} root handle {_ROOT} htb default {_NO_CLASS}"]
    known = {shape.number: shape for shape in before}
    if before:
        lines.append(f"filter del dev {interface} parent {_ROOT}")
    for gone in (shape for shape in before if shape.number not in {kept.number for kept in after}):
        lines += [f"class del dev {interface} classid {gone.leaf_class}"]
        lines += [f"class del dev {interface} classid {gone.parent_class}"]
    for shape in after:
        lines += _class_lines(interface, shape)
        if shape.number not in known:
            lines.append(f"qdisc add dev {interface} parent {shape.leaf_class} handle {11 * shape.number}: {leaf}")
    lines += [_filter_line(interface, shape, match) for shape in after for match in shape.ports]
    return tuple(lines)


def tunnel_line(interface: str, ceiling_bps: int, *, burst_bytes: int = TUNNEL_BURST_BYTES) -> str:
    """The `tc -batch` line for one tunnel, which the sidecar limits to the plain ceiling, guarantee or not."""
    limits = f"rate {ceiling_bps}bit burst {burst_bytes}b latency {TUNNEL_LATENCY_MS}ms"
    return f"qdisc replace dev {interface} root tbf {limits}"


def limit_line(interface: str, rate_bps: int, *, latency_s: float = 0.05, mtu_bytes: int = 1500) -> str:
    """The `tc -batch` line for a plain rate limit that really passes its rate: a burst of 10 ms and of 10 packets."""
    burst_bytes = max(10 * mtu_bytes, rate_bps // 800)
    return (
        f"qdisc replace dev {interface} root tbf rate {rate_bps}bit burst {burst_bytes}b latency {latency_s * 1000:g}ms"
    )


def shape_tunnel(
    namespace: Namespace, interface: str, ceiling_bps: int, *, burst_bytes: int = TUNNEL_BURST_BYTES
) -> None:
    """Limits what enters one tunnel as the gateway sidecar does; a second call changes the rate."""
    run_tc(namespace, (tunnel_line(interface, ceiling_bps, burst_bytes=burst_bytes),))


def limit_rate(namespace: Namespace, interface: str, rate_bps: int, *, latency_s: float = 0.05) -> None:
    """Limits what leaves `interface` to `rate_bps`, queueing for at most `latency_s`; a second call changes it."""
    run_tc(namespace, (limit_line(interface, rate_bps, latency_s=latency_s),))


def unlimit(namespace: Namespace, interface: str) -> None:
    """Takes the root queue off an interface; one that has none of its own is fine."""
    done = namespace.run(["tc", "qdisc", "del", "dev", interface, "root"], timeout_s=20)
    if done.returncode != 0 and b"handle of zero" not in done.stderr:
        raise ShapingError(f"{namespace.name}: tc kept the queue of {interface}: {done.stderr.decode().strip()}")


def choose_leaf(namespace: Namespace) -> Leaf:
    """sfq if this kernel has it, found out on the namespace's loopback; else a plain queue of the same length."""
    if namespace.run(["tc", "qdisc", "add", "dev", "lo", "root", *Leaf.SFQ.split()], timeout_s=20).returncode != 0:
        return Leaf.PFIFO
    unlimit(namespace, "lo")
    return Leaf.SFQ


def run_tc(namespace: Namespace, lines: Sequence[str]) -> None:
    """Runs `tc -batch` inside the namespace. Raises ShapingError with the line that failed and tc's reason."""
    if not lines:
        return
    done = namespace.run(["tc", "-batch", "-"], timeout_s=20, stdin="".join(f"{line}\n" for line in lines).encode())
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip()
        failed = re.search(r"Command failed -:(\d+)", said)
        line = lines[int(failed[1]) - 1] if failed else "; ".join(lines)
        raise ShapingError(f"{namespace.name}: the kernel refused `tc {line}`: {said}")


def read_counters(namespace: Namespace, what: str, interface: str) -> tuple[QueueCounters, ...]:
    """The counters of the `class`es or `qdisc`s of an interface, in tc's order."""
    done = namespace.run(["tc", "-s", what, "show", "dev", interface], timeout_s=20)
    if done.returncode != 0:
        raise ShapingError(f"{namespace.name}: tc shows no {what} of {interface}: {done.stderr.decode().strip()}")
    return parse_counters(done.stdout.decode())


def parse_counters(text: str) -> tuple[QueueCounters, ...]:
    """The counters in the output of `tc -s class show` or `tc -s qdisc show`, whose classes have no JSON form."""
    pattern = re.compile(
        r"^(?:class|qdisc) (?P<name>\S+ \S+).*?"
        r"Sent (?P<bytes>\d+) bytes (?P<packets>\d+) pkt \(dropped (?P<dropped>\d+), overlimits (?P<delayed>\d+)"
        r".*?backlog (?P<backlog>\d+)(?P<unit>[KM]?)b",
        re.MULTILINE | re.DOTALL,
    )
    return tuple(
        QueueCounters(
            name=found["name"],
            sent_bytes=int(found["bytes"]),
            sent_packets=int(found["packets"]),
            dropped_packets=int(found["dropped"]),
            delayed_packets=int(found["delayed"]),
            backlog_bytes=int(found["backlog"]) * {"": 1, "K": 1024, "M": 1024**2}[found["unit"]],
        )
        for found in pattern.finditer(text)
    )


def _class_lines(interface: str, shape: SliceShape) -> list[str]:
    add = f"class replace dev {interface}"
    return [
        f"{add} parent {_ROOT} classid {shape.parent_class} htb rate {shape.ceiling_bps}bit burst 64k",
        f"{add} parent {shape.parent_class} classid {shape.leaf_class} "
        f"htb rate {shape.guaranteed_bps}bit ceil {shape.ceiling_bps}bit burst 32k",
    ]


def _filter_line(interface: str, shape: SliceShape, match: PortMatch) -> str:
    return (
        f"filter add dev {interface} protocol ip parent {_ROOT} prio {shape.priority} "
        f"u32 match ip {match.side} {match.port} 0xffff flowid {shape.leaf_class}"
    )
