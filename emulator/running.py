"""A measuring program at work in a pod: started now, its output collected, stopped or waited for later."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO

from emulator.netns import Namespace
from kubeslice_sim.errors import BackendUnavailable

_LAST_CALL_S = 3.0  # from the polite signal, after which ping and iperf3 print what they have, to the other one


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A program that has ended; `stopped` tells that it was made to. `started_unix_s`: the wall clock at its start."""

    argv: tuple[str, ...]
    status: int
    stdout: str
    stderr: str
    started_unix_s: float
    stopped: bool

    @property
    def last_words(self) -> str:
        """The last line it wrote to stderr, or the empty string."""
        return next((line.strip() for line in reversed(self.stderr.splitlines()) if line.strip()), "")


class Running:
    """A process whose output goes into anonymous memory: nobody has to read along, and it never waits for a reader."""

    def __init__(self, namespace: Namespace, argv: Sequence[str]) -> None:
        """Starts it. Raises BackendUnavailable if this machine has no such program."""
        self.argv = tuple(argv)
        self._stopped = False
        self._out, self._err = (os.fdopen(os.memfd_create(name), "rb+") for name in ("stdout", "stderr"))
        self.started_unix_s = time.time()
        try:
            # LC_ALL: what is printed gets parsed.
            environment = {**os.environ, "LC_ALL": "C"}
            self._process = namespace.popen(self.argv, env=environment, stdout=self._out, stderr=self._err)
        except FileNotFoundError as error:
            self._out.close()
            self._err.close()
            raise BackendUnavailable(
                f"{self.argv[0]} is not installed: apt install {_package(self.argv[0])}"
            ) from error

    @property
    def pid(self) -> int:
        """Its process id in the sandbox."""
        return self._process.pid

    def poll(self) -> bool:
        """Whether it has ended."""
        return self._process.poll() is not None

    def stop(self) -> None:
        """Asks it to end and print what it has. One that has ended is fine."""
        if not self.poll():
            self._stopped = True
            self._process.send_signal(signal.SIGINT)

    def finish(self, *, timeout_s: float | None = None) -> Finished:
        """Waits for the end, stops it after `timeout_s` and kills it some seconds later. Call it once."""
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.stop()
            try:
                self._process.wait(_LAST_CALL_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        stdout, stderr = _text(self._out), _text(self._err)
        self._out.close()
        self._err.close()
        return Finished(
            argv=self.argv,
            status=self._process.returncode,
            stdout=stdout,
            stderr=stderr,
            started_unix_s=self.started_unix_s,
            stopped=self._stopped,
        )

    def output(self) -> str:
        """What it has printed so far; only before `finish`."""
        return _text(self._out)


def _text(file: IO[bytes]) -> str:
    # pread, because the program writes at the offset which the descriptor shares with it.
    return os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0).decode(errors="replace")


def _package(program: str) -> str:
    return {"ping": "iputils-ping"}.get(program, program)
