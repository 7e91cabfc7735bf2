"""What notebooks and frames show of changes, capacity, explanations and provenance."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from pytest_regressions.file_regression import FileRegressionFixture
from rich.console import Console

import kubeslice_sim as ks
from kubeslice_sim import view
from kubeslice_sim.results import Capacity, Difference, Explanation, Plan, Provenance, shown
from kubeslice_sim.view.capacities import MEMBER_SCHEMA, NODE_SCHEMA, SLICE_SCHEMA
from kubeslice_sim.view.changes import CHANGE_SCHEMA
from kubeslice_sim.view.explanations import LEG_SCHEMA
from kubeslice_sim.view.provenances import INPUT_SCHEMA
from tests.planner import worlds

NAMES = ("a", "b", "c")
WEB = "web.app.svc.slice.local"


def planned(*members: str, previous: Plan | None = None) -> Plan:
    slices = [worlds.slice_config("red", members)]
    web, client = worlds.deployment("web", ["b"]), worlds.deployment("<client>", ["a"])
    world = worlds.world(NAMES, slices, [web, client], [worlds.export("web", ["b"], slice_="red")])
    return ks.plan(world, previous=previous)


@pytest.fixture(scope="module")
def plan() -> Plan:
    return planned("a", "b")


def test_a_difference_shows_itself(plan: Plan) -> None:
    told = plan.diff(planned(*NAMES, previous=plan))
    assert isinstance(told, Difference)
    made = told.frame()
    assert list(made.columns) == list(CHANGE_SCHEMA)
    assert made["kind"].tolist() == ["cluster joins", "tunnels added", "tunnels added"]
    assert "red: c joins: 2 new tunnel pairs, nobody&#x27;s CIDR moves" in told._repr_html_()
    nothing = plan.diff(plan)
    assert "nothing changes" in nothing._repr_html_()
    assert (list(nothing.frame().columns), len(nothing.frame())) == (list(CHANGE_SCHEMA), 0)


def test_capacity_shows_itself(plan: Plan) -> None:
    told = plan.capacity()
    assert isinstance(told, Capacity)
    assert told.frame()[["slice", "clusters_left", "tunnels"]].to_numpy().tolist() == [["red", 14, 2]]
    assert list(told.frame().columns) == list(SLICE_SCHEMA)
    assert told.member_frame()["addresses_left"].tolist() == [4095 - 3, 4095 - 3]
    assert list(told.member_frame().columns) == list(MEMBER_SCHEMA)
    assert told.node_frame()["gateway_pods"].tolist() == [2, 2, 0]
    assert list(told.node_frame().columns) == list(NODE_SCHEMA)
    assert "<td>2 of 16</td>" in told._repr_html_()


def test_capacity_is_tabled_as_reviewed(root: Path, file_regression: FileRegressionFixture) -> None:
    told = ks.plan(ks.load(root / "tests/golden/plans/three-clusters.yaml")).capacity()
    console = Console(file=io.StringIO(), width=160)
    console.print(view.capacity_tables(told))
    assert isinstance(console.file, io.StringIO)
    text = "".join(f"{line.rstrip()}\n" for line in console.file.getvalue().rstrip().splitlines())
    file_regression.check(text, fullpath=root / "tests/golden/capacity/three-clusters.txt")


def test_the_verb_explain_is_the_plans(plan: Plan) -> None:
    assert ks.explain(plan, "app/<client>", WEB) == plan.explain("app/<client>", WEB)
    assert isinstance(ks.explain(plan.world, "app/<client>", WEB), ks.Explanation)


def test_an_explanation_shows_itself(plan: Plan) -> None:
    told = plan.explain("app/<client>", WEB)
    assert isinstance(told, Explanation)
    assert list(told.frame().columns) == list(LEG_SCHEMA)
    assert told.frame()["kind"].tolist() == ["pod", "router", "gateway", "wan", "gateway", "router", "pod"]
    html = told._repr_html_()
    assert "&lt;client&gt;" in html
    assert "<client>" not in html
    assert len(plan.explain("app/<client>", "nobody.app.svc.slice.local").frame()) == 0


def test_provenance_shows_itself(plan: Plan) -> None:
    told = plan.why("red/b/cidr")
    assert isinstance(told, Provenance)
    assert told.frame()["name"].tolist() == ["SliceConfig red: spec.sliceSubnet", "red/prefix", "red/b/slot"]
    assert list(told.frame().columns) == list(INPUT_SCHEMA)
    assert "<strong>red/b/cidr = 10.1.16.0/20</strong>" in told._repr_html_()
    assert "red/b/cidr" in plan.askable("red/b")


def test_shown_answers_equal_those_of_the_planner(plan: Plan) -> None:
    assert shown(Difference, plan.diff(plan)) == plan.diff(plan)
    assert str(plan.why("red/b/slot")).startswith("red/b/slot = 1\n")
