"""The wheel holds the three packages and the scenarios, and nothing else."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
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


def test_the_source_distribution_holds_what_make_needs(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text())
    included = set(project["tool"]["hatch"]["build"]["targets"]["sdist"]["include"])
    # The first part of every path that the Makefile names and that stands in the checkout.
    named = {word.split("/")[0] for word in re.findall(r"[\w.\-]+(?:/[\w.\-]+)*", (root / "Makefile").read_text())}
    needed = {name for name in named if (root / name).exists() and not name.startswith(".")}
    assert {"scripts", "requirements.lock", "tests"} <= needed
    assert needed - {"out", "dist", "pyproject.toml"} <= included
