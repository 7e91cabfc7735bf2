from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from kubeslice_sim.model.scenario import ScenarioSpec
from kubeslice_sim.observe import compare, judge
from kubeslice_sim.observe.table import from_csv
from kubeslice_sim.view import comparison_html, plan_html, read_run, report, result_html, time_plots, write_junit
from kubeslice_sim.view.figure import svg_text
from kubeslice_sim.view.spans import faults_of, series_of, tracks_of
from tests.observe.rows import run, scenario
from tests.view.worlds import eventful_run, planned

EVIL = "<script>alert(1)</script>\"'&$x$"
VOID = {"meta", "br", "hr", "img", "path", "use", "rect", "image"}


class Page(HTMLParser):
    """What a page holds; open elements are checked against their ends."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(key, value or "") for key, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(key, value or "") for key, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    made = eventful_run()
    assert report(made, judge(made.scenario, made.observations), planned(2), folder) == folder / "report.html"
    return folder


def test_the_folder_holds_the_run_and_what_it_means(folder: Path) -> None:
    assert sorted(item.name for item in folder.iterdir()) == [
        "junit.xml", "observations.csv", "report.html", "run.json", "time.svg", "topology.svg", "verdict.json"
    ]  # fmt: skip
    assert read_run(folder).scenario.metadata.name == "by-hand"
    outcomes = [item["outcome"] for item in json.loads((folder / "verdict.json").read_text())["verdicts"]]
    assert outcomes == ["passed", "passed", "failed", "passed", "inconclusive"]
    assert len(from_csv((folder / "observations.csv").read_text())) == len(eventful_run().observations)
    for name in ("junit.xml", "time.svg", "topology.svg"):
        ElementTree.parse(folder / name)  # noqa: S314 - our own text


def test_the_page_stands_alone(folder: Path) -> None:
    page = Page((folder / "report.html").read_text())
    assert page.open == []
    assert not {"script", "link", "iframe", "object"} & set(page.tags)
    outside = [value for key, value in page.attributes if key in ("src", "href", "xlink:href") and value[:1] != "#"]
    assert [value for value in outside if not value.startswith("data:")] == []
    assert "@import" not in (folder / "report.html").read_text()
    ids = [value for key, value in page.attributes if key == "id"]
    assert len(ids) == len(set(ids))
    used = {value[1:] for key, value in page.attributes if key.endswith("href") and value.startswith("#")}
    used |= set(re.findall(r"url\(#([^)]+)\)", (folder / "report.html").read_text()))
    assert used
    assert used <= set(ids)


def test_the_page_tells_verdicts_first_then_figures_and_facts(folder: Path) -> None:
    page = Page((folder / "report.html").read_text())
    text = " ".join(page.texts)
    places = [text.index(part) for part in ("failed", "Expectations", "Topology", "Over time", "Events", "Environment")]
    assert places == sorted(places)
    made = eventful_run()
    for verdict in judge(made.scenario, made.observations):
        assert verdict.sentence in text
    assert "Note: netem is missing" in text
    assert page.tags.count("svg") == 2
    assert page.tags.index("table") < page.tags.index("svg")


def test_the_same_run_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    made = eventful_run()
    report(made, judge(made.scenario, made.observations), planned(2), tmp_path)
    for item in folder.iterdir():
        assert item.read_bytes() == (tmp_path / item.name).read_bytes(), item.name


def test_nothing_a_run_says_becomes_markup(tmp_path: Path) -> None:
    made = eventful_run(EVIL)
    verdicts = judge(made.scenario, made.observations)
    report(made, verdicts, planned(2), tmp_path)
    texts = [(tmp_path / name).read_text() for name in ("report.html", "time.svg", "junit.xml")]
    texts += [result_html(made, verdicts), comparison_html(compare(made, made))]
    for text in texts:
        assert "<script" not in text
    page = Page(texts[0])
    assert "script" not in page.tags
    assert any(EVIL in text for text in page.texts)


def test_a_run_without_rows_has_a_report(tmp_path: Path) -> None:
    empty = run((), scenario())
    page = report(empty, (), planned(1), tmp_path).read_text()
    assert "the scenario expects nothing" in page
    assert "This run measured nothing over time." in page


def test_junit_alone(tmp_path: Path) -> None:
    made = eventful_run()
    write_junit(made, judge(made.scenario, made.observations), tmp_path / "deep" / "x.xml")
    assert (tmp_path / "deep" / "x.xml").read_text().count("<testcase") == 5


def test_time_plots_show_faults_windows_and_moments() -> None:
    made = eventful_run()
    figure = time_plots(made, judge(made.scenario, made.observations))
    assert [axes.get_ylabel() for axes in figure.axes] == ["rate", "round trip", ""]
    texts = {text.get_text() for axes in figure.axes for text in axes.texts}
    assert texts == {"lost-gateway", "shaped: failed"}
    (window,) = (text for text in figure.axes[0].texts if text.get_text() == "shaped: failed")
    assert window.get_bbox_patch() is not None, "a line through the words makes them hard to read"
    assert [label.get_text() for label in figure.axes[2].get_yticklabels()] == [
        "bulk", "expect/isolated (should be blocked)", "expect/reachable", "ping"
    ]  # fmt: skip
    # reachable at 0.5 s, the outage of the ping from 20 s on
    marks = [line.get_xdata()[0] for line in figure.axes[2].lines if line.get_marker() == "o"]
    assert marks == [0.5, 20.0]
    assert svg_text(figure) == svg_text(time_plots(made, judge(made.scenario, made.observations)))


def test_lines_break_where_no_answer_came() -> None:
    made = eventful_run()
    (series,) = series_of(made.observations, "rtt_s")
    broken = [at for at, value in zip(series.at_s, series.values, strict=True) if value != value]
    assert broken == [float(at) for at in range(20, 27)]
    ping = next(track for track in tracks_of(made.scenario, made.observations) if track.probe == "ping")
    assert [(item.start_s, item.end_s, item.state) for item in ping.stretches] == [
        (0, 20, "through"), (20, 27, "nothing"), (27, 60, "through")
    ]  # fmt: skip


def test_a_fault_lasts_from_its_effect_to_its_end() -> None:
    made = eventful_run()
    assert [(span.name, span.start_s, span.end_s) for span in faults_of(made.observations, 60.0)] == [
        ("lost-gateway", 20.0, 40.0)
    ]
    open_ = [row for row in made.observations if not (row.metric == "fault" and row.value == 0)]
    assert faults_of(open_, 60.0)[0].end_s == 60.0


def test_a_scenario_without_a_known_end_is_drawn() -> None:
    made = eventful_run()
    short = run(made.observations, replace(made.scenario, spec=ScenarioSpec(duration_s=0)))
    assert time_plots(short, ()).axes[0].get_xlim() == (0.0, 60.0)


def test_notebook_html_is_short_and_balanced() -> None:
    made = eventful_run()
    verdicts = judge(made.scenario, made.observations)
    for text in (plan_html(planned(3)), result_html(made, verdicts), comparison_html(compare(made, made))):
        assert Page(text).open == []
        assert len(text) < 12_000
    shown = Page(plan_html(planned(3))).texts
    assert {"red", "worker-1", "10.1.0.0/20", "cart"} <= set(shown)
