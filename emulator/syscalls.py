"""The few Linux system calls that Python 3.11 does not offer, as functions that raise OSError.

Names and numbers are those of the kernel's UAPI headers (sched.h, mount.h, prctl.h); `os.unshare` and `os.setns`
arrive in Python 3.12, the mount calls in no version.
"""

from __future__ import annotations

import ctypes
import os
import struct
from pathlib import Path

CLONE_FS = 0x00000200
CLONE_NEWNS = 0x00020000
CLONE_NEWNET = 0x40000000

MS_RDONLY = 1
MS_REMOUNT = 32
MS_BIND = 4096
MS_REC = 16384
MS_PRIVATE = 1 << 18
MNT_DETACH = 2

_AT_FDCWD = -100
_AT_RECURSIVE = 0x8000
_MOUNT_ATTR_RDONLY = 1
_SYS_MOUNT_SETATTR = 442  # one number on every architecture: added after the tables were unified

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def unshare(flags: int) -> None:
    """Moves the calling thread into new namespaces of the kinds in `flags` (`CLONE_NEW*`, `CLONE_FS`)."""
    _checked(_libc.unshare(ctypes.c_int(flags)), "unshare")


def setns(fd: int, kind: int) -> None:
    """Moves the calling thread into the namespace that `fd` refers to; `kind` is the one `CLONE_NEW*` it must be."""
    _checked(_libc.setns(ctypes.c_int(fd), ctypes.c_int(kind)), "setns")


def mount(source: str | Path, target: str | Path, kind: str = "", flags: int = 0, data: str = "") -> None:
    """mount(2). `target` follows symbolic links, as the call does."""
    _checked(
        _libc.mount(
            os.fsencode(source), os.fsencode(target), kind.encode(), ctypes.c_ulong(flags), data.encode() or None
        ),
        f"mount {kind or source} on {target}",
    )


def unmount(target: str | Path) -> None:
    """Detaches the mount on `target`, even if it is busy (umount2 with MNT_DETACH)."""
    _checked(_libc.umount2(os.fsencode(target), ctypes.c_int(MNT_DETACH)), f"umount {target}")


def make_read_only(target: str | Path) -> None:
    """Makes the mount on `target` and all mounts below it read-only in this mount namespace (kernel 5.12 on)."""
    _set_mount_attributes(target, _AT_RECURSIVE, _MOUNT_ATTR_RDONLY, 0)


def make_writable(target: str | Path) -> None:
    """Takes back `make_read_only` for the one mount on `target`."""
    _set_mount_attributes(target, 0, 0, _MOUNT_ATTR_RDONLY)


def _set_mount_attributes(target: str | Path, flags: int, add: int, remove: int) -> None:
    attributes = struct.pack("=QQQQ", add, remove, 0, 0)
    _checked(
        _libc.syscall(
            ctypes.c_long(_SYS_MOUNT_SETATTR),
            ctypes.c_int(_AT_FDCWD),
            os.fsencode(target),
            ctypes.c_uint(flags),
            attributes,
            ctypes.c_size_t(len(attributes)),
        ),
        f"mount_setattr {target}",
    )


def set_timer_slack(nanoseconds: int) -> None:
    """How much later than asked the kernel may wake the calling thread (50 µs unless told)."""
    _checked(_libc.prctl(29, ctypes.c_ulong(nanoseconds), 0, 0, 0), "prctl PR_SET_TIMERSLACK")
