"""The sandbox: one process tree in its own user, mount, pid and net namespaces, and a line to the agent in it.

No root is needed and nothing is left behind: when the sandbox is closed, or the process that started it, the agent or
anything between them dies, even by kill -9, the kernel ends every process inside and frees every namespace, link and
mount (how: emulator/agent.py).
"""

from __future__ import annotations

import collections
import contextlib
import json
import logging
import os
import queue
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, InvalidStateError
from pathlib import Path
from typing import Any

import kubeslice_sim.errors
from emulator.channel import Framing, Message
from emulator.kernel import has_admin_capabilities, why_no_user_namespaces
from kubeslice_sim.errors import BackendUnavailable, KubesliceSimError

_log = logging.getLogger("kubeslice_sim.emulator.sandbox")

_BOOT = """\
import json, sys
boot = json.loads(sys.argv.pop())
sys.path[:0] = boot["python_path"]
from pathlib import Path
from emulator.agent import main
from emulator.mounts import Paths
paths = Paths(visible=tuple(map(Path, boot["visible"])), writable=tuple(map(Path, boot["writable"])))
main(stream_fd=boot["stream_fd"], outside_fd=boot["outside_fd"], entry=boot["entry"], paths=paths)
"""


class SandboxError(KubesliceSimError):
    """Something failed inside the sandbox, or the sandbox is gone. The inner traceback is in the debug log."""

    exit_code = 3


class Sandbox:
    """A running sandbox. A context manager; every method may be called from any thread."""

    def __init__(self, process: subprocess.Popen[bytes], stream: socket.socket) -> None:
        self._process = process
        self._stream = stream
        self._framing = Framing(stream)
        self._waiting: dict[int, Future[Message]] = {}
        self._numbering = threading.Lock()
        self._last_number = 0
        self._events: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self._ready: Future[Message] = Future()
        self._end: KubesliceSimError | None = None
        self._output: collections.deque[str] = collections.deque(maxlen=20)
        # In this order: the second waits for the first when the sandbox ends, which may be at once.
        self._threads = [
            threading.Thread(target=self._read_output, name="sandbox-output", daemon=True),
            threading.Thread(target=self._read_messages, name="sandbox-messages", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    @classmethod
    def start(
        cls,
        entry: str,
        *,
        timeout_s: float = 30.0,
        visible: Sequence[Path] = (),
        writable: Sequence[Path] = (),
        python_path: Sequence[Path] = (),
        environment: Mapping[str, str] | None = None,
    ) -> Sandbox:
        """Starts a sandbox and in it `entry`, "module:function", which gets a `Channel`.

        The host's files are read-only inside, /tmp and /run empty: places under those that the inside needs go into
        `visible`, places it may write to into `writable`. `python_path` is searched for `entry`'s module first.
        Raises BackendUnavailable where the system forbids the namespaces, SandboxError when the agent fails to start
        within `timeout_s` seconds.
        """
        unshare = shutil.which("unshare")
        if unshare is None:
            raise BackendUnavailable("the emulator needs Linux and the program unshare: install util-linux")
        as_root = has_admin_capabilities()
        ours, theirs = socket.socketpair()
        with theirs:
            outside_fd = os.pidfd_open(os.getpid())
            try:
                boot = {
                    "stream_fd": theirs.fileno(),
                    "outside_fd": outside_fd,
                    "entry": entry,
                    "python_path": [str(path.absolute()) for path in (*python_path, *_package_roots())],
                    "visible": [str(path.absolute()) for path in (*visible, *python_path, *_package_roots())],
                    "writable": [str(path.absolute()) for path in writable],
                }
                process = subprocess.Popen(
                    [
                        unshare,
                        *(() if as_root else ("--user", "--map-root-user")),
                        "--mount",
                        "--pid",
                        "--net",
                        "--fork",
                        "--kill-child",
                        *(sys.executable, "-P", "-c", _BOOT, json.dumps(boot)),
                    ],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    pass_fds=(theirs.fileno(), outside_fd),
                    env=environment,
                    start_new_session=True,  # the terminal's Ctrl-C is for the outside to interpret
                )
            finally:
                os.close(outside_fd)
        sandbox = cls(process, ours)
        try:
            sandbox._ready.result(timeout_s)
        except BaseException as error:
            sandbox.close()
            if isinstance(error, TimeoutError):
                raise SandboxError(f"the sandbox was not ready within {timeout_s:g} s: {sandbox._heard()}") from None
            if isinstance(error, SandboxError) and (reason := why_no_user_namespaces()) and not as_root:
                raise BackendUnavailable(reason) from error
            raise
        return sandbox

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """The process id of the sandbox's outermost process (`unshare`)."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the agent still answers for its sandbox."""
        return self._end is None

    def call(self, message: Mapping[str, Any], *, timeout_s: float | None = None) -> Message:
        """Sends a request to the entry point and returns its reply.

        Raises SandboxError with the inner error's message (or the inner error itself where it is one of
        kubeslice_sim.errors), or when the sandbox dies first; TimeoutError after `timeout_s`.
        """
        answer: Future[Message] = Future()
        with self._numbering:
            if self._end is not None:
                raise self._end
            self._last_number += 1
            number = self._last_number
            self._waiting[number] = answer
        # A broken pipe is told by the reading thread, which knows why.
        with contextlib.suppress(OSError):
            self._framing.send({"id": number, "call": message})
        try:
            return answer.result(timeout_s)
        finally:
            with self._numbering:
                self._waiting.pop(number, None)

    def events(self, *, timeout_s: float | None = None) -> Iterator[Message]:
        """The events in order, until the sandbox ends; stops early when `timeout_s` seconds pass without one.

        Raises SandboxError when the entry point failed or the sandbox died unasked.
        """
        while True:
            try:
                event = self._events.get(timeout=timeout_s)
            except queue.Empty:
                return
            if event is None:
                self._events.put(None)  # for the next one who asks
                if self._end is not None and not isinstance(self._end, _Closed):
                    raise self._end
                return
            yield event

    def close(self) -> None:
        """Ends the sandbox and waits until its processes are gone. May be repeated."""
        self._finish(_Closed("the sandbox is closed: start another one"))
        with contextlib.suppress(OSError):
            self._stream.shutdown(socket.SHUT_RDWR)
        try:
            self._process.wait(5.0)
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join()
        self._stream.close()

    def _read_messages(self) -> None:
        process_fd = os.pidfd_open(self._process.pid)
        with selectors.DefaultSelector() as selector:
            selector.register(self._stream, selectors.EVENT_READ)
            selector.register(process_fd, selectors.EVENT_READ)
            while True:
                ready = {key.fileobj for key, _ in selector.select()}
                # `unshare` may die alone and its orphans keep the line open for a moment.
                message = self._framing.receive() if self._stream in ready else None
                if message is None:
                    break
                self._sort(message)
        os.close(process_fd)
        with contextlib.suppress(OSError):
            self._stream.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1.0)
            self._threads[0].join(1.0)
        self._finish(SandboxError(f"the sandbox ended: {self._heard()}"))

    def _sort(self, message: Message) -> None:
        if "event" in message:
            self._events.put(message["event"])
        elif "ready" in message:
            with contextlib.suppress(InvalidStateError):  # whoever waited has given up and closes
                self._ready.set_result(message["ready"])
        elif "done" in message:
            self._finish(_Closed("the sandbox's work is done: start another one"))
        elif "fatal" in message:
            self._finish(_error(message["fatal"]))
        else:
            with self._numbering:
                answer = self._waiting.pop(message["id"], None)
            if answer is None:
                return
            if "error" in message:
                answer.set_exception(_error(message["error"]))
            else:
                answer.set_result(message["reply"])

    def _finish(self, end: KubesliceSimError) -> None:
        with self._numbering:
            if self._end is not None:
                return
            self._end = end
            waiting, self._waiting = self._waiting, {}
        for answer in (self._ready, *waiting.values()):
            if not answer.done():
                answer.set_exception(end)
        self._events.put(None)

    def _read_output(self) -> None:
        assert self._process.stdout is not None  # noqa: S101  (Popen was asked for a pipe)
        with self._process.stdout as output:
            for line in output:
                text = line.decode(errors="replace").rstrip()
                self._output.append(text)
                _log.debug("inside: %s", text)

    def _heard(self) -> str:
        return " / ".join(self._output) or f"exit status {self._process.returncode}, no output"


class _Closed(SandboxError):
    """Ended as asked for."""


def _error(description: Message) -> KubesliceSimError:
    _log.debug("an error in the sandbox:\n%s", description["traceback"])
    kind = getattr(kubeslice_sim.errors, description["type"], None)
    if isinstance(kind, type) and issubclass(kind, KubesliceSimError):
        return kind(description["message"])
    if description["ours"]:  # a room's own: its message says all that a user needs
        return SandboxError(description["message"])
    return SandboxError(f"{description['type']} in the sandbox: {description['message']}")


def _package_roots() -> tuple[Path, ...]:
    """The folders that `emulator` and `kubeslice_sim` are imported from: a checkout, or site-packages."""
    import emulator

    roots = {Path(str(package.__file__)).parent.parent for package in (emulator, kubeslice_sim)}
    return tuple(sorted(roots))
