"""What of the host could have been changed by a sandbox, and who still holds something of it."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

KINDS = ("net", "mnt", "pid", "user")


@dataclass(frozen=True, slots=True)
class Host:
    """What of the host could have been changed by a sandbox."""

    links: frozenset[str]
    mounts: frozenset[str]
    files: frozenset[str]

    @classmethod
    def now(cls) -> Host:
        """The host as it is."""
        mounts = Path("/proc/self/mountinfo").read_text().splitlines()
        places = (Path("/run"), Path("/run/netns"), Path("/tmp"), Path("/var/tmp"), Path("/dev/shm"))
        names = [entry.name for place in places if place.is_dir() for entry in place.iterdir()]
        return cls(
            links=frozenset(entry.name for entry in Path("/sys/class/net").iterdir()),
            mounts=frozenset(line.split(maxsplit=2)[2] for line in mounts),
            # Other programs work on this machine too: ours would carry our name.
            files=frozenset(name for name in names if name.startswith("ks-") or name == "kubeslice-sim"),
        )


def marked(mark: str) -> list[int]:
    """The processes that inherited our mark, as only those do that a sandbox of this test started."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):
                if mark.encode() in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
    return found


def namespaces(pids: list[int]) -> set[str]:
    """The namespaces that these processes are in."""
    found = set()
    for pid in pids:
        for kind in KINDS:
            with contextlib.suppress(OSError):
                found.add(str(Path(f"/proc/{pid}/ns/{kind}").readlink()))
    return found


def holders(held: set[str], *, older_than_ticks: int) -> list[int]:
    """Processes in one of these namespaces that started before (clock ticks since boot).

    The kernel gives a freed namespace's number to the next one made, by whomever: a process that started after the
    sandbox ended is no leftover of it. (A namespace held by a mount alone would show among the host's mounts.)
    """
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):
                started_ticks = int((entry / "stat").read_text().rpartition(")")[2].split()[19])
                if started_ticks < older_than_ticks and namespaces([int(entry.name)]) & held:
                    found.append(int(entry.name))
    return found


def now_ticks() -> int:
    """Clock ticks since boot."""
    return int(time.clock_gettime(time.CLOCK_BOOTTIME) * os.sysconf("SC_CLK_TCK"))


def within(seconds: float, holds: Callable[[], bool]) -> bool:
    """Whether it comes true in time."""
    until_s = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until_s:
            return False
        time.sleep(0.02)
    return True
