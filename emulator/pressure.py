"""Pressure: whether the machine had enough CPU for the emulation to be believed.

Tunnels and delay lines in user space forward packets when the kernel lets them run. The kernel counts how long each
thread was ready and had to wait (schedstat): that wait adds to every round trip and thins out every burst.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

PRIORITY = -10
"""Of everything in a sandbox: whoever forwards packets in user space must not wait for who computes."""
_PROC = Path("/proc")
MOST_WAIT_S = 0.00025
"""A longer mean wait shows in the figures: a packet meets some ten wake-ups on its way there and back.

Seen on two cores: 0.03 ms when quiet, 0.06 ms beside four busy loops, where rates still came within 3 %.
"""


def go_first() -> None:
    """Let this process and all that it starts run before others; only root may, and who may not goes on as it is."""
    with contextlib.suppress(PermissionError):
        os.nice(PRIORITY)


class CpuWaits:
    """How long the threads of the sandbox waited for a CPU since this was made. To be used inside the sandbox."""

    def __init__(self) -> None:
        self._before = _read()

    def mean_s(self) -> float | None:
        """The mean wait at each time that a thread became ready; None where the kernel does not count."""
        waited_ns = turns = 0
        for task, (task_waited_ns, task_turns) in _read().items():
            past_ns, past_turns = self._before.get(task, (0, 0))
            waited_ns += task_waited_ns - past_ns
            turns += task_turns - past_turns
        return waited_ns / turns / 1e9 if turns > 0 else None


def notice(mean_wait_s: float | None) -> str:
    """What a user should know of it, or the empty string."""
    if mean_wait_s is None or mean_wait_s <= MOST_WAIT_S:
        return ""
    return (
        f"CPU was short: programs that were ready waited {mean_wait_s * 1e3:.1f} ms on average, so rates may be lower "
        "and round trips longer than the network's; run it again on a quieter machine"
    )


def _read() -> dict[str, tuple[int, int]]:
    """(nanoseconds waited, times run) of every thread that this process can see."""
    found: dict[str, tuple[int, int]] = {}
    for path in _PROC.glob("[0-9]*/task/[0-9]*/schedstat"):
        try:
            _, waited_ns, turns = map(int, path.read_text().split())
        except (OSError, ValueError):  # it has just ended, or the kernel does not count
            continue
        found[str(path)] = (waited_ns, turns)
    return found
