"""What a sweep says: frames, means, differences, figures, tables; from runs made by hand, so each value is known."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import pytest
from matplotlib.figure import Figure
from rich.console import Console
from scipy import stats

import kubeslice_sim as ks
from kubeslice_sim.observe.measures import Measure
from kubeslice_sim.sweep import show
from kubeslice_sim.sweep.axis import Axis
from kubeslice_sim.sweep.job import Played
from kubeslice_sim.sweep.plot import positions
from kubeslice_sim.sweep.sweep import Sweep, assembled

RATES = {"20ms": (10e6, 12e6, 14e6), "60ms": (7e6, 9e6, 11.5e6)}


def run(variant: int, replication: int, rate_bps: float, passed: float = 1.0) -> Played:
    found = (
        Measure(probe="ready", metric="ready_s", statistic="max", value=4.0),
        Measure(probe="bulk", metric="rate_bps", statistic="mean", value=rate_bps, count=10),
        Measure(probe="expect/fast", metric="passed", statistic="mean", value=passed),
    )
    return Played(key=f"{variant}/{replication}", variant=variant, replication=replication, seed=7 + replication,
                  measures=found)  # fmt: skip


def made(*more: Played) -> Sweep:
    runs = [run(variant, place, rate, float(variant == 0 or place > 0))
            for variant, rates in enumerate(RATES.values()) for place, rate in enumerate(rates)]  # fmt: skip
    return assembled("small", "demo", [Axis(path="underlay.links[a,b].rtt", values=tuple(RATES))],
                     [(value,) for value in RATES], [*reversed(runs), *more])  # fmt: skip


def test_the_frame_of_runs_is_in_order_and_typed() -> None:
    frame = made(Played(key="x", variant=1, replication=3, seed=10, error="boom")).frame()
    assert frame.columns.tolist() == [
        "underlay.links[a,b].rtt", "underlay.links[a,b].rtt [s]", "variant", "replication", "seed", "probe", "metric",
        "statistic", "unit", "value", "count", "dropped", "settled", "memory", "error", "key",
    ]  # fmt: skip
    assert sorted(set(frame["underlay.links[a,b].rtt [s]"])) == [0.02, 0.06]
    assert frame.query("metric == 'rate_bps'")["value"].tolist() == [*RATES["20ms"], *RATES["60ms"]]
    assert {name: str(dtype) for name, dtype in frame.dtypes.items()}["seed"] == "int64"
    last = frame.iloc[-1]
    assert (last["underlay.links[a,b].rtt"], last["error"], last["metric"]) == ("60ms", "boom", "")
    assert math.isnan(last["value"])


def test_the_summary_is_students_interval() -> None:
    row = made().summary(0.9).query("metric == 'rate_bps'").iloc[1]
    low, high = stats.t.interval(0.9, 2, loc=stats.tmean(RATES["60ms"]), scale=stats.sem(RATES["60ms"]))
    assert (row["underlay.links[a,b].rtt"], row["n"], row["unit"]) == ("60ms", 3, "bit/s")
    assert row["mean"] - row["half_width"] == pytest.approx(low)
    assert row["mean"] + row["half_width"] == pytest.approx(high)


def test_a_contrast_is_by_pairs() -> None:
    (row,) = made().contrast().query("metric == 'rate_bps'").to_dict("records")
    _, high = stats.t.interval(0.95, 2, loc=-8.5e6 / 3, scale=stats.sem([-3e6, -3e6, -2.5e6]))
    assert (row["mean"], row["n"]) == (pytest.approx(-8.5e6 / 3), 3)
    assert row["mean"] + row["half_width"] == pytest.approx(high)
    backwards = [mean for mean in made().contrasts(baseline=1) if mean.metric == "rate_bps"]
    assert [(mean.variant, mean.mean) for mean in backwards] == [(0, pytest.approx(8.5e6 / 3))]


@pytest.mark.parametrize(("call", "said"), [
    (lambda sweep: sweep.summary(1.0), "between 0 and 1"),
    (lambda sweep: sweep.contrasts(2), "no variant 2"),
    (lambda sweep: sweep.plot("rate"), "rate_bps"),
    (lambda sweep: sweep.plot("rate_bps", probe="ping"), "no run measured rate_bps of ping"),
])  # fmt: skip
def test_questions_that_have_no_answer(call: Any, said: str) -> None:
    with pytest.raises(ks.BadInput, match=said):
        call(made())


def test_one_run_and_yes_or_no_have_no_interval() -> None:
    alone = assembled("small", "demo", [], [()], [run(0, 0, 1e6)])
    assert all(math.isnan(mean.half_width) for mean in alone.means())
    passed = [mean for mean in made().means() if mean.metric == "passed"]
    assert [mean.mean for mean in passed] == [1.0, pytest.approx(2 / 3)]
    assert all(math.isnan(mean.half_width) for mean in passed)


def test_the_figure_shows_means_and_intervals() -> None:
    figure = made().plot()
    assert isinstance(figure, Figure)
    (axes,) = figure.axes
    line, _, (bars,) = axes.containers[0].lines
    assert line.get_xdata().tolist() == [0.02, 0.06]
    assert line.get_ydata().tolist() == [12e6, pytest.approx(27.5e6 / 3)]
    half = made().means()[1].half_width
    assert bars.get_segments()[0][:, 1].tolist() == [pytest.approx(12e6 - half), pytest.approx(12e6 + half)]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["20ms", "60ms"]


def test_two_fields_make_a_map() -> None:
    axes = [Axis(path="a.x", values=(2, 4)), Axis(path="b.y", values=("p", "q", "r"), group=1)]
    variants = [(x, y) for x in (2, 4) for y in "pqr"]
    sweep = assembled("small", "demo", axes, variants, [run(place, 0, 1e6 * place) for place in range(6)])
    (drawn,) = sweep.plot().axes
    assert drawn.images[0].get_array().tolist() == [[0.0, 1e6, 2e6], [3e6, 4e6, 5e6]]
    three = [*axes, Axis(path="c.z", values=(1, 2), group=2)]
    with pytest.raises(ks.BadInput, match="one varied field or two, not 3"):
        assembled("small", "demo", three, [(2, "p", 1)], [run(0, 0, 1.0)]).plot()


def test_one_of_two_fields_makes_a_line_of_each_of_the_others() -> None:
    axes = [Axis(path="a.x", values=(2, 4)), Axis(path="b.y", values=("p", "q"), group=1)]
    variants = [(x, y) for x in (2, 4) for y in "pq"]
    sweep = assembled("small", "demo", axes, variants, [run(place, 0, 1e6 * place) for place in range(4)])
    (drawn,) = sweep.plot(against="x").axes
    assert [line.lines[0].get_ydata().tolist() for line in drawn.containers] == [[0.0, 2e6], [1e6, 3e6]]
    assert [text.get_text() for text in drawn.get_legend().get_texts()] == ["y p", "y q"]
    with pytest.raises(ks.BadInput, match="no field 'z' varies"):
        sweep.plot(against="z")


def test_fields_that_change_together_are_one_line() -> None:
    axes = [Axis(path="a.x", values=(2, 4)), Axis(path="b.y", values=("10ms", "1s"))]
    sweep = assembled("small", "demo", axes, [(2, "10ms"), (4, "1s")], [run(0, 0, 1e6), run(1, 0, 2e6)])
    (drawn,) = sweep.plot().axes
    assert drawn.containers[0].lines[0].get_xdata().tolist() == [2.0, 4.0]
    (drawn,) = sweep.plot(against="b.y").axes
    assert drawn.containers[0].lines[0].get_xdata().tolist() == [0.01, 1.0]


def test_a_sample_makes_points() -> None:
    values = [f"{number}ms" for number in range(1, 40)]
    axes = [Axis(path="a.x", values=tuple(values)), Axis(path="b.y", values=tuple(range(39)), group=1)]
    runs = [run(place, 0, 1e6 * place) for place in range(39)]
    sweep = replace(assembled("small", "demo", axes, list(zip(values, range(39), strict=True)), runs), sample="39")
    (drawn,) = sweep.plot(against="y").axes
    (points,) = drawn.containers
    assert points.lines[0].get_linestyle() == "None"
    assert points.lines[0].get_xdata().tolist() == [float(place) for place in range(39)]
    assert drawn.get_legend() is None


def test_the_table_names_the_busiest_part() -> None:
    def measured(mean: float, most: float, name: str) -> tuple[Measure, ...]:
        probe = f"resources/{name}@a"
        return (Measure(probe=probe, metric="utilisation", statistic="mean", value=mean),
                Measure(probe=probe, metric="utilisation", statistic="max", value=most))  # fmt: skip

    runs = [replace(run(0, 0, 1e6), measures=(*measured(0.4, 0.9, "shaper"), *measured(0.3, 0.95, "nic"))),
            replace(run(1, 0, 1e6), measures=measured(0.45, 0.49, "shaper"))]  # fmt: skip
    sweep = assembled("small", "demo", [Axis(path="a.x", values=(1, 2))], [(1,), (2,)], runs)
    console = Console(width=160, record=True, file=None, force_terminal=False)
    with console.capture() as captured:
        console.print(show.text_table(sweep))
    rows = [line.split() for line in captured.get().splitlines() if line[:1] in "12"]
    assert rows[0][:3] == ["1", "shaper@a", "40%"]
    assert rows[1][:2] == ["2", "–"]


@pytest.mark.parametrize(("values", "at", "scale"), [
    ((1, 2.5), [1.0, 2.5], True), (("20ms", "1s"), [0.02, 1.0], True), (("1Mbit", "2Gbit"), [1e6, 2e9], True),
    (("0.1%", "1%"), [0.1, 1.0], True), (("a", "b"), [0.0, 1.0], False), ((True, False), [0.0, 1.0], False),
    (("20ms", None), [0.0, 1.0], False),
])  # fmt: skip
def test_where_values_stand(values: tuple[Any, ...], at: list[float], scale: bool) -> None:
    assert positions(Axis(path="x.y", values=values)) == (at, scale)


def test_an_unsettled_series_is_told_where_most_runs_of_a_variant_are() -> None:
    def open_in(*replications: int) -> Sweep:
        runs = [
            replace(one, measures=tuple(replace(item, settled=item.metric != "rate_bps" or place not in replications)
                                        for item in one.measures))
            for place, one in enumerate(made().runs[:3])
        ]  # fmt: skip
        return assembled("small", "demo", [], [()], runs)

    assert open_in(1).unsettled == ()
    assert open_in(0, 2).unsettled == (("bulk", "rate_bps"),)


def test_a_figure_without_chance_has_no_interval_in_the_table() -> None:
    sweep = assembled("small", "demo", [], [()], [run(0, place, 8e6) for place in range(3)])
    (mean,) = [item for item in sweep.means() if item.metric == "rate_bps"]
    assert (show.say_mean(mean), mean.half_width) == ("8 Mbit/s", 0.0)
    assert "without it all runs gave the same" in sweep._repr_html_()


def test_the_table_and_the_page_say_what_failed() -> None:
    console = Console(width=200, record=True, file=None, force_terminal=False)
    sweep = made(Played(key="x", variant=1, replication=3, seed=10, error="boom <b>"))
    with console.capture() as captured:
        console.print(show.text_table(sweep))
    text = captured.get()
    assert "12 Mbit/s ± 4.968 Mbit/s" in text
    assert "fast failed 1 of 3" in text
    assert "1 of 7 runs failed; the first, seed 10: boom <b>" in text
    assert "boom &lt;b&gt;" in sweep._repr_html_()
    assert repr(sweep) == "<Sweep of demo: 2 variants, 7 runs, 1 failed>"


def test_machines_get_json() -> None:
    told = json.loads(json.dumps(show.data(made()), allow_nan=False))
    assert told["variants"][1]["values"] == {"underlay.links[a,b].rtt": "60ms"}
    assert told["variants"][1]["figures"][1]["mean"] == pytest.approx(27.5e6 / 3)
    assert told["variants"][1]["figures"][2]["half_width"] is None


def test_failures_have_a_column_where_there_are_any() -> None:
    def shares(*values: float) -> str:
        runs = [Played(key=str(place), variant=place, replication=0, seed=7, measures=(
            Measure(probe="web", metric="request_s", statistic="mean", value=0.2),
            Measure(probe="web", metric="failed_ratio", statistic="mean", value=value),
        )) for place, value in enumerate(values)]  # fmt: skip
        return assembled("s", "d", [Axis(path="a.x", values=(1, 2))], [(1,), (2,)], runs)._repr_html_()

    assert "web failed_ratio" in shares(0.0, 0.93)
    assert "93 %" in shares(0.0, 0.93)
    assert "failed_ratio" not in shares(0.0, 0.0)
