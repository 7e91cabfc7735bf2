"""ping: what its lines mean, and a real one over a cable, into silence and into a wall."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from emulator import ping
from emulator.netns import Namespace
from emulator.ping import Echo, PingSpec
from emulator.running import Finished

SPEC = PingSpec(target="10.1.0.5", count=5, interval_s=0.5, timeout_s=1.0)


def _done(stdout: str, *, stderr: str = "", status: int = 0, stopped: bool = False) -> Finished:
    return Finished(argv=("ping",), status=status, stdout=stdout, stderr=stderr, started_unix_s=1000.0, stopped=stopped)


TWO_OF_FIVE = """PING 10.1.0.5 (10.1.0.5) 56(84) bytes of data.
[1000.062000] 64 bytes from 10.1.0.5: icmp_seq=1 ttl=62 time=62.0 ms
[1001.010000] no answer yet for icmp_seq=2
[1001.020000] From 10.1.0.1 icmp_seq=3 Destination Host Unreachable
[1001.562000] 64 bytes from 10.1.0.5: icmp_seq=4 ttl=62 time=62 ms
[1001.562100] 64 bytes from 10.1.0.5: icmp_seq=4 ttl=62 time=62.1 ms (DUP!)

--- 10.1.0.5 ping statistics ---
5 packets transmitted, 2 received, +1 duplicates, 60% packet loss, time 2003ms
"""


def test_every_request_has_its_moment_and_its_fate() -> None:
    result = ping.read(SPEC, _done(TWO_OF_FIVE, status=1))
    assert result.outcome == "ok"
    assert result.duplicates == 1
    assert result.loss_ratio == pytest.approx(0.6)
    assert result.echoes == (
        Echo(seq=0, at_unix_s=pytest.approx(1000.0), rtt_s=0.062, outcome="ok"),
        Echo(seq=1, at_unix_s=pytest.approx(1000.51), rtt_s=None, outcome="timeout", detail="no reply"),
        Echo(
            seq=2,
            at_unix_s=pytest.approx(1001.0),
            rtt_s=None,
            outcome="blocked",
            detail="Destination Host Unreachable",
        ),
        Echo(seq=3, at_unix_s=pytest.approx(1001.5), rtt_s=0.062, outcome="ok"),
        Echo(seq=4, at_unix_s=pytest.approx(1002.0), rtt_s=None, outcome="timeout", detail="no reply"),
    )


def test_a_reply_after_the_timeout_is_none() -> None:
    late = "[1000.9] 64 bytes from 10.1.0.5: icmp_seq=1 ttl=62 time=900 ms\n1 packets transmitted, 1 received\n"
    (echo,) = ping.read(PingSpec(target="10.1.0.5", timeout_s=0.5), _done(late)).echoes
    assert (echo.outcome, echo.rtt_s) == ("timeout", None)


def test_the_last_request_of_a_stopped_ping_is_left_out_unless_it_was_answered() -> None:
    text = "[1000.1] 64 bytes from 10.1.0.5: icmp_seq=1 ttl=62 time=0.5 ms\n2 packets transmitted, 1 received\n"
    assert len(ping.read(SPEC, _done(text, stopped=True)).echoes) == 1
    assert len(ping.read(SPEC, _done(text)).echoes) == 2


@pytest.mark.parametrize(
    ("stderr", "outcome"),
    [
        ("ping: connect: Network is unreachable", "blocked"),
        ("ping: Do you want to ping broadcast? Then -b. If not, check your local firewall rules", "blocked"),
        ("ping: nobody.svc.slice.local: Name or service not known", "blocked"),
        ("ping: nobody.svc.slice.local: Temporary failure in name resolution", "timeout"),
        ("ping: invalid argument: 'x'", "failed_to_probe"),
        ("", "failed_to_probe"),
    ],
)
def test_a_ping_that_sent_nothing_says_why(stderr: str, outcome: str) -> None:
    result = ping.read(SPEC, _done("", stderr=stderr, status=2))
    assert (result.outcome, result.echoes, result.loss_ratio) == (outcome, (), None)
    assert result.detail


def test_a_target_is_never_taken_for_an_option() -> None:
    assert ping.argv(PingSpec(target="-f"))[-2:] == ("--", "-f")


@pytest.mark.inside
def test_a_real_ping_over_a_cable(cable: Callable[..., None]) -> None:
    a, b = Namespace.create("a"), Namespace.create("b")
    cable(a, b, "10.5.0.1/24", "10.5.0.2/24")
    spec = PingSpec(target="10.5.0.2", count=5, interval_s=0.02)
    before_s = time.time()

    result = ping.read(spec, ping.start(a, spec).finish(timeout_s=10))

    assert [echo.seq for echo in result.echoes] == [0, 1, 2, 3, 4]
    assert all(echo.rtt_s is not None and 0 < echo.rtt_s < 0.5 for echo in result.echoes)
    assert all(before_s - 0.01 <= echo.at_unix_s <= time.time() for echo in result.echoes)


@pytest.mark.inside
def test_a_real_ping_into_silence_and_without_a_route(cable: Callable[..., None]) -> None:
    a, b = Namespace.create("a"), Namespace.create("b")
    cable(a, b, "10.5.0.1/24", "10.5.0.2/24")
    b.sysctl("net.ipv4.icmp_echo_ignore_all", 1)
    silent = PingSpec(target="10.5.0.2", count=3, interval_s=0.02, timeout_s=0.2)
    result = ping.read(silent, ping.start(a, silent).finish(timeout_s=10))
    assert (result.outcome, result.loss_ratio) == ("timeout", 1.0)
    nowhere = PingSpec(target="10.6.0.1", count=1)
    result = ping.read(nowhere, ping.start(a, nowhere).finish(timeout_s=10))
    assert (result.outcome, result.detail) == ("blocked", "ping: connect: Network is unreachable")


@pytest.mark.inside
def test_an_endless_ping_is_stopped_and_its_replies_are_kept(cable: Callable[..., None]) -> None:
    a, b = Namespace.create("a"), Namespace.create("b")
    cable(a, b, "10.5.0.1/24", "10.5.0.2/24")
    spec = PingSpec(target="10.5.0.2", interval_s=0.02)
    running = ping.start(a, spec)

    done = running.finish(timeout_s=0.5)

    assert done.stopped
    result = ping.read(spec, done)
    assert len(result.echoes) >= 10
    assert result.loss_ratio == 0.0
