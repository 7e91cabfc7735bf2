"""The Python of any world builds that world, and what is built survives writing and reading."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

import kubeslice_sim as ks
from kubeslice_sim import manifest
from kubeslice_sim.model.world import World
from tests.manifest.worlds import worlds as any_worlds
from tests.worlds import admitted_worlds, holds_for

SCENARIOS = sorted(folder for folder in (Path(__file__).parents[2] / "scenarios").iterdir() if folder.is_dir())
slow = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    phases=set(Phase) - {Phase.shrink},  # shrinking a whole world takes minutes
)


def built(program: str) -> World:
    """What the program calls ``world``."""
    names: dict[str, Any] = {}
    exec(program, names)  # noqa: S102 - our own text
    made = names["world"]
    assert isinstance(made, World)
    return made


@pytest.mark.parametrize("folder", SCENARIOS, ids=lambda folder: folder.name)
def test_the_python_of_every_scenario_is_short_and_builds_it(folder: Path) -> None:
    world = manifest.load(folder)
    program = ks.to_python(world)
    assert built(program) == world
    assert ".add(" not in program and "more=" not in program
    written = sum(len(file.read_text().splitlines()) for file in folder.glob("*.yaml"))
    assert len(program.splitlines()) < written / 2
    assert manifest.load_text(manifest.dump(built(program))) == world


@given(any_worlds())
@settings(slow, max_examples=25)
def test_any_world_has_its_python(world: World) -> None:
    assert built(ks.to_python(world)) == world


@holds_for(admitted_worlds())
def test_an_admitted_world_is_built_judged(world: World) -> None:
    program = ks.to_python(world)
    assert ".build()" in program
    assert built(program) == world
