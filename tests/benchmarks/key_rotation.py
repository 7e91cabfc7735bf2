"""Prints what years of key rotation cost: one slice over all clusters, keys renewed every 30 days.

Run it by hand: ``python -m tests.benchmarks.key_rotation [CLUSTERS[xYEARS] ...]`` (``--profile``). What the fleet does
while nothing changes, and rotations that are copies of lived ones, are leapt over and counted
(``controlplane/leap.py``). It asserts nothing: figures are a machine's.
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

from kubeslice_sim.controlplane.leap import Leaper
from kubeslice_sim.model.timing import KUBESLICE
from tests.benchmarks.controlplane import build_world
from tests.controlplane.hand import Hand

YEAR_S = 365 * 86400.0
SIZES = ("2x5", "8x5", "30x5")


def years_of_rotation(clusters: int, years: float) -> str:
    """From nothing through so many years; what it took, as a line."""
    began_s, began_cpu_s = time.perf_counter(), time.process_time()
    hand = Hand(build_world(1, clusters), KUBESLICE)
    hand.plane.steady = True
    leaper = Leaper(hand.fleet, hand.plane)
    hand.now_s = leaper.go(hand.run, 0.0, years * YEAR_S)
    wall_s, cpu_s = time.perf_counter() - began_s, time.process_time() - began_cpu_s
    told = hand.fleet.load.totals()
    reconciles = hand.reconciles().total() - leaper.tally.reconciles
    events = len(hand.fleet.events) + sum(leapt.count("event").total() for leapt in hand.fleet.load.leapt)
    peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return (
        f"{clusters:3d} clusters, {years:g} years: {len(hand.plane.gateways) // 2} tunnels, {leaper.tally}; "
        f"{wall_s:.1f} s ({cpu_s:.1f} CPU s); {reconciles} reconciles lived ({reconciles / cpu_s:.0f}/s), "
        f"{leaper.tally.reconciles} leapt over; {told.total()} API requests and {events} events in all; "
        f"peak {peak_bytes / 1e6:.0f} MB"
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
