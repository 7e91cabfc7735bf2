from __future__ import annotations

import pytest

from kubeslice_sim.model.scenario import Expectation, Outage
from kubeslice_sim.observe.judge import judge
from kubeslice_sim.observe.observation import Observation
from kubeslice_sim.observe.outage import outages
from kubeslice_sim.observe.verdict import Verdict
from tests.observe.rows import BULK, PING, attempts, rates, row, scenario


def _judge(rows: tuple[Observation, ...], traffic: str = "ping", after_s: float = 0.0, **limit: str) -> Verdict:
    wanted = Expectation(name="out", outage=Outage(traffic=traffic, after_s=after_s), **{"at_most": "10s", **limit})  # type: ignore[arg-type]
    return judge(scenario(wanted), rows)[0]


@pytest.mark.parametrize(
    ("lost", "length_s", "outcome"),
    [(set(), 0, "passed"), ({20}, 1, "passed"), (set(range(20, 30)), 10, "passed"), (set(range(20, 31)), 11, "failed")],
)
def test_missing_replies_count_from_the_first_to_the_next_reply(lost: set[int], length_s: int, outcome: str) -> None:
    verdict = _judge(attempts(lost, 60))
    assert (verdict.outcome, verdict.found) == (outcome, f"{length_s} s")
    assert "seen every 1 s, so ± 1 s" in verdict.sentence
    assert verdict.at_s == (min(lost) if lost else None)


def test_the_longest_outage_counts_not_their_sum() -> None:
    assert _judge(attempts({5, 6, 7, 20, 21, 40}, 60)).found == "3 s"


def test_what_was_out_before_is_not_counted() -> None:
    assert _judge(attempts(set(range(5, 25)), 60), after_s=20).found == "5 s"


def test_the_sentence_says_since_when_and_how_long() -> None:
    assert "was cut off for 5 s from 20 s on, wanted ≤ 10s" in _judge(attempts(set(range(20, 25)), 60)).sentence
    assert "was never cut off after 20 s, wanted ≤ 10s" in _judge(attempts(set(), 60), after_s=20).sentence


def test_an_outage_that_does_not_end_is_told() -> None:
    verdict = _judge(attempts(set(range(30, 60)), 60))
    assert (verdict.outcome, verdict.found) == ("failed", "30 s")
    assert "still was when it ended" in verdict.sentence


def test_a_trickle_is_no_traffic_and_a_slow_flow_is() -> None:
    full, trickle, slow = 20e6, 0.1e6, 0.5e6
    dead = rates([full] * 20 + [trickle] * 12 + [full] * 28)
    assert _judge(dead, "bulk").found == "12 s"
    assert _judge(rates([full] * 20 + [slow] * 12 + [full] * 28), "bulk").found == "0 s"


def test_a_flow_that_never_flowed_is_out_all_the_time() -> None:
    assert _judge(rates([0.0] * 60), "bulk").found == "60 s"


def test_rows_that_stop_leave_it_open() -> None:
    verdict = _judge(attempts(set(), 30))
    assert verdict.outcome == "inconclusive"
    assert "where nobody looked it may have been 30 s" in verdict.sentence
    # Two seconds short of the end cannot hide ten.
    assert _judge(attempts(set(), 56)).outcome == "passed"
    # An outage that is too long for sure stays a failure, whatever happened afterwards.
    assert _judge(attempts(set(range(5, 20)), 30)).outcome == "failed"


def test_a_probe_that_failed_says_nothing() -> None:
    broken = tuple(
        row("reachable", float(at), 0.0, "failed_to_probe" if 20 <= at < 40 else "ok") if 20 <= at < 40
        else row("reachable", float(at)) for at in range(60)
    )  # fmt: skip
    verdict = _judge(broken)
    assert (verdict.outcome, verdict.found) == ("inconclusive", "0 s")


def test_a_pod_that_could_not_probe_leaves_it_open() -> None:
    silent = tuple(row("reachable", float(at), 0.0, "failed_to_probe", src="iperf/client-1") for at in range(60))
    verdict = _judge((*attempts(set(), 60), *silent))
    assert verdict.outcome == "inconclusive"
    assert "could be made from iperf/client-1@worker-1" in verdict.sentence


def test_the_worst_pod_speaks() -> None:
    verdict = _judge((*attempts({5}, 60), *attempts(set(range(5, 25)), 60, src="iperf/client-1")))
    assert (verdict.outcome, verdict.found) == ("failed", "20 s")
    assert "iperf/client-1@worker-1" in verdict.sentence
    assert "Of 1 other pair none failed too." in verdict.sentence


def test_of_parallel_requests_one_reply_is_enough() -> None:
    one = attempts({10, 11, 12}, 60, probe="ping")
    other = attempts({11}, 60, probe="ping")
    assert _judge((*one, *other)).found == "1 s"


def test_no_rows_are_inconclusive() -> None:
    assert _judge(()).outcome == "inconclusive"
    assert _judge(attempts(set(), 20), after_s=40).outcome == "inconclusive"


def test_a_download_that_is_over_leaves_nothing_open() -> None:
    from dataclasses import replace

    done = replace(BULK, size_bytes=1e6)
    (found,) = outages(done, rates([1e6] * 8), 0.0, 60.0)
    assert found.possible_s == 0.0
    (unsized,) = outages(BULK, rates([1e6] * 8), 0.0, 60.0)
    assert unsized.possible_s == 52.0


def test_the_interval_is_the_one_really_seen() -> None:
    (found,) = outages(PING, attempts({8, 9}, 240, interval_s=0.25), 0.0, 60.0)
    assert (found.resolution_s, found.length_s, found.start_s) == (0.25, 0.5, 2.0)
