"""Which process a pod becomes, what becomes of its output, and how it ends."""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path

import pytest

from emulator.netns import Namespace
from emulator.pod_process import OutputCollector, PodProcess, Tail
from emulator.programs import builtin_argv, is_builtin
from kubeslice_sim.errors import BackendUnavailable


def test_a_builtin_listens_on_the_ports_of_its_pod_or_on_those_it_is_told() -> None:
    assert builtin_argv("iperf3", [5301, 80]) == ("iperf3", "--server", "--json", "--port", "5301")
    assert builtin_argv("http-echo", [80, 81])[-3:] == ("http-echo", "80", "81")
    assert builtin_argv("http-echo 9080", [80])[-2:] == ("http-echo", "9080")
    assert builtin_argv("http-echo", [])[-2:] == ("http-echo", "8080")
    assert builtin_argv("sleep", [80]) == ("sleep", "infinity")


@pytest.mark.parametrize("emulate", ["sink x", "sink 0", "sink 65536", "sink -1", "nginx"])
def test_what_is_no_builtin_or_no_port_is_refused(emulate: str) -> None:
    with pytest.raises(ValueError, match=r"port numbers only|no built-in program"):
        builtin_argv(emulate, [])


def test_only_the_first_word_makes_a_builtin() -> None:
    assert is_builtin("sink 9")
    assert not is_builtin("my-sink")
    assert not is_builtin("")


def test_a_tail_keeps_the_last_bytes_and_says_what_it_dropped() -> None:
    tail = Tail(limit_bytes=10)
    tail.add(b"0123456789")
    assert tail.text() == "0123456789"
    tail.add(b"abc")
    assert tail.text() == "[3 bytes before this were dropped]\n3456789abc"


def _wait(process: PodProcess) -> None:
    deadline_s = time.monotonic() + 10
    while process.status is None and time.monotonic() < deadline_s:
        time.sleep(0.005)
    assert process.output.ended.wait(10)


@pytest.mark.inside
def test_output_is_kept_in_order_and_bounded() -> None:
    pod = Namespace.create("pod")
    collector = OutputCollector()
    script = "import sys; print('a' * 200000); print('last', file=sys.stderr)"
    process = PodProcess(pod, (sys.executable, "-u", "-c", script), collector)
    _wait(process)
    text = process.output.text()
    assert text.startswith("[134470 bytes before this were dropped]\naaa")
    assert text.endswith("a\nlast\n")
    assert process.status == 0
    collector.close()
    collector.close()


@pytest.mark.inside
def test_a_pod_sees_its_own_environment_only() -> None:
    pod = Namespace.create("pod")
    collector = OutputCollector()
    process = PodProcess(pod, ("/usr/bin/env",), collector, env={"POD_NAME": "a-0"})
    _wait(process)
    assert process.output.text() == "POD_NAME=a-0\n"
    collector.close()


@pytest.mark.inside
def test_a_pod_that_ends_by_itself_tells_its_status() -> None:
    pod = Namespace.create("pod")
    collector = OutputCollector()
    process = PodProcess(pod, ("/bin/sh", "-c", "exit 3"), collector)
    _wait(process)
    assert (process.status, process.stop(), process.status) == (3, 3, 3)
    collector.close()


@pytest.mark.inside
def test_stop_asks_first_and_kills_what_does_not_listen() -> None:
    pod = Namespace.create("pod")
    collector = OutputCollector()
    listens = (
        "import signal, sys; signal.signal(15, lambda *_: (print('bye'), sys.exit(0))); print('up'); signal.pause()"
    )
    polite = PodProcess(pod, (sys.executable, "-u", "-c", listens), collector)
    deaf = PodProcess(pod, ("/bin/sh", "-c", "trap '' TERM; echo up; while :; do sleep 0.01; done"), collector)
    for one in (polite, deaf):
        while "up\n" not in one.output.text():
            time.sleep(0.005)
    assert polite.stop() == 0
    assert polite.output.ended.wait(5)
    assert polite.output.text() == "up\nbye\n"
    assert deaf.stop(grace_s=0.1) == -signal.SIGKILL
    collector.close()


@pytest.mark.inside
def test_children_of_a_pod_end_with_it_even_after_their_parent() -> None:
    pod = Namespace.create("pod")
    collector = OutputCollector()
    process = PodProcess(pod, ("/bin/sh", "-c", "sleep 1000 & echo $!; exit 0"), collector)
    while process.status is None:
        time.sleep(0.005)
    child = Path("/proc") / process.output.text().strip()
    assert child.exists()
    process.stop()
    assert process.output.ended.wait(5)  # nobody holds the pipe any more
    collector.close()


@pytest.mark.inside
def test_a_program_that_this_machine_does_not_have_is_named() -> None:
    pod = Namespace.create("pod")
    collector = OutputCollector()
    with pytest.raises(BackendUnavailable, match=r"cannot run '/app/server'.*kubeslice-sim\.io/emulate"):
        PodProcess(pod, ("/app/server",), collector)
    collector.close()
