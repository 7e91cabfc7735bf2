"""In a steady state nobody writes: no hot loops, and nothing is said twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from kubeslice_sim.manifest import load
from kubeslice_sim.model.timing import FAST, KUBESLICE, Timing
from tests.controlplane.hand import Hand

HEALTH = {"cluster-report", "slice-health"}
TEN_MINUTES_S = 600.0


@pytest.mark.parametrize("timing", [KUBESLICE, FAST], ids=["kubeslice", "fast"])
@pytest.mark.parametrize("name", ["01-two-clusters", "02-bookinfo", "03-gateway-failure"])
def test_ten_minutes_without_a_write_but_health(root: Path, name: str, timing: Timing) -> None:
    hand = Hand(load(root / "scenarios" / name), timing)
    hand.until_up(600)
    hand.run_for(3 * timing.certificate_poll_s)  # the hub looks for finished certificate jobs once more
    told, events = len(hand.plane.effects), len(hand.fleet.events)
    before = hand.writes()
    hand.run_for(TEN_MINUTES_S)
    written = {key: count - before[key] for key, count in hand.writes().items() if count != before[key]}
    assert {controller for _, controller in written} <= HEALTH
    reports = int(TEN_MINUTES_S / timing.health_report_s) + 1
    assert all(count <= reports for count in written.values()), written
    assert hand.plane.effects[told:] == []
    assert {event.name for event in hand.fleet.events[events:]} <= {"WorkerSliceHealthUpdated"}


def test_reconciles_in_a_steady_state_come_from_timers_alone(root: Path) -> None:
    """How often each looks again is what its timer says (a health report wakes a few more)."""
    hand = Hand(load(root / "scenarios" / "01-two-clusters"), KUBESLICE)
    hand.until_up(600)
    hand.run_for(90)
    before = hand.reconciles()
    hand.run_for(TEN_MINUTES_S)
    counted = {key: count - before[key] for key, count in hand.reconciles().items()}
    for cluster in ("worker-1", "worker-2"):
        assert counted[cluster, "slice-gateway"] in (5, 6), "every 120 s"
        assert 58 <= counted[cluster, "slice"] <= 61 + 12, "every 10 s"
        assert counted[cluster, "pod"] == 0
        assert counted[cluster, "dns"] == 0
    assert counted["controller", "vpn-key-rotation"] == 0
