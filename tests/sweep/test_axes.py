"""Which values are played: ranges, fields that change together, samples; and what is said of those that are wrong."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeslice_sim.errors import BadInput
from kubeslice_sim.sweep.axis import groups_of
from kubeslice_sim.sweep.points import Sample, points_of, sample_of
from kubeslice_sim.sweep.span import span_of


def values(text: str) -> tuple[Any, ...]:
    span = span_of(text)
    assert span is not None
    return span.values()


@pytest.mark.parametrize(("text", "found"), [
    ("10ms..50ms step 20ms", ("10ms", "30ms", "50ms")),
    ("10ms..55ms step 20ms", ("10ms", "30ms", "50ms")),
    ("0..0.3s step 100ms", ("0s", "0.1s", "0.2s", "0.3s")),
    ("50ms..10ms step -20ms", ("50ms", "30ms", "10ms")),
    ("10ms..1s count 3", ("10ms", "505ms", "1000ms")),
    ("0.1%..10% count 3 log", ("0.1%", "1%", "10%")),
    ("1..1000 count 4 log", (1, 10, 100, 1000)),
    ("1..10 count 3", (1, 6, 10)),
    ("1.0..2 step 0.5", (1.0, 1.5, 2.0)),
    ("10ms..200ms count 3 log", ("10ms", "44.7214ms", "200ms")),
    ("100/s..300/s step 100/s", ("100/s", "200/s", "300/s")),
])  # fmt: skip
def test_what_a_range_holds(text: str, found: tuple[Any, ...]) -> None:
    assert values(text) == found
    assert list(map(type, values(text))) == list(map(type, found))


@pytest.mark.parametrize("text", ["20ms", "a..b", "10.1.0.0/16", "v1..v2", "", 5, None, ["1..2"]])
def test_what_is_no_range(text: Any) -> None:
    assert span_of(text) is None


@pytest.mark.parametrize(("text", "said"), [
    ("10ms..200ms stp 10ms", "is no range; write it as"),
    ("200ms..10ms step 10ms", "is empty: steps of 10ms never lead from 200ms to 10ms"),
    ("1..2 step 0", "is empty"), ("1..9 count 1", "a count of 2"), ("1..2 count 0", "a count of 2"),
    ("5..5 count 3", "is one value"), ("0..10 count 3 log", "above 0"), ("1..9 step 2 log", "a count, no step"),
    ("10..200ms step 1ms", "has a number without a unit"), ("10ms..20Mbit count 3", "mixes units"),
    ("0..1e3 count 3", "is no range"), ("1..4 count 9", "fewer than 9 whole numbers"),
    ("0..1000000 step 1", "more than 100,000 values"), ("1..2", "neither step nor count"),
])  # fmt: skip
def test_what_is_wrong_with_a_range(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        values(text)


@given(st.integers(1, 10_000), st.integers(1, 10_000), st.integers(2, 60), st.booleans())
def test_a_count_has_both_ends_and_is_monotone(low: int, more: int, count: int, log: bool) -> None:
    found = [float(text[:-2]) for text in values(f"{low}ms..{low + more}ms count {count}{' log' if log else ''}")]
    assert (len(found), found[0], found[-1]) == (count, low, low + more)
    assert all(one <= other for one, other in itertools.pairwise(found))
    gaps = [b / a if log else b - a for a, b in itertools.pairwise(found)]
    expected = ((low + more) / low) ** (1 / (count - 1)) if log else more / (count - 1)
    assert all(math.isclose(gap, expected, rel_tol=1e-5, abs_tol=0.0 if log else 2e-5 * (low + more)) for gap in gaps)


def points(varied: dict[str, Any], together: Any = (), sample: Any = None) -> tuple[Any, ...]:
    drawn = sample_of(sample)
    return points_of(groups_of(varied.items(), together, sampled=drawn is not None), drawn)[1]


def test_all_combinations_the_last_changing_fastest() -> None:
    assert points({"a.x": [1, 2], "b.y": "1..5 step 2"}) == ((1, 1), (1, 3), (1, 5), (2, 1), (2, 3), (2, 5))
    assert points({}) == ((),)


def test_a_list_may_hold_ranges() -> None:
    assert points({"a.x": [0, "2..4 step 1", 9]}) == ((0,), (2,), (3,), (4,), (9,))


def test_fields_that_change_together_are_one_axis() -> None:
    made, found = points_of(
        groups_of([("a.x", ["p", "q"])], [{"b.y": [1, 2, 2], "c.z": "1s..3s count 3"}]), None
    )  # fmt: skip
    assert found == tuple((x, *pair) for x in "pq" for pair in ((1, "1s"), (2, "2s"), (2, "3s")))
    assert [(axis.path, axis.values, axis.group) for axis in made] == [
        ("a.x", ("p", "q"), 0), ("b.y", (1, 2), 1), ("c.z", ("1s", "2s", "3s"), 1),
    ]  # fmt: skip


@pytest.mark.parametrize(("varied", "together", "said"), [
    ({"a.x": [1], "b.y": 3}, [], "b.y: needs a list of values or a range"),
    ({"a.x": []}, [], "a.x: has no values"),
    ({"a.x": [1, 1]}, [], "a.x: has a value twice"),
    ({"a.x": [1]}, [{"a.x": [2], "b.y": [3]}], "a.x: is varied twice"),
    ({}, [{"a.x": [1, 2], "b.y": [3]}], "b.y: has 1 values, and a.x, with which it changes, has 2"),
    ({}, [{"a.x": [1, 1], "b.y": [3, 3]}], "a.x: has a value twice"),
    ({"a.x": "1..5"}, [], "a.x: '1..5' says neither step nor count"),
    ({}, [["a.x"]], "mappings of paths to values"),
])  # fmt: skip
def test_wrong_axes(varied: dict[str, Any], together: list[Any], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        points(varied, together)


def test_every_problem_is_told_at_once() -> None:
    with pytest.raises(BadInput) as caught:
        groups_of([("a.x", []), ("b.y", "9..1 step 1"), ("c.z", [1, 1])])
    assert [problem.path for problem in caught.value.problems] == ["a.x", "b.y", "c.z"]


@given(st.integers(1, 60), st.integers(0, 9))
def test_a_latin_hypercube_uses_every_part_once(count: int, seed: int) -> None:
    found = points({"a.x": "0.0..1", "b.y": "0s..100s"}, [{"c.z": "1..100000 log", "d.w": "1ms..9ms"}],
                   f"{count} latin-hypercube seed {seed}")  # fmt: skip
    assert len(found) == count
    shares = [[point[0] for point in found], [float(point[1][:-1]) / 100 for point in found],
              [(float(point[3][:-2]) - 1) / 8 for point in found]]  # fmt: skip
    for column in shares:
        # Six digits may round a value over the edge of its part.
        assert all(abs(item - (place + 0.5) / count) <= 0.5 / count + 1e-5 for place, item in enumerate(sorted(column)))


def test_lists_are_sampled_evenly_and_points_that_coincide_are_one() -> None:
    found = points({"a.x": [1, 1.0, True], "b.y": "1..4"}, (), "600 random seed 2")
    assert len(found) == 12
    once = points({"a.x": ["p", "q", "r", "s"], "b.y": "0.0..1"}, (), 40)
    assert Counter(point[0] for point in once) == dict.fromkeys("pqrs", 10)


def test_a_sample_is_its_seed() -> None:
    def drawn(text: str) -> tuple[Any, ...]:
        return points({"a.x": "1ms..9ms", "b.y": "0.0..1"}, (), text)

    assert drawn("5") == drawn("5 latin-hypercube seed 1")
    assert drawn("5") != drawn("5 latin-hypercube seed 2")
    assert drawn("5 random") != drawn("5")
    # The very numbers: whoever repeats a sweep on another machine gets the same points.
    assert drawn("3") == PINNED


PINNED = (("3.66499ms", 0.931373), ("6.2ms", 0.416781), ("8.41529ms", 0.293799))


@pytest.mark.parametrize("sample", [0, -3, "many", "4 sobol", "4 random seed x", "4 random seed", Sample(count=0)])
def test_samples_that_are_none(sample: Any) -> None:
    with pytest.raises(BadInput, match="sample"):
        sample_of(sample)


def test_a_sample_of_nothing() -> None:
    with pytest.raises(BadInput, match="needs fields that vary"):
        points({}, (), 4)


def test_a_list_and_a_continuum_do_not_change_together() -> None:
    with pytest.raises(BadInput, match="cannot change together"):
        points({}, [{"a.x": [1, 2], "b.y": "1..5"}], 4)
