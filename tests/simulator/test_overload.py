"""What TCP keeps beside datagrams that overrun a queue, and what comes through of its acknowledgements."""

from __future__ import annotations

import pytest

from kubeslice_sim.simulator.overload import Crowd, Filler, answered, kept, sparse_pass
from kubeslice_sim.simulator.share import Demand
from kubeslice_sim.simulator.tcp import loss_limit_bps
from kubeslice_sim.validation.overload import got_in

LINK = ("nic", "east", "node", "out")
USES = ((LINK, 1.0),)


def of_one_link(load: float, flows: int, capacity: float = 20e6) -> float:
    """What so many CUBIC flows keep of a link, in shares of it, beside datagrams of this load."""
    crowd = Crowd(USES, {Filler("cubic", 0.02): flows}, LINK)
    flood = Demand(uses=USES, cap_bps=load * capacity, open_loop=True)
    return kept([crowd], [flood], lambda key: capacity, lambda key, rtt_s: 0.1).get(LINK, 0.0) / capacity


@pytest.mark.parametrize("flows", [1, 4])
def test_what_is_kept_is_the_fixed_point_of_loss_and_response(flows: int) -> None:
    share = of_one_link(0.8, flows)
    assert share > 0.2
    lost = 1.0 - (1.0 - share) / 0.8  # of the datagrams, and of TCP
    assert flows * loss_limit_bps("cubic", lost, 0.12, 1248) == pytest.approx(share * 20e6, rel=1e-3)


def test_more_datagrams_leave_less_and_more_flows_keep_more() -> None:
    shares = [of_one_link(load, 2) for load in (0.5, 0.8, 0.95, 1.1, 1.5, 3.0)]
    assert shares == sorted(shares, reverse=True)
    assert shares[-1] > 0.0
    assert of_one_link(1.2, 8) == pytest.approx(8 * of_one_link(1.2, 1), rel=0.1)


def test_flows_that_something_else_holds_back_take_nothing_from_datagrams() -> None:
    crowd = Crowd(USES, {Filler("cubic", 0.02): 3}, ("wan", "east", "west"))
    flood = Demand(uses=USES, cap_bps=10e6, open_loop=True)
    assert kept([crowd], [flood], lambda key: 20e6, lambda key, rtt_s: 0.1) == {}


@pytest.mark.parametrize("load", [1.0713, 1.3137, 1.9371])
def test_a_sparse_packet_finds_room_half_as_often_as_an_even_stream(load: float) -> None:
    assert got_in(load, 2000.0) == pytest.approx(sparse_pass(1.0 / load, 0.0), abs=0.02)


def test_each_tunnel_has_its_lane_before_a_slices_shaper() -> None:
    qos = ("qos", "east", "node", "red")
    one, other = ("cpu", "east", "gw-0"), ("cpu", "east", "gw-1")
    flood = Demand(uses=((one, 0.0), (qos, 1.0)), cap_bps=60e6, open_loop=True)
    for lane, share in ((other, 0.5), (one, 0.01)):
        crowd = Crowd(((lane, 0.0), (qos, 1.0)), {Filler("cubic", 0.02): 1}, qos)
        found = kept([crowd], [flood], lambda key: 20e6, lambda key, rtt_s: 0.1)[qos]
        assert found <= 20e6 * share * (1 + 1e-6)
        assert lane == one or found == pytest.approx(20e6 * share)


def test_acknowledgements_right_behind_full_datagrams_find_their_place_taken() -> None:
    tunnel, cpu, qos = ("tunnel", "west", "gw"), ("cpu", "west", "gw"), ("qos", "west", "node", "red")
    flood = Demand(uses=((tunnel, 1.02), (cpu, 0.0), (qos, 1.08)), cap_bps=40e6, open_loop=True)
    acks = ((tunnel, 0.02), (cpu, 0.0), (qos, 0.03))

    def through(*full: tuple[str, ...]) -> float:
        return answered(acks, full, [flood], lambda key: 20e6, lambda key: 0.5)

    assert through() == 1.0
    assert through(tunnel) == 1.0  # its queue counts bytes
    assert through(qos) == 0.25
    assert through(tunnel, qos) == pytest.approx(2 * 0.02 / 1.08)
    assert answered(((("cpu", "west", "gw-2"), 0.0), (qos, 0.03)), [qos], [flood], lambda key: 20e6, lambda key: 1) == 1
