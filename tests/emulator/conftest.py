"""Runs tests marked `inside` in a child process with its own user, mount, pid and net namespaces.

The child is forked, so it has the test's fixtures and pytest's rewritten assertions; it is process 1 of its own pid
namespace, so whatever a test starts or makes dies with it. Works as root and, through a user namespace, as anybody.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from emulator.kernel import search_path
from emulator.netns import Namespace
from emulator.pressure import go_first
from emulator.syscalls import CLONE_NEWNET, CLONE_NEWNS, MS_PRIVATE, MS_REC, mount, unshare

CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
SKIPPED = 5


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "inside: runs in a forked child with namespaces of its own")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("inside"):
            item.add_marker("needs_sandbox")


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    if not pyfuncitem.get_closest_marker("inside"):
        return None
    names = pyfuncitem._fixtureinfo.argnames
    _run_inside(lambda: pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names}))
    return True


def _run_inside(test: Callable[[], object]) -> None:
    report, write = os.pipe()
    # What is still in our buffers would otherwise be printed once more by the child.
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        os.close(report)
        _first_child(test, write)
    os.close(write)
    try:
        with os.fdopen(report, encoding="utf-8", errors="replace") as text:
            story = text.read()
    except BaseException:  # a timeout or Ctrl-C: take the whole pid namespace along
        os.kill(child, signal.SIGKILL)
        raise
    finally:
        _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    if code == SKIPPED:
        pytest.skip(story)
    if code != 0:
        pytest.fail(f"inside the sandbox (status {code}):\n{story}", pytrace=False)


def _first_child(test: Callable[[], object], write: int) -> None:
    """Makes the namespaces, then forks process 1 of the new pid namespace and passes its status on."""
    code = 1
    try:
        _die_with_parent()
        uid, gid = os.getuid(), os.getgid()
        try:
            unshare((CLONE_NEWUSER if uid else 0) | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWPID)
        except OSError as error:
            os.write(write, f"this machine lets {uid=} make no namespaces: {error}".encode())
            os._exit(SKIPPED)
        if uid:
            Path("/proc/self/setgroups").write_text("deny")
            Path("/proc/self/uid_map").write_text(f"0 {uid} 1")
            Path("/proc/self/gid_map").write_text(f"0 {gid} 1")
        first = os.fork()
        if first == 0:
            _first_process(test, write)
        os.close(write)
        code = os.waitstatus_to_exitcode(os.waitpid(first, 0)[1])
        code = 128 - code if code < 0 else code
    finally:
        os._exit(code)


def _first_process(test: Callable[[], object], write: int) -> None:
    code = 1
    try:
        _die_with_parent()
        mount("none", "/", flags=MS_REC | MS_PRIVATE)
        mount("proc", "/proc", "proc")
        mount("sysfs", "/sys", "sysfs")
        mount("tmpfs", "/run", "tmpfs", data="mode=0755")
        os.environ["PATH"] = search_path()  # as emulator/agent.py does
        go_first()  # as emulator/replay.py does
        test()
        code = 0
    except pytest.skip.Exception as skipped:
        os.write(write, str(skipped).encode())
        code = SKIPPED
    except BaseException:
        info = pytest.ExceptionInfo.from_current()
        os.write(write, str(info.getrepr(style="short", chain=True)).encode()[-60000:])
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _die_with_parent() -> None:
    import ctypes

    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


@pytest.fixture
def cable() -> Callable[..., None]:
    """A function that joins two namespaces by a veth pair, independent of emulator/links.py."""
    return _cable


def _cable(a: Namespace, b: Namespace, a_cidr: str, b_cidr: str, *, a_name: str = "eth0", b_name: str = "eth0") -> None:
    here = Namespace.current()
    ends = (
        f"{a_name} netns /proc/{os.getpid()}/fd/{a.fd} type veth peer name {b_name} netns /proc/{os.getpid()}/fd/{b.fd}"
    )
    made = here.run(["ip", "link", "add", *ends.split()], timeout_s=10)
    assert made.returncode == 0, made.stderr.decode()
    for namespace, name, cidr in ((a, a_name, a_cidr), (b, b_name, b_cidr)):
        batch = f"link set lo up\naddress add {cidr} dev {name}\nlink set {name} up\n"
        done = namespace.run(["ip", "-batch", "-"], timeout_s=10, stdin=batch.encode())
        assert done.returncode == 0, done.stderr.decode()
    here.close()
