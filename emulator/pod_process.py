"""What runs in a pod: a host process in the pod's namespace, its last words kept, its descendants ended with it."""

from __future__ import annotations

import os
import selectors
import signal
import threading
import time
from collections.abc import Mapping, Sequence

from emulator.netns import Namespace
from kubeslice_sim.errors import BackendUnavailable

OUTPUT_BYTES = 65536
_GRACE_S = 2.0


class OutputCollector:
    """One thread that reads what all pods print, so that none of them ever blocks on a full pipe."""

    def __init__(self) -> None:
        self._ready = selectors.DefaultSelector()
        self._wake_read, self._wake_write = os.pipe()
        self._ready.register(self._wake_read, selectors.EVENT_READ, None)
        self._closing = False
        self._thread = threading.Thread(target=self._collect, name="pod-output", daemon=True)
        self._thread.start()

    def follow(self, fd: int, tail: Tail) -> None:
        """Reads `fd` into `tail` until its writers are gone, then closes it."""
        os.set_blocking(fd, False)
        self._ready.register(fd, selectors.EVENT_READ, tail)
        os.write(self._wake_write, b"x")

    def close(self) -> None:
        """Ends the thread; what has not been read is lost. A second time is fine."""
        if self._closing:
            return
        self._closing = True
        os.write(self._wake_write, b"x")
        self._thread.join()
        for key in tuple(self._ready.get_map().values()):
            os.close(key.fd)
        self._ready.close()
        os.close(self._wake_write)

    def _collect(self) -> None:
        while not self._closing:
            for key, _ in self._ready.select():
                try:
                    piece = os.read(key.fd, 65536)
                except BlockingIOError:
                    continue
                if isinstance(key.data, Tail):
                    key.data.add(piece)
                    if not piece:
                        self._ready.unregister(key.fd)
                        os.close(key.fd)


class Tail:
    """The last bytes of a stream, and how many came before them."""

    def __init__(self, limit_bytes: int = OUTPUT_BYTES) -> None:
        self._limit_bytes = limit_bytes
        self._kept = bytearray()
        self._lock = threading.Lock()
        self.dropped_bytes = 0
        self.ended = threading.Event()

    def add(self, piece: bytes) -> None:
        """Takes the next bytes; none at all is the end of the stream."""
        if not piece:
            self.ended.set()
            return
        with self._lock:
            self._kept += piece
            if (excess := len(self._kept) - self._limit_bytes) > 0:
                del self._kept[:excess]
                self.dropped_bytes += excess

    def text(self) -> str:
        """What is kept, with a first line that says so if something was dropped."""
        with self._lock:
            kept, dropped = bytes(self._kept), self.dropped_bytes
        note = f"[{dropped} bytes before this were dropped]\n" if dropped else ""
        return note + kept.decode(errors="replace")


class PodProcess:
    """One running container of a pod. stdout and stderr go into one `output`, as `kubectl logs` shows them."""

    def __init__(
        self,
        namespace: Namespace,
        argv: Sequence[str],
        collector: OutputCollector,
        *,
        env: Mapping[str, str] | None = None,
        cwd: str = "/",
    ) -> None:
        """Starts it. Raises BackendUnavailable if this machine has no such program or may not run it."""
        self.argv = tuple(argv)
        self.output = Tail()
        read, write = os.pipe()
        try:
            with os.fdopen(write, "wb") as end:
                self._process = namespace.popen(self.argv, env=env, cwd=cwd, stdout=end, stderr=end)
        except (FileNotFoundError, PermissionError) as error:
            os.close(read)
            raise BackendUnavailable(
                f"{namespace.name}: this machine cannot run {self.argv[0]!r} ({error.strerror}): a pod's command runs "
                "as a process of the host; install it, or annotate the pod with kubeslice-sim.io/emulate"
            ) from error
        self._status: int | None = None
        collector.follow(read, self.output)

    @property
    def pid(self) -> int:
        """Its process id in the sandbox, which is also that of its session and process group."""
        return self._process.pid

    @property
    def status(self) -> int | None:
        """None while it runs; then its exit status, negative for the signal that ended it."""
        if self._status is not None:
            return self._status
        # Left unreaped, so that its number stays its own and the process group can still be signalled safely.
        ended = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if ended is None:
            return None
        return ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status

    def stop(self, *, grace_s: float = _GRACE_S) -> int:
        """Ends it and its process group as a kubelet does, SIGTERM first, and returns its status. May be repeated."""
        if self.status is None:
            os.killpg(self.pid, signal.SIGTERM)
            deadline_s = time.monotonic() + grace_s
            while self.status is None and time.monotonic() < deadline_s:
                time.sleep(0.005)
        return self.kill()

    def kill(self) -> int:
        """Ends it and its process group at once, as a fault does, and returns its status. May be repeated."""
        if self._status is None:
            os.killpg(self.pid, signal.SIGKILL)
            self._status = self._process.wait()
        return self._status
