"""The program: ``ksim``, or ``python -m kubeslice_sim``."""

from __future__ import annotations

import sys

INTERRUPTED = 130


def main() -> None:
    """Run a command line and leave with its exit code. Ctrl-C while the commands are imported ends it quietly, too."""
    try:
        from kubeslice_sim.cli import main as run
    except KeyboardInterrupt:
        sys.stderr.write("ksim: interrupted\n")
        sys.exit(INTERRUPTED)
    run()


if __name__ == "__main__":
    main()
