"""Two spokes and a hub of the next KubeSlice: relayed on both back ends, and through two changes of the topology."""

from __future__ import annotations

from pathlib import Path

import pytest

import kubeslice_sim as ks

WORLD = Path(__file__).parents[1] / "golden" / "plans" / "hub-and-spoke.yaml"
SCENARIOS = ("relayed", "there-and-back")


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_on_the_simulator(scenario: str) -> None:
    result = ks.simulate(ks.load(WORLD), scenario=scenario)
    assert result.exit_code == 0, result.verdict_frame().to_string()


@pytest.mark.needs_sandbox
@pytest.mark.waits
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_on_the_emulator(scenario: str) -> None:
    result = ks.emulate(ks.load(WORLD), scenario=scenario)
    assert result.exit_code == 0, f"{result.run.notices}\n{result.verdict_frame().to_string()}"
