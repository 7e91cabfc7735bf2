"""Prints what years of key rotation cost: one slice over all clusters, keys renewed every 30 days.

Run it by hand: ``python -m tests.benchmarks.key_rotation [CLUSTERS[xYEARS] ...]`` (``--profile``). What the fleet does
while nothing changes is leapt over and counted (``controlplane/leap.py``); every rotation is lived through: certificate
jobs, secrets, states, a recycler for each tunnel. It asserts nothing: figures are a machine's.
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
from kubeslice_sim.model.vpn_key_rotation import VpnKeyRotation
from tests.benchmarks.controlplane import build_world
from tests.controlplane.hand import Hand

YEAR_S = 365 * 86400.0
SIZES = ("2x5", "4x5", "8x5", "30x1")


def years_of_rotation(clusters: int, years: float) -> str:
    """From nothing through so many years; what it took, as a line."""
    began_s = time.perf_counter()
    hand = Hand(build_world(1, clusters), KUBESLICE)
    hand.plane.steady = True
    leaper, until_s = Leaper(hand.fleet), years * YEAR_S
    while hand.now_s < until_s:
        leaper.begin()
        hand.run_for(min(leaper.period_s, until_s - hand.now_s))
        for _ in range(20):  # polls of one rhythm come together: look between two of their beats
            if hand.fleet.at_rest():
                break
            hand.run_for(0.5)
        if hand.plane.due_s() is None:
            hand.now_s = leaper.leap(hand.now_s, until_s)
    wall_s = time.perf_counter() - began_s
    (rotation,) = hand.fleet.hub.store.view.list(VpnKeyRotation)
    lived, counted = hand.reconciles().total(), hand.fleet.load.totals().total()
    peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return (
        f"{clusters:3d} clusters, {years:g} years: {rotation.spec.rotation_count - 1} rotations of "
        f"{len(hand.plane.gateways) // 2} tunnels in {wall_s:.1f} s; {lived} reconciles lived "
        f"({lived / wall_s:.0f}/s), "
        f"{leaper.reconciles} leapt over; {counted + leaper.requests.total()} API requests in all; "
        f"{len(hand.fleet.events)} events; peak {peak_bytes / 1e6:.0f} MB"
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
