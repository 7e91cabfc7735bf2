"""Every scenario that we ship holds on the simulator, and on the emulator where a sandbox can be had."""

from __future__ import annotations

from pathlib import Path

import pytest

import kubeslice_sim as ks
from kubeslice_sim.observe import Tolerances

TOLERANCES = {"03-gateway-failure": Tolerances(rtt_ratio=0.20)}
"""In 03 the pings stand behind eight greedy streams in a full shaper. What is compared there is the mean of CUBIC's
queue, which the fluid engine takes from its steady sawtooth: 4 to 9 % from the emulator's were seen."""
ATTEMPTS = 3
"""Of a real-time run on a machine that others use too."""


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
    for attempt in range(ATTEMPTS):
        emulated = ks.emulate(world)
        comparison = ks.compare(ks.simulate(world), emulated, TOLERANCES.get(name))
        busy = any("CPU was short" in notice for notice in emulated.run.notices)
        if busy and attempt < ATTEMPTS - 1 and (emulated.exit_code or comparison.exit_code):
            continue  # the run itself says that it measured the machine, not the network
        assert emulated.exit_code == 0, emulated.verdict_frame().to_string()
        assert comparison.exit_code == 0, comparison.frame().to_string()
        return
