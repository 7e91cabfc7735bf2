"""The plan of every small world, whole: a change of the planner shows as a change of a file."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_regressions.file_regression import FileRegressionFixture

from kubeslice_sim.manifest import load
from kubeslice_sim.planner import plan
from tests.planner.legible import legible

GOLDEN = Path(__file__).parents[1] / "golden" / "plans"
WORLDS = sorted(path for path in GOLDEN.glob("*.yaml") if not path.name.endswith(".plan.yaml"))


@pytest.mark.parametrize("world", WORLDS, ids=lambda path: path.stem)
def test_plan_is_as_reviewed(world: Path, file_regression: FileRegressionFixture) -> None:
    file_regression.check(legible(plan(load(world))), fullpath=world.with_suffix(".plan.yaml"))


def test_the_worlds_are_there() -> None:
    assert len(WORLDS) >= 3
