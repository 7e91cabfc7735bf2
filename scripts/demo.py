"""``make demo``: the iperf scenario on simulator and emulator, their agreement, and where the figures are."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from rich.console import Console

from kubeslice_sim.cli import execute

SCENARIO = "scenarios/01-two-clusters"


def main(folder: str) -> int:
    """Run the demo; the worst exit code of its steps."""
    console = Console(highlight=False, soft_wrap=True)
    out = Path(folder)
    emulate = ["run", SCENARIO, "--on", "emulator", "--report", str(out / "emulator")]
    steps = (
        ("what KubeSlice makes of it", ["plan", SCENARIO]),
        ("its topology", ["draw", SCENARIO, "--file", str(out / "topology.svg")]),
        ("simulated", ["run", SCENARIO, "--on", "sim", "--report", str(out / "sim")]),
        ("emulated: namespaces, real WireGuard, real time", emulate),
        ("do they agree?", ["compare", str(out / "sim"), str(out / "emulator")]),
    )  # fmt: skip
    out.mkdir(parents=True, exist_ok=True)
    begin_s = time.monotonic()
    worst = 0
    for title, command in steps:
        console.rule(title)
        console.print(f"$ ksim {' '.join(command)}", style="dim")
        worst = max(worst, execute(command))
    console.rule()
    console.print(f"{time.monotonic() - begin_s:.0f} s; figures and data: {out}/topology.svg, "
                  f"{out}/sim/report.html, {out}/emulator/report.html")  # fmt: skip
    return worst


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
