"""Delay, jitter and loss without netem: NFQUEUE in the middle namespaces, served by the process of delayline.py."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from emulator import bottleneck
from emulator.netns import Namespace
from emulator.nfqueue import PacketQueue
from emulator.passage import MOST_PACKETS, Impairment, Implementation, Passage, WireError

_TIMEOUT_S = 10.0
_BOOT = "import sys; sys.path[:0] = [sys.argv[1]]; from emulator.delayline import main; main(int(sys.argv[2]))"
_RULES = b"*mangle\n-A FORWARD -i a -j NFQUEUE --queue-num 1\n-A FORWARD -i b -j NFQUEUE --queue-num 2\nCOMMIT\n"


class DelayMedium:
    """A Medium for every kernel with NFQUEUE. `seed` and a passage's key decide its losses and its jitter."""

    def __init__(self, *, seed: int) -> None:
        self._seed = seed
        self._limited: set[str] = set()
        self._asking = threading.Lock()
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.settimeout(_TIMEOUT_S)
        with theirs:
            # -I -S: it needs the standard library only, and starts in half the time.
            root = str(Path(__file__).parent.parent)
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _BOOT, root, str(theirs.fileno())],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                cwd="/",
                start_new_session=True,
            )

    @property
    def implementation(self) -> Implementation:
        """nfqueue."""
        return "nfqueue"

    def lay(self, impairments: Sequence[Impairment]) -> None:
        """Starts to impair passages, each once. Raises WireError."""
        for middle in dict.fromkeys(impairment.passage.middle for impairment in impairments):
            _queue_everything(middle)
        for impairment in impairments:
            passage = impairment.passage
            queue = passage.middle.call(_bound_queue, passage.number)
            try:
                order = {"add": passage.key, "queue": passage.number, "seed": f"{self._seed}/{passage.key}"}
                self._ask({**order, **_shape(impairment)}, queue.fileno())
            finally:
                queue.close()  # the process holds it now
        self._limit(impairments)

    def change(self, impairment: Impairment) -> None:
        """Changes the properties for packets that arrive from now on. Raises WireError."""
        self._ask({"line": impairment.passage.key, **_shape(impairment)})
        self._limit([impairment])

    def dropped(self, passage: Passage) -> tuple[int, int]:
        """Packets lost by the dice, and packets that fitted neither the delay line nor the bottleneck's buffer."""
        lost = self._ask({"line": passage.key})["lost"]
        overflowed = bottleneck.qdiscs(passage).get("tbf", {}).get("drops", 0)
        table = passage.middle.call(Path("/proc/thread-self/net/netfilter/nfnetlink_queue").read_text)
        for row in map(str.split, table.splitlines()):
            if int(row[0]) == passage.number:
                overflowed += int(row[5]) + int(row[6])  # the queue was full; its listener did not keep up
        return lost, overflowed

    def close(self) -> None:
        """Ends the process. May be repeated."""
        self._control.close()
        try:
            self._process.wait(2.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _limit(self, impairments: Sequence[Impairment]) -> None:
        lines: dict[Namespace, list[str]] = {}
        for impairment in impairments:
            passage = impairment.passage
            before = passage.key in self._limited
            lines.setdefault(passage.middle, []).extend(
                bottleneck.commands(impairment, parent="root", limited_before=before)
            )
        for middle, commands in lines.items():
            bottleneck.run_tc(middle, commands)
        for impairment in impairments:
            bottleneck.note(self._limited, impairment)

    def _ask(self, order: dict[str, Any], *fds: int) -> dict[str, Any]:
        with self._asking:
            try:
                socket.send_fds(self._control, [json.dumps(order).encode()], fds)
                answer = self._control.recv(1 << 16)
            except OSError as error:
                answer = b""
                reason = str(error)
            else:
                reason = "it has ended"
        if not answer:
            raise WireError(f"the delay line does not answer ({reason}): every wire is dead, start the sandbox anew")
        found: dict[str, Any] = json.loads(answer)
        return found


def _shape(impairment: Impairment) -> dict[str, float]:
    direction = impairment.direction
    return {"delay_s": direction.delay_s, "jitter_s": direction.jitter_s, "loss": direction.loss}


def _queue_everything(middle: Namespace) -> None:
    done = middle.run(["iptables-restore"], stdin=_RULES, timeout_s=_TIMEOUT_S)
    if done.returncode:
        said = " ".join(done.stderr.decode(errors="replace").split())
        raise WireError(f"{middle.name}: iptables refuses NFQUEUE ({said}): it needs the kernel's xt_NFQUEUE")


def _bound_queue(number: int) -> PacketQueue:
    queue = PacketQueue(number)
    try:
        queue.bind(most_packets=MOST_PACKETS)
    except OSError as error:
        queue.close()
        raise WireError(f"cannot listen to a packet queue: {error}") from error
    return queue
