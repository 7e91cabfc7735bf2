"""Runs several targets of a command at the same time: ``side_by_side.py TARGET… -- COMMAND…`` is ``COMMAND TARGET``.

Every line is printed as it comes, behind the name of its target. What did not end well is told once more at the end,
whole and in one piece, so that nobody has to pick it out of the others' lines.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time


class Target:
    """One command that runs now, and what it has said so far."""

    def __init__(self, name: str, command: list[str], width: int) -> None:
        self.name = name
        self.lines: list[str] = []
        self.took_s = 0.0
        self._label = f"{name:<{width}} | "
        self._began_s = time.monotonic()
        self.process = subprocess.Popen(
            [*command, name],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait(self) -> int:
        """The exit code, once it has ended and all it said is printed."""
        code = self.process.wait()
        self._reader.join()
        return code

    def _read(self) -> None:
        assert self.process.stdout is not None  # noqa: S101  (it was asked for)
        for line in self.process.stdout:
            self.lines.append(line)
            sys.stdout.write(f"{self._label}{line.rstrip()}\n")
            sys.stdout.flush()
        self.took_s = time.monotonic() - self._began_s


def _wait_for_all(targets: list[Target]) -> None:
    """Wait, and say every minute who is still at work: some say nothing for long."""
    began_s = time.monotonic()
    while busy := [target for target in targets if target.process.poll() is None]:
        try:
            busy[0].process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            names = ", ".join(target.name for target in targets if target.process.poll() is None)
            print(f"after {time.monotonic() - began_s:.0f} s: {names} still at work", flush=True)


def main(names: list[str], command: list[str]) -> int:
    """0 if all ended well, else 1; 130 after Ctrl-C, which the targets get, too."""
    # A terminal's Ctrl-C goes to the whole process group; only SIGTERM has to be passed on.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    width = max(map(len, names))
    targets = [Target(name, command, width) for name in names]
    try:
        _wait_for_all(targets)
        codes = {target: target.wait() for target in targets}
    except KeyboardInterrupt:
        for target in targets:
            target.wait()
        return 130
    except SystemExit:
        for target in targets:
            target.process.terminate()
        for target in targets:
            target.wait()
        raise
    for target in (target for target, code in codes.items() if code):
        print(f"\n== {target.name} did not end well; all it said:\n{''.join(target.lines)}")
    for target, code in codes.items():
        print(f"{target.name:<{width}} {'green' if code == 0 else f'exit {code}'} after {target.took_s:.0f} s")
    return int(any(codes.values()))


if __name__ == "__main__":
    at = sys.argv.index("--")
    sys.exit(main(sys.argv[1:at], sys.argv[at + 1 :]))
