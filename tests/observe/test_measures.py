"""A run in a few figures: which rows count, what warm-up takes, how pods add up."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from kubeslice_sim.model.document import ObjectMeta
from kubeslice_sim.model.scenario import Scenario, ScenarioSpec, TimelineStep, Traffic
from kubeslice_sim.model.world import World
from kubeslice_sim.observe.measure import statistic_of
from kubeslice_sim.observe.measures import Measure, measures
from kubeslice_sim.observe.observation import Observation, Outcome
from kubeslice_sim.observe.run import Run
from kubeslice_sim.observe.verdict import Verdict

BULK = Traffic(name="bulk", kind="tcp", from_="a/x", to="b", duration_s=20.0)
PING = Traffic(name="ping", kind="ping", from_="a/x", to="b")


def row(metric: str, value: float, at_s: float, probe: str = "bulk", src: str = "a/x-0", outcome: Outcome = "ok",
        seq: int = 0) -> Observation:  # fmt: skip
    return Observation(at_s=at_s, probe=probe, seq=seq, metric=metric, value=value, outcome=outcome, src=src, dst="b",
                       src_cluster="w")  # fmt: skip


def rates(*values: float, src: str = "a/x-0") -> list[Observation]:
    return [row("rate_bps", value, place + 1.0, src=src, seq=place) for place, value in enumerate(values)]


def measured(
    rows: list[Observation], traffic: Traffic, verdicts: tuple[Verdict, ...] = (), **spec: Any
) -> list[Measure]:
    scenario = Scenario(metadata=ObjectMeta(name="s"), spec=ScenarioSpec(duration_s=20.0, traffic=(traffic,), **spec))
    run = Run(run_id="r", backend="sim", world=World(), scenario=scenario, seed=1, observations=tuple(rows))
    return list(measures(run, verdicts))


def test_a_steady_series_loses_its_ramp() -> None:
    (found,) = measured(rates(1, 3, *[10] * 18), BULK)
    assert (found.metric, found.value, found.count, found.dropped, found.settled) == ("rate_bps", 10.0, 18, 2, True)
    assert found.unit == "bit/s"


def test_the_scenarios_own_warm_up_goes_before_the_rule() -> None:
    (found,) = measured(rates(1, 3, *[10] * 18), BULK, warm_up_s=1.0)
    assert (found.value, found.count, found.dropped) == (pytest.approx(183 / 19), 19, 1)
    (found,) = measured(rates(1, 3, *[10] * 18), BULK, warm_up_s=0.0)
    assert (found.count, found.dropped) == (20, 0)


@pytest.mark.parametrize("spec", [{"timeline": (TimelineStep(at_s=5.0, restore="all"),)}, {}])
def test_what_has_no_steady_state_counts_whole(spec: dict[str, Any]) -> None:
    traffic = BULK if spec else Traffic(name="bulk", kind="tcp", from_="a/x", to="b", size_bytes=1e6)
    found = measured(rates(1, 3, *[10] * 18), traffic, **spec)[0]
    assert (found.count, found.dropped) == (20, 0)


def test_the_pods_of_a_traffic_add_up() -> None:
    (found,) = measured(rates(*[10] * 20) + rates(*[5] * 20, src="a/x-1"), BULK)
    assert (found.value, found.count) == (15.0, 20)


def test_times_are_of_who_was_answered() -> None:
    rows = [row("reachable", float(place != 3), place, "ping", seq=place, outcome="ok" if place != 3 else "timeout")
            for place in range(5)]  # fmt: skip
    rows += [row("rtt_s", 0.01 * (place + 1), place, "ping", seq=place) for place in range(5) if place != 3]
    rows.append(row("reachable", 0.0, 5.0, "ping", seq=5, outcome="failed_to_probe"))
    found = {(item.metric, item.statistic): item for item in measured(rows, PING)}
    assert found["reachable", "mean"].value == 0.8
    assert found["rtt_s", "mean"].value == pytest.approx(0.0275)
    assert found["rtt_s", "median"].value == pytest.approx(0.025)
    assert found["rtt_s", "p99"].count == 4
    assert found["rtt_s", "p99"].settled  # too few to say anything against them


def test_requests_that_all_went_well_had_no_errors() -> None:
    load = Traffic(name="web", kind="http", from_="a/x", to="b:80", requests_per_second=1.0)
    found = {item.metric: item for item in measured([row("requests", 20, 20.0, probe="web")], load)}
    assert [(found[name].value, found[name].statistic) for name in ("requests", "errors", "unfinished")] == [
        (20, "total"), (0.0, "total"), (0.0, "total"),
    ]  # fmt: skip
    assert "retransmits" not in found


def test_with_a_timeline_the_longest_outage_is_told() -> None:
    outcomes: list[Outcome] = ["timeout" if 5 <= place < 9 else "ok" for place in range(20)]
    rows = [row("reachable", float(outcome == "ok"), place, "ping", seq=place, outcome=outcome)
            for place, outcome in enumerate(outcomes)]  # fmt: skip
    found = {item.metric: item for item in measured(rows, PING, timeline=(TimelineStep(at_s=5.0, restore="all"),))}
    assert (found["outage_s"].value, found["outage_s"].unit) == (4.0, "s")


def test_verdicts_count_and_open_ones_do_not() -> None:
    verdicts = tuple(
        Verdict(name=name, kind="metric", outcome=outcome, sentence="", expected="", found="")
        for name, outcome in (("good", "passed"), ("bad", "failed"), ("open", "inconclusive"))
    )
    found = measured([row("ready_s", 3.0, 0.0, "ready"), row("ready_s", 4.0, 0.0, "ready")], BULK, verdicts)
    assert [(item.probe, item.metric, item.value) for item in found] == [
        ("ready", "ready_s", 4.0), ("expect/good", "passed", 1.0), ("expect/bad", "passed", 0.0),
    ]  # fmt: skip


def test_totals_are_of_the_whole_run() -> None:
    rows = [row("received_bytes", 100.0, 20.0), row("received_bytes", 50.0, 20.0, src="a/x-1")]
    (found,) = measured(rows, BULK, warm_up_s=5.0)
    assert found.value == 150.0


def latencies(at_s: float, *counted: tuple[float, int]) -> list[Observation]:
    return [
        replace(row("latency_s", value, at_s, seq=int(100 * at_s) + place), detail=f"{count} packets")
        for place, (value, count) in enumerate(counted)
    ]


@pytest.mark.parametrize("given", [{"warm_up_s": 2.0}, {"timeline": (TimelineStep(at_s=5.0, restore="all"),)}])
def test_latencies_are_those_of_the_packets_after_the_warm_up(given: dict[str, Any]) -> None:
    rows = [*latencies(1.0, (9.0, 1000)), *latencies(2.0, (9.0, 1000))]
    for second in range(3, 21):
        rows += latencies(float(second), (0.010, 900), (0.020, 90), (0.030, 10))
    found = {item.statistic: item for item in measured(rows, BULK, **given)}
    whole = "timeline" in given
    assert found["p99"].count + found["p99"].dropped == 20_000
    assert found["p99"].dropped == (0 if whole else 2000)
    assert found["median"].value == 0.010
    assert found["p95"].value == (9.0 if whole else 0.020)
    if not whole:
        assert found["p99"].value == pytest.approx(0.020, rel=0.01)  # the first of the last hundredth is 0.030
        assert found["mean"].value == pytest.approx(0.0111)


def test_a_steady_latency_loses_its_ramp() -> None:
    rows = latencies(1.0, (9.0, 10)) + latencies(2.0, (5.0, 10))
    rows += [item for second in range(3, 21) for item in latencies(float(second), (0.01, 500))]
    found = {item.statistic: item for item in measured(rows, BULK)}
    assert (found["mean"].value, found["mean"].dropped, found["mean"].settled) == (pytest.approx(0.01), 20, True)


def test_percentiles_of_counted_values_are_those_of_the_values_one_by_one() -> None:
    dice = random.Random(3)
    counted = [(dice.expovariate(1.0), dice.randint(1, 40)) for _ in range(300)]
    values, counts = zip(*counted, strict=True)
    single = [value for value, count in counted for _ in range(count)]
    for name in ("mean", "median", "min", "max", "p90", "p95", "p99", "p999"):
        assert statistic_of(name, values, counts) == pytest.approx(statistic_of(name, single), rel=1e-12)


def test_a_time_is_never_better_than_what_was_waited_for() -> None:
    load = Traffic(name="web", kind="http", from_="a/x", to="b:80", requests_per_second=1.0)
    served = [row("request_s", 1.0 + place / 10, float(place), probe="web", seq=place) for place in range(11)]
    waiting = [row("unfinished_s", age_s, 20.0 - age_s, probe="web", seq=11) for age_s in (0.5, 8.0, 9.0)]
    total = row("unfinished", 3, 20.0, probe="web")
    values = {(item.metric, item.statistic): item.value for item in measured([*served, *waiting, total], load)}
    alone = {(item.metric, item.statistic): item.value for item in measured(served, load, warm_up_s=0.0)}
    assert values["unfinished", "total"] == 3
    assert alone["request_s", "mean"] == 1.5 and alone["request_s", "p95"] < 2.0
    given = {
        (item.metric, item.statistic): item.value for item in measured([*served, *waiting, total], load, warm_up_s=0.0)
    }
    assert given["request_s", "mean"] == pytest.approx((1.5 * 11 + 17.0) / 13)  # what waited longer than the mean
    assert given["request_s", "p95"] > 8.0


def test_shared_parts_have_their_mean_and_greatest_whatever_is_told_of_them() -> None:
    def part(metric: str, value: float, at_s: float, name: str = "shaper") -> Observation:
        return row(metric, value, at_s, probe="resources", src=name)

    rows = [part("utilisation", value, place + 1.0) for place, value in enumerate((0.0, 0.5, 1.0))]
    rows += [part("drops", 3.0, 1.0), part("drops", 4.0, 2.0), part("queue_bytes", 1500.0, 3.0, "a nic")]

    def found(**spec: Any) -> dict[tuple[str, str, str], float]:
        return {(item.probe, item.metric, item.statistic): item.value for item in measured(rows, BULK, **spec)}

    assert found() == {
        ("resources/a nic@w", "queue_bytes", "mean"): 1500.0, ("resources/a nic@w", "queue_bytes", "max"): 1500.0,
        ("resources/shaper@w", "drops", "total"): 7.0, ("resources/shaper@w", "utilisation", "mean"): 0.5,
        ("resources/shaper@w", "utilisation", "max"): 1.0,
    }  # fmt: skip
    later = found(warm_up_s=1.0)
    assert (later["resources/shaper@w", "drops", "total"], later["resources/shaper@w", "utilisation", "mean"]) == (
        4,
        0.75,
    )


def test_requests_without_an_answer_are_a_share() -> None:
    load = Traffic(name="web", kind="http", from_="a/x", to="b:80", requests_per_second=1.0)

    def share(errors: float) -> float:
        rows = [row("requests", 30.0, 20.0, probe="web"), row("errors", errors, 20.0, probe="web")]
        (found,) = [item for item in measured(rows, load) if item.metric == "failed_ratio"]
        assert found.unit == "1"
        return found.value

    assert (share(10.0), share(0.0)) == (0.25, 0.0)
    assert not [item for item in measured(rates(1, 2), BULK) if item.metric == "failed_ratio"]
