from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeslice_sim.errors import BadInput
from kubeslice_sim.observe.observation import COLUMNS, Observation
from kubeslice_sim.observe.table import from_csv, in_order, to_csv
from tests.observe.rows import attempts, observations, rates, row


@given(st.lists(observations, max_size=8))
def test_rows_read_back_exactly(rows: list[Observation]) -> None:
    # repr: NaN is not equal to itself, and -0.0 equals 0.0.
    assert [repr(item) for item in from_csv(to_csv(rows))] == [repr(item) for item in in_order(rows)]


@given(st.lists(observations, max_size=8), st.randoms(use_true_random=False))
def test_equal_rows_give_equal_bytes_in_any_order(rows: list[Observation], shuffle: random.Random) -> None:
    shuffled = list(rows)
    shuffle.shuffle(shuffled)
    finite = [item for item in rows if item.at_s == item.at_s]
    assert to_csv(finite) == to_csv(item for item in shuffled if item.at_s == item.at_s)


def test_the_text_is_what_the_schema_says() -> None:
    text = to_csv([row("rtt_s", 1.5, 0.1 + 0.2, detail='said "no", twice'), row("reachable", 0.0)])
    assert text == (
        ",".join(COLUMNS) + "\n"
        ",,0.0,red,worker-1,iperf/client-0,,server.iperf.svc.slice.local,ping,0,reachable,1.0,1,ok,\n"
        ",,1.5,red,worker-1,iperf/client-0,,server.iperf.svc.slice.local,ping,0,rtt_s,0.30000000000000004,s,ok,"
        '"said ""no"", twice"\n'
    )


def test_sorted_by_time_probe_sequence_metric() -> None:
    rows = (*attempts(set(), 3), *rates([1e6, 2e6]), row("rtt_s", 1.0, 0.02, seq=1))
    assert [(item.at_s, item.probe, item.metric) for item in from_csv(to_csv(rows))] == [
        (0.0, "ping", "reachable"), (1.0, "bulk", "rate_bps"), (1.0, "ping", "reachable"), (1.0, "ping", "rtt_s"),
        (2.0, "bulk", "rate_bps"), (2.0, "ping", "reachable"),
    ]  # fmt: skip


def test_every_bad_line_is_told() -> None:
    good = to_csv(attempts(set(), 1))
    line = good.splitlines()[1]
    bad = [
        line.replace(",ok,", ",fine,"),
        line.replace("reachable,1.0", "reachable,one"),
        line.replace("reachable,1.0,1", "reachable,1.0,ms"),
        line.replace("reachable", "happiness"),
        line + ",more",
    ]
    with pytest.raises(BadInput) as caught:
        from_csv(good + "\n".join(bad) + "\n", file="x.csv")
    assert [problem.line for problem in caught.value.problems] == [3, 4, 5, 6, 7]
    assert str(caught.value.problems[0]).startswith("x.csv:3: unknown outcome 'fine'; one of ok, blocked")


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", '"'])
def test_another_file_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="not observations of kubeslice-sim"):
        from_csv(text)
