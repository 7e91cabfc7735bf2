from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeslice_sim.model.scenario import Expectation, Outage, Reach, Resolve
from kubeslice_sim.observe import exit_code, judge, overall
from kubeslice_sim.observe.observation import Observation
from kubeslice_sim.observe.probe import Probe
from kubeslice_sim.observe.verdict import Verdict
from tests.observe.rows import CLIENT, SERVER, attempts, observations, rates, row, scenario

REACH = Reach(from_=CLIENT, to=SERVER)


def _judge(rows: tuple[Observation, ...], **expectation: Any) -> Verdict:
    implied = not {"metric", "outage"} & expectation.keys()
    own = tuple(replace(item, probe="expect/it") if implied and item.probe == "ping" else item for item in rows)
    return judge(scenario(Expectation(name="it", **expectation)), own)[0]


class TestReach:
    def test_reached_in_time(self) -> None:
        verdict = _judge(attempts({0, 1}, 5), reach=REACH, by_s=3.0)
        assert (verdict.outcome, verdict.found, verdict.at_s) == ("passed", "at 2 s", 2.0)
        assert verdict.sentence == f"iperf/client-0@worker-1 reached {SERVER} at 2 s (limit 3 s)."
        assert [item.at_s for item in verdict.evidence] == [2.0]

    def test_reached_too_late(self) -> None:
        verdict = _judge(attempts({0, 1, 2, 3}, 6), reach=REACH, by_s=3.0)
        assert (verdict.outcome, verdict.found) == ("failed", "at 4 s")

    def test_never_reached(self) -> None:
        verdict = _judge(attempts(set(range(5)), 5), reach=REACH)
        assert (verdict.outcome, verdict.found) == ("failed", "timeout")

    def test_not_probed_is_not_blocked(self) -> None:
        rows = (row("reachable", 0.0, 0.0, "failed_to_probe", detail="no such pod"),)
        verdict = _judge(rows, reach=REACH)
        assert verdict.outcome == "inconclusive"
        assert "no such pod" in verdict.sentence
        assert _judge((), reach=REACH).outcome == "inconclusive"

    def test_a_probe_that_broke_before_the_limit_leaves_it_open(self) -> None:
        rows = (*attempts({0, 1}, 2), row("reachable", 2.0, 0.0, "failed_to_probe"))
        assert _judge(rows, reach=REACH, by_s=10.0).outcome == "inconclusive"
        assert _judge((*rows, row("reachable", 3.0)), reach=REACH, by_s=10.0).outcome == "passed"

    @pytest.mark.parametrize("kind", ["reach", "no_reach"])
    def test_a_planned_pair_without_a_row_leaves_it_open(self, kind: str) -> None:
        lost = set() if kind == "reach" else {0, 1}
        rows = tuple(replace(item, probe="expect/it") for item in attempts(lost, 2))
        asked = Expectation(name="it", **{kind: REACH})
        planned = [
            Probe(name="expect/it", kind="ping", source=f"iperf/client-{number}@worker-1", target=SERVER,
                  origin="expectation")
            for number in range(2)
        ]  # fmt: skip
        assert judge(scenario(asked), rows, planned[:1])[0].outcome == "passed"
        (verdict,) = judge(scenario(asked), rows, planned)
        assert verdict.outcome == "inconclusive"
        assert "iperf/client-1@worker-1" in verdict.sentence

    def test_every_pod_must_reach(self) -> None:
        rows = (*attempts(set(), 3), *attempts({0, 1, 2}, 3, src="iperf/client-1"))
        verdict = _judge(rows, reach=REACH)
        assert (verdict.outcome, verdict.evidence_count) == ("failed", 3)
        assert "client-1" in verdict.sentence

    def test_every_target_must_be_reached(self) -> None:
        pods = (("iperf/server-0", "worker-2"), ("iperf/server-0", "worker-3"))
        rows = [row("reachable", 0.0, dst=dst, dst_cluster=cluster, probe="expect/it") for dst, cluster in pods]
        assert _judge(tuple(rows), reach=REACH).outcome == "passed"
        rows[1] = replace(rows[1], value=0.0, outcome="timeout")
        verdict = _judge(tuple(rows), reach=REACH)
        assert verdict.outcome == "failed"
        assert "never reached iperf/server-0@worker-3" in verdict.sentence

    def test_behind_a_name_any_cluster_may_answer(self) -> None:
        rows = (row("reachable", 0.0, 0.0, "timeout", dst_cluster="worker-2", probe="expect/it"),
                row("reachable", 1.0, dst_cluster="worker-3", probe="expect/it"))  # fmt: skip
        assert _judge(rows, reach=REACH).outcome == "passed"

    def test_only_its_own_probe_speaks(self) -> None:
        assert _judge(attempts(set(), 3, probe="expect/other"), reach=REACH).outcome == "inconclusive"


class TestNoReach:
    def test_all_blocked(self) -> None:
        verdict = _judge(attempts(set(range(4)), 4), no_reach=REACH)
        assert (verdict.outcome, verdict.found, verdict.evidence_count) == ("passed", "timeout", 4)

    def test_one_that_got_through_fails_it(self) -> None:
        verdict = _judge(attempts({0, 1, 3}, 4), no_reach=REACH)
        assert (verdict.outcome, verdict.found) == ("failed", "reached at 2 s")

    def test_an_attempt_not_made_is_no_proof(self) -> None:
        rows = (*attempts({0, 1}, 2), row("reachable", 2.0, 0.0, "failed_to_probe"))
        assert _judge(rows, no_reach=REACH).outcome == "inconclusive"
        assert _judge((), no_reach=REACH).outcome == "inconclusive"
        assert _judge((row("reachable", 0.0, 0.0, "unsupported"),), no_reach=REACH).outcome == "inconclusive"

    def test_one_that_got_through_outweighs_one_not_made(self) -> None:
        rows = (*attempts({0}, 2), row("reachable", 2.0, 0.0, "failed_to_probe"))
        assert _judge(rows, no_reach=REACH).outcome == "failed"


class TestResolves:
    WANTED = Resolve(from_=CLIENT, name=SERVER, answers=2)

    def test_the_right_number_in_time(self) -> None:
        rows = (row("answers", 0.0, 1), row("answers", 1.0, 2, detail="server-0, server-1"))
        verdict = _judge(rows, resolves=self.WANTED, by_s=5.0)
        assert (verdict.outcome, verdict.found, verdict.at_s) == ("passed", "2 addresses", 1.0)
        assert "server-0, server-1" in verdict.sentence

    def test_the_wrong_number(self) -> None:
        verdict = _judge((row("answers", 0.0, 1),), resolves=self.WANTED)
        assert (verdict.outcome, verdict.found) == ("failed", "1 address")

    def test_too_late(self) -> None:
        rows = (row("answers", 0.0, 0), row("answers", 9.0, 2))
        assert _judge(rows, resolves=self.WANTED, by_s=5.0).outcome == "failed"

    @pytest.mark.parametrize("outcome", ["ok", "blocked"])
    def test_a_name_that_should_not_exist(self, outcome: str) -> None:
        rows = (row("answers", 0.0, 0, outcome),)
        none = Resolve(from_=CLIENT, name=SERVER, answers=0)
        assert _judge(rows, resolves=none).outcome == "passed"
        assert _judge(rows, resolves=Resolve(from_=CLIENT, name=SERVER)).outcome == "failed"

    def test_silence_is_not_a_no(self) -> None:
        none = Resolve(from_=CLIENT, name=SERVER, answers=0)
        assert _judge((row("answers", 0.0, 0, "timeout"),), resolves=none).outcome == "failed"
        assert _judge((row("answers", 0.0, 0, "failed_to_probe"),), resolves=none).outcome == "inconclusive"


class TestMetric:
    @pytest.mark.parametrize(
        ("statistic", "limits", "outcome", "found"),
        [
            ("mean", {"between": ("15Mbit", "16Mbit")}, "passed", "15.5 Mbit/s"),
            ("median", {"at_least": "15.5Mbit"}, "passed", "15.5 Mbit/s"),
            ("min", {"at_least": "11Mbit"}, "failed", "10.5 Mbit/s"),
            ("max", {"at_most": "20500kbit"}, "passed", "20.5 Mbit/s"),
            ("last", {"at_most": "20Mbit"}, "failed", "20.5 Mbit/s"),
            ("p95", {"at_most": "20Mbit", "at_least": "1bit"}, "passed", "20 Mbit/s"),
        ],
    )
    def test_statistics_and_limits(self, statistic: Any, limits: dict[str, Any], outcome: str, found: str) -> None:
        # Ends of intervals at 1, 2 … 30 s; the window holds those that lie wholly in 10 … 21 s: 10.5 … 20.5 Mbit/s.
        rows = rates([(at - 0.5) * 1e6 for at in range(1, 31)])
        verdict = _judge(rows, metric="rate_bps", traffic="bulk", statistic=statistic, window=(10.0, 21.0), **limits)
        assert (verdict.outcome, verdict.found) == (outcome, found)
        assert verdict.evidence_count == 11

    def test_real_intervals_are_a_little_late(self) -> None:
        rows = rates([10e6] * 30, first_s=1.002)
        verdict = _judge(rows, metric="rate_bps", traffic="bulk", window=(10.0, 20.0), at_least="9Mbit")
        assert verdict.evidence_count == 10

    def test_the_rest_of_an_interval_does_not_count(self) -> None:
        rest = row("rate_bps", 5.06, 1e6, seq=5, probe="bulk", dst=f"{SERVER}:5201")
        rows = (*rates([10e6] * 5), rest)
        assert _judge(rows, metric="rate_bps", traffic="bulk", statistic="min", at_least="9Mbit").outcome == "passed"

    def test_two_pods_of_a_traffic_add_up(self) -> None:
        rows = (*rates([10e6] * 5), *rates([5e6] * 5, src="iperf/client-1"))
        assert _judge(rows, metric="rate_bps", traffic="bulk", at_least="15Mbit").found == "15 Mbit/s"

    def test_lost_attempts_have_no_time(self) -> None:
        answered = tuple(row("rtt_s", float(at), 0.062, seq=at) for at in range(3))
        lost = attempts({3, 4}, 5)[3:]
        verdict = _judge((*answered, *lost), metric="rtt_s", traffic="ping", at_most="68ms")
        assert (verdict.outcome, verdict.found) == ("passed", "62 ms")
        assert verdict.sentence.endswith("over 3 values, within ≤ 68ms; 2 of 5 attempts were not answered.")
        verdict = _judge(lost, metric="rtt_s", traffic="ping", at_most="68ms")
        assert (verdict.outcome, verdict.found) == ("failed", "no answer")

    def test_nothing_measured(self) -> None:
        assert _judge((), metric="rtt_s", traffic="ping", at_most="68ms").outcome == "inconclusive"
        silent = (row("rtt_s", 0.0, 0.0, "unsupported", detail="no ping here"),)
        verdict = _judge(silent, metric="rtt_s", traffic="ping", at_most="68ms")
        assert (verdict.outcome, verdict.evidence) == ("inconclusive", silent)
        assert "no ping here" in verdict.sentence

    def test_a_share_in_percent(self) -> None:
        assert _judge((row("loss_ratio", 1.0, 0.004),), metric="loss_ratio", at_most="1%").found == "0.4 %"


@pytest.mark.parametrize(
    ("outcomes", "worst", "code"),
    [((), "passed", 0), (("passed",), "passed", 0), (("passed", "inconclusive"), "inconclusive", 4),
     (("inconclusive", "failed", "passed"), "failed", 1)],
)  # fmt: skip
def test_the_worst_outcome_counts(outcomes: tuple[Any, ...], worst: str, code: int) -> None:
    verdicts = [Verdict(name="x", kind="reach", outcome=item, sentence="", expected="", found="") for item in outcomes]
    assert (overall(verdicts), exit_code(verdicts)) == (worst, code)


EVERYTHING = scenario(
    Expectation(name="reach", reach=REACH, by_s=5.0),
    Expectation(name="no reach", no_reach=REACH),
    Expectation(name="resolves", resolves=Resolve(from_=CLIENT, name=SERVER)),
    Expectation(name="rate", metric="rate_bps", traffic="bulk", window=(0.0, 30.0), at_most="1Mbit"),
    *(Expectation(name=statistic, metric="rtt_s", statistic=statistic, at_most="1s")  # type: ignore[arg-type]
      for statistic in ("mean", "median", "p95", "p99", "min", "max", "last")),
    Expectation(name="outage", outage=Outage(traffic="ping", after_s=3.0), at_most="1s"),
    Expectation(name="outage of bulk", outage=Outage(traffic="bulk"), at_most="1s"),
)  # fmt: skip


@given(st.lists(observations, max_size=25))
def test_any_rows_can_be_judged(rows: list[Observation]) -> None:
    verdicts = judge(EVERYTHING, rows)
    assert [verdict.name for verdict in verdicts] == [item.name for item in EVERYTHING.spec.expect]
    assert all(verdict.sentence and verdict.found and set(verdict.evidence) <= {*rows} for verdict in verdicts)


@given(st.lists(observations, max_size=10))
def test_probes_that_could_not_be_made_never_pass(rows: list[Observation]) -> None:
    silent = [replace(item, outcome="failed_to_probe") for item in rows]
    assert {verdict.outcome for verdict in judge(EVERYTHING, silent)} == {"inconclusive"}
