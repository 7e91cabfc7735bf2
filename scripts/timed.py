"""Runs a command and prints how long it took: ``timed.py NAME COMMAND…``."""

from __future__ import annotations

import subprocess
import sys
import time


def main() -> int:
    """The command's exit code."""
    name, *command = sys.argv[1:]
    begin_s = time.monotonic()
    code = subprocess.run(command, check=False).returncode
    print(f"{name}: {'green' if code == 0 else f'exit {code}'} after {time.monotonic() - begin_s:.0f} s")
    return code


if __name__ == "__main__":
    sys.exit(main())
