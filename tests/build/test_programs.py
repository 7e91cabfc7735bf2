"""The programs of the scenarios, as people read them; regenerate with ``--force-regen`` and look at the difference."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_regressions.file_regression import FileRegressionFixture

import kubeslice_sim as ks
from kubeslice_sim import manifest

ROOT = Path(__file__).parents[2]
SCENARIOS = sorted(folder for folder in (ROOT / "scenarios").iterdir() if folder.is_dir())
PROGRAMS = ROOT / "tests" / "golden" / "programs"


@pytest.mark.parametrize("folder", SCENARIOS, ids=lambda folder: folder.name)
def test_the_program_of_a_scenario(folder: Path, file_regression: FileRegressionFixture) -> None:
    program = ks.to_python(manifest.load(folder))
    file_regression.check(program, fullpath=PROGRAMS / f"{folder.name}.txt", encoding="utf-8")
