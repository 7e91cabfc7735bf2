from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeslice_sim.model.scenario import Fault, ScenarioSpec, TimelineStep
from kubeslice_sim.observe import Compared, Tolerances, compare
from kubeslice_sim.observe.frames import COMPARISON_SCHEMA
from kubeslice_sim.observe.observation import Observation
from tests.observe.rows import attempts, observations, rates, row, run, scenario

Rows = tuple[Observation, ...]


def _of(a: Rows, b: Rows, what: str, **more: Any) -> list[Compared]:
    return [item for item in compare(run(a), run(b, backend="emulator"), **more).rows if item.what == what]


def _one(a: Rows, b: Rows, what: str, **more: Any) -> Compared:
    (found,) = _of(a, b, what, **more)
    return found


def _rtt(*values: float) -> Rows:
    return tuple(row("rtt_s", float(index), value, seq=index) for index, value in enumerate(values))


def test_reachable_alike_and_not() -> None:
    reached, lost = attempts(set(), 10), attempts(set(range(10)), 10)
    assert _one(reached, reached, "reachable").outcome == "same"
    assert _one(lost, lost, "reachable").outcome == "same"
    found = _one(reached, lost, "reachable")
    assert (found.outcome, found.a, found.b, found.difference) == ("differs", "yes", "no", "yes / no")


def test_a_lost_packet_or_a_slow_start_is_no_difference() -> None:
    assert _one(attempts(set(), 10), attempts({0, 1, 2, 7}, 10), "reachable").outcome == "same"


def test_what_could_not_be_probed_is_no_agreement() -> None:
    silent = tuple(replace(item, outcome="failed_to_probe", detail="no pod") for item in attempts(set(), 3))
    comparison = compare(run(silent), run(silent))
    assert (comparison.outcome, comparison.exit_code) == ("not comparable", 4)
    assert {item.note for item in comparison.rows if item.what == "reachable"} == {"A: no pod; B: no pod"}
    assert compare(run(attempts(set(), 3)), run(silent)).exit_code == 4


def test_a_probe_of_one_run_only_is_told() -> None:
    comparison = compare(run(attempts(set(), 60)), run((*attempts(set(), 60), row("reachable", 0.0, probe="more"))))
    assert [(item.probe, item.note) for item in comparison.rows if item.outcome == "not comparable"] == [
        ("more", "A: not measured")
    ]
    assert comparison.exit_code == 4, "of that probe nobody knows whether the runs agree"


def test_nothing_at_all_is_not_the_same() -> None:
    assert compare(run(()), run(())).exit_code == 4


@pytest.mark.parametrize(
    ("a", "b", "outcome"),
    [
        ("p-0@w,p-1@w", "p-1@w, p-0@w", "same"),
        ("p-0@w,p-1@w", "p-0@w,p-2@w", "differs"),
        ("10.1.0.5,p-0@w", "10.1.64.9,p-0@w", "same"),
        ("10.1.0.5,10.1.0.6", "p-0@w,p-1@w", "differs"),
    ],
)
def test_answers_are_sets_of_names_and_never_addresses(a: str, b: str, outcome: str) -> None:
    found = _one((row("answers", 0.0, 2, detail=a),), (row("answers", 0.0, 2, detail=b),), "DNS answers")
    assert found.outcome == outcome


def test_answers_differ_in_their_number() -> None:
    two = (row("answers", 0.0, 2, detail="p-0@w,p-1@w"),)
    one = (row("answers", 0.0, 1, detail="p-0@w"),)
    assert _one(two, one, "DNS answers").difference == "only in A: p-1@w"
    none, silence = (row("answers", 0.0, 0),), (row("answers", 0.0, 0, "timeout"),)
    assert _one(none, silence, "DNS answers").outcome == "differs"


def test_a_lost_reply_is_no_other_answer() -> None:
    asked = [row("answers", at_s, 2, detail="p-0@w,p-1@w") for at_s in (0.0, 1.0, 2.0)]
    lost = row("answers", 3.0, 0, "timeout")
    assert _one((*asked, replace(lost, value=2, outcome="ok", detail="p-0@w,p-1@w")), (*asked, lost), "DNS answers"
                ).outcome == "same"  # fmt: skip
    gone = [row("answers", at_s, 0, "timeout") for at_s in (2.0, 3.0)]
    assert _one(asked, (*asked[:2], *gone), "DNS answers").outcome == "differs"


@pytest.mark.parametrize(
    ("a_s", "b_s", "outcome"),
    [
        (0.100, 0.110, "same"), (0.110, 0.100, "same"), (0.100, 0.111, "differs"), (0.111, 0.100, "differs"),
        (0.0002, 0.0012, "same"), (0.0002, 0.0013, "differs"),
    ],
)  # fmt: skip
def test_median_rtt_within_a_tenth_or_a_millisecond(a_s: float, b_s: float, outcome: str) -> None:
    # One outlier in three moves a mean and no median.
    assert _one(_rtt(a_s, a_s, 9.0), _rtt(b_s, b_s, 0.0), "median RTT").outcome == outcome


def test_the_difference_is_told_with_its_tolerance() -> None:
    found = _one(_rtt(0.1), _rtt(0.12), "median RTT")
    assert (found.a, found.b, found.difference, found.tolerance) == ("100 ms", "120 ms", "+20 ms (+20.0%)", "± 10 ms")
    assert _one(_rtt(0.1), _rtt(0.12), "median RTT", tolerances=Tolerances(rtt_ratio=0.2)).outcome == "same"


def test_the_ramp_up_and_what_only_one_run_has_are_left_out_of_the_rate() -> None:
    slow_start = rates([1e6, 2e6, 3e6, *[30e6] * 20])
    at_once = rates([30e6] * 15)
    assert _one(slow_start, at_once, "mean rate").difference == "0 bit/s (+0.0%)"
    longer = rates([*[30e6] * 15, *[60e6] * 20])
    assert _one(at_once, longer, "mean rate").outcome == "same"
    assert _one(at_once, rates([26e6] * 15), "mean rate").outcome == "differs"
    short = _one(rates([30e6] * 2), at_once, "mean rate")
    assert (short.outcome, short.note) == (
        "not comparable", "A: no rate beyond the ramp-up of 3 s; B: no rate beyond the ramp-up of 3 s"
    )  # fmt: skip


def test_the_rest_of_an_interval_at_the_end_of_a_flow_is_no_rate() -> None:
    rest = row("rate_bps", 15.06, 12e6, seq=15, probe="bulk", dst="server.iperf.svc.slice.local:5201")
    found = _one((*rates([30e6] * 15), rest), rates([30e6] * 20), "mean rate")
    assert found.difference == "0 bit/s (+0.0%)"


def test_an_outage_counts_as_outage_not_as_a_low_rate() -> None:
    a = rates([30e6] * 20 + [12e6] + [0.0] * 8 + [9e6] + [30e6] * 30)
    b = rates([30e6] * 20 + [3e6] + [0.0] * 10 + [30e6] * 29)
    assert _one(a, b, "mean rate").difference == "0 bit/s (+0.0%)"
    outage = _one(a, b, "outage")
    assert (outage.outcome, outage.a, outage.b, outage.tolerance) == ("same", "8 s", "10 s", "± 2 s")
    assert _one(a, rates([30e6] * 20 + [0.0] * 20 + [30e6] * 20), "outage").outcome == "differs"


def test_an_outage_that_may_hide_where_nobody_looked_is_not_comparable() -> None:
    assert _one(attempts(set(), 60), attempts(set(), 30), "outage").outcome == "not comparable"


def test_each_phase_of_the_timeline_stands_by_itself() -> None:
    cut = scenario()
    step = TimelineStep(at_s=30.0, fault=Fault(kill="dns", cluster="worker-1"))
    cut = replace(cut, spec=replace(cut.spec, timeline=(step,)))
    always, until = attempts(set(), 60), attempts(set(range(33, 60)), 60)
    found = [item for item in compare(run(always, cut), run(until, cut)).rows if item.what == "reachable"]
    assert [(item.phase, item.outcome) for item in found] == [("before 30 s", "same"), ("from 30 s on", "differs")]


def test_pods_of_one_name_in_two_clusters_are_two() -> None:
    here = attempts(set(), 4, dst="iperf/server-0", dst_cluster="worker-1")
    there = attempts({0, 1, 2, 3}, 4, dst="iperf/server-0", dst_cluster="worker-2")
    assert [(item.dst, item.a) for item in _of((*here, *there), (*here, *there), "reachable")] == [
        ("iperf/server-0@worker-1", "yes"), ("iperf/server-0@worker-2", "no")
    ]  # fmt: skip


def test_different_scenarios_are_noted() -> None:
    other = replace(scenario(), spec=ScenarioSpec(duration_s=5.0))
    assert "different scenarios" in compare(run(()), run((), other)).notes[0]


def test_names_of_runs_of_one_back_end_differ() -> None:
    comparison = compare(run(()), run(()))
    assert (comparison.name_a, comparison.name_b) == ("sim A", "sim B")


def test_the_frame_has_its_columns_even_when_empty() -> None:
    for comparison in (compare(run(()), run(())), compare(run(attempts(set(), 5)), run(attempts(set(), 5)))):
        assert {key: str(value) for key, value in comparison.frame().dtypes.items()} == COMPARISON_SCHEMA
        assert len(comparison.frame()) == len(comparison.rows)


@given(st.lists(observations, max_size=20))
def test_a_run_is_the_same_as_itself(rows: list[Observation]) -> None:
    made = run(tuple(rows))
    comparison = compare(made, made)
    assert comparison.count()["differs"] == 0
    assert all(item.note for item in comparison.rows if item.outcome == "not comparable")
    probes = {item.probe for item in comparison.rows}
    agreed = {item.probe for item in comparison.rows if item.outcome == "same"}
    assert (comparison.outcome == "same") == (bool(probes) and probes == agreed)
    said = {item.probe for item in rows if item.metric == "reachable" and item.outcome in ("ok", "blocked", "timeout")
            and item.probe and abs(item.at_s) < 1e300}  # fmt: skip
    assert said <= agreed


@given(st.lists(observations, max_size=12), st.lists(observations, max_size=12))
def test_which_run_comes_first_does_not_matter(a: list[Observation], b: list[Observation]) -> None:
    there, back = compare(run(tuple(a)), run(tuple(b))), compare(run(tuple(b)), run(tuple(a)))
    assert [item.outcome for item in there.rows] == [item.outcome for item in back.rows]


@given(st.lists(observations, max_size=12))
def test_silent_probes_never_agree(rows: list[Observation]) -> None:
    silent = run(tuple(replace(item, outcome="unsupported") for item in rows))
    assert compare(silent, silent).outcome == "not comparable"


def _load(per_second: list[float], answered: float = 0.0, failed: float = 0.0) -> Rows:
    shown = [row("requests_per_s", place + 1.0, value, seq=place) for place, value in enumerate(per_second)]
    return (*shown, row("requests", 60.0, answered or sum(per_second)), row("errors", 60.0, failed))


def test_requests_a_second_are_compared_while_they_are_answered() -> None:
    steady, slower = _load([3.0, *[10.0] * 20]), _load([10.0] * 21)
    assert _one(steady, slower, "requests a second").outcome == "same"
    assert _one(steady, _load([7.0] * 21), "requests a second").outcome == "differs"
    cut = _load([10.0] * 8 + [4.0, 0.0, 0.0, 36.0] + [10.0] * 9)
    assert _one(steady, cut, "requests a second").a == _one(steady, cut, "requests a second").b == "10 /s"
    assert _one(_load([0.0] * 9), _load([10.0] * 9), "requests a second").outcome == "differs"


def test_the_share_of_failed_requests_is_compared() -> None:
    assert _one(_load([10.0] * 9, 90, 10), _load([10.0] * 9, 88, 12), "failed requests").outcome == "same"
    found = _one(_load([10.0] * 9, 100, 0), _load([10.0] * 9, 80, 20), "failed requests")
    assert (found.outcome, found.a, found.b) == ("differs", "0 %", "20 %")


def _busy(name: str, *values: float) -> Rows:
    return tuple(
        row("utilisation", index + 1.0, value, seq=index, probe="resources", src=name, dst="")
        for index, value in enumerate(values)
    )  # fmt: skip


def test_parts_of_one_kind_are_compared_together_and_only_where_both_runs_measured_them() -> None:
    a = (*_busy("tunnel/gw-0", 0.9, 0.9), *_busy("tunnel/gw-1", 0.0, 0.0), *_busy("cpu/gw-0", 0.1, 0.1))
    b = (*_busy("tunnel/gw-0", 0.0, 0.1), *_busy("tunnel/gw-1", 0.85, 0.8))
    found = _one(a, b, "utilisation, all together")
    assert (found.probe, found.src, found.outcome) == ("resources", "tunnel", "same")
    assert (found.value_a, found.value_b) == (pytest.approx(0.9), pytest.approx(0.875))
    assert _one(a, _busy("tunnel/gw-1", 0.7, 0.7), "utilisation, all together").outcome == "differs"
    assert compare(run(a), run((*b, *_busy("nic/node/out", 1.0)))).exit_code == 0
