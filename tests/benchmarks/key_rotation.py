"""Prints what years of key rotation cost: one slice over all clusters, keys renewed every 30 days.

Run it by hand: ``python -m tests.benchmarks.key_rotation [CLUSTERS[xYEARS] ...]`` (``--profile``). What the fleet does
while nothing changes, and rotations that are copies of lived ones, are leapt over and counted
(``controlplane/leap.py``), as for ``ksim forecast``. It asserts nothing: figures are a machine's.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import resource
import subprocess
import sys
import time
from typing import Any

from kubeslice_sim.controlplane.forecast import forecast
from kubeslice_sim.model.timing import KUBESLICE
from tests.benchmarks.controlplane import build_world

YEAR_S = 365 * 86400.0
SIZES = ("2x5", "8x5", "30x5")


def years_of_rotation(clusters: int, years: float) -> str:
    """From nothing through so many years; what it took, as a line."""
    began_s, began_cpu_s = time.perf_counter(), time.process_time()
    told = forecast(build_world(1, clusters), KUBESLICE, years * YEAR_S)
    wall_s, cpu_s = time.perf_counter() - began_s, time.process_time() - began_cpu_s
    lived = told.reconciles - told.reconciles_leapt
    copied = sum(item.copied for item in told.rotations)
    peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return (
        f"{clusters:3d} clusters, {years:g} years: {clusters * (clusters - 1)} tunnels, "
        f"{copied} of {len(told.rotations)} rotations are copies of those that were lived through; "
        f"{wall_s:.1f} s ({cpu_s:.1f} CPU s); {lived} reconciles lived ({lived / cpu_s:.0f}/s), "
        f"{told.reconciles_leapt} leapt over; {sum(item.requests for item in told.requests)} API requests and "
        f"{sum(told.events.values())} events in all; peak {peak_bytes / 1e6:.0f} MB"
    )


def main() -> None:
    """Each size in a process of its own, so that its peak is its own; one alone runs here."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("sizes", nargs="*", default=SIZES, metavar="CLUSTERS[xYEARS]")
    arguments.add_argument("--profile", action="store_true")
    chosen: Any = arguments.parse_args()
    if len(chosen.sizes) > 1:
        for size in chosen.sizes:
            subprocess.run([sys.executable, "-m", "tests.benchmarks.key_rotation", size], check=True)
        return
    clusters, _, years = chosen.sizes[0].partition("x")
    if not chosen.profile:
        print(years_of_rotation(int(clusters), float(years or 5)), flush=True)
        return
    with cProfile.Profile() as profile:
        print(years_of_rotation(int(clusters), float(years or 5)))
    pstats.Stats(profile).sort_stats("tottime").print_stats(30)


if __name__ == "__main__":
    main()
