"""Sharing between payloads, acknowledgements and datagrams."""

from __future__ import annotations

import pytest

from kubeslice_sim.simulator.encapsulation import Count, tcp_segment
from kubeslice_sim.simulator.share import Demand, acks_of, share, uses_of
from kubeslice_sim.simulator.way import Stage, Way

INF = float("inf")


def capacity(**of: float):
    return lambda key: of[key[0]]


def test_acknowledgements_take_their_room_but_do_not_equalise() -> None:
    """A reverse link of a tenth: the forward flow keeps its rate, the reverse one gives way to its acknowledgements."""
    forward = Demand(uses=((("wide",), 1.0),), acks=((("narrow",), 0.04),), cap_bps=INF)
    reverse = Demand(uses=((("narrow",), 1.0),), acks=((("wide",), 0.04),), cap_bps=INF)
    fast, slow = share([forward, reverse], capacity(wide=100.0, narrow=10.0))
    # fast + 0.04 slow = 100 and slow + 0.04 fast = 10, solved by hand.
    assert fast.rate_bps == pytest.approx((100 - 0.4) / (1 - 0.0016), rel=1e-5)
    assert slow.rate_bps == pytest.approx((10 - 4) / (1 - 0.0016), rel=1e-5)
    assert (fast.bottleneck, slow.bottleneck) == (("wide",), ("narrow",))


def test_data_and_acknowledgements_on_one_resource_fill_it_exactly() -> None:
    demand = Demand(uses=((("cpu",), 1.0),), acks=((("cpu",), 0.15),), cap_bps=INF)
    assert share([demand], capacity(cpu=1.0))[0].rate_bps == pytest.approx(1 / 1.15, rel=1e-5)


def test_datagrams_come_first() -> None:
    udp = Demand(uses=((("link",), 1.0),), cap_bps=70.0, open_loop=True)
    tcp = Demand(uses=((("link",), 1.0),), cap_bps=INF)
    assert [g.rate_bps for g in share([udp, tcp], capacity(link=100.0))] == [70.0, 30.0]
    flood, starved = share([Demand(uses=udp.uses, cap_bps=200.0, open_loop=True), tcp], capacity(link=100.0))
    assert (flood.rate_bps, flood.bottleneck) == (100.0, ("link",))
    assert starved.rate_bps == 0.0


def test_grants_come_in_the_order_of_the_demands() -> None:
    uses = ((("link",), 1.0),)
    wanted = [
        Demand(uses=uses, cap_bps=5.0), Demand(uses=uses, cap_bps=10.0, open_loop=True), Demand(uses=uses, cap_bps=7.0),
    ]  # fmt: skip
    assert [grant.rate_bps for grant in share(wanted, capacity(link=100.0))] == [5.0, 10.0, 7.0]
    assert share([], capacity()) == ()


def test_what_is_lost_is_sent_again() -> None:
    way = Way(stages=[Stage(("pod",), Count.FRAME)])
    segment = tcp_segment(1500)
    assert uses_of(way, segment)[0][1] == pytest.approx(1514 / 1448)
    assert acks_of(way, 1448)[0][1] == pytest.approx(66 / (2 * 1448))
