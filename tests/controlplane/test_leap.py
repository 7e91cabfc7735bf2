"""A fleet that leaps ends where one ends that lives through everything, and did the same on the way."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from kubeslice_sim.controlplane.api_load import RequestCount
from kubeslice_sim.controlplane.leap import Leaper
from kubeslice_sim.controlplane.site import Site
from kubeslice_sim.controlplane.timestamp import seconds
from kubeslice_sim.manifest import load
from kubeslice_sim.model.document import ObjectKey
from kubeslice_sim.model.timing import KUBESLICE, Timing
from kubeslice_sim.model.vpn_key_rotation import VpnKeyRotation
from kubeslice_sim.model.world import World
from tests.benchmarks.controlplane import build_world
from tests.controlplane.hand import Hand

DAY_S = 86400.0
SLOW = replace(
    KUBESLICE, slice_reconcile_s=1800.0, gateway_reconcile_s=3600.0, health_report_s=3600.0, rotation_poll_s=60.0
)
"""KubeSlice that seldom polls, so that weeks can be lived through."""


def rotating(clusters: int, *days: int) -> World:
    """Slices over these clusters, each of which renews its keys after so many days."""
    world = build_world(len(days), clusters)
    return replace(world, slices=tuple(
        replace(item, spec=replace(item.spec, rotation_interval=interval))
        for item, interval in zip(world.slices, days, strict=True)
    ))  # fmt: skip


def lived(world: World, timing: Timing, until_s: float) -> Hand:
    hand = Hand(world, timing)
    hand.plane.steady = True
    hand.run(until_s)
    return hand


def leapt(world: World, timing: Timing, until_s: float) -> tuple[Hand, Leaper]:
    hand = Hand(world, timing)
    hand.plane.steady = True
    leaper = Leaper(hand.fleet, hand.plane)
    hand.now_s = leaper.go(hand.run, 0.0, until_s)
    return hand, leaper


def objects(site: Site) -> dict[ObjectKey, object]:
    """What stands there, with resourceVersions and UIDs by their order: the exact numbers are not reproduced."""
    held = site.store.view.snapshot()
    versions = sorted(int(item.metadata.resource_version) for item in held.values())
    uids = sorted(item.metadata.uid for item in held.values())
    found: dict[ObjectKey, object] = {}
    for key, item in held.items():
        meta = item.metadata
        owners = tuple(
            replace(owner, uid=str(uids.index(owner.uid)) if owner.uid in uids else "gone")
            for owner in meta.owner_references
        )
        found[key] = replace(item, metadata=replace(
            meta, resource_version=str(versions.index(int(meta.resource_version))),
            uid=str(uids.index(meta.uid)), owner_references=owners,
        ))  # fmt: skip
    return found


ASKED_BY_SLICES = ("get", "Cluster")
"""What every look at a slice begins with."""


def written(hand: Hand) -> list[RequestCount]:
    """All requests but those."""
    return [count for count in hand.fleet.load.requests() if (count.verb, count.kind) != ASKED_BY_SLICES]


@pytest.mark.parametrize(
    ("clusters", "days", "timing", "total_days", "copied"),
    [
        pytest.param(3, (2,), SLOW, 25, 2, id="one-slice"),
        pytest.param(2, (2, 25), SLOW, 40, 2, id="two-slices-of-different-intervals"),
        pytest.param(2, (2,), replace(SLOW, rotation_poll_s=3600.0), 60, 10, id="rotations-that-cross-midnight"),
    ],
)
def test_copies_are_what_would_have_been_lived(
    clusters: int, days: tuple[int, ...], timing: Timing, total_days: int, copied: int
) -> None:
    world, until_s = rotating(clusters, *days), total_days * DAY_S
    whole = lived(world, timing, until_s)
    short, leaper = leapt(world, timing, until_s)
    assert leaper.tally.copied >= copied, str(leaper.tally)
    assert leaper.tally.leapt_s > 0.5 * until_s
    for one, other in zip(whole.fleet.sites, short.fleet.sites, strict=True):
        assert objects(one) == objects(other)
        assert one.store.sequence == other.store.sequence, "as many changes"
        assert one.sidecars == other.sidecars
    assert whole.writes() == short.writes()
    assert whole.fleet.effects == short.fleet.effects
    assert whole.fleet.ledger.snapshot() == short.fleet.ledger.snapshot()
    assert written(whole) == written(short), "second by second"
    assert list(whole.fleet.load.depths()) == list(short.fleet.load.depths())
    totals, counted_totals = whole.fleet.load.totals(), short.fleet.load.totals()
    assert totals.keys() == counted_totals.keys()
    for sort, count in totals.items():
        assert abs(count - counted_totals[sort]) <= (0.005 * count if sort[2:] == ASKED_BY_SLICES else 0), sort
    # What happens at one moment on several clusters may stand in another order.
    assert Counter(whole.fleet.every_event()) == Counter(short.fleet.every_event())
    assert Counter(whole.fleet.transitions) == Counter(short.fleet.transitions)
    looked, counted = whole.reconciles(), short.reconciles()
    for controller, count in looked.items():
        # A poll that a rotation puts off and a report brings back; all others are exact.
        allowed = 0.005 * count if controller[1] == "slice" else 0
        assert abs(count - counted[controller]) <= allowed, controller


def test_keys_are_renewed_when_they_expire_and_not_before(root: Path) -> None:
    hand, leaper = leapt(load(root / "scenarios" / "01-two-clusters"), KUBESLICE, 400 * DAY_S)
    begun = [event.at_s for event in hand.fleet.events if event.name == "VPNKeyRotationStart"]
    assert len(begun) == 13
    assert leaper.tally.copied == 8
    for before_s, after_s in pairwise(begun):
        waited_s = after_s - before_s - (30 * DAY_S - 3600)
        assert 60 <= waited_s <= 120, "the jobs' minute, seen at the next poll of 30 s"
    (rotation,) = hand.fleet.hub.store.view.list(VpnKeyRotation)
    assert rotation.spec.rotation_count == 14
    assert seconds(str(rotation.spec.certificate_creation_time)) == pytest.approx(begun[-1], abs=1.0)
    assert not hand.fleet.hub.store.view.keys("Job"), "finished jobs are gone after a day"
    assert hand.fleet.readiness().up


def test_what_follows_copies_is_lived_as_ever(root: Path) -> None:
    """The gateways that the copies left behind are looked after: one dies, and the slice is brought up again."""
    hand, leaper = leapt(load(root / "scenarios" / "01-two-clusters"), KUBESLICE, 400 * DAY_S)
    assert leaper.tally.copied
    cluster, pod = next(iter(hand.plane.gateways))
    hand.plane.steady = False
    hand.plane.kill(cluster, "kubeslice-system", pod)
    hand.run_for(1.0)
    assert not hand.fleet.readiness().up
    hand.plane.restore(cluster, "kubeslice-system", pod)
    hand.until_up(600)
