"""Rhythms are found in moments alone, and tell how often and when without going through them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeslice_sim.controlplane.rhythm import Rhythm, find_rhythm
from kubeslice_sim.controlplane.tick import whole


@st.composite
def rhythms(draw: st.DrawFn) -> Rhythm:
    period = draw(st.integers(1000, 200_000_000))
    begin = draw(st.integers(0, 150_000_000_000_000))
    offsets = draw(st.sets(st.integers(0, period - 1), min_size=1, max_size=4))
    return Rhythm(
        period_s=whole(period / 1e6), beats=tuple(whole((begin + offset) / 1e6) for offset in sorted(offsets))
    )


@given(rhythms(), st.integers(0, 5_000_000), st.integers(0, 400_000_000))
def test_a_count_is_that_of_the_moments(rhythm: Rhythm, early: int, length: int) -> None:
    after_s = whole(rhythm.beats[0] + early / 1e6)
    upto_s = whole(after_s + min(length / 1e6, 50 * rhythm.period_s))
    moments = list(rhythm.moments(after_s, upto_s))
    assert len(moments) == rhythm.count(after_s, upto_s)
    assert moments == sorted(moments)
    assert all(after_s < at_s <= upto_s and rhythm.holds(at_s) for at_s in moments)


@given(rhythms(), st.integers(2, 6))
def test_what_was_seen_for_two_periods_is_found_again(rhythm: Rhythm, periods: int) -> None:
    begin_s = whole(rhythm.beats[0] - 1e-6)
    end_s = whole(begin_s + periods * rhythm.period_s)
    found = find_rhythm(list(rhythm.moments(begin_s, end_s)), begin_s, end_s)
    assert found is not None
    far_s = whole(end_s + 1000 * rhythm.period_s)
    assert found.count(end_s, far_s) == rhythm.count(end_s, far_s)
    due_s = found.next(rhythm.beats[-1], far_s)
    assert far_s < due_s <= whole(far_s + rhythm.period_s)
    assert rhythm.holds(due_s)


@pytest.mark.parametrize(
    ("moments", "why"),
    [
        ([10.0], "one moment has no period"),
        ([10.0, 20.0, 31.0, 41.0, 52.5], "beats came late"),
        ([10.0, 20.0], "it ended before the end"),
        ([40.0, 50.0], "it began after the beginning"),
    ],
)
def test_what_has_no_rhythm_has_none(moments: list[float], why: str) -> None:
    assert find_rhythm(moments, 5.0, 50.0) is None, why


@given(st.integers(-(10**12), 10**15), st.integers(0, 10**9))
def test_whole_microseconds_add_up_exactly_at_any_time(at: int, by: int) -> None:
    assert whole(at / 1e6) == at / 1e6
    assert whole(at / 1e6 + by / 1e6) == (at + by) / 1e6
    assert whole(whole((at + by) / 1e6) - by / 1e6) == at / 1e6
