"""What the sandbox sees of the file system: the host's, read-only, with empty /tmp and /run, and its own /proc, /sys.

So a program in the sandbox, the user's own included, cannot leave a file on the host. What the interpreter needs and
what the caller asks for stays in sight even where it lies under /tmp. This is tidiness, not a security boundary:
started by root, the sandbox's processes are root.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

from emulator.syscalls import MS_BIND, MS_REC, make_read_only, make_writable, mount
from kubeslice_sim.errors import BackendUnavailable

EMPTIED = {"/tmp": "mode=1777", "/run": "mode=755", "/var/tmp": "mode=1777", "/dev/shm": "mode=1777"}  # noqa: S108
"""The places that are fresh and writable in the sandbox, with their mount options."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """Places of the host that a sandbox shows where they would be hidden (`visible`) or read-only (`writable`)."""

    visible: tuple[Path, ...] = ()
    writable: tuple[Path, ...] = ()


def furnish(paths: Paths) -> None:
    """Turns the calling process's own mount namespace into the sandbox's. Not to be called on the host's.

    Raises BackendUnavailable where the kernel refuses a mount, saying which.
    """
    try:
        # Held by descriptor before anything is covered up.
        kept = {path: os.open(path, os.O_PATH | os.O_CLOEXEC) for path in (*_hidden(paths.visible), *paths.writable)}
        try:
            _make_root_read_only()
            mount("proc", "/proc", "proc")
            mount("sysfs", "/sys", "sysfs")
            for place, options in EMPTIED.items():
                if Path(place).is_dir():
                    mount("tmpfs", Path(place).resolve(), "tmpfs", data=options)
            for path, fd in kept.items():
                _show(path, fd, writable=path in paths.writable)
        finally:
            for fd in kept.values():
                os.close(fd)
        os.chdir("/")
    except OSError as error:
        raise BackendUnavailable(
            f"the kernel refuses to furnish the sandbox ({error}): inside a container, "
            "give it the capability SYS_ADMIN and unmasked /proc and /sys"
        ) from error


def _hidden(visible: tuple[Path, ...]) -> list[Path]:
    """Those of the interpreter's and the caller's places that an emptied directory would hide, outermost only."""
    places = [*visible, *(Path(place) for place in (sys.prefix, sys.base_prefix, sys.executable, *sys.path) if place)]
    hidden = sorted({place for place in places if place.exists() and _is_emptied(place)})
    return [place for place in hidden if not any(outer in place.parents for outer in hidden)]


def _is_emptied(place: Path) -> bool:
    return any(place.is_relative_to(top) and place != Path(top) for top in EMPTIED)


def _make_root_read_only() -> None:
    try:
        make_read_only("/")
    except OSError as error:
        if error.errno != errno.ENOSYS:  # a kernel before 5.12: then the host stays writable to whoever may write
            raise


def _show(path: Path, fd: int, *, writable: bool) -> None:
    if _is_emptied(path):
        if stat.S_ISDIR(os.fstat(fd).st_mode):
            path.mkdir(parents=True, exist_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    mount(f"/proc/self/fd/{fd}", path, flags=MS_BIND | MS_REC)
    if writable:
        make_writable(path)
