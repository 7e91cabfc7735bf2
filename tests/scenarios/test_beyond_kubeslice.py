"""A chain of three clusters, with one gateway here and three there, runs as it is planned: simulated and emulated."""

from __future__ import annotations

from pathlib import Path

import pytest

import kubeslice_sim as ks
from kubeslice_sim.model.world import World

CHAIN = Path(__file__).parents[1] / "golden" / "runs" / "chain.yaml"


@pytest.fixture
def chain() -> World:
    return ks.load(CHAIN)


def test_on_the_simulator(chain: World) -> None:
    result = ks.simulate(chain)
    assert result.exit_code == 0, result.verdict_frame().to_string()
    assert result.run.notices[:3] == ks.plan(chain).not_deployable, "a run says what of it no KubeSlice has"


@pytest.mark.needs_sandbox
@pytest.mark.waits
def test_simulator_and_emulator_agree(chain: World) -> None:
    emulated = ks.emulate(chain)
    assert emulated.exit_code == 0, f"{emulated.run.notices}\n{emulated.verdict_frame().to_string()}"
    assert emulated.run.notices[:3] == ks.plan(chain).not_deployable
    comparison = ks.compare(ks.simulate(chain), emulated)
    assert comparison.exit_code == 0, f"{emulated.run.notices}\n{comparison.frame().to_string()}"
