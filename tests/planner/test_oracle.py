"""The hub's objects equal what the real controller made, field by field."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from kubeslice_sim.manifest import load_text
from kubeslice_sim.planner import manifests, plan


def _oracle() -> ModuleType:
    spec = importlib.util.spec_from_file_location("planner_oracle", Path(__file__).with_name("oracle.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


oracle = _oracle()
CASES = oracle.cases()


@pytest.mark.skipif(not oracle.ORACLE.is_dir(), reason="the oracle (../shared/oracle) is not here")
def test_there_are_cases() -> None:
    assert len(CASES) >= 10


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_hub_objects_equal_the_real_controllers(case: Path) -> None:
    world = load_text(yaml.safe_dump_all(oracle.world_of(case)))
    assert list(oracle.differences(list(manifests(plan(world))), oracle.outcome_of(case))) == []
