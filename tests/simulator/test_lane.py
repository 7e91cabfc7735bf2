"""What one resource keeps apart, and how it is shared: between lanes first, then between the flows of each."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest
import simpy
from hypothesis import given
from hypothesis import strategies as st

from kubeslice_sim.simulator.fairness import Fairness
from kubeslice_sim.simulator.flow import Flow, Flows
from kubeslice_sim.simulator.lane import lane_of, lanes_of, rooms, trunk_of
from kubeslice_sim.simulator.share import Demand
from kubeslice_sim.simulator.way import ResourceKey

SHAPER = ("qos", "east", "node", "red")
DEVICE = ("nic", "east", "node", "out")


def gateway(number: int) -> ResourceKey:
    return ("cpu", "east", f"gw-{number}")


def test_a_shaper_keeps_tunnels_apart_and_a_device_slices() -> None:
    far = [("wan", "east", "west"), ("nic", "west", "n", "in"), ("cpu", "west", "gw-7")]
    shaped = [*SHAPER, "gw-0"]
    assert lanes_of([gateway(0), SHAPER, DEVICE, *far]) == (gateway(0), tuple(shaped), (*DEVICE, "red"), *far)
    # What no filter puts into a class has the device to itself; a hub's gateway in is not the one out.
    assert lanes_of([gateway(0), DEVICE]) == (gateway(0), DEVICE)
    assert lanes_of([("cpu", "east", "in"), gateway(1), SHAPER])[-1] == (*SHAPER, "gw-1")
    assert lane_of(SHAPER, ((gateway(0), 1.0), (SHAPER, 1.0))) == (*SHAPER, "gw-0")
    assert [trunk_of(lane) for lane in ((*SHAPER, "gw-0"), (*DEVICE, "red"), DEVICE, far[1])] == [
        SHAPER, DEVICE, DEVICE, far[1]
    ]  # fmt: skip


def test_no_lane_gets_more_than_it_wants_while_another_wants_it() -> None:
    one, two, three = ("a",), ("b",), ("c",)
    assert rooms({one: 1.0, two: 5.0, three: inf}, 9.0) == {one: 4.0, two: 4.0, three: 4.0}
    assert rooms({one: 1.0, two: 2.0}, 9.0) == {one: 9.0, two: 9.0}
    # Floors first, the rest alike; what a floor does not use is the rest's.
    assert rooms({one: inf, two: inf}, 100.0, {one: 60.0, two: 10.0}) == {one: 75.0, two: 25.0}
    assert rooms({one: 20.0, two: inf}, 100.0, {one: 60.0, two: 10.0})[two] == 80.0
    # More floors than there is: in turn. An infinite floor goes before all.
    assert rooms({one: inf, two: inf}, 50.0, {one: 60.0, two: 10.0}) == {one: 40.0, two: 10.0}
    assert rooms({one: inf, two: 30.0}, 100.0, {one: 60.0, two: inf})[one] == 70.0


Sender = tuple[int, float, float]
"""The tunnel, the weight and the cap of a flow."""


def by_hand(flows: list[Sender], capacity: float) -> list[float]:
    """The rates by two nested bisections, of the tunnels' level and of the flows' in each."""

    def level(total: float, parts: list[tuple[float, float]]) -> float:
        low, high = 0.0, 1e4
        for _ in range(100):
            middle = 0.5 * (low + high)
            low, high = (middle, high) if sum(min(cap, w * middle) for w, cap in parts) < total else (low, middle)
        return high

    tunnels = sorted({tunnel for tunnel, _, _ in flows})
    wants = {t: sum(cap for tunnel, _, cap in flows if tunnel == t) for t in tunnels}
    between = level(capacity, [(1.0, wants[t]) for t in tunnels])
    inside = {t: level(min(between, wants[t]), [(w, cap) for tunnel, w, cap in flows if tunnel == t]) for t in tunnels}
    return [min(cap, weight * inside[tunnel]) for tunnel, weight, cap in flows]


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.sampled_from([0.5, 1.0, 3.0]), st.sampled_from([inf, 4.0, 20.0])),
        min_size=1, max_size=12,
    ),
    st.data(),
)  # fmt: skip
def test_tunnels_share_a_shaper_and_flows_their_tunnel(flows: list[Sender], data: st.DataObject) -> None:
    """Kept from change to change, while flows come and go one by one."""
    fairness = Fairness(lambda key: 100.0 if key == SHAPER else 1e6)
    here: dict[int, Sender] = {}
    for now_s, (tunnel, weight, cap) in enumerate(flows):
        uses = ((gateway(tunnel), 1.0), (SHAPER, 1.0))
        here[fairness.start(Demand(uses=uses, cap_bps=cap, weight=weight), now_s)] = (tunnel, weight, cap)
        if len(here) > 2 and data.draw(st.booleans()):
            gone = data.draw(st.sampled_from(sorted(here)))
            fairness.stop(gone)
            del here[gone]
        fairness.settle(now_s)
        found = [fairness.rate_bps(flow) for flow in here]
        assert found == pytest.approx(by_hand(list(here.values()), 100.0), rel=1e-6)


@pytest.mark.parametrize("seed", range(20))
def test_lanes_stay_fair_where_other_resources_bind_too(seed: int) -> None:
    """On random networks of shapers, devices and shared links: nothing overflows, and whoever is held back by a lane
    has as much as the level of what it belongs to allows."""
    dice = np.random.default_rng(seed)
    links = [("wan", "east", f"c{number}") for number in range(3)]
    capacity = {link: float(dice.uniform(20, 120)) for link in links}
    shapers = [("qos", "east", "node", name) for name in ("red", "blue")]
    capacity.update({shaper: float(dice.uniform(40, 120)) for shaper in shapers})
    capacity[DEVICE] = float(dice.uniform(60, 160))
    floors = {(*DEVICE, "red"): 30.0, (*DEVICE, "blue"): 10.0}
    fairness = Fairness(lambda key: capacity.get(key, 1e6), lambda lane: floors.get(lane, 0.0))
    demands = []
    for _ in range(15):
        shaper, link, number = shapers[dice.integers(2)], links[dice.integers(3)], int(dice.integers(3))
        uses = ((("cpu", "east", f"{shaper[3]}-{number}"), 1.0), (shaper, 1.0), (DEVICE, 1.0), (link, 1.0))
        demands.append(Demand(uses=uses, cap_bps=float(dice.choice([inf, 8.0]))))
    flows = [fairness.start(demand, 0.0) for demand in demands]
    fairness.settle(0.0)
    load: dict[ResourceKey, float] = {}
    for flow, demand in zip(flows, demands, strict=True):
        for key in {key for k, _ in demand.uses for key in (k, lane_of(k, demand.uses))}:
            load[key] = load.get(key, 0.0) + fairness.rate_bps(flow)
    for key, most in capacity.items():
        assert load.get(key, 0.0) <= most * (1 + 1e-7)
    for flow, demand in zip(flows, demands, strict=True):
        stop = fairness.bottleneck(flow)
        if stop is None:
            assert fairness.rate_bps(flow) == demand.cap_bps
            continue
        assert load[stop] == pytest.approx(capacity[stop], rel=1e-6)
        own = lane_of(stop, demand.uses)
        if own != stop:
            beside = [lane for lane in load if trunk_of(lane) == stop and lane != stop]
            above = load[own] - floors.get(own, 0.0)
            assert all(load[lane] - floors.get(lane, 0.0) <= above + 1e-4 for lane in beside)


class TwoSides:
    """Shapers of 90 Mbit/s before one device of 100 Mbit/s, all with deep buffers."""

    def capacity(self, key: ResourceKey) -> float:
        return {"qos": 90e6, "nic": 100e6}.get(key[0], 1e12)

    def buffer_s(self, key: ResourceKey, rtt_s: float) -> float:
        return {"qos": 0.017, "nic": 0.12}.get(key[0], 0.0)

    def floor(self, lane: ResourceKey) -> float:
        return 0.0


@given(st.permutations(range(6)), st.lists(st.floats(0.0, 5.0), min_size=6, max_size=6), st.booleans())
def test_like_flows_share_alike_whoever_came_first(order: list[int], gaps_s: list[float], touched: bool) -> None:
    env, resources = simpy.Environment(), TwoSides()
    flows = Flows(env, resources)  # type: ignore[arg-type]
    device = ("nic", "hub", "node", "in")
    made = [Flow(env) for _ in order]
    for place in order:
        shaper = ("qos", f"c{place % 3}", "node", "red")
        env.run(env.now + gaps_s[place] + 0.001)
        flows.set(made[place], Demand(uses=((shaper, 1.0), (device, 1.0)), cap_bps=inf), 0.01)
    if touched:
        env.run(env.now + 1.0)
        flows.touch()
    env.run(env.now + 1.0)
    assert [flow.rate_bps for flow in made] == pytest.approx([100e6 / 6] * 6, rel=1e-6)
