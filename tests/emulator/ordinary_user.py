"""Runs a program as an ordinary user: `python ordinary_user.py UID PATH... -- ARGV...`, started by root.

Each PATH (an interpreter's folder, the checkout) stays reachable even under folders that only root may enter, such as
/root: in a mount namespace of its own each such folder is replaced by an empty one that shows nothing but the PATHs.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from emulator.syscalls import CLONE_NEWNS, MS_BIND, MS_PRIVATE, MS_REC, mount, unshare


def main(uid: int, wanted: list[Path], argv: list[str]) -> None:
    unshare(CLONE_NEWNS)
    mount("none", "/", flags=MS_REC | MS_PRIVATE)
    closed = {folder for path in wanted for folder in path.parents if not folder.stat().st_mode & 0o001}
    for folder in sorted(folder for folder in closed if not closed & set(folder.parents)):
        held = {path: os.open(path, os.O_PATH) for path in wanted if folder in path.parents}
        mount("tmpfs", folder, "tmpfs", data="mode=0755")
        for path, fd in held.items():
            path.mkdir(parents=True, exist_ok=True)
            mount(f"/proc/self/fd/{fd}", path, flags=MS_BIND | MS_REC)
            os.close(fd)
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    os.execvp(argv[0], argv)  # noqa: S606


if __name__ == "__main__":
    at = sys.argv.index("--")
    main(int(sys.argv[1]), [Path(path).resolve() for path in sys.argv[2:at]], sys.argv[at + 1 :])
