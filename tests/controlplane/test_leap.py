"""Leaping over calm periods ends where living through them ends."""

from __future__ import annotations

from pathlib import Path

from kubeslice_sim.controlplane.leap import Leaper
from kubeslice_sim.controlplane.timestamp import seconds
from kubeslice_sim.manifest import load
from kubeslice_sim.model.timing import KUBESLICE
from kubeslice_sim.model.vpn_key_rotation import VpnKeyRotation
from tests.controlplane.hand import Hand

DAY_S = 86400.0


def calm(hand: Hand) -> None:
    """Go to a moment between two beats."""
    for _ in range(20):
        if hand.fleet.at_rest():
            return
        hand.run_for(0.5)


def test_a_leap_counts_what_would_have_been_done(root: Path) -> None:
    lived, leapt = (Hand(load(root / "scenarios" / "01-two-clusters"), KUBESLICE) for _ in range(2))
    for hand in (lived, leapt):
        hand.plane.steady = True
        hand.until_up(600)
        hand.run(1000)
        calm(hand)
    begin_s = leapt.now_s
    leaper = Leaper(leapt.fleet)
    leapt.run_for(leaper.period_s)
    leapt.now_s = leaper.leap(leapt.now_s, begin_s + 20 * leaper.period_s)
    assert leaper.leapt_s >= 15 * leaper.period_s
    for hand in (lived, leapt):
        hand.run(begin_s + 20 * leaper.period_s)
    assert leapt.fleet.readiness().up
    in_all = leapt.reconciles().total() + leaper.reconciles
    assert abs(in_all - lived.reconciles().total()) <= 0.01 * in_all
    asked = leapt.fleet.load.totals() + leaper.requests
    assert abs(asked.total() - lived.fleet.load.totals().total()) <= 0.02 * asked.total()


def test_keys_are_renewed_when_they_expire_and_not_before(root: Path) -> None:
    hand = Hand(load(root / "scenarios" / "01-two-clusters"), KUBESLICE)
    hand.plane.steady = True
    leaper = Leaper(hand.fleet)
    numbers = {}
    while hand.now_s < 62 * DAY_S:
        leaper.begin()
        hand.run_for(leaper.period_s)
        calm(hand)
        hand.now_s = leaper.leap(hand.now_s, 62 * DAY_S)
        (rotation,) = hand.fleet.hub.store.view.list(VpnKeyRotation)
        made = rotation.spec.certificate_creation_time
        if made is not None:
            numbers[rotation.spec.rotation_count] = seconds(made)
    assert list(numbers) == [1, 2, 3]
    for before, after in ((1, 2), (2, 3)):
        waited_s = numbers[after] - numbers[before] - (30 * DAY_S - 3600)
        assert 60 <= waited_s <= 120, "the jobs' minute, seen at the next poll of 30 s"
    assert not hand.fleet.hub.store.view.keys("Job"), "finished jobs are gone after a day"
    assert hand.fleet.readiness().up
