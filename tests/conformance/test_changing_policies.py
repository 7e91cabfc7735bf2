"""Users' NetworkPolicies that a timeline changes: simulator and emulator let the same pings through."""

from __future__ import annotations

from pathlib import Path

import pytest

import kubeslice_sim as ks
from tests.simulator.test_policies import changing_policies

SLACK_S = 0.6
"""Around a step, for the emulator's rules to be written while others compute."""


@pytest.mark.needs_sandbox
def test_both_follow_the_timeline(root: Path) -> None:
    world = changing_policies(root)
    emulated = ks.emulate(world)
    seen = {row.at_s: bool(row.value) for row in emulated.run.observations if row.metric == "reachable"}
    steps = [step.at_s for step in world.scenario().spec.timeline]
    calm = {at_s: got for at_s, got in seen.items() if all(not 0.0 <= at_s - step_s < SLACK_S for step_s in steps)}
    assert len(calm) > 12
    assert calm == {at_s: 3.0 <= at_s < 6.0 or at_s >= 9.0 for at_s in calm}, emulated.run.notices
    compared = ks.compare(ks.simulate(world), emulated)
    # How long real programs take here says more about this machine than about policies; and a second that a step
    # falls into counts answers from before and after it, so phases of three such seconds have no rate to speak of.
    assert {row.what for row in compared.rows if row.outcome != "same"} <= {"median request", "requests a second"}
