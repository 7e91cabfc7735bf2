"""A controller has one flag for the jobs of all renewals: one slice goes after the other, or one holds all up."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kubeslice_sim.controlplane.effects import IssueCertificates
from kubeslice_sim.controlplane.request import Patch
from kubeslice_sim.controlplane.timestamp import timestamp
from kubeslice_sim.model.document import ObjectKey
from kubeslice_sim.model.slice_config import SliceConfig
from kubeslice_sim.model.timing import KUBESLICE
from kubeslice_sim.model.vpn_key_rotation import VpnKeyRotation
from tests.controlplane.hand import Hand
from tests.planner.worlds import slice_config, world

SLICES = ("s0", "s1")
DAY_S = 86400.0


@pytest.fixture
def hand() -> Hand:
    """Two slices of two clusters, up for half an hour."""
    clusters = ("c0", "c1")
    made = Hand(world(clusters, [slice_config(name, clusters, namespace=f"app-{name}") for name in SLICES]), KUBESLICE)
    made.plane.steady = True
    made.until_up(600)
    made.run(1800)
    return made


def renew(hand: Hand) -> None:
    """Both at once."""
    asked = timestamp(hand.now_s - 1)

    def change(item: SliceConfig) -> SliceConfig:
        return replace(item, spec=replace(item.spec, renew_before=asked))

    for name in SLICES:
        hand.fleet.submit(Patch(key=ObjectKey("SliceConfig", "kubeslice-demo", name), change=change), hand.now_s)


def rotations(hand: Hand) -> dict[str, int]:
    found = hand.fleet.hub.store.view.list(VpnKeyRotation)
    return {item.metadata.name: item.spec.rotation_count for item in found}


def orders(hand: Hand) -> list[str]:
    """Whose keys of the second number were ordered, in order."""
    return [item.slice for item in hand.plane.effects if isinstance(item, IssueCertificates) and item.rotation == 2]


def test_slices_whose_keys_expire_together_renew_them_one_after_the_other(hand: Hand) -> None:
    renew(hand)
    hand.run_for(59)
    assert len(orders(hand)) == 1, "the other waits for the first one's job"
    hand.run_for(120)
    assert sorted(orders(hand)) == list(SLICES)
    hand.run_for(600)
    assert rotations(hand) == {"s0": 2, "s1": 2}


def test_a_slice_whose_job_failed_keeps_the_others_from_renewing(hand: Hand) -> None:
    hand.fleet.failing_certificates.update(SLICES)
    renew(hand)
    hand.run_for(5)
    (first,) = orders_or_failures(hand)
    hand.fleet.failing_certificates.difference_update(set(SLICES) - {first})
    hand.run_for(3600)
    assert rotations(hand) == {"s0": 1, "s1": 1}
    (second,) = set(SLICES) - {first}
    assert second not in orders(hand), "it looks every 30 s, and waits"
    hand.run_for(DAY_S)
    assert rotations(hand)[second] == 2, "the failed job was deleted after a day"


def orders_or_failures(hand: Hand) -> set[str]:
    """Whose jobs of the second number there are."""
    jobs = hand.fleet.hub.store.view.objects("Job", "kubeslice-controller")
    made = [job for job in jobs if not job.status.get("succeeded")]
    return {str(job.metadata.labels["SLICE_NAME"]) for job in made}
