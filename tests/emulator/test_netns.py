"""Namespaces by file descriptor: apart from each other, with files of their own, and gone when let go."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from emulator import links
from emulator.netns import Namespace, call_in_each, create_all

pytestmark = pytest.mark.inside


def _net_inode() -> int:
    return Path("/proc/thread-self/ns/net").stat().st_ino


def test_namespaces_made_in_a_batch_are_all_different_and_not_ours() -> None:
    made = create_all(f"n{number}" for number in range(20))
    assert len({namespace.inode for namespace in made} | {_net_inode()}) == 21
    assert call_in_each(made, _net_inode) == [namespace.inode for namespace in made]


def test_a_call_runs_inside_and_the_caller_stays_outside() -> None:
    before = _net_inode()
    namespace = Namespace.create("n")
    assert namespace.call(_net_inode) == namespace.inode
    assert _net_inode() == before


def test_a_call_gives_arguments_and_exceptions_through() -> None:
    namespace = Namespace.create("n")
    assert namespace.call(divmod, 7, 3) == (2, 1)
    with pytest.raises(ZeroDivisionError):
        namespace.call(divmod, 7, 0)


def test_a_socket_opened_inside_stays_inside() -> None:
    one, two = create_all(["one", "two"])
    links.apply([links.Addresses(namespace=namespace, name="lo") for namespace in (one, two)])
    listener = one.call(socket.create_server, ("127.0.0.1", 5000))
    one.call(socket.create_connection, ("127.0.0.1", 5000)).close()
    with pytest.raises(ConnectionRefusedError):
        two.call(socket.create_connection, ("127.0.0.1", 5000))
    listener.close()


def test_programs_live_in_the_namespace_that_started_them() -> None:
    one, two = create_all(["one", "two"])
    process = one.popen(["sleep", "60"])
    assert one.pids() == (process.pid,)
    assert two.pids() == ()
    assert Path(f"/proc/{process.pid}/ns/net").stat().st_ino == one.inode
    process.kill()
    process.wait()
    assert one.pids() == ()


def test_run_returns_status_and_both_streams() -> None:
    done = Namespace.create("n").run(["sh", "-c", "cat; echo bad >&2; exit 3"], stdin=b"good", timeout_s=5)
    assert (done.returncode, done.stdout, done.stderr) == (3, b"good", b"bad\n")


def test_run_kills_what_takes_too_long() -> None:
    namespace = Namespace.create("n")
    began_s = time.monotonic()
    with pytest.raises(subprocess.TimeoutExpired):
        namespace.run(["sleep", "60"], timeout_s=0.2)
    assert time.monotonic() - began_s < 5
    assert namespace.pids() == ()


def test_a_missing_program_is_an_error_of_the_caller() -> None:
    with pytest.raises(FileNotFoundError):
        Namespace.create("n").run(["no-such-program"], timeout_s=5)


def test_kernel_parameters_are_set_for_one_namespace_only() -> None:
    one, two = create_all(["one", "two"])
    before = two.read_sysctl("net.ipv4.ip_forward")
    one.sysctls({"net.ipv4.ip_forward": 1 - int(before), "net.ipv4.conf.lo.rp_filter": 2})
    assert one.read_sysctl("net.ipv4.ip_forward") == str(1 - int(before))
    assert one.read_sysctl("net.ipv4.conf.lo.rp_filter") == "2"
    assert two.read_sysctl("net.ipv4.ip_forward") == before
    with pytest.raises(OSError, match="no_such"):
        one.sysctl("net.ipv4.no_such", 1)


def test_unmodified_programs_see_the_resolv_conf_of_their_namespace() -> None:
    ours = Path("/etc/resolv.conf").read_text()
    one, two = create_all(["one", "two"], private_files=True)
    one.set_resolv_conf("nameserver 10.0.0.1\n")
    two.set_resolv_conf("nameserver 10.0.0.2\n")
    assert one.run(["cat", "/etc/resolv.conf"], timeout_s=5).stdout == b"nameserver 10.0.0.1\n"
    assert two.run(["cat", "/etc/resolv.conf"], timeout_s=5).stdout == b"nameserver 10.0.0.2\n"
    assert Path("/etc/resolv.conf").read_text() == ours


def test_a_running_program_sees_the_new_resolv_conf() -> None:
    namespace = Namespace.create("n", private_files=True)
    namespace.set_resolv_conf("nameserver 10.0.0.1\n")
    shell = namespace.popen(
        ["sh", "-c", "while read _; do cat /etc/resolv.conf; done"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with shell:
        assert shell.stdin is not None
        assert shell.stdout is not None
        for address in (b"10.0.0.1", b"10.0.0.2"):
            namespace.set_resolv_conf(f"nameserver {address.decode()}\n")
            shell.stdin.write(b"\n")
            shell.stdin.flush()
            assert shell.stdout.readline() == b"nameserver " + address + b"\n"
        shell.stdin.close()


def test_the_hosts_file_resolves_names_for_programs() -> None:
    namespace = Namespace.create("n", private_files=True)
    namespace.set_hosts("10.9.8.7 reviews.slice.example\n")
    found = namespace.run(["getent", "hosts", "reviews.slice.example"], timeout_s=5).stdout.split()
    assert found == [b"10.9.8.7", b"reviews.slice.example"]


def test_private_files_show_only_the_namespaces_own_devices() -> None:
    one, two = create_all(["one", "two"], private_files=True)
    ends = [links.Interface(namespace=one, name="left"), links.Interface(namespace=two, name="right")]
    links.apply([links.VethPair(a=ends[0], b=ends[1])])
    assert set(one.run(["ls", "/sys/class/net"], timeout_s=5).stdout.split()) == {b"lo", b"left"}
    assert set(two.run(["ls", "/sys/class/net"], timeout_s=5).stdout.split()) == {b"lo", b"right"}


def test_files_of_its_own_must_be_asked_for() -> None:
    with pytest.raises(ValueError, match="private_files"):
        Namespace.create("n").set_resolv_conf("")


def test_a_closed_namespace_is_freed_by_the_kernel() -> None:
    kept, closed = create_all(["kept", "closed"])
    ends = [links.Interface(namespace=kept, name="left"), links.Interface(namespace=closed, name="right")]
    links.apply([links.VethPair(a=ends[0], b=ends[1])])
    closed.close()
    assert _within(5, lambda: "left" not in links.read(kept)), "a veth end outlived the namespace of the other"


def test_closing_leaves_no_descriptor() -> None:
    before = {entry.name for entry in Path("/proc/self/fd").iterdir()}
    for namespace in create_all(["one", "two"], private_files=True):
        namespace.close()
        namespace.close()
    assert {entry.name for entry in Path("/proc/self/fd").iterdir()} == before


def _within(seconds: float, holds: Callable[[], bool]) -> bool:
    until_s = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until_s:
            return False
        time.sleep(0.02)
    return True
