"""The two processes inside the sandbox: a first process that only watches, and the agent that does the work.

`unshare` starts `main` as process 1 of the sandbox's pid namespace. It forks the agent and then watches two process
descriptors, of the process outside and of the agent, and collects orphans. When either ends, by whatever signal,
process 1 ends, and with it the kernel ends every process of the pid namespace and frees what they held.
(PR_SET_PDEATHSIG would not do for the outside: it fires when the *thread* ends that started us.)
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib
import os
import resource
import select
import signal
import socket
import struct
import sys

from emulator.channel import Channel, describe
from emulator.kernel import search_path
from emulator.mounts import Paths, furnish

_SIOCSIFFLAGS = 0x8914
_IFF_UP = 0x1


def main(*, stream_fd: int, outside_fd: int, entry: str, paths: Paths) -> None:
    """Process 1: forks the agent, which calls `entry` ("module:function") with its Channel. Does not return."""
    os.set_inheritable(stream_fd, False)
    os.set_inheritable(outside_fd, False)
    agent = os.fork()
    if agent == 0:
        os.close(outside_fd)
        _run_agent(stream_fd, entry, paths)
    os.close(stream_fd)
    _watch(agent, outside_fd)


def _watch(agent: int, outside_fd: int) -> None:
    readable, writable = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)  # a handler, so that the wake-up pipe is written
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda _number, _frame: os._exit(0))
    signal.set_wakeup_fd(writable, warn_on_full_buffer=False)
    agent_fd = os.pidfd_open(agent)
    poll = select.poll()
    for fd in (readable, agent_fd, outside_fd):
        poll.register(fd, select.POLLIN)
    while True:
        ready = {fd for fd, _ in poll.poll()}
        if agent_fd in ready or outside_fd in ready:
            os._exit(0)
        with contextlib.suppress(BlockingIOError):
            os.read(readable, 4096)
        _collect_orphans(agent)


def _collect_orphans(agent: int) -> None:
    while True:
        try:
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return
        if ended is None or ended.si_pid == agent:
            return
        os.waitpid(ended.si_pid, 0)


def _run_agent(stream_fd: int, entry: str, paths: Paths) -> None:
    status = 1
    channel = Channel(socket.socket(fileno=stream_fd))
    try:
        furnish(paths)
        for name in ("TMPDIR", "TMP", "TEMP"):  # a folder of the host's: programs inside would look for it in vain
            os.environ.pop(name, None)
        _bring_loopback_up()
        os.environ["PATH"] = search_path()
        _, most_files = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most_files, most_files))  # two descriptors a namespace add up
        module, _, function = entry.partition(":")
        run = getattr(importlib.import_module(module), function)
        channel.announce("ready", {})
        run(channel)
        channel.announce("done", {})
        status = 0
    except BaseException as error:
        with contextlib.suppress(OSError):
            channel.announce("fatal", describe(error))
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _bring_loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", _IFF_UP))
