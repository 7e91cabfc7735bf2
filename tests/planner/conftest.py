"""What the planner's tests share: worlds to plan."""

from __future__ import annotations

from pathlib import Path

import pytest

from kubeslice_sim.manifest import load
from kubeslice_sim.model.world import World

GOLDEN = Path(__file__).parents[1] / "golden" / "plans"


@pytest.fixture
def two_clusters() -> World:
    """The world of the golden plan ``two-clusters``."""
    return load(GOLDEN / "two-clusters.yaml")
