"""Every scenario that we ship holds on the simulator, and on the emulator where a sandbox can be had."""

from __future__ import annotations

from pathlib import Path

import pytest

import kubeslice_sim as ks
from kubeslice_sim.observe import Tolerances

TOLERANCES = {"03-gateway-failure": Tolerances(rtt_ratio=0.20)}
"""In 03 the pings stand behind eight greedy streams in a full shaper. What is compared there is the mean of CUBIC's
queue, which the fluid engine takes from its steady sawtooth: 4 to 9 % from the emulator's were seen."""

MEASURED = {"01-two-clusters", "03-gateway-failure", "05-key-rotation"}
"""Their TCP streams fill a shaper: rates and queues are compared, so nobody else may ask for the CPU meanwhile."""


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
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in MEASURED else pytest.mark.waits) for name in ks.examples()]
)
def test_simulator_and_emulator_agree(name: str) -> None:
    world = ks.example(name)
    emulated = ks.emulate(world)
    assert emulated.exit_code == 0, f"{emulated.run.notices}\n{emulated.verdict_frame().to_string()}"
    comparison = ks.compare(ks.simulate(world), emulated, TOLERANCES.get(name))
    assert comparison.exit_code == 0, f"{emulated.run.notices}\n{comparison.frame().to_string()}"
