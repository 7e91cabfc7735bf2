"""TCP on the packet engine: against the formulas of the macroscopic model, and beside its like."""

from __future__ import annotations

import math

import pytest

from kubeslice_sim.simulator.packet.network import PacketNetwork
from kubeslice_sim.simulator.packet.specs import Bulk, FlowCount, Hop, Link
from kubeslice_sim.simulator.tcp import cubic_window, reno_window
from kubeslice_sim.validation.padhye import pftk_rate

RTT_S = 0.05
DATA, ACKS = 12_000.0, 400.0


def lossy(for_s: float, **given: float) -> tuple[float, FlowCount]:
    """Segments a second in the second half of one connection over a wide link that loses some, and its counts."""
    more = {key: given.pop(key) for key in ("loss", "lose_every") if key in given}
    network = PacketNetwork(1)
    there = network.add_link(Link(name="there", capacity=1e12, delay_s=RTT_S / 2, **more))
    back = network.add_link(Link(name="back", capacity=1e12, delay_s=RTT_S / 2))
    flow = network.add_bulk(
        Bulk(
            name="bulk", there=(network.add_way([Hop(link=there, work=(DATA,))]),),
            back=network.add_way([Hop(link=back, work=(ACKS,))]), mss_bytes=1460, window_bytes=1e8,
            **{"congestion": "reno", **given},
        )
    )  # fmt: skip
    network.run(for_s / 2)  # slow start overshoots: what it leaves takes a few losses to go
    before = network.flow(flow).delivered
    network.run(for_s)
    count = network.flow(flow)
    return (count.delivered - before) / (for_s / 2), count


@pytest.mark.parametrize("every", [1_000, 10_000])
def test_reno_with_a_loss_at_regular_intervals_is_mathis_model(every: int) -> None:
    rate, count = lossy(600 * math.sqrt(every) * RTT_S, lose_every=every, ack_every=1)
    assert rate == pytest.approx(reno_window(1 / every) / RTT_S, rel=0.03)
    assert count.timeouts == 0


def test_reno_with_losses_by_chance_has_the_window_of_ott_kemperman_and_mathis() -> None:
    rate, _ = lossy(6_000.0, loss=1e-3, ack_every=1)
    # About 2,600 losses are seen: the mean's own error is near 2 %.
    assert rate * RTT_S * math.sqrt(1e-3) == pytest.approx(1.3098, rel=0.05)


@pytest.mark.parametrize("loss", [1e-3, 1e-2])
def test_reno_with_delayed_acknowledgements_is_near_padhye(loss: float) -> None:
    rate, _ = lossy(4_000.0, loss=loss, ack_every=2, per_ack=True)
    # The short form has a timeout for what recovery by SACK repairs without one: it lies a little lower.
    assert rate == pytest.approx(pftk_rate(loss, RTT_S, max(0.2, 4 * RTT_S)), rel=0.10)


def test_cubic_with_a_loss_at_regular_intervals_is_rfc_9438s_window() -> None:
    # So rare a loss that the cubic is far above Reno's window, which it would else follow.
    rate, _ = lossy(800.0, lose_every=200_000, ack_every=1, congestion="cubic")
    assert rate == pytest.approx(cubic_window(1 / 200_000, RTT_S) / RTT_S, rel=0.05)


@pytest.mark.parametrize("loss", [1e-2, 3e-2])
def test_what_is_sent_again_is_what_was_lost(loss: float) -> None:
    _, count = lossy(500.0, loss=loss)
    assert count.dropped > 500
    assert abs(count.resent - count.dropped) <= 5  # but for what is on its way
    assert (count.reordered, count.timeouts) == (0, 0)


def compete(rtts_s: list[float], congestion: str = "reno", for_s: float = 300.0) -> list[float]:
    """The rates of flows over one bottleneck of 50 Mbit/s, segments a second after the first 20 s."""
    network = PacketNetwork(1)
    shared = network.add_link(Link(name="shared", capacity=50e6, limit_packets=150))
    flows = []
    for place, rtt_s in enumerate(rtts_s):
        there = network.add_link(Link(name=f"there {place}", delay_s=rtt_s / 2))
        back = network.add_link(Link(name=f"back {place}", delay_s=rtt_s / 2))
        way = network.add_way([Hop(link=shared, work=(DATA,)), Hop(link=there)])
        flows.append(
            network.add_bulk(
                Bulk(
                    name=f"flow {place}", there=(way,), back=network.add_way([Hop(link=back)]), mss_bytes=1460,
                    congestion=congestion, start_s=1.7 * place,
                )
            )
        )  # fmt: skip
    network.run(20.0)
    before = [network.flow(flow).delivered for flow in flows]
    network.run(for_s)
    return [(network.flow(flow).delivered - was) / (for_s - 20.0) for flow, was in zip(flows, before, strict=True)]


@pytest.mark.parametrize("congestion", ["reno", "cubic"])
def test_two_alike_share_fairly(congestion: str) -> None:
    rates = compete([0.05, 0.05], congestion)
    assert sum(rates) ** 2 / (2 * sum(rate**2 for rate in rates)) >= 0.95
    assert sum(rates) * DATA == pytest.approx(50e6, rel=0.03)


def test_the_nearer_gets_more_by_a_power_of_the_round_trip_between_one_and_two() -> None:
    near, far = compete([0.04, 0.12], for_s=600.0)
    assert 1.0 <= math.log(near / far) / math.log(0.12 / 0.04) <= 2.0


def test_a_transfer_ends_when_all_has_arrived() -> None:
    _, count = lossy(60.0, loss=0.01, segments=1000)
    assert count.delivered == count.received == 1000
    assert 0.0 < count.finished_s < 60.0


def test_a_connection_outlives_an_outage_with_timeouts_that_double() -> None:
    network = PacketNetwork(1)
    there, back = (network.add_link(Link(name=name, capacity=1e8, delay_s=0.025)) for name in ("there", "back"))
    way, home = network.add_way([Hop(link=there, work=(DATA,))]), network.add_way([Hop(link=back, work=(ACKS,))])
    flow = network.add_bulk(Bulk(name="bulk", there=(way,), back=home, mss_bytes=1460, window_bytes=2e5))
    network.run(5.0)
    network.set_link(there, up=False)
    network.run(5.2)
    held = network.flow(flow).delivered
    network.run(15.0)
    assert network.flow(flow).delivered == held
    assert 4 <= network.flow(flow).timeouts <= 6  # 0.25 s and its doubles, until the sum is ten seconds
    network.set_link(there, up=True)
    network.run(30.0)
    assert network.flow(flow).delivered > held + 10_000


def over(
    ways_ms: list[float], jitter_s: float = 0.0, congestion: str = "cubic", until_s: float = 60.0
) -> tuple[float, FlowCount]:
    """Segments a second in the last 5/6, over ways of these delays in turn behind a queue of 20 Mbit/s."""
    network = PacketNetwork(1)
    shared = network.add_link(Link(name="shared", capacity=20e6, limit_packets=150))
    links = [
        network.add_link(Link(name=f"way {place}", delay_s=ms / 1e3, jitter_s=jitter_s))
        for place, ms in enumerate(ways_ms)
    ]
    back = network.add_link(Link(name="back", delay_s=0.03, jitter_s=jitter_s))
    there = tuple(network.add_way([Hop(link=shared, work=(DATA,)), Hop(link=link)]) for link in links)
    flow = network.add_bulk(
        Bulk(
            name="bulk", there=there,
            back=network.add_way([Hop(link=back)]), mss_bytes=1460, congestion=congestion,
        )
    )  # fmt: skip
    network.run(until_s / 6)
    before = network.flow(flow).delivered
    network.run(until_s)
    return (network.flow(flow).delivered - before) / (until_s * 5 / 6), network.flow(flow)


@pytest.mark.parametrize("jitter_s", [0.0002, 0.002, 0.02])
def test_jitter_takes_no_rate_where_it_does_not_reorder(jitter_s: float) -> None:
    rate, count = over([30.0], jitter_s)
    assert rate * DATA == pytest.approx(20e6, rel=0.01)
    assert count.reordered == 0


@pytest.mark.parametrize("congestion", ["reno", "cubic"])
def test_a_sender_learns_that_ways_in_turn_reorder(congestion: str) -> None:
    rate, count = over([30.0, 34.0], congestion=congestion)
    assert count.reordered > 10_000
    # What it sent again before it knew; later only what the queue dropped (some in a thousand).
    assert count.resent - count.dropped < 100
    assert rate * DATA == pytest.approx(20e6, rel=0.02)
    alone, single = over([30.0], congestion=congestion)
    assert single.reordered == 0
    assert rate == pytest.approx(alone, rel=0.02)


def test_duplicates_teach_a_sender_to_wait_longer_than_a_quarter_of_the_round_trip() -> None:
    rate, count = over([30.0, 90.0])
    assert count.reordered > 10_000
    assert 50 < count.resent - count.dropped < 500
    assert rate * DATA > 19e6


def test_hystart_leaves_slow_start_before_the_queue_overflows() -> None:
    _, cubic = over([30.0], until_s=2.0)
    _, reno = over([30.0], congestion="reno", until_s=2.0)
    # Linux' Reno has no HyStart: it overruns the path and its queue by about as much again.
    assert reno.dropped > 200
    assert cubic.dropped == 0
    # The path holds 100 segments and the queue 150.
    assert 50 <= cubic.cwnd <= 200


def unheard(ack_loss: float, seed: int) -> tuple[float, FlowCount]:
    """The share of 20 Mbit/s that one flow fills in the later half of a minute where acknowledgements are lost by
    chance."""
    network = PacketNetwork(seed)
    there = network.add_link(Link(name="there", capacity=20e6, delay_s=RTT_S / 2, limit_packets=100))
    back = network.add_link(Link(name="back", delay_s=RTT_S / 2, loss=ack_loss))
    flow = network.add_bulk(
        Bulk(name="bulk", there=(network.add_way([Hop(link=there, work=(DATA,))]),),
             back=network.add_way([Hop(link=back)]), mss_bytes=1460, rto_s=0.2)
    )  # fmt: skip
    network.run(30.0)
    before = network.flow(flow).delivered
    network.run(60.0)
    return (network.flow(flow).delivered - before) * DATA / 30.0 / 20e6, network.flow(flow)


@pytest.mark.parametrize("ack_loss", [0.3, 0.5, 0.7])
def test_cumulative_acknowledgements_make_up_for_those_that_are_lost(ack_loss: float) -> None:
    for seed in (1, 2, 3):
        share, count = unheard(ack_loss, seed)
        assert share > 0.98
        # Where all of a window's were lost, what came later told that nothing else was.
        assert count.cwnd > 50


def tail(segments: int, lost: int) -> FlowCount:
    """A transfer whose segment ``lost`` (counted from one) does not arrive at first."""
    network = PacketNetwork(1)
    there = network.add_link(Link(name="there", capacity=1e9, delay_s=RTT_S / 2, lose_every=lost))
    back = network.add_link(Link(name="back", delay_s=RTT_S / 2))
    flow = network.add_bulk(
        Bulk(name="bulk", there=(network.add_way([Hop(link=there, work=(DATA,))]),),
             back=network.add_way([Hop(link=back)]), mss_bytes=1460, segments=segments)
    )  # fmt: skip
    network.run(5.0)
    return network.flow(flow)


def test_a_lost_tail_is_probed_for_and_costs_no_timeout() -> None:
    count = tail(20, 20)
    assert (count.delivered, count.timeouts, count.resent) == (20, 0, 1)
    # A single segment may wait for a delayed acknowledgement: the probe comes when the timeout would (RFC 8985, 7.2).
    assert count.finished_s == pytest.approx(4 * RTT_S + count.srtt_s + 0.2 + RTT_S / 2, abs=RTT_S / 2)
    assert count.cwnd >= 16.0
