"""NetworkPolicies in simulated time: what the plan says passes, passes, with its answers; nothing else does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import kubeslice_sim as ks
from kubeslice_sim.model.frozen import freeze
from kubeslice_sim.model.scenario import KeepAlive, TimelineStep, Traffic
from kubeslice_sim.model.world import World


def test_users_policies_and_isolation_hold_together(root: Path) -> None:
    world = ks.load(root / "tests/golden/plans/network-policies.yaml")
    run = ks.simulate(world)
    assert {verdict.name: verdict.outcome for verdict in run.verdicts} == dict.fromkeys(
        (expectation.name for expectation in world.scenario().spec.expect), "passed"
    )


VISITS = Traffic(
    name="visits", kind="http", from_="auditors/auditor@here", to="vault/ledger@here:8080", requests_per_second=2.0,
    keep_alive=KeepAlive(requests=1), timeout_s=0.4,
)  # fmt: skip
"""Each over a connection of its own: what becomes of those that stand, Kubernetes leaves to the CNI."""


def changing_policies(root: Path) -> World:
    """A world whose timeline opens a policy at second 3, adds one that closes the way at 6, and deletes it at 9."""
    world = ks.load(root / "tests/golden/plans/network-policies.yaml")
    named = {"kind": "NetworkPolicy", "metadata": {"name": "closed", "namespace": "vault"}}
    shut = {
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": "shut", "namespace": "auditors"},
        "spec": {"podSelector": {}, "policyTypes": ["Egress"]},
    }  # fmt: skip
    opened = {**named, "spec": {"ingress": [{"from": [{"namespaceSelector": {}}]}]}}
    scenario = world.scenario()
    spec = replace(
        scenario.spec, duration_s=12.0, expect=(), traffic=(VISITS,),
        timeline=(
            TimelineStep(at_s=3.0, patch=freeze(opened)),
            TimelineStep(at_s=6.0, apply=(freeze(shut),)),
            TimelineStep(at_s=9.0, delete=freeze({**shut, "spec": {}})),
        ),
    )  # fmt: skip
    return replace(world, scenarios=(replace(scenario, spec=spec),))


def test_a_timeline_changes_users_policies(root: Path) -> None:
    run = ks.simulate(changing_policies(root)).run
    passed = {row.at_s: bool(row.value) for row in run.observations if row.metric == "reachable"}
    assert not run.notices
    assert passed == {at_s: 3.0 <= at_s < 6.0 or at_s >= 9.0 for at_s in passed}
    assert len(passed) == 24
