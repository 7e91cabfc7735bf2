from __future__ import annotations

import logging
import math
import re
from collections import Counter
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import matplotlib as mpl
import pytest
from matplotlib.patches import Rectangle

from kubeslice_sim.errors import BadInput
from kubeslice_sim.model.world import World
from kubeslice_sim.planner import plan
from kubeslice_sim.planner.plan import Plan
from kubeslice_sim.view import draw, save_figure
from kubeslice_sim.view.figure import Picture, svg_text
from kubeslice_sim.view.layout import Box, place_label, ring
from kubeslice_sim.view.palette import colours_of
from kubeslice_sim.view.topology import in_order_of_place
from tests.view.worlds import planned

SIZES = (1, 2, 3, 5, 8, 16)


@pytest.fixture(scope="module", params=SIZES)
def sized(request: pytest.FixtureRequest) -> tuple[Plan, Picture]:
    made = planned(request.param, ("red", "media"))
    return made, draw(made)


def test_every_cluster_and_slice_is_named(sized: tuple[Plan, Picture]) -> None:
    made, figure = sized
    texts = [text.get_text() for text in figure.axes[0].texts]
    for cluster in made.clusters:
        assert cluster.name in texts
    assert Counter(texts)["red"] == Counter(texts)["media"] == len(made.clusters)
    assert sum(text.startswith(("red ·", "media ·")) for text in texts) == 2


def test_a_tunnel_is_a_line_between_two_gateways(sized: tuple[Plan, Picture]) -> None:
    made, figure = sized
    axes = figure.axes[0]
    tunnels = sum(len(item.tunnels) for item in made.slices)
    lines = [line for line in axes.lines if line.get_zorder() == 2 and len(line.get_xdata()) == 2]
    samples = len(made.slices)
    gateways = [patch for patch in axes.patches if isinstance(patch, Rectangle) and patch.get_zorder() == 5]
    assert len(lines) - samples == tunnels
    assert len(gateways) == 2 * tunnels
    filled = [patch for patch in gateways if mpl.colors.to_hex(patch.get_facecolor()) != "#ffffff"]
    assert len(filled) == tunnels


def test_texts_lie_inside_the_picture_and_inside_their_boxes(sized: tuple[Plan, Picture]) -> None:
    made, figure = sized
    axes = figure.axes[0]
    width, height = (value * figure.dpi for value in figure.get_size_inches())
    for text in axes.texts:
        place = text.get_window_extent(figure.canvas.get_renderer())  # type: ignore[attr-defined]
        assert place.x0 >= 0 and place.x1 <= width and place.y0 >= 0 and place.y1 <= height, text.get_text()
    boxes = [patch.get_window_extent() for patch in axes.patches if patch.get_zorder() == 3]
    assert len(boxes) == len(made.clusters)
    for text in axes.texts:
        if text.get_zorder() == 7:
            place = text.get_window_extent(figure.canvas.get_renderer())  # type: ignore[attr-defined]
            assert any(box.x0 < place.x0 and place.x1 < box.x1 for box in boxes), text.get_text()


def test_boxes_do_not_overlap(sized: tuple[Plan, Picture]) -> None:
    boxes = [patch.get_window_extent() for patch in sized[1].axes[0].patches if patch.get_zorder() == 3]
    assert not any(a.overlaps(b) for a, b in combinations(boxes, 2))


@pytest.mark.parametrize("clusters", [2, 3, 5])
def test_every_path_of_the_wan_is_labelled_while_there_is_room(clusters: int) -> None:
    made = planned(clusters)
    labels = [text for text in draw(made).axes[0].texts if text.get_zorder() == 9]
    assert len(labels) == math.comb(clusters, 2)
    assert {text.get_text() for text in labels} == {
        f"{10 + 7 * index} ms · 100 Mbit/s · 1 % loss" for index in range(len(labels))
    }


def test_many_paths_are_summed_up() -> None:
    made = planned(16)
    texts = [text.get_text() for text in draw(made).axes[0].texts]
    assert "WAN: 10 ms – 843 ms RTT, 100 Mbit/s" in texts


def test_the_ring_follows_the_map() -> None:
    made = planned(4)
    # Clockwise from the north: Ireland, Mumbai, São Paulo, Virginia.
    assert [cluster.name for cluster in in_order_of_place(made)] == ["worker-3", "worker-2", "worker-4", "worker-1"]


def test_the_same_plan_gives_the_same_bytes(tmp_path: Path) -> None:
    made = planned(3)
    for kind in ("svg", "png", "pdf"):
        save_figure(draw(made), tmp_path / f"a.{kind}")
        save_figure(draw(made), tmp_path / f"b.{kind}")
        assert (tmp_path / f"a.{kind}").read_bytes() == (tmp_path / f"b.{kind}").read_bytes()
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    ElementTree.parse(tmp_path / "a.svg")  # noqa: S314 - our own text


def test_the_callers_style_does_not_show(caplog: pytest.LogCaptureFixture) -> None:
    made = planned(2)
    plain = svg_text(draw(made))
    with mpl.rc_context({"font.family": "serif", "axes.facecolor": "red", "lines.linewidth": 9, "figure.dpi": 50}):
        before = dict(mpl.rcParams)
        assert svg_text(draw(made)) == plain
        assert dict(mpl.rcParams) == before
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_another_ending_is_refused(tmp_path: Path) -> None:
    for name in ("a.gif", "a"):
        with pytest.raises(BadInput, match="use svg, png, pdf"):
            save_figure(draw(planned(1)), tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_notebook_shows_the_picture_by_itself() -> None:
    assert draw(planned(1))._repr_svg_().startswith("<?xml")


def test_names_are_no_formulas() -> None:
    from dataclasses import replace

    made = planned(2)
    made = replace(made, world=replace(made.world, name="$a^b$ & <c>"))
    assert "$a^b$ &amp; &lt;c&gt;" in svg_text(draw(made))


def test_a_colour_is_as_it_is_called() -> None:
    colours = colours_of(["red", "shop", "blue-green", "media"])
    assert re.match("#[cd]", colours["red"])
    assert len(set(colours.values())) == 4
    assert colours_of(f"s{i}" for i in range(9))["s8"] == colours_of(["s0"])["s0"]


@pytest.mark.parametrize("count", [2, 3, 5, 8, 16])
def test_the_ring_keeps_its_gaps(count: int) -> None:
    boxes = ring([(100.0 + 5 * index, 60.0) for index in range(count)], 30.0, 20.0)
    assert not any(a.overlaps(b, 29.9, 19.9) for a, b in combinations(boxes, 2))
    assert min(box.x - box.width / 2 for box in boxes) == pytest.approx(0.0)
    assert min(box.y - box.height / 2 for box in boxes) == pytest.approx(0.0)


@pytest.mark.parametrize(
    ("to", "aside", "place"),
    [((1, 0), 0, (60, 5)), ((-1, 0), 0, (-40, 5)), ((0, 1), 0, (10, 25)), ((1, 0), 4, (60, 9)), ((1, 1), 0, (30, 25))],
)
def test_lines_leave_a_box_at_its_border(to: tuple[int, int], aside: int, place: tuple[int, int]) -> None:
    assert Box(x=10, y=5, width=100, height=40).border(*to, aside) == pytest.approx(place)


def test_a_label_takes_a_free_place_or_none() -> None:
    wall = Box(x=50, y=0, width=20, height=20)
    found = place_label((0, 0), (100, 0), (10, 5), [wall])
    assert found is not None
    assert not found.overlaps(wall, 0, 0)
    assert place_label((0, 0), (100, 0), (10, 5), [Box(x=50, y=0, width=200, height=20)]) is None


def test_a_world_of_nothing_is_a_picture_of_nothing() -> None:
    figure = draw(plan(World(name="void")))
    assert "void" in [text.get_text() for text in figure.axes[0].texts]


def test_a_name_in_any_script_is_drawn_without_a_warning(recwarn: pytest.WarningsRecorder, tmp_path: Path) -> None:
    figure = draw(plan(World(name="日本語 🦀")))
    for kind in ("svg", "png", "pdf"):
        save_figure(figure, tmp_path / f"topology.{kind}")
    assert "日本語 🦀" in (tmp_path / "topology.svg").read_text(encoding="utf-8")
    assert not recwarn.list
