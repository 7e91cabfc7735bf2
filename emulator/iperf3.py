"""iperf3, the real one: what to run and what its JSON means."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from emulator.netns import Namespace
from emulator.running import Finished, Running
from kubeslice_sim.observe.observation import Outcome

PORT = 5201


@dataclass(frozen=True, slots=True, kw_only=True)
class IperfSpec:
    """One load from here to an iperf3 server: for `duration_s`, or until `size_bytes` are written to the socket.

    `rate_bps` None is as fast as it goes (TCP; UDP needs a rate). `congestion` None is the kernel's default, TCP only.
    `packet_bytes` is the payload of a UDP datagram, or of one write to a TCP socket.
    """

    target: str
    port: int = PORT
    protocol: Literal["tcp", "udp"] = "tcp"
    duration_s: float | None = 10.0
    size_bytes: int | None = None
    rate_bps: float | None = None
    streams: int = 1
    congestion: str | None = "cubic"
    packet_bytes: int | None = None
    interval_s: float = 1.0
    connect_timeout_s: float = 5.0

    def __post_init__(self) -> None:
        if (self.duration_s is None) == (self.size_bytes is None):
            raise ValueError("an iperf3 load has either a duration or a size")
        if self.protocol == "udp" and self.rate_bps is None:
            raise ValueError("an iperf3 load over UDP needs a rate")


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """Payload of all streams between two moments after the start of the test, at one of the two ends."""

    start_s: float
    end_s: float
    bytes: int
    rate_bps: float
    retransmits: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IperfResult:
    """What one load moved. `sent` is the client's view, which runs ahead by what its socket buffers hold.

    `received` is the server's, the payload that arrived; empty when the server could not tell, because the path died
    or the server runs without --json. `congestion` is what the sender really used. Ratios and jitter are UDP's.
    """

    outcome: Outcome
    detail: str
    started_unix_s: float
    sent: tuple[Interval, ...] = ()
    received: tuple[Interval, ...] = ()
    sent_bytes: int = 0
    received_bytes: int | None = None
    received_rate_bps: float | None = None
    retransmits: int | None = None
    congestion: str | None = None
    jitter_s: float | None = None
    lost_packets: int | None = None
    packets: int | None = None
    loss_ratio: float | None = None


_NO = ("refused", "unreachable", "No route", "denied", "not permitted")
_SILENCE = ("timed out", "in progress", "temporarily unavailable")


def argv(spec: IperfSpec) -> tuple[str, ...]:
    """The client's command line; it asks the server for its own view at the end."""
    line = [
        "iperf3", "--json", "--get-server-output", "--client", spec.target, "--port", str(spec.port),
        "--interval", f"{spec.interval_s:g}", "--parallel", str(spec.streams),
        "--connect-timeout", str(round(spec.connect_timeout_s * 1000)),
    ]  # fmt: skip
    # iperf3 takes whole seconds only.
    line += (
        ["--time", str(round(spec.duration_s))] if spec.duration_s is not None else ["--bytes", str(spec.size_bytes)]
    )
    if spec.rate_bps is not None:
        line += ["--bitrate", str(round(spec.rate_bps / spec.streams))]  # iperf3's is the rate of each stream
    if spec.packet_bytes is not None:
        line += ["--length", str(spec.packet_bytes)]
    if spec.protocol == "udp":
        line.append("--udp")
    elif spec.congestion is not None:
        line += ["--congestion", spec.congestion]
    return tuple(line)


def start(namespace: Namespace, spec: IperfSpec) -> Running:
    """Starts the client in the namespace. Raises BackendUnavailable without iperf3."""
    return Running(namespace, argv(spec))


def start_server(namespace: Namespace, port: int = PORT) -> Running:
    """Starts a server for one test at a time. Raises BackendUnavailable without iperf3."""
    return Running(namespace, ("iperf3", "--json", "--server", "--port", str(port)))


def read(done: Finished) -> IperfResult:
    """What a finished client has to say, also one that was stopped or whose path died under it.

    iperf3 ends with status 0 and an `error` in its JSON, so that is what counts. It is `ok` if any payload moved.
    """
    try:
        told: Mapping[str, Any] = json.loads(done.stdout)
    except ValueError:
        detail = done.last_words or f"iperf3 printed no JSON (status {done.status})"
        return IperfResult(outcome="failed_to_probe", detail=detail, started_unix_s=done.started_unix_s)
    end = told.get("end", {})
    sent, received = _intervals(told), _intervals(told.get("server_output_json", {}))
    error = told.get("error", "")
    arrived = end.get("sum_received", {}) if received else {}
    sent_bytes = sum(one.bytes for one in sent)
    moved = sent_bytes > 0
    retransmits = [one.retransmits for one in sent if one.retransmits is not None]
    return IperfResult(
        outcome="ok" if moved else _outcome(error),
        detail=error if error and not (moved and done.stopped) else "",
        started_unix_s=done.started_unix_s,
        sent=sent,
        received=received,
        sent_bytes=sent_bytes,
        received_bytes=arrived.get("bytes"),
        received_rate_bps=arrived.get("bits_per_second"),
        retransmits=sum(retransmits) if retransmits else None,
        congestion=end.get("sender_tcp_congestion"),
        **_datagrams(told, arrived),
    )


def _intervals(told: Mapping[str, Any]) -> tuple[Interval, ...]:
    return tuple(
        Interval(
            start_s=total["start"],
            end_s=total["end"],
            bytes=total["bytes"],
            rate_bps=total["bits_per_second"],
            retransmits=total.get("retransmits"),
        )
        for total in (one["sum"] for one in told.get("intervals", ()))
        if total["seconds"] > 0
    )


def _datagrams(told: Mapping[str, Any], arrived: Mapping[str, Any]) -> dict[str, Any]:
    if "packets" not in arrived:
        return {}
    packets, lost = arrived["packets"], arrived["lost_packets"]
    sent = told["end"].get("sum_sent", {}).get("packets", packets)
    if not packets:  # the server counts gaps between numbers: without any packet it has seen no loss
        return {"lost_packets": sent, "packets": sent, "loss_ratio": 1.0 if sent else None}
    return {
        "jitter_s": arrived["jitter_ms"] / 1000,
        "lost_packets": lost,
        "packets": packets,
        "loss_ratio": lost / packets,
    }


def _outcome(error: str) -> Outcome:
    if any(said in error for said in _NO):
        return "blocked"
    return "timeout" if any(said in error for said in _SILENCE) else "failed_to_probe"
