"""Tunnels: handshakes, what a dead peer costs, and the sidecars' rounds."""

from __future__ import annotations

import pytest

from kubeslice_sim.controlplane.effects import IssueCertificates, StopPod
from kubeslice_sim.controlplane.facts import CertificatesIssued, PingRound, PodRunning, PodStopped
from kubeslice_sim.model.scenario import Fault
from kubeslice_sim.model.timing import FAST

SYSTEM = "kubeslice-system"
JITTER_S = 1 / 3


def back_after_s(laid, cluster: str, dead_s: float, age_s: float = 30.0) -> float:
    """Kill one end of tunnel 0, start it again; how long the tunnel was down, from the kill."""
    env, plane = laid.parts.env, laid.parts.data_plane
    tunnel = laid.parts.scene.network.gateways["east", laid.gateway("east", 0)].tunnel
    env.run(until=tunnel.session.at_s + age_s)
    assert tunnel.carries(env.now)
    killed_s = env.now
    plane.pods.kill((cluster, SYSTEM, laid.gateway(cluster, 0)))
    assert not tunnel.carries(env.now)
    env.run(until=killed_s + dead_s)
    plane.pods.release((cluster, SYSTEM, laid.gateway(cluster, 0)))
    while not tunnel.carries(env.now):
        env.step()
        assert env.now < killed_s + 300
    return env.now - killed_s


def test_a_tunnel_is_up_one_handshake_after_both_pods_run(lay_out) -> None:
    laid = lay_out(rtt="60ms")
    tunnel = laid.parts.scene.network.gateways["east", laid.gateway("east", 0)].tunnel
    passages_s = 4 * (70e-6 + 20e-6)
    assert tunnel.session.at_s == pytest.approx(FAST.pod_start_s + FAST.tunnel_handshake_s + 0.060 + passages_s)


def test_a_restarted_client_dials_at_once(lay_out) -> None:
    # west is listed later: it is the client.
    took_s = back_after_s(lay_out(), "west", dead_s=2.0)
    assert took_s == pytest.approx(2.0 + FAST.pod_start_s + FAST.tunnel_handshake_s + 0.0604, abs=0.01)


def test_a_server_that_restarts_quickly_is_missed_for_fifteen_seconds(lay_out) -> None:
    # WireGuard's peer reset: keepalive 10 s + rekey timeout 5 s until the client tries anew.
    took_s = back_after_s(lay_out(), "east", dead_s=1.0)
    assert 15.0 < took_s < 15.0 + JITTER_S + 0.2


def test_a_server_that_was_long_away_is_found_at_the_next_try(lay_out) -> None:
    # Tries at 15 s and then every 5 s, each up to a third of a second late.
    took_s = back_after_s(lay_out(), "east", dead_s=31.0)
    assert 31.0 + FAST.pod_start_s < took_s < 31.0 + 5.0 + JITTER_S + FAST.pod_start_s + 0.2


def test_a_session_is_renewed_before_it_grows_old(lay_out) -> None:
    laid = lay_out()
    tunnel = laid.parts.scene.network.gateways["east", laid.gateway("east", 0)].tunnel
    first_s = tunnel.session.at_s
    for _ in range(60):
        laid.parts.env.run(until=laid.parts.env.now + 10.0)
        assert tunnel.carries(laid.parts.env.now)
    assert tunnel.session.at_s > first_s + 4 * 119


def test_a_short_partition_keeps_the_session_and_a_long_one_does_not(lay_out) -> None:
    for cut_s, kept in ((20.0, True), (200.0, False)):
        laid = lay_out()
        env, faults = laid.parts.env, laid.parts.faults
        tunnel = laid.parts.scene.network.gateways["east", laid.gateway("east", 0)].tunnel
        before = tunnel.session
        faults.strike(Fault(name="cut", partition=("east", "west")))
        env.run(until=env.now + cut_s)
        list(faults.mend("cut"))
        assert tunnel.carries(env.now) is kept
        assert tunnel.session is before
        env.run(until=env.now + 5.0 + JITTER_S + 0.2)
        assert tunnel.carries(env.now)
        assert (tunnel.session is before) is kept


def rounds(laid, cluster: str, instance: int, since: int = 0) -> list[PingRound]:
    pod = laid.gateway(cluster, instance)
    return [f for f in laid.facts.seen[since:] if isinstance(f, PingRound) and (f.cluster, f.pod) == (cluster, pod)]


def test_sidecars_ping_round_after_round(lay_out) -> None:
    laid = lay_out(settle_s=FAST.pod_start_s + 20.5 * FAST.ping_round_s)
    for cluster in ("east", "west"):
        for instance in (0, 1):
            assert len(rounds(laid, cluster, instance)) == 20
    last = rounds(laid, "east", 0)[-1]
    assert (last.sent, last.received) == (3, 3)
    assert last.rtt_s == pytest.approx(0.060 + 4 * 90e-6)


def test_a_dead_peer_answers_no_round_and_a_dead_gateway_sends_none(lay_out) -> None:
    laid = lay_out()
    laid.parts.data_plane.pods.kill(("west", SYSTEM, laid.gateway("west", 0)))
    since = len(laid.facts.seen)
    laid.parts.env.run(until=laid.parts.env.now + 3.0)
    assert rounds(laid, "west", 0, since) == []
    assert {fact.received for fact in rounds(laid, "east", 0, since)} == {0}
    assert {fact.received for fact in rounds(laid, "east", 1, since)} == {3}


def test_loss_shows_in_the_rounds(lay_out) -> None:
    laid = lay_out(loss="10%", settle_s=60.0)
    since = len(laid.facts.seen)
    laid.parts.env.run(until=laid.parts.env.now + 300.0)
    seen = rounds(laid, "east", 0, since)
    answered = sum(fact.received for fact in seen) / (3 * len(seen))
    assert len(seen) == 2000
    assert answered == pytest.approx(0.81, abs=0.02)


def test_pods_report_when_they_run_and_when_they_die(lay_out) -> None:
    laid = lay_out(settle_s=FAST.pod_start_s / 2)
    assert laid.facts.of(PodRunning) == []
    laid.parts.env.run(until=FAST.pod_start_s + 1e-6)
    # Two routers, four gateways, two clients, two servers, a stranger.
    assert len(laid.facts.of(PodRunning)) == 11
    laid.parts.data_plane.pods.kill(("east", "app", "client-0"))
    assert laid.facts.of(PodStopped) == [PodStopped(cluster="east", namespace="app", pod="client-0")]


def test_a_killed_pod_stays_dead_whatever_is_asked(lay_out) -> None:
    laid = lay_out()
    plane, network = laid.parts.data_plane, laid.parts.scene.network
    gateway = network.gateways["east", laid.gateway("east", 0)]
    key = ("east", SYSTEM, gateway.start.pod)
    plane.pods.kill(key)
    plane.apply(gateway.start)
    laid.parts.env.run(until=laid.parts.env.now + 5.0)
    assert not gateway.running
    assert plane.pods.release(key)
    laid.parts.env.run(until=laid.parts.env.now + FAST.pod_start_s + 0.01)
    assert gateway.running and gateway.life == 2
    # An end of the hold that nobody made is no error.
    assert plane.pods.release(key) is False


def test_applying_twice_changes_nothing(lay_out) -> None:
    laid = lay_out()
    gateway = laid.parts.scene.network.gateways["east", laid.gateway("east", 0)]
    since = len(laid.facts.seen)
    laid.parts.data_plane.apply(gateway.start)
    laid.parts.env.run(until=laid.parts.env.now + 1.0)
    assert gateway.life == 1
    assert not [f for f in laid.facts.seen[since:] if isinstance(f, PodRunning | PodStopped)]


def test_a_stopped_gateway_is_gone_and_its_address_leads_nowhere(lay_out) -> None:
    laid = lay_out()
    network, pod = laid.parts.scene.network, laid.gateway("east", 0)
    start = network.gateways["east", pod].start
    laid.parts.data_plane.apply(StopPod(cluster="east", namespace=SYSTEM, pod=pod))
    assert ("east", pod) not in network.gateways
    assert ("east", "red", start.nsm_ip) not in network.gateways_by_ip
    since = len(laid.facts.seen)
    laid.parts.env.run(until=laid.parts.env.now + 3.0)
    assert rounds(laid, "east", 0, since) == []


def test_certificates_take_their_time(lay_out) -> None:
    laid = lay_out()
    asked = IssueCertificates(slice="red", server="red-east-west", client="red-west-east", rotation=1)
    laid.parts.data_plane.apply(asked)
    laid.parts.env.run(until=laid.parts.env.now + FAST.certificates_s - 0.01)
    assert laid.facts.of(CertificatesIssued) == []
    laid.parts.env.run(until=laid.parts.env.now + 0.02)
    assert laid.facts.of(CertificatesIssued) == [
        CertificatesIssued(slice="red", server="red-east-west", client="red-west-east", rotation=1)
    ]


def test_openvpn_needs_more_round_trips_and_notices_after_its_ping_restart(lay_out) -> None:
    laid = lay_out(vpn="OpenVPN")
    tunnel = laid.parts.scene.network.gateways["east", laid.gateway("east", 0)].tunnel
    assert tunnel.session.at_s == pytest.approx(FAST.pod_start_s + FAST.tunnel_handshake_s + 6 * 0.06036)
    took_s = back_after_s(laid, "east", dead_s=1.0)
    assert took_s == pytest.approx(15.0 + FAST.tunnel_handshake_s + 6 * 0.06036, abs=0.01)
