"""The wheel holds the three packages and the scenarios, and nothing else."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    done = subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(root)],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl")
    return built


def test_top_level_names(wheel: Path) -> None:
    names = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {name for name in names if not name.endswith(".dist-info")} == {"kubeslice_sim", "emulator", "real"}


def test_scenarios_travel_along(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "kubeslice_sim/_scenarios/01-two-clusters/world.yaml" in names
    assert not [name for name in names if name.startswith(("tests/", "notebooks/"))]
    assert "kubeslice_sim/py.typed" in names
