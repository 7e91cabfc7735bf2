"""Bulk traffic: shaped rates to the byte, sharing, loss, growth, failover."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from kubeslice_sim.controlplane.effects import SetNextHops
from kubeslice_sim.model.scenario import Fault, LinkFault
from kubeslice_sim.observe.observation import Observation
from kubeslice_sim.observe.probe import Probe
from kubeslice_sim.simulator.tcp import loss_limit_bps

SERVER = "server.app.svc.slice.local"
OUTER_SHARE = 1248 / 1374
"""Payload in what HTB counts of a full segment: an outer frame with its MAC header."""


def bulk(name: str = "bulk", kind: str = "tcp", **more) -> Probe:
    given = {"source": "app/client-0@east", "target": SERVER, "port": 5201, "end_s": 20.0}
    return Probe(name=name, kind=kind, **{**given, **more})  # type: ignore[arg-type]


def rates(rows: Iterable[Observation], name: str = "bulk") -> list[float]:
    return [row.value for row in rows if row.metric == "rate_bps" and row.probe == name]


def total(rows: Iterable[Observation], metric: str, name: str = "bulk") -> float:
    return next(row.value for row in rows if row.metric == metric and row.probe == name)


def test_a_shaped_transfer_gets_the_ceiling_less_its_headers(lay_out) -> None:
    rows = lay_out().play(bulk(), until_s=20)
    found = rates(rows)
    assert len(found) == 20
    assert [row.at_s for row in rows if row.metric == "rate_bps"] == [float(second) for second in range(1, 21)]
    # Acknowledgements go the other way; nothing else is on the link.
    assert found[-1] == pytest.approx(30e6 * OUTER_SHARE, rel=1e-3)
    assert total(rows, "received_bytes") == pytest.approx(sum(found) / 8, rel=1e-6)


def test_two_gateway_nodes_shape_for_themselves(lay_out) -> None:
    # KubeSlice's quirk: the ceiling holds per gateway node, so many flows over two nodes get it twice.
    one = rates(lay_out(nodes=1).play(bulk(streams=16), until_s=20))[-1]
    two = rates(lay_out(nodes=2).play(bulk(streams=16), until_s=20))[-1]
    assert one == pytest.approx(30e6 * OUTER_SHARE, rel=1e-3)
    assert two == pytest.approx(2 * 30e6 * OUTER_SHARE, rel=1e-3)


def test_a_narrow_link_is_counted_in_outer_frames(lay_out) -> None:
    found = rates(lay_out(ceiling=1_000_000, bandwidth="20Mbit").play(bulk(streams=4), until_s=20))
    assert found[-1] == pytest.approx(20e6 * OUTER_SHARE, rel=1e-3)


def test_one_gateway_core_is_the_limit_of_a_wide_slice(lay_out) -> None:
    found = rates(lay_out(ceiling=5_000_000, bandwidth="10Gbit", rtt="1ms").play(bulk(), until_s=20))
    # 4 µs a packet and 8 ns a byte of 1300; the acknowledgements cost the same core a packet for every two.
    packet_s = 4e-6 + 8e-9 * 1300 + (4e-6 + 8e-9 * 52) / 2
    assert found[-1] == pytest.approx(8 * 1248 / packet_s, rel=0.01)


def test_equal_flows_share_equally_and_the_late_one_takes_its_half(lay_out) -> None:
    rows = lay_out().play(bulk("a", end_s=30.0), bulk("b", start_s=10.0, end_s=30.0), until_s=30)
    whole = 30e6 * OUTER_SHARE
    assert rates(rows, "a")[8] == pytest.approx(whole, rel=1e-3)
    assert rates(rows, "a")[-1] == pytest.approx(whole / 2, rel=1e-3)
    assert rates(rows, "b")[-1] == pytest.approx(whole / 2, rel=1e-3)


def test_a_transfer_of_a_size_ends_when_it_is_there(lay_out) -> None:
    rows = lay_out().play(bulk(size_bytes=10e6, end_s=60.0), until_s=60)
    assert total(rows, "received_bytes") == pytest.approx(10e6, abs=2)
    last_s = max(row.at_s for row in rows)
    # Handshake and slow start cost a few round trips beyond the bare 2.94 s.
    assert 8 * 10e6 / (30e6 * OUTER_SHARE) < last_s < 8 * 10e6 / (30e6 * OUTER_SHARE) + 0.6


def test_a_rate_limit_binds_below_the_shaper(lay_out) -> None:
    assert rates(lay_out().play(bulk(rate_bps=5e6, streams=2), until_s=20))[-1] == pytest.approx(5e6, rel=1e-6)


@pytest.mark.parametrize("congestion", ["reno", "cubic"])
def test_random_loss_limits_as_the_formula_says(lay_out, congestion: str) -> None:
    laid = lay_out(loss="0.1%", ceiling=1_000_000, settle_s=60.0)
    found = rates(laid.play(bulk(congestion=congestion), until_s=20))
    expected = loss_limit_bps(congestion, 0.001, 0.060 + 2 * 220e-6, 1248)  # type: ignore[arg-type]
    assert found[-1] == pytest.approx(expected, rel=1e-6)
    assert 5e6 < found[-1] < 8e6


def test_bbr_does_not_mind_light_loss(lay_out) -> None:
    found = rates(lay_out(loss="0.1%", settle_s=60.0).play(bulk(congestion="bbr"), until_s=20))
    assert found[-1] == pytest.approx(30e6 * OUTER_SHARE, rel=3e-3)


def test_slow_start_takes_a_doubling_each_round_trip(lay_out) -> None:
    laid = lay_out(ceiling=1_000_000, rtt="200ms", bandwidth="10Gbit")
    rows = laid.play(bulk(end_s=1.0), until_s=1)
    # A handshake of one round trip; then 10, 20, 40 and 80 segments in the four that are left of the second.
    name_s, rtt_s = 0.0004, 0.200 + 2 * 220e-6
    sent, left_s, window = 0.0, 1.0 - rtt_s - name_s, 10
    while left_s > 0:
        sent += window * 1248 * min(1.0, left_s / rtt_s)
        left_s, window = left_s - rtt_s, 2 * window
    assert total(rows, "received_bytes") == pytest.approx(sent, rel=0.01)


def test_udp_below_the_shaper_arrives_whole(lay_out) -> None:
    rows = lay_out().play(bulk(kind="udp", rate_bps=10e6), until_s=20)
    assert rates(rows)[5] == pytest.approx(10e6, rel=2e-3)
    assert total(rows, "loss_ratio") == pytest.approx(0.0, abs=1e-3)


def test_udp_above_the_shaper_loses_the_rest_and_starves_tcp(lay_out) -> None:
    rows = lay_out().play(bulk("udp", kind="udp", rate_bps=60e6, start_s=5.0), bulk("tcp"), until_s=20)
    # 1248 bytes of payload in 1276 of IP, padded to 1280, in 1340 of outer IP, in a frame of 1354.
    assert rates(rows, "udp")[-1] == pytest.approx(30e6 * 1248 / 1354, rel=2e-3)
    assert total(rows, "loss_ratio", "udp") == pytest.approx(1 - 0.5 * 1248 / 1354, abs=2e-3)
    assert rates(rows, "tcp")[3] > 25e6
    assert rates(rows, "tcp")[-1] < 0.02 * 30e6


def test_udp_loses_what_chance_takes(lay_out) -> None:
    rows = lay_out(loss="2%", settle_s=60.0).play(bulk(kind="udp", rate_bps=10e6), until_s=20)
    # 20,000 datagrams: a standard deviation is 0.1 %.
    assert total(rows, "loss_ratio") == pytest.approx(0.02, abs=0.004)


def test_a_large_datagram_is_lost_with_any_fragment(lay_out) -> None:
    laid = lay_out(loss="2%", settle_s=60.0)
    rows = laid.play(bulk(kind="udp", rate_bps=10e6, packet_bytes=4000.0), until_s=20)
    assert total(rows, "loss_ratio") == pytest.approx(1 - 0.98**4, abs=0.012)


def test_only_the_flows_on_a_dead_gateway_stall_until_the_route_is_withdrawn(lay_out) -> None:
    laid = lay_out(nodes=2)
    env, plane = laid.parts.env, laid.parts.data_plane
    network = laid.parts.scene.network
    stays = {cluster: network.gateways[cluster, laid.gateway(cluster, 1)].start.nsm_ip for cluster in ("east", "west")}

    def operator():
        yield env.timeout(10.0)
        plane.pods.kill(("east", "kubeslice-system", laid.gateway("east", 0)))
        yield env.timeout(6.0)
        for cluster, cidr in (("east", "west"), ("west", "east")):
            plane.apply(SetNextHops(cluster=cluster, slice="red", destination=laid.plan.slices[0].member(cidr).cidr,
                                    via=(stays[cluster],)))  # fmt: skip

    env.process(operator())
    rows = laid.play(*[bulk(f"flow-{i}", end_s=40.0) for i in range(8)], until_s=40)
    whole = 30e6 * OUTER_SHARE
    stalled, unharmed = [], []
    for i in range(8):
        found = rates(rows, f"flow-{i}")
        (stalled if found[12] == 0 else unharmed).append(found)
    # A flow escapes only if both of its directions hash to the other tunnel.
    assert len(stalled) >= 3 and len(unharmed) >= 1
    for found in stalled:
        assert found[8] > 0
        assert found[11:15] == [0, 0, 0, 0]
        # The timeouts had doubled to a few seconds by the time the way was free (16 s): it resumes by 20 s.
        assert all(value > 0 for value in found[20:])
    # While they stall, those that are left on the living gateway share its shaper, and afterwards all eight do.
    assert sum(found[13] for found in unharmed) == pytest.approx(whole, rel=0.01)
    assert sum(found[-1] for found in (*stalled, *unharmed)) == pytest.approx(whole, rel=0.01)
    silent = [row for row in rows if row.metric == "rate_bps" and row.value == 0]
    assert {row.outcome for row in silent} == {"timeout"}


def test_a_partition_stops_everything_and_traffic_returns_by_backed_off_timeouts(lay_out) -> None:
    laid = lay_out()
    env, faults = laid.parts.env, laid.parts.faults

    def timeline():
        yield env.timeout(5.05)
        faults.strike(Fault(name="cut", partition=("east", "west")))
        yield env.timeout(5.0)
        list(faults.mend("cut"))

    env.process(timeline())
    found = rates(laid.play(bulk(), until_s=20))
    assert found[6:10] == [0.0] * 4
    # Retries at 0.12, 0.38, 0.90, 1.94, 4.02 and 8.18 s after the cut: nothing comes before 13.2 s.
    assert found[10:13] == [0.0] * 3
    assert found[13] > 0
    assert found[-1] == pytest.approx(30e6 * OUTER_SHARE, rel=1e-3)


def test_a_narrower_link_is_felt_at_once(lay_out) -> None:
    laid = lay_out()
    env, faults = laid.parts.env, laid.parts.faults

    def timeline():
        yield env.timeout(10.0)
        faults.strike(Fault(link=LinkFault(between=("east", "west"), bandwidth_bps=10e6)))

    env.process(timeline())
    found = rates(laid.play(bulk(), until_s=20))
    assert found[8] == pytest.approx(30e6 * OUTER_SHARE, rel=1e-3)
    assert found[-1] == pytest.approx(10e6 * OUTER_SHARE, rel=1e-3)


def test_a_restarted_server_resets_and_the_client_connects_again(lay_out) -> None:
    laid = lay_out()
    env, faults, plane = laid.parts.env, laid.parts.faults, laid.parts.data_plane
    network = laid.parts.scene.network
    server = network.pods["west", "app", "server-0"]
    address = server.nsm["red"]

    def timeline():
        yield env.timeout(5.05)
        faults.strike(Fault(name="dead", kill="pod", cluster="west", pod="app/server-0"))
        yield env.timeout(2.0)
        list(faults.mend("dead"))
        yield env.timeout(0.5)
        # What the operator does for a pod that runs again.
        network.routers["west", "red"].clients[address] = server
        server.nsm["red"] = address
        network.changed()

    env.process(timeline())
    rows = laid.play(bulk(), until_s=25)
    found = rates(rows)
    assert server.life == 2
    assert found[6] == 0
    assert found[-1] == pytest.approx(30e6 * OUTER_SHARE, rel=1e-3)
    assert plane.pods.release(server.key) is False
