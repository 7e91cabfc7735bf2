from __future__ import annotations

import math

import pandas as pd
import pytest

from kubeslice_sim.model.scenario import Expectation, Reach
from kubeslice_sim.observe import event_frame, frame, judge, verdict_frame
from kubeslice_sim.observe.frames import EVENT_SCHEMA, OBSERVATION_SCHEMA, VERDICT_SCHEMA, Schema, framed
from kubeslice_sim.observe.observation import COLUMNS, METRICS
from kubeslice_sim.observe.run import Event
from kubeslice_sim.observe.units import parse_limit, say
from tests.observe.rows import CLIENT, SERVER, attempts, rates, run, scenario

SCENARIO = scenario(Expectation(name="it", reach=Reach(from_=CLIENT, to=SERVER)))


def _schema(made: pd.DataFrame) -> dict[str, str]:
    return {str(key): str(value) for key, value in made.dtypes.items()}


@pytest.mark.parametrize(
    ("full", "empty", "schema"),
    [
        (frame(run((*attempts({1}, 3), *rates([1.0])))), frame(run(())), OBSERVATION_SCHEMA),
        (verdict_frame(judge(SCENARIO, ())), verdict_frame(()), VERDICT_SCHEMA),
        (event_frame([Event(at_s=1.0, name="a", cluster="b", subject="c")]), event_frame(()), EVENT_SCHEMA),
    ],
)
def test_the_schema_holds_with_and_without_rows(full: pd.DataFrame, empty: pd.DataFrame, schema: Schema) -> None:
    assert _schema(full) == _schema(empty) == schema
    assert (len(full) > 0, len(empty)) == (True, 0)


def test_a_frame_holds_the_rows() -> None:
    made = run((*attempts({1}, 3), *rates([1e6]))).frame()
    assert tuple(made.columns) == COLUMNS
    assert made.query("metric == 'rate_bps'")[["value", "unit"]].to_numpy().tolist() == [[1e6, "bit/s"]]
    assert made["outcome"].tolist() == ["ok", "timeout", "ok", "ok"]


def test_no_moment_is_nan() -> None:
    assert math.isnan(verdict_frame(judge(SCENARIO, ()))["at_s"][0])


def test_wrong_cells_are_refused() -> None:
    with pytest.raises((TypeError, ValueError)):
        framed({"seq": "int64"}, [type("Item", (), {"seq": "three"})()])


@pytest.mark.parametrize(
    ("metric", "value", "text"),
    [
        ("rtt_s", 0.06204, "62.04 ms"), ("rtt_s", 0, "0 s"), ("rtt_s", 1.0, "1 s"), ("rtt_s", 12e-6, "12 µs"),
        ("rate_bps", 27.312e6, "27.31 Mbit/s"), ("rate_bps", 999.99e6, "1 Gbit/s"), ("loss_ratio", 0.0002, "0.02 %"),
        ("answers", 3, "3"), ("sent_bytes", 1500, "1.5 kB"), ("rtt_s", -0.002, "-2 ms"), ("rtt_s", math.inf, "inf s"),
    ],
)  # fmt: skip
def test_values_in_words(metric: str, value: float, text: str) -> None:
    assert say(metric, value) == text


@pytest.mark.parametrize("metric", METRICS)
def test_every_metric_has_limits(metric: str) -> None:
    assert parse_limit(metric, "0") == 0


@pytest.mark.parametrize(("metric", "text"), [("rtt_s", "5"), ("rate_bps", "5ms"), ("answers", "2B"), ("no", "1")])
def test_a_limit_in_the_wrong_unit_is_refused(metric: str, text: str) -> None:
    with pytest.raises(ValueError, match=r"unit|metric"):
        parse_limit(metric, text)
