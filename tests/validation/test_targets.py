"""The validation page's targets: the brief ones of every group here, all of them in the long tests."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from kubeslice_sim.observe.estimate import Estimate
from kubeslice_sim.validation.groups import GROUPS, Measured, brief, failures, measure, score
from kubeslice_sim.validation.page import data, page
from kubeslice_sim.validation.target import Case, Group, Row, between, exactly, near

BRIEF = [pytest.param(case, id=f"{group.name}: {case.name}") for group, case in brief(GROUPS)]


@pytest.mark.parametrize("case", BRIEF)
def test_brief_targets_are_met(case: Case) -> None:
    rows = list(case.rows())
    assert rows
    assert [f"{row.target.name}: {row.value:g}" for row in rows if not row.inside] == []


def test_every_group_has_a_brief_case() -> None:
    assert {group.name for group, _ in brief(GROUPS)} == {group.name for group in GROUPS}


def test_no_case_has_anothers_name() -> None:
    for group in GROUPS:
        names = [case.name for case in group.cases]
        assert len(names) == len(set(names))


@pytest.mark.long
@pytest.mark.timeout(1500)
def test_the_whole_page(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "kubeslice_sim.validation", "-o", "json"],
        capture_output=True, text=True, timeout=1400, cwd=tmp_path,
    )  # fmt: skip
    found = json.loads(ran.stdout)
    assert [row["target"] for row in found["rows"] if row["verdict"] != "inside"] == []
    assert ran.returncode == 0
    assert len(found["rows"]) >= 100
    assert len({row["target"] for row in found["rows"]}) == len(found["rows"])
    for row in found["rows"]:
        assert row["source"] and row["why"], row["target"]
        if row["tolerance"] > 0.05:
            assert "Wider than 5 %" in row["why"], row["target"]
    assert not list(tmp_path.iterdir())


# -- the judge itself ------------------------------------------------------------------------------------------------


def mean(value: float, half: float) -> Estimate:
    return Estimate(mean=value, half=half, count=40, confidence=0.95)


def row(found: float | Estimate, *, approximate: bool = False) -> Row:
    return near("t", 10.0, found, within=0.05, source="s", why="w", approximate=approximate)


def test_a_number_without_chance_is_judged_by_its_tolerance() -> None:
    assert row(10.49).inside and row(9.51).inside
    assert not row(10.51).inside and not row(9.49).inside
    assert not row(float("nan")).inside


def test_a_bias_within_the_tolerance_is_still_a_bias() -> None:
    assert not row(mean(10.4, 0.1)).inside
    assert row(mean(10.4, 0.1), approximate=True).inside
    assert row(mean(10.1, 0.1)).inside


def test_an_interval_that_holds_everything_proves_nothing() -> None:
    assert not row(mean(11.0, 5.0)).inside
    assert not row(mean(10.0, 0.51)).inside
    assert row(mean(10.0, 0.49)).inside


def test_the_wider_interval_is_students() -> None:
    sure = row(mean(10.0, 1.0)).sure
    assert sure is not None
    # t(0.9995, 39) / t(0.975, 39) = 3.558 / 2.023
    assert sure[1] - 10.0 == pytest.approx(1.759, abs=0.002)


def test_exact_means_exact_to_rounding() -> None:
    assert exactly("t", 0.1 + 0.2, 0.3, source="s", why="w").inside
    assert not exactly("t", 3.0, 3.000001, source="s", why="w").inside


def test_a_range_is_closed() -> None:
    for value, inside in ((57.0, True), (63.0, True), (63.1, False), (56.9, False)):
        assert between("t", 57.0, 63.0, value, source="s", why="w").inside is inside


def test_formulas_are_counted_apart() -> None:
    rows = (row(10.0), row(20.0), exactly("t", 1.0, 1.0, source="s", why="w", kind="formula"))
    measured = Measured(group=some().group, rows=rows)
    assert score([measured]) == "1 of 2 simulated targets inside; 1 of 1 formulas and fitted figures"
    assert "(formula)" in page([measured])


# -- the page --------------------------------------------------------------------------------------------------------


def some() -> Measured:
    rows = (
        row(10.1), row(20.0), row(mean(10.1, 0.2)), between("<range>", 57.0, 63.0, 60.0, source="s", why="w"),
    )  # fmt: skip
    return Measured(group=Group(name="g", title="G", text="t", cases=(), left_out=("this & that",)), rows=rows)


def test_failing_rows_stay_on_the_page() -> None:
    text = page([some()])
    assert "3 of 4 simulated targets inside" in text
    assert text.count(">outside</span>") == 1
    assert "&lt;range&gt;" in text and "this &amp; that" in text
    assert not any(word in text for word in ("<script", "<link", 'src="', 'href="http'))


def test_the_same_rows_give_the_same_page() -> None:
    assert page([some()]) == page([some()])


def test_nothing_is_drawn_where_nothing_is_off() -> None:
    assert page([some()]).count("<figure>") == 1
    exact = Measured(group=some().group, rows=(row(10.0), some().rows[3]))
    assert "<figure>" not in page([exact])


def test_machines_get_the_same_rows() -> None:
    found = data([some()])
    assert [item["verdict"] for item in found["rows"]] == ["inside", "outside", "inside", "inside"]
    assert found["outside"] == 1
    assert found["rows"][2]["interval_95"] == pytest.approx([9.9, 10.3])
    json.dumps(found)


def test_measuring_tells_of_every_case_and_gathers_failures() -> None:
    def rows():
        yield row(10.0)
        yield row(20.0)

    told = []
    group = Group(name="g", title="G", text="t", cases=(Case(name="a", rows=rows), Case(name="b", rows=rows)))
    found = measure([group], lambda group, case: told.append((group.name, case.name)))
    assert told == [("g", "a"), ("g", "b")]
    assert [item.value for item in failures(found)] == [20.0, 20.0]
