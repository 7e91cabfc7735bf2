"""Shapers, wires and dice of the packet engine, by arithmetic."""

from __future__ import annotations

import math

import numpy as np
import pytest

from kubeslice_sim.observe.measure import statistic_of
from kubeslice_sim.simulator.packet.distribution import deterministic, exponential
from kubeslice_sim.simulator.packet.histogram import BUCKETS, bucket_of, middle_s, quantile_s
from kubeslice_sim.simulator.packet.network import PacketNetwork
from kubeslice_sim.simulator.packet.specs import Hop, Link, Shaper, Source

BITS = 8_000.0


def burst(network: PacketNetwork, link: int, count: int, name: str = "burst", class_: int = 0) -> int:
    """So many packets of 8000 bits at once (a nanosecond apart)."""
    way = network.add_way([Hop(link=link, work=(BITS,), class_=class_)])
    return network.add_source(Source(name=name, ways=(way,), gap=deterministic(1e-9), limit=count))


def test_a_token_bucket_passes_its_burst_at_once_and_then_its_rate() -> None:
    network = PacketNetwork(1, samples=20)
    burst(network, network.add_link(Link(name="tbf", kind="bucket", capacity=1e6, burst=4 * BITS)), 10)
    network.run(1.0)
    latencies = network.samples()[1]
    assert latencies[:4] == pytest.approx(0.0, abs=1e-7)
    assert latencies[4:] == pytest.approx([BITS / 1e6 * place for place in range(1, 7)], abs=1e-7)


def test_a_token_bucket_drops_what_would_wait_longer_than_its_latency() -> None:
    network = PacketNetwork(1)
    limit = 1e6 * 0.04 + 4 * BITS
    link = network.add_link(Link(name="tbf", kind="bucket", capacity=1e6, burst=4 * BITS, limit_work=limit))
    flow = burst(network, link, 30)
    network.run(1.0)
    # Four go at once, nine fit into 40 ms and a burst.
    assert (network.flow(flow).received, network.flow(flow).dropped, network.link(link).full) == (13, 17, 17)
    assert network.flow(flow).worst_s == pytest.approx(9 * BITS / 1e6, abs=1e-7)


def shaped(network: PacketNetwork, *, rate: float = 1e6, ceiling: float = 3e6, limit: int | None = None) -> int:
    shaper = Shaper(rate_bps=rate, burst_bits=2 * BITS, ceiling_bps=ceiling, ceiling_burst_bits=BITS,
                    parent_rate_bps=ceiling, parent_burst_bits=4 * BITS, quantum_bits=BITS)  # fmt: skip
    return network.add_link(
        Link(name="htb", kind="shaped", capacity=ceiling, classes=4, shaper=shaper, limit_packets=limit)
    )


def test_an_htb_leaf_borrows_from_its_parent_up_to_the_ceiling() -> None:
    network = PacketNetwork(1)
    flow = burst(network, shaped(network), 3000)
    network.run(5.0)
    rate_bps = network.flow(flow).received * BITS / 5.0
    assert rate_bps == pytest.approx(3e6, rel=0.002)


def test_sfq_serves_its_classes_in_turn_and_drops_from_the_longest() -> None:
    network = PacketNetwork(1)
    link = shaped(network, limit=100)
    greedy = burst(network, link, 5000, "greedy", 0)
    way = network.add_way([Hop(link=link, work=(BITS,), class_=1)])
    modest = network.add_source(Source(name="modest", ways=(way,), gap=deterministic(0.01), limit=100))
    network.run(2.0)
    assert network.flow(modest).dropped == 0
    assert network.flow(modest).received == 100
    assert network.flow(modest).worst_s < 0.02
    assert network.flow(greedy).dropped > 4000


@pytest.mark.parametrize("gap_s", [0.001, 0.03])
def test_jitter_delays_packets_and_lets_none_overtake(gap_s: float) -> None:
    network = PacketNetwork(1, samples=20_000)
    link = network.add_link(Link(name="wan", delay_s=0.05, jitter_s=0.01))
    flow = network.add_source(
        Source(name="load", ways=(network.add_way([Hop(link=link)]),), gap=deterministic(gap_s), limit=20_000)
    )
    network.run(1000.0)
    count = network.flow(flow)
    assert (count.received, count.reordered) == (20_000, 0)
    latencies_s = network.samples()[1]
    assert 0.0599 < count.worst_s <= 0.06
    if gap_s > 0.02:  # too far apart to meet: what was drawn
        assert latencies_s.mean() == pytest.approx(0.05, rel=0.002)
        assert latencies_s.std() == pytest.approx(0.01 / math.sqrt(3.0), rel=0.02)
    # Who is as late as the one before arrives with it.
    assert np.diff(np.arange(20_000) * gap_s + latencies_s).min() > -1e-9


@pytest.mark.parametrize("gap_s", [1e-6, 0.01])
def test_noise_is_exponential_and_keeps_the_order(gap_s: float) -> None:
    network = PacketNetwork(1, samples=20_000)
    link = network.add_link(Link(name="node", delay_s=1e-4, noise_s=2e-5))
    flow = network.add_source(
        Source(name="load", ways=(network.add_way([Hop(link=link)]),), gap=deterministic(gap_s), limit=20_000)
    )
    network.run(1000.0)
    assert (network.flow(flow).received, network.flow(flow).reordered) == (20_000, 0)
    noise_s = network.samples()[1] - 1e-4
    if gap_s > 1e-3:
        assert noise_s.mean() == pytest.approx(2e-5, rel=0.03)
        assert noise_s.std() == pytest.approx(2e-5, rel=0.05)
    else:  # behind whoever drew most of the twenty or so that came at the same time
        assert 4e-5 < noise_s.mean() < 8e-5


def ack_loss(noise_s: float) -> float:
    """The share of small packets that is lost beside full ones that overload a TBF and, behind it, SFQ under HTB."""
    network = PacketNetwork(1)
    bits = 1_000.0
    links = [
        network.add_link(Link(name="tbf", kind="bucket", capacity=20e6, burst=32_000.0, limit_work=10e6)),
        network.add_link(Link(name="gateway", noise_s=noise_s)),
        shaped(network, rate=1e6, ceiling=20e6, limit=127),
    ]
    full, small = (
        network.add_way([Hop(link=link, work=(bits * size,)) for link, size in zip(links, sizes, strict=True)])
        for sizes in ((10.2, 0, 10.8), (0.4, 0, 1))
    )
    network.add_source(Source(name="load", ways=(full,), gap=deterministic(1e4 / 22e6)))
    acks = network.add_source(Source(name="acks", ways=(small,), gap=exponential(0.02)))
    network.run(60.0)
    count = network.flow(acks)
    return count.dropped / count.sent


def test_a_small_packet_right_behind_a_full_one_finds_a_queue_of_packets_full() -> None:
    # What a saturated shaper lets go comes close together, so the place that became free is taken: unless something
    # between the two spreads packets by as much as one takes to be served (0.5 ms here).
    assert ack_loss(2e-5) > 0.8
    assert ack_loss(1e-3) < 0.3


def test_loss_by_chance_is_what_it_says() -> None:
    network = PacketNetwork(1)
    link = network.add_link(Link(name="wan", loss=0.02))
    flow = network.add_source(
        Source(name="load", ways=(network.add_way([Hop(link=link)]),), gap=exponential(0.001), limit=200_000)
    )
    network.run(1000.0)
    deviation = math.sqrt(200_000 * 0.02 * 0.98)
    assert abs(network.flow(flow).dropped - 4000) < 4 * deviation


def test_a_datagram_is_lost_with_any_of_its_fragments() -> None:
    network = PacketNetwork(1)
    link = network.add_link(Link(name="wan", loss=0.1))
    way = network.add_way([Hop(link=link, work=(0.0, 0.0, 0.0))])
    flow = network.add_source(Source(name="load", ways=(way,), gap=deterministic(0.001), fragments=3, limit=50_000))
    network.run(1000.0)
    whole = 50_000 * 0.9**3
    assert abs(network.flow(flow).received - whole) < 4 * math.sqrt(whole * (1 - 0.9**3))


def outcome(seed: int, *, extra: bool = False) -> tuple[bytes, int]:
    network = PacketNetwork(seed, samples=5000)
    link = network.add_link(Link(name="station", kind="servers", servers=2, service=exponential(1.0)))
    way = network.add_way([Hop(link=link)])
    jobs = network.add_source(Source(name="jobs", ways=(way,), gap=exponential(0.7)))
    if extra:
        other = network.add_way([Hop(link=network.add_link(Link(name="elsewhere", capacity=1.0, loss=0.5)))])
        network.add_source(Source(name="others", ways=(other,), gap=exponential(1e9)))
    for until_s in (10.0, 10.5, 2000.0) if extra else (2000.0,):
        network.run(until_s)
    flows, latencies_s = network.samples()
    return latencies_s[flows == jobs].tobytes(), network.link(link).arrived


def test_the_same_seed_gives_the_same_bytes_in_one_go_or_many_and_beside_others() -> None:
    assert outcome(5) == outcome(5) == outcome(5, extra=True)
    assert outcome(5) != outcome(6)


def test_a_histogram_errs_by_less_than_half_a_percent() -> None:
    dice = np.random.default_rng(1)
    values = dice.lognormal(-5.0, 2.0, 20_000)
    buckets = np.bincount([bucket_of(value) for value in values], minlength=BUCKETS)
    for share in (0.01, 0.5, 0.9, 0.99):
        assert quantile_s(buckets, share) == pytest.approx(np.quantile(values, share, method="inverted_cdf"), rel=0.004)
    assert all(middle_s(bucket_of(value)) == pytest.approx(value, rel=0.004) for value in values[:500])


def test_percentiles_of_a_histogram_reach_into_the_tail() -> None:
    values = np.random.default_rng(2).exponential(1.0, 1_000_000)
    buckets = np.bincount([bucket_of(value) for value in values], minlength=BUCKETS)
    held = np.flatnonzero(buckets)
    for name, share in (("median", 0.5), ("p95", 0.95), ("p99", 0.99), ("p999", 0.999)):
        found = statistic_of(name, [middle_s(place) for place in held.tolist()], buckets[held].tolist())
        assert found == pytest.approx(np.quantile(values, share), rel=0.004)
        # A million draws know their thousandth's quantile to 1 %.
        assert found == pytest.approx(-math.log(1.0 - share), rel=0.02)


def leaf(name: str, guaranteed_bps: float, device: int) -> Link:
    """A slice's leaf with a ceiling of 80 Mbit/s, as KubeSlice sets it up."""
    shaper = Shaper(
        rate_bps=guaranteed_bps, burst_bits=262_144.0, ceiling_bps=80e6, ceiling_burst_bits=12_800.0,
        parent_rate_bps=80e6, parent_burst_bits=524_288.0,
    )  # fmt: skip
    return Link(name=name, kind="shaped", capacity=80e6, limit_packets=127, shaper=shaper, device=device)


@pytest.mark.parametrize(("red_bps", "blue_bps"), [(60e6, 10e6), (10e6, 60e6), (30e6, 30e6), (20e6, 5e6), (70e6, 1e6)])
def test_a_devices_own_qdisc_serves_what_is_guaranteed_and_first_what_is_in_no_class(
    red_bps: float, blue_bps: float
) -> None:
    network = PacketNetwork(1)
    device = network.add_link(Link(name="device", capacity=100e6, limit_packets=1000))
    leaves = [network.add_link(leaf(str(rate), rate, device)) for rate in (red_bps, blue_bps)]
    for place, number in enumerate(leaves):
        way = network.add_way([Hop(link=number, work=(12e3,)), Hop(link=device, work=(12e3,))])
        network.add_source(Source(name=f"flood {place}", ways=(way,), gap=exponential(12e3 / 95e6)))
    direct = network.add_way([Hop(link=device, work=(12e3,))])
    sparse = network.add_source(Source(name="direct", ways=(direct,), gap=exponential(12e3 / 10e6), start_s=10.0))
    network.run(10.0)
    got = [network.link(number).work / 10.0 for number in leaves]
    assert sum(got) == pytest.approx(100e6, rel=0.005)
    for rate_bps, guaranteed_bps in zip(got, (red_bps, blue_bps), strict=True):
        assert 0.99 * guaranteed_bps < rate_bps < 80.5e6
    network.run(20.0)
    assert network.link(device).full == 0
    assert network.flow(sparse).mean_s < 3 * 12e3 / 100e6  # behind the packet that is being sent, and its like
