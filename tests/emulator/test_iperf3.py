"""iperf3: its JSON, and real runs against a real server."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from emulator import iperf3, probes
from emulator.iperf3 import IperfResult, IperfSpec
from emulator.netns import Namespace
from emulator.running import Finished, Running
from emulator.shaping import limit_rate, read_counters


def _done(told: Any, *, stopped: bool = False) -> Finished:
    stdout = told if isinstance(told, str) else json.dumps(told)
    return Finished(argv=("iperf3",), status=0, stdout=stdout, stderr="", started_unix_s=1000.0, stopped=stopped)


def _sum(start_s: float, end_s: float, count: int) -> dict[str, Any]:
    seconds = end_s - start_s
    return {"sum": {"start": start_s, "end": end_s, "seconds": seconds, "bytes": count, "bits_per_second": 8 * count}}


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        ("unable to connect to server: Connection refused", "blocked"),
        ("unable to connect to server: No route to host", "blocked"),
        ("unable to connect to server: Connection timed out", "timeout"),
        ("unable to connect to server: Operation now in progress", "timeout"),
        ("the server is busy running a test. try again later", "failed_to_probe"),
    ],
)
def test_a_run_that_moved_nothing_says_why(error: str, outcome: str) -> None:
    result = iperf3.read(_done({"start": {}, "intervals": [], "end": {}, "error": error}))
    assert (result.outcome, result.detail) == (outcome, error)


def test_output_that_is_no_json_is_a_failure_to_probe() -> None:
    assert iperf3.read(_done("Segmentation fault")).outcome == "failed_to_probe"


def test_a_run_whose_server_never_reported_has_sent_but_no_received() -> None:
    told = {"intervals": [_sum(0, 1, 125), _sum(1, 2, 0)], "end": {}, "error": "control socket has closed unexpectedly"}
    result = iperf3.read(_done(told))
    assert [one.bytes for one in result.sent] == [125, 0]
    assert (result.outcome, result.received, result.received_bytes) == ("ok", (), None)
    assert result.detail == "control socket has closed unexpectedly"


def test_datagrams_of_which_none_arrived_are_all_lost() -> None:
    nothing = {"packets": 0, "lost_packets": 0, "jitter_ms": 0, "bytes": 0, "bits_per_second": 0}
    end = {"sum_sent": {"packets": 90}, "sum_received": nothing}
    told = {"intervals": [_sum(0, 1, 9000)], "end": end, "server_output_json": {"intervals": [_sum(0, 1, 0)]}}
    result = iperf3.read(_done(told))
    assert (result.lost_packets, result.packets, result.loss_ratio) == (90, 90, 1.0)


def test_a_load_has_a_duration_or_a_size_and_udp_a_rate() -> None:
    with pytest.raises(ValueError, match="duration or a size"):
        IperfSpec(target="x", size_bytes=5)
    with pytest.raises(ValueError, match="needs a rate"):
        IperfSpec(target="x", protocol="udp")


def test_the_rate_is_shared_by_the_streams() -> None:
    line = iperf3.argv(IperfSpec(target="x", rate_bps=10e6, streams=4))
    assert line[line.index("--bitrate") + 1] == "2500000"
    assert line[line.index("--congestion") + 1] == "cubic"


class Pair:
    """A client and a server behind a router whose way to the server takes 20 Mbit/s.

    Not at the client: a local queue that is full makes a UDP sender wait, and nothing is lost.
    """

    def __init__(self, cable: Callable[..., None]) -> None:
        self.client, self.router, server = (Namespace.create(name) for name in ("client", "router", "server"))
        cable(self.client, self.router, "10.4.0.1/24", "10.4.0.2/24")
        cable(self.router, server, "10.5.0.1/24", "10.5.0.2/24", a_name="eth1")
        self.router.sysctl("net.ipv4.ip_forward", 1)
        for end, via in ((self.client, "10.4.0.2"), (server, "10.5.0.1")):
            end.run(["ip", "route", "add", "default", "via", via], timeout_s=5)
        limit_rate(self.router, "eth1", 20_000_000)
        self.server: Running = iperf3.start_server(server)
        self._wait_for_server()

    def _wait_for_server(self) -> None:
        spec = probes.AttemptSpec(
            kind="connect", target="10.5.0.2", port=5201, count=200, interval_s=0.02, until_ok=True
        )
        assert probes.read(probes.start(self.client, spec).finish(timeout_s=10))[-1].outcome == "ok"

    def run(self, spec: IperfSpec, *, timeout_s: float = 20) -> IperfResult:
        return iperf3.read(iperf3.start(self.client, spec).finish(timeout_s=timeout_s))


@pytest.mark.inside
def test_tcp_is_measured_where_it_arrives(cable: Callable[..., None]) -> None:
    result = Pair(cable).run(IperfSpec(target="10.5.0.2", duration_s=3, interval_s=0.5))
    assert (result.outcome, result.detail, result.congestion) == ("ok", "", "cubic")
    assert [round(one.end_s, 1) for one in result.sent] == [0.5, 1.0, 1.5, 2.0, 2.5, 3.0]
    assert [round(one.end_s) for one in result.received][:3] == [1, 2, 3]
    assert result.received_rate_bps == pytest.approx(20e6 * 1448 / 1514, rel=0.05)
    assert result.received[1].rate_bps == pytest.approx(20e6 * 1448 / 1514, rel=0.1)
    assert result.retransmits is not None
    assert result.loss_ratio is None


@pytest.mark.inside
def test_udp_above_the_rate_of_the_link_loses_the_rest(cable: Callable[..., None]) -> None:
    spec = IperfSpec(target="10.5.0.2", protocol="udp", rate_bps=40e6, packet_bytes=1000, duration_s=2)
    result = Pair(cable).run(spec)
    assert result.loss_ratio == pytest.approx(1 - 20 / (40 * 1042 / 1000), abs=0.06)
    assert result.jitter_s is not None
    assert 0 < result.jitter_s < 0.05
    assert result.received_rate_bps == pytest.approx(20e6 * 1000 / 1042, rel=0.06)


@pytest.mark.inside
def test_a_closed_port_a_second_client_and_a_stopped_run(cable: Callable[..., None]) -> None:
    pair = Pair(cable)
    refused = pair.run(IperfSpec(target="10.5.0.2", port=9))
    assert (refused.outcome, refused.detail) == ("blocked", "unable to connect to server: Connection refused")
    long = iperf3.start(pair.client, IperfSpec(target="10.5.0.2", duration_s=30, interval_s=0.1))
    while read_counters(pair.router, "qdisc", "eth1")[0].sent_bytes < 1_000_000 and not long.poll():
        time.sleep(0.02)
    second = pair.run(IperfSpec(target="10.5.0.2", duration_s=1))
    assert (second.outcome, second.detail[:18]) == ("failed_to_probe", "the server is busy")
    stopped = iperf3.read(long.finish(timeout_s=0.5))
    assert (stopped.outcome, stopped.detail) == ("ok", "")
    assert stopped.sent_bytes > 0
