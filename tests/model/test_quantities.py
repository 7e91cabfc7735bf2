from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeslice_sim.model.metric import METRICS, parse_limit, quantity_of
from kubeslice_sim.model.quantity import BANDWIDTH, DURATION, INTERVAL, RATE, SHARE, SIZE, Quantity
from kubeslice_sim.model.timestamp import Rfc3339


@pytest.mark.parametrize("quantity", [DURATION, RATE, SIZE, SHARE, INTERVAL, BANDWIDTH])
def test_every_value_is_written_so_that_it_reads_back_exactly(quantity: Quantity) -> None:
    @given(
        st.floats(
            quantity.minimum or 0, quantity.maximum if quantity.maximum is not None else 1e18, allow_subnormal=False
        )
    )
    def check(value: float) -> None:
        if value == 0 or value > 1e-15:
            assert quantity.parse(quantity.format(value)) == value

    check()


@pytest.mark.parametrize(
    ("quantity", "text", "value"),
    [
        (DURATION, "35ms", 0.035), (DURATION, "2m", 120.0), (DURATION, 0, 0.0), (DURATION, " 1.5 s ", 1.5),
        (RATE, "100Mbit", 1e8), (RATE, "10kbit", 1e4), (SIZE, "1280B", 1280.0), (SIZE, "1MiB", 1048576.0),
        (SHARE, "0.01%", 1e-4), (SHARE, 0.5, 0.5),
    ],
)  # fmt: skip
def test_units(quantity: Quantity, text: object, value: float) -> None:
    assert quantity.parse(text) == value


@pytest.mark.parametrize(
    ("quantity", "text", "said"),
    [
        (DURATION, 35, "needs a unit"), (DURATION, "35 parsecs", "no unit we know"),
        (DURATION, "soon", "not a duration"),
        (DURATION, "-1s", "must not be below"), (DURATION, True, "should be a duration"),
        (RATE, "1Gbps", "no unit we know"),
        (RATE, "1e400bit", "must not be above"), (DURATION, "1e9d", "must not be above"),
        (BANDWIDTH, "0", "must not be below 1kbit"), (INTERVAL, "0s", "must not be below 1ms"),
        (SHARE, "101%", "must not be above"), (SIZE, None, "should be a size"),
    ],
)  # fmt: skip
def test_what_is_refused_and_how(quantity: Quantity, text: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        quantity.parse(text)


def test_limits_are_written_in_the_metrics_unit() -> None:
    assert parse_limit("rtt_s", "68ms") == 0.068
    assert parse_limit("rate_bps", "25Mbit") == 25e6
    assert parse_limit("loss_ratio", "1%") == 0.01
    assert parse_limit("answers", "2") == 2.0
    with pytest.raises(ValueError, match="no unit we know"):
        parse_limit("rate_bps", "25ms")
    with pytest.raises(ValueError, match="unknown metric"):
        quantity_of("rtt")
    assert all(quantity_of(metric) for metric in METRICS)


@pytest.mark.parametrize(
    "text", ["2026-01-31T12:00:00Z", "2026-01-31t12:00:00.123456789+01:00", "2024-02-29T00:00:00z"]
)
def test_times_of_rfc_3339(text: str) -> None:
    assert Rfc3339().check(text) == text


@pytest.mark.parametrize(
    "text", ["tomorrow", "2026-01-31", "2026-01-31 12:00:00Z", "2026-02-30T00:00:00Z", "2026-01-31T25:00:00Z", 7]
)
def test_other_times_are_refused(text: object) -> None:
    with pytest.raises(ValueError, match="is not a time"):
        Rfc3339().check(text)
