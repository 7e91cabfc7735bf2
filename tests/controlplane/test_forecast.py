"""A forecast, for which most is leapt over, is what a fleet tells that lives through everything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import pytest

from kubeslice_sim.controlplane.eager_driver import EagerDriver
from kubeslice_sim.controlplane.fleet import Fleet
from kubeslice_sim.controlplane.forecast import RequestTotal, forecast
from kubeslice_sim.controlplane.ideal_dataplane import IdealDataPlane
from kubeslice_sim.model.world import World
from tests.controlplane.test_leap import DAY_S, SLOW, rotating


def lived(world: World, until_s: float) -> tuple[Fleet, float]:
    """The same time without a leap, and when all was up."""
    ways, up = world.underlay, list[float]()
    plane = IdealDataPlane(SLOW, lambda one, other: ways.path(one, other).delay_s + ways.path(other, one).delay_s)
    fleet = Fleet(world, SLOW, plane)

    def look() -> None:
        if not up and fleet.readiness().up:
            up.append(driver.now_s)

    driver = EagerDriver(fleet, plane, look)
    driver.run(until_s)
    return fleet, up[0]


def by_sort(requests: Iterable[RequestTotal]) -> dict[str, int]:
    return {"/".join(item[:4]): item.requests for item in requests}


def about(counts: Mapping[tuple[str, str, str, str], int]) -> object:
    """Looks that a rotation puts off and a report brings back may be a few more or less; what they ask, too."""
    return pytest.approx({"/".join(sort): count for sort, count in counts.items()}, rel=0.005, abs=2)


def test_a_forecast_is_what_would_be_lived_through() -> None:
    world, until_s = rotating(2, 2), 21 * DAY_S
    seen, (fleet, up_s) = forecast(world, SLOW, until_s), lived(world, until_s)
    assert [item.copied for item in seen.rotations].count(True) >= 2
    assert seen.leapt_s > 0.5 * until_s
    assert seen.up_s == up_s
    assert by_sort(seen.requests) == about(fleet.load.totals())
    assert seen.events == Counter(event.name for event in fleet.events)

    by_second: Counter[tuple[str, float]] = Counter()
    for item in fleet.load.requests():
        by_second[item.server, item.at_s] += item.requests
    for load in seen.servers:
        most = max(count for (server, _), count in by_second.items() if server == load.server)
        assert (load.busiest, by_second[load.server, load.busiest_at_s]) == (most, most)

    for rotation in seen.rotations:
        counted: Counter[tuple[str, str, str, str]] = Counter()
        for item in fleet.load.requests():
            if int(rotation.due_s) <= item.at_s <= int(rotation.over_s):
                counted[item.server, item.client, item.verb, item.kind] += item.requests
        assert by_sort(rotation.requests) == about(counted)

    begun = [event.at_s for event in fleet.events if event.name == "VPNKeyRotationStart"]
    ended = [event.at_s for event in fleet.events if event.name == "GatewayRecyclingSuccessful"]
    assert [item.began_s for item in seen.rotations] == begun
    assert [item.ended_s for item in seen.rotations if item.ended_s is not None] == ended
    up = [change for change in fleet.transitions if change.up and change.at_s > DAY_S]
    assert sum(item.gateways for item in seen.rotations) == len(up)


def test_the_rest_between_rotations_is_all_that_is_not_bring_up_or_rotation() -> None:
    world, until_s = rotating(2, 2), 9 * DAY_S
    seen, (fleet, up_s) = forecast(world, SLOW, until_s), lived(world, until_s)
    busy = [(0, int(up_s)), *((int(item.due_s), int(item.over_s)) for item in seen.rotations)]
    resting_s = until_s - sum(last - first + 1 for first, last in busy)
    counts: Counter[str] = Counter()
    for item in fleet.load.requests():
        if not any(first <= item.at_s <= last for first, last in busy):
            counts[item.server] += item.requests
    assert {load.server: load.resting_hz for load in seen.servers} == pytest.approx(
        {server: count / resting_s for server, count in counts.items()}, rel=0.005
    )
