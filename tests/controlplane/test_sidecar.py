"""The tunnel checker's fold of ping rounds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kubeslice_sim.controlplane.facts import PingRound
from kubeslice_sim.controlplane.sidecar import TunnelStatus, after_round

GOOD = PingRound(cluster="c", pod="p", sent=3, received=3, rtt_s=0.0627)
LOST = PingRound(cluster="c", pod="p", sent=3, received=0, rtt_s=None)


def fold(rounds: list[PingRound], until_down: int = 20) -> TunnelStatus:
    status = TunnelStatus()
    for ping in rounds:
        status = after_round(status, ping, until_down)
    return status


def test_one_answer_brings_it_up_with_whole_milliseconds() -> None:
    assert fold([LOST, GOOD]) == TunnelStatus(state="UP", latency_ms=62, packet_loss_percent=0)


def test_it_stays_up_for_nineteen_lost_rounds_and_goes_down_with_the_twentieth() -> None:
    assert fold([GOOD, *[LOST] * 19]).state == "UP"
    assert fold([GOOD, *[LOST] * 20]).state == "DOWN"
    assert fold([GOOD, *[LOST] * 20, GOOD]).state == "UP"


def test_a_partly_lost_round_is_an_answer() -> None:
    one_of_three = PingRound(cluster="c", pod="p", sent=3, received=1, rtt_s=0.01)
    status = fold([GOOD, *[LOST] * 19, one_of_three, *[LOST] * 19])
    assert status.state == "UP"
    assert fold([one_of_three]).packet_loss_percent == 66


def test_a_tunnel_that_never_answered_is_unknown_until_it_is_down() -> None:
    assert fold([LOST] * 19).state == "UNKNOWN"
    assert fold([LOST] * 20).state == "DOWN"


@given(st.lists(st.sampled_from([GOOD, LOST]), max_size=80), st.integers(1, 25))
def test_only_the_tail_of_lost_rounds_decides(rounds: list[PingRound], until_down: int) -> None:
    tail = next((index for index, ping in enumerate(reversed(rounds)) if ping is GOOD), len(rounds))
    answered = tail < len(rounds)
    expected = "DOWN" if tail >= until_down else "UP" if answered else "UNKNOWN"
    assert fold(rounds, until_down).state == expected
