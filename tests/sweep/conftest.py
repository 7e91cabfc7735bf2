"""A small world whose runs differ by chance."""

from __future__ import annotations

import pytest

import kubeslice_sim as ks
from kubeslice_sim.model.world import World
from kubeslice_sim.sweep import program


@pytest.fixture(autouse=True)
def _the_code_as_it_is_now() -> None:
    """Somebody may have edited the checkout since these tests began; the processes that they start read it anew."""
    program.digest.cache_clear()


@pytest.fixture(scope="session")
def small() -> World:
    """The tutorial's world with three seconds of pings over a link with jitter and loss, and nothing else."""
    link = "underlay.links[worker-1,worker-2]"
    return ks.vary(
        ks.example("01-two-clusters"),
        {
            f"{link}.jitter": "4ms", f"{link}.loss": "2%", "scenario.duration": "3s", "scenario.expect": [],
            "scenario.traffic[lookup]": None, "scenario.traffic[bulk]": None, "scenario.traffic[ping].interval": "50ms",
            "scenario.traffic[ping].duration": "3s",
        },
    )  # fmt: skip
