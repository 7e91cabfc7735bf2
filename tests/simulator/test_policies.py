"""NetworkPolicies in simulated time: what the plan says passes, passes, with its answers; nothing else does."""

from __future__ import annotations

from pathlib import Path

import kubeslice_sim as ks


def test_users_policies_and_isolation_hold_together(root: Path) -> None:
    world = ks.load(root / "tests/golden/plans/network-policies.yaml")
    run = ks.simulate(world)
    assert {verdict.name: verdict.outcome for verdict in run.verdicts} == dict.fromkeys(
        (expectation.name for expectation in world.scenario().spec.expect), "passed"
    )
