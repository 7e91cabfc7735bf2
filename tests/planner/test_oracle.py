"""The hub's objects equal what the real controller made, field by field."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from kubeslice_sim.manifest import load_text
from kubeslice_sim.planner import manifests, plan
from tests.planner import oracle

CASES = oracle.cases()


def test_there_are_cases(shared: Path) -> None:
    assert len(CASES) >= 10


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_hub_objects_equal_the_real_controllers(case: Path) -> None:
    world = load_text(yaml.safe_dump_all(oracle.world_of(case)))
    assert list(oracle.differences(list(manifests(plan(world))), oracle.outcome_of(case))) == []
