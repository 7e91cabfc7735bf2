"""Contrasts: many variants against one, or every pair, with intervals and p-values for all at once."""

from __future__ import annotations

import math
from typing import Any

import pytest
from rich.console import Console
from scipy import stats

from kubeslice_sim.observe.measures import Measure
from kubeslice_sim.observe.multiple import holm
from kubeslice_sim.sweep import show
from kubeslice_sim.sweep.axis import Axis
from kubeslice_sim.sweep.job import Played
from kubeslice_sim.sweep.sweep import Sweep, assembled

RATES = {"20ms": (10.0, 12.0, 14.0, 11.0), "60ms": (7.0, 9.0, 11.5, 8.1), "90ms": (6.0, 9.5, 9.0, 8.0),
         "99ms": (10.1, 12.0, 13.9, 11.1)}  # fmt: skip


def sweep(rates: dict[str, tuple[float, ...]] = RATES) -> Sweep:
    runs = [
        Played(key=f"{variant}/{place}", variant=variant, replication=place, seed=place, measures=(
            Measure(probe="bulk", metric="rate_bps", statistic="mean", value=rate),
            Measure(probe="expect/fast", metric="passed", statistic="mean", value=float(rate > 8))))
        for variant, of in enumerate(rates.values()) for place, rate in enumerate(of)
    ]  # fmt: skip
    axis = Axis(path="underlay.links[a,b].rtt", values=tuple(rates))
    return assembled("small", "demo", [axis], [(value,) for value in rates], runs)


def differences(a: str, b: str) -> list[float]:
    return [one - other for one, other in zip(RATES[a], RATES[b], strict=True)]


def test_intervals_of_one_figure_hold_at_once() -> None:
    rows = [item for item in sweep().contrasts() if item.metric == "rate_bps"]
    assert [(item.variant, item.baseline, item.comparisons) for item in rows] == [(1, 0, 3), (2, 0, 3), (3, 0, 3)]
    found = [differences(name, "20ms") for name in ("60ms", "90ms", "99ms")]
    for item, raw in zip(rows, found, strict=True):
        error = stats.sem(raw)
        assert item.half_width == pytest.approx(error * stats.t.ppf(1 - 0.05 / 3 / 2, 3))
        assert item.alone == pytest.approx(error * stats.t.ppf(0.975, 3))
        assert item.p_value == pytest.approx(stats.ttest_1samp(raw, 0).pvalue)
    assert [item.p_holm for item in rows] == list(holm([item.p_value for item in rows]))


def test_every_pair() -> None:
    rows = [item for item in sweep().contrasts(baseline=None) if item.metric == "rate_bps"]
    assert [(item.variant, item.baseline) for item in rows] == [(1, 0), (2, 0), (2, 1), (3, 0), (3, 1), (3, 2)]
    assert {item.comparisons for item in rows} == {6}
    (one,) = [item for item in rows if (item.variant, item.baseline) == (2, 1)]
    assert one.mean == pytest.approx(sum(differences("90ms", "60ms")) / 4)


def test_a_yes_or_no_has_a_difference_and_no_interval() -> None:
    rows = [item for item in sweep().contrasts() if item.metric == "passed"]
    assert [item.mean for item in rows] == [-0.25, -0.5, 0.0]
    assert all(math.isnan(item.half_width) and math.isnan(item.p_holm) and item.comparisons == 0 for item in rows)


def test_only_seeds_that_both_have_count() -> None:
    rows = [item for item in sweep({"a": (1.0, 2.0, 3.0), "b": (2.0, 4.0)}).contrasts() if item.metric == "rate_bps"]
    assert [(item.n, item.mean) for item in rows] == [(2, 1.5)]


def test_the_frame_says_against_what() -> None:
    frame = sweep().contrast(baseline=None).query("metric == 'rate_bps'")
    assert frame.columns.tolist() == [
        "underlay.links[a,b].rtt", "underlay.links[a,b].rtt [s]", "against", "probe", "metric", "statistic", "unit",
        "mean", "half_width", "n", "alone", "p_value", "p_holm", "comparisons",
    ]  # fmt: skip
    assert frame["against"].tolist() == ["rtt=20ms", "rtt=20ms", "rtt=60ms", "rtt=20ms", "rtt=60ms", "rtt=90ms"]


def test_the_table_and_the_json() -> None:
    console = Console(width=160, record=True, file=None, force_terminal=False)
    with console.capture() as captured:
        console.print(show.contrast_table(sweep()))
    text = captured.get()
    assert "differences to rtt=20ms, seed by seed" in text
    assert "-2.85 bit/s ± 671.7 mbit/s (p" in text or "-2.85 bit/s" in text
    assert "hold all at once with 95%" in text
    told: list[dict[str, Any]] = show.data(sweep(), contrast=True)["contrasts"]
    assert (told[1]["metric"], told[1]["p_holm"]) == ("passed", None)
    assert "contrasts" not in show.data(sweep())
