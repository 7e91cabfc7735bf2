"""What a slice costs does not hang on how many others there are."""

from __future__ import annotations

from kubeslice_sim.model.timing import KUBESLICE
from tests.benchmarks.controlplane import build_world
from tests.controlplane.hand import Hand


def costs(slices: int) -> dict[str, float]:
    """What every tunnel of that many slices over four clusters cost until all were up, in counts."""
    hand = Hand(build_world(slices, 4), KUBESLICE)
    hand.plane.steady = True
    hand.until_up(300)
    tunnels = len(hand.plane.gateways) // 2
    counts = {
        "looks": hand.reconciles().total(), "writes": hand.writes().total(), "effects": hand.fleet.effects,
        "requests": hand.fleet.load.totals().total(), "tasks": hand.fleet.tasks,
    }  # fmt: skip
    return {name: count / tunnels for name, count in counts.items()}


def test_a_slice_costs_no_more_among_many_than_among_few() -> None:
    few, many = costs(3), costs(12)
    # What clusters and the project cost is shared; and a client that keeps its pace lets several changes come together.
    assert {name: cost for name, cost in many.items() if cost > 1.1 * few[name]} == {}
