"""A lookout that is asked all the time hears of the same arrivals as somebody who looks at everything each time."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from kubeslice_sim.controlplane.lookout import Lookout
from kubeslice_sim.controlplane.readiness import ItemKey
from kubeslice_sim.controlplane.request import Apply, Patch, Remove, Request
from kubeslice_sim.model.document import ObjectKey
from kubeslice_sim.model.slice_config import NamespaceIsolationProfile, SliceConfig
from kubeslice_sim.model.timing import FAST
from tests.controlplane.hand import Hand
from tests.controlplane.loopback import SYSTEM
from tests.planner import worlds as make

LOOK_EVERY_S = 0.05
RED = ObjectKey("SliceConfig", "kubeslice-demo", "red")


def with_clusters(*clusters: str) -> Patch:
    def change(config: SliceConfig) -> SliceConfig:
        return replace(config, spec=replace(config.spec, clusters=clusters))

    return Patch(key=RED, change=change)


@pytest.mark.parametrize("seed", range(4))
def test_a_lookout_hears_of_what_comes_up_when_it_does(seed: int) -> None:
    """Slices grow, shrink, come and go, and gateways die, before anything is up and after."""
    chance = Random(seed)
    hand = Hand(make.world(
        ["a", "b", "c"], [make.slice_config("red", ["a", "b"])],
        [make.deployment("server", ["b"], replicas=2)], [make.export("server", ["b"], slice_="red")],
    ), FAST)  # fmt: skip
    blue = make.slice_config("blue", ["b", "c"], subnet="10.9.0.0/16")
    # Without namespaces, or it could not be deleted.
    blue = replace(blue, spec=replace(blue.spec, namespace_isolation_profile=NamespaceIsolationProfile()))
    steps: dict[float, Request] = {
        chance.uniform(0.0, 8.0): with_clusters("a", "b", "c"),
        chance.uniform(8.0, 12.0): with_clusters("a", "c"),
        chance.uniform(0.0, 6.0): Apply(document=blue),
        chance.uniform(6.0, 12.0): Remove(key=ObjectKey("SliceConfig", "kubeslice-demo", "blue")),
    }
    lookout = Lookout(hand.fleet.hub, hand.fleet.workers, hand.fleet.ledger)
    known: set[ItemKey] = set()
    while hand.now_s < 20.0:
        hand.run_for(LOOK_EVERY_S)
        for at_s in [at_s for at_s in steps if at_s <= hand.now_s]:
            hand.fleet.submit(steps.pop(at_s), hand.now_s)
        if hand.now_s < 15.0 and chance.random() < 0.05 and hand.plane.gateways:
            cluster, pod = chance.choice(sorted(hand.plane.gateways))
            hand.plane.kill(cluster, SYSTEM, pod)
            hand.plane.restore(cluster, SYSTEM, pod)
        heard = set(lookout.look())
        seen = hand.fleet.readiness()
        up = {item.key for item in seen.items if item.up and item.kind != "tunnel"}
        assert heard == up - known, hand.now_s
        known |= up
        if seen.up:
            assert not lookout.waits, hand.now_s
    assert {kind for kind, *_ in known} == {"slice", "export"}
