"""The first compilation is told once, kept for the next process where it can be, and can be had beforehand."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

WARM = """
from kubeslice_sim.simulator.first_compile import FLUID
from kubeslice_sim.simulator.warm import cold, engines, warm
"""
PLAY = """
import kubeslice_sim as ks
short = {"scenario.duration": "12s", "scenario.expect": [], "scenario.traffic[bulk].duration": "1s"}
ks.simulate(ks.vary(ks.example("01-two-clusters"), short))
"""


def python(code: str, cache: Path) -> tuple[str, str]:
    """What a fresh process says that keeps its machine code in a folder of its own."""
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ, "NUMBA_CACHE_DIR": str(cache)}, text=True,
                          capture_output=True, timeout=300, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


@pytest.fixture(scope="module")
def warmed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache that `warm` filled with the fluid engine, having told so."""
    cache = tmp_path_factory.mktemp("numba")
    out, err = python(WARM + "print(cold(packets=False) == (FLUID,)); warm([FLUID]); print(cold(packets=False))", cache)
    assert out.split() == ["True", "()"]
    assert err == "compiling the fluid engine, once: about 6 s\n"
    return cache


def test_a_run_after_it_compiles_nothing(warmed: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in warmed.rglob("*.nb?")}
    assert python(WARM + "print(cold(packets=False))" + PLAY, warmed) == ("()\n", "")
    assert {path: path.stat().st_mtime_ns for path in warmed.rglob("*.nb?")} == before


def test_the_doctor_says_what_is_missing_and_where_it_is_kept(warmed: Path) -> None:
    out, err = python(WARM + "print(engines().note)", warmed)
    assert re.match(r"not yet: the first run that needs one takes up to 20 s longer; ksim doctor --warm", out)
    assert not err


def test_where_nothing_can_be_kept_it_says_so_and_computes(tmp_path: Path) -> None:
    nowhere = "from numba.core import caching; caching.CompileResultCacheImpl._locator_classes = []\n"
    out, err = python(nowhere + WARM + "warm([FLUID]); print(engines().level)" + PLAY, tmp_path)
    assert out == "substitute\n"
    assert err == (
        "compiling the fluid engine, in every process anew, as no folder for it can be written: set NUMBA_CACHE_DIR to "
        "one that can: about 6 s\n"
    )  # fmt: skip
    assert not list(tmp_path.rglob("*.nb?"))
