"""Lookups, connections and requests from inside a pod, against the built-in programs and against walls."""

from __future__ import annotations

import errno
import socket
import time
from collections.abc import Callable
from contextlib import nullcontext
from ipaddress import IPv4Address

import pytest

from emulator import probes
from emulator.attempts import lookup, outcome_of
from emulator.netns import Namespace
from emulator.pod_process import OutputCollector, PodProcess
from emulator.probes import Attempt, AttemptSpec
from emulator.programs import builtin_argv
from kubeslice_sim.model.metric import ERROR_CAUSES


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "refused"), "blocked"),
        (OSError(errno.ENETUNREACH, "unreachable"), "blocked"),
        (PermissionError(errno.EPERM, "forbidden"), "blocked"),
        (ConnectionError("closed in the middle"), "blocked"),
        (socket.gaierror(socket.EAI_NONAME, "no such name"), "blocked"),
        (TimeoutError("timed out"), "timeout"),
        (socket.gaierror(socket.EAI_AGAIN, "nobody answers"), "timeout"),
        (OSError(errno.EMFILE, "too many open files"), "failed_to_probe"),
        (socket.gaierror(socket.EAI_FAIL, "broken"), "failed_to_probe"),
    ],
)
def test_a_refusal_is_blocked_and_silence_is_a_timeout(error: OSError, outcome: str) -> None:
    assert outcome_of(error) == outcome


@pytest.mark.parametrize("told", [[(0, 0, 0, "", ("10.0.0.1", 0))], socket.gaierror(socket.EAI_NONAME, "no such name")])
def test_a_late_answer_is_a_timeout_and_so_is_a_late_denial(monkeypatch: pytest.MonkeyPatch, told: object) -> None:
    def slow(*_: object) -> object:
        time.sleep(0.06)
        if isinstance(told, Exception):
            raise told
        return told

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    with pytest.raises(TimeoutError, match=r"the resolver took 0\.\d s"):
        lookup({"target": "server", "timeout_s": 0.05})
    with pytest.raises(OSError, match="no such name") if isinstance(told, Exception) else nullcontext():
        lookup({"target": "server", "timeout_s": 5.0})


def test_half_a_line_is_left_out() -> None:
    line = '{"seq": 0, "at_unix_s": 1.5, "outcome": "ok", "detail": "", "addresses": ["10.1.0.5"], "lookup_s": 0.25}\n'
    (attempt,) = probes.read_lines(line + line[:30])
    assert attempt == Attempt(
        seq=0, at_unix_s=1.5, outcome="ok", detail="", addresses=(IPv4Address("10.1.0.5"),), lookup_s=0.25
    )


def test_a_connection_needs_a_port() -> None:
    with pytest.raises(ValueError, match="needs a port"):
        AttemptSpec(kind="connect", target="x")


class World:
    """A client that knows `server` by its hosts file, and a server pod with http-echo at 8080 and sink at 9."""

    def __init__(self, cable: Callable[..., None]) -> None:
        self.client, self.pod = Namespace.create("client", private_files=True), Namespace.create("pod")
        cable(self.client, self.pod, "10.5.0.1/24", "10.5.0.2/24")
        self.client.set_hosts("127.0.0.1 localhost\n10.5.0.2 server\n10.5.0.3 nobody-home\n10.7.0.1 elsewhere\n")
        self.client.set_resolv_conf("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
        self.collector = OutputCollector()
        self.echo = PodProcess(self.pod, builtin_argv("http-echo", [8080]), self.collector, env={"POD_NAME": "echo-0"})
        self.sink = PodProcess(self.pod, builtin_argv("sink", []), self.collector)
        for port in (8080, 9):
            ready = self.probe(kind="connect", target="server", port=port, count=300, interval_s=0.02, until_ok=True)
            assert ready[-1].outcome == "ok", (ready[-1], self.echo.output.text(), self.sink.output.text())

    def probe(self, *, within_s: float = 20, **spec: object) -> tuple[Attempt, ...]:
        wanted = AttemptSpec(**spec)  # type: ignore[arg-type]
        return probes.read(probes.start(self.client, wanted).finish(timeout_s=within_s))


@pytest.mark.inside
def test_a_lookup_is_the_pods_own(cable: Callable[..., None]) -> None:
    world = World(cable)
    (found,) = world.probe(kind="lookup", target="server")
    assert (found.outcome, found.addresses) == ("ok", (IPv4Address("10.5.0.2"),))
    assert found.lookup_s is not None
    (lost,) = world.probe(kind="lookup", target="nobody.svc.slice.local")
    assert lost.outcome == "timeout"  # nobody listens at the resolver's address: no answer, not a denial
    assert lost.detail == "Temporary failure in name resolution"


@pytest.mark.inside
def test_connections_are_made_refused_or_lost(cable: Callable[..., None]) -> None:
    world = World(cable)
    attempts = world.probe(kind="connect", target="server", port=8080, count=3, interval_s=0.1)
    assert [attempt.seq for attempt in attempts] == [0, 1, 2]
    assert all(attempt.connect_s is not None and attempt.connect_s < 0.1 for attempt in attempts)
    assert attempts[2].at_unix_s - attempts[0].at_unix_s == pytest.approx(0.2, abs=0.05)
    (refused,) = world.probe(kind="connect", target="server", port=81)
    assert (refused.outcome, refused.detail, refused.connect_s) == ("blocked", "Connection refused", None)
    (lost,) = world.probe(kind="connect", target="nobody-home", port=80, timeout_s=0.3)
    assert lost.outcome == "timeout"
    (no_route,) = world.probe(kind="connect", target="elsewhere", port=80)
    assert (no_route.outcome, no_route.detail) == ("blocked", "Network is unreachable")


@pytest.mark.inside
def test_http_tells_who_answered_and_how_much(cable: Callable[..., None]) -> None:
    world = World(cable)
    (hello,) = world.probe(kind="http", target="server", port=8080)
    assert (hello.outcome, hello.status, hello.pod) == ("ok", 200, "echo-0")
    assert hello.request_s is not None
    assert hello.connect_s is not None
    assert hello.request_s > hello.connect_s
    bytes_ = world.probe(kind="http", target="server", port=8080, path="/bytes/200000", count=3)
    assert [one.received_bytes for one in bytes_] == [200_000] * 3
    assert [one.connect_s is None for one in bytes_] == [False, True, True]  # the connection is kept


@pytest.mark.inside
def test_a_client_closes_a_connection_that_it_has_used_often_or_long_ago(cable: Callable[..., None]) -> None:
    world = World(cable)
    loop = {"kind": "http", "target": "server", "port": 8080}
    worn = world.probe(**loop, count=7, keep_requests=3)
    assert [one.connect_s is not None for one in worn] == [True, False, False, True, False, False, True]
    idle = world.probe(**loop, count=3, keep_idle_s=0.05, think_time_s=0.2)
    assert [one.connect_s is not None for one in idle] == [True] * 3


@pytest.mark.inside
def test_a_closed_loop_has_as_many_requests_under_way_as_clients(cable: Callable[..., None]) -> None:
    world = World(cable)
    attempts = world.probe(
        kind="http", target="server", port=8080, count=None, duration_s=1.0, connections=4, think_time_s=0.1
    )
    assert {one.outcome for one in attempts} == {"ok"}
    assert [one.seq for one in attempts] == list(range(len(attempts)))
    assert 24 <= len(attempts) <= 44
    assert sum(one.connect_s is not None for one in attempts) == 4


@pytest.mark.inside
def test_an_open_loop_keeps_its_rate_while_nobody_answers(cable: Callable[..., None]) -> None:
    world = World(cable)
    loop = {"kind": "http", "target": "server", "port": 8080, "count": None, "duration_s": 1.0, "timeout_s": 0.4}
    answered = world.probe(**loop, requests_per_second=50.0)
    assert (len(answered), {one.outcome for one in answered}) == (50, {"ok"})
    world.client.run(["ip", "route", "add", "blackhole", "10.5.0.2/32"], timeout_s=5)
    world.client.run(["ip", "neigh", "replace", "10.5.0.3", "lladdr", "02:00:00:00:00:09", "dev", "eth0"], timeout_s=5)
    silent = world.probe(**{**loop, "target": "nobody-home"}, requests_per_second=50.0)
    assert (len(silent), {one.outcome for one in silent}) == (50, {"timeout"})
    assert {one.cause for one in silent} == {"no handshake"}


@pytest.mark.inside
def test_a_request_says_at_which_step_it_failed(cable: Callable[..., None]) -> None:
    world = World(cable)
    causes = {
        target: world.probe(kind="http", target=target, port=port, timeout_s=0.5)[0].cause
        for target, port in (("server", 8080), ("10.7.0.1", 80), ("nobody", 80), ("10.5.0.2", 9))
    }
    assert causes == {"server": "", "10.5.0.2": "no answer", "10.7.0.1": "refused", "nobody": "no DNS answer"}
    (refused,) = world.probe(kind="http", target="server", port=81)
    assert refused.cause == "refused"
    assert {*causes.values(), refused.cause} <= {"", *ERROR_CAUSES}


@pytest.mark.inside
def test_a_probe_that_waits_for_success_ends_with_it(cable: Callable[..., None]) -> None:
    world = World(cable)
    world.echo.kill()
    spec = AttemptSpec(kind="connect", target="server", port=8080, count=None, interval_s=0.05, until_ok=True)
    running = probes.start(world.client, spec)
    while len(probes.read_lines(running.output())) < 3:
        time.sleep(0.02)
    PodProcess(world.pod, builtin_argv("http-echo", [8080]), world.collector)
    attempts = probes.read(running.finish(timeout_s=10))
    assert [one.outcome for one in attempts] == ["blocked"] * (len(attempts) - 1) + ["ok"]


@pytest.mark.inside
def test_a_sink_takes_all_and_answers_nothing(cable: Callable[..., None]) -> None:
    world = World(cable)

    def pour() -> bytes:
        with socket.create_connection(("10.5.0.2", 9), timeout=5) as stream:
            stream.sendall(bytes(1_000_000))
            stream.shutdown(socket.SHUT_WR)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagram:
                datagram.connect(("10.5.0.2", 9))
                for _ in range(10):
                    datagram.send(b"x")  # a closed port would refuse the second one
                    time.sleep(0.005)
            return stream.recv(1)

    assert world.client.call(pour) == b""
    assert world.sink.status is None
