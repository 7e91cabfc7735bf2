"""In every world that has come to rest nobody writes the same thing twice, and nobody looks without a reason."""

from __future__ import annotations

from collections import Counter

from hypothesis import HealthCheck, given, settings

from kubeslice_sim.model.timing import FAST
from kubeslice_sim.model.world import World
from tests.controlplane.hand import Hand
from tests.planner.worlds import worlds

HEALTH = {"cluster-report", "slice-health"}
REST_S = 30.0


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(worlds())
def test_a_world_at_rest_stays_at_rest(world: World) -> None:
    hand = Hand(world, FAST)
    hand.until_up(600)
    hand.run_for(3 * FAST.certificate_poll_s + 2 * FAST.health_report_s)
    stores = [hand.fleet.hub.store, *(site.store for site in hand.fleet.workers.values())]
    before, told, writes, sequences = hand.reconciles(), len(hand.plane.effects), hand.writes(), versions(stores)
    hand.run_for(REST_S)
    assert hand.plane.effects[told:] == []
    written = {key: count - writes[key] for key, count in hand.writes().items() if count != writes[key]}
    assert {name for _, name in written} <= HEALTH, written
    # A health report says a new moment, no more; what it says is as old as its timer allows.
    reports = REST_S / FAST.health_report_s + 1
    objects = Counter(key.kind for store in stores for key in store.view.all_keys())
    changed = sum(after - earlier for earlier, after in zip(sequences, versions(stores), strict=True))
    assert changed <= reports * (objects["Cluster"] + objects["WorkerSliceConfig"])
    looks = sum((hand.reconciles() - before).values())
    assert looks <= REST_S * (sum(objects.values()) + 1) * (1 / FAST.slice_reconcile_s + 1 / FAST.wait_for_pods_s)


def versions(stores) -> list[int]:  # type: ignore[no-untyped-def]
    return [store.sequence for store in stores]
