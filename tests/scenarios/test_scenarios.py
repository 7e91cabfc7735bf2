"""Every scenario that we ship holds on the simulator, and on the emulator where a sandbox can be had."""

from __future__ import annotations

from pathlib import Path

import pytest

import kubeslice_sim as ks


@pytest.mark.parametrize("name", ks.examples())
def test_on_the_simulator(name: str, tmp_path: Path) -> None:
    result = ks.simulate(ks.example(name))
    assert result.exit_code == 0, result.verdict_frame().to_string()
    page = result.report(tmp_path)
    assert {path.name for path in page.parent.iterdir()} >= {
        "observations.csv",
        "verdict.json",
        "report.html",
        "junit.xml",
    }
    again = ks.read_report(tmp_path)
    assert again.run == result.run
    assert ks.compare(result, again).exit_code == 0


@pytest.mark.needs_sandbox
@pytest.mark.parametrize("name", ks.examples())
def test_simulator_and_emulator_agree(name: str) -> None:
    world = ks.example(name)
    emulated = ks.emulate(world)
    assert emulated.exit_code == 0, emulated.verdict_frame().to_string()
    comparison = ks.compare(ks.simulate(world), emulated)
    assert comparison.exit_code == 0, comparison.frame().to_string()
