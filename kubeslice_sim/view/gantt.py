"""From asked for to done as a Gantt figure: stage by stage and cluster by cluster, the critical path in blue."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from textwrap import wrap

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from kubeslice_sim.controlplane.critical_path import Stage, paths, stage_of
from kubeslice_sim.observe.history import Milestone
from kubeslice_sim.observe.run import Run
from kubeslice_sim.observe.units import seconds
from kubeslice_sim.view.figure import Picture, in_house_style, new_picture, text_width
from kubeslice_sim.view.palette import FAINT, INK, LINE, SERIES

WIDTH = 760.0
LANE_H = 15.0
GROUP_H = 18.0
HEAD_H = 26.0
AXIS_H = 40.0
LINE_H = 12.0
CHARACTERS = 110
MOST = 12
"""So many goals are drawn; the others can be asked for by their names."""
_CONTROLLER = "controller cluster"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One line of the figure: a stage in a cluster, with a bar for each time that it took place."""

    cluster: str
    stage: str
    bars: tuple[Stage, ...]
    critical: tuple[Stage, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The lanes of one goal, from when it was asked for; without lanes, ``title`` says why there are none."""

    title: str
    start_s: float
    end_s: float
    lanes: tuple[Lane, ...] = ()

    @property
    def heading(self) -> list[str]:
        """The title, line by line."""
        return wrap(self.title, CHARACTERS)

    @property
    def height(self) -> float:
        """In points."""
        clusters = len({lane.cluster for lane in self.lanes})
        head = HEAD_H + LINE_H * (len(self.heading) - 1)
        return head + (LANE_H * len(self.lanes) + GROUP_H * clusters + AXIS_H if self.lanes else 0.0)


@in_house_style
def draw_gantt(run: Run, name: str = "") -> Picture:
    """From "it was asked for" to "it is so": slices that came up, joins, leaves, rotations and the like.

    Each bar is a stage: it begins when the last thing that it waited for was there. What is on the critical path is
    blue and bears its length; what is grey could have taken longer without anybody noticing. ``name``: a slice, which
    shows how it came up, or an undertaking by its title (``worker-3 joins red``). Empty: all, of several only the
    critical paths, each over its own time. A run without a history, or in which nothing came up, gives a picture that
    says so.
    """
    groups = groups_of(run, name)
    if not groups:
        return _empty(f"{name} did not come up in this run." if name else "No slice came up in this run.")
    return _drawn(groups)


def groups_of(run: Run, name: str = "") -> tuple[Group, ...]:
    """A group a goal, in order of time; of several the critical paths only. What was never over has no lanes."""
    history = run.history.milestones
    begun_s = {item.milestone: item.at_s for item in run.history.undertakings}
    told = {
        goal: path for goal, path in paths(run.history).items()
        if not history[goal].cluster and name in ("", history[goal].subject)
    }  # fmt: skip
    found = []
    for goal, path in told.items():
        start_s = begun_s.get(goal, path[0].start_s if path else history[goal].at_s)
        lanes = lanes_of(history, goal, path, start_s)
        if len(told) > 1:
            lanes = tuple(replace(lane, bars=lane.critical) for lane in lanes if lane.critical)
        end_s = history[goal].at_s
        what = history[goal].subject if goal in begun_s else f"slice {history[goal].subject}: created → up"
        title = f"{what}, {seconds(end_s - start_s)} from {start_s:g} s on"
        found.append(Group(title=title, start_s=start_s, end_s=end_s, lanes=lanes))
    found += [Group(title=item.notice, start_s=item.at_s, end_s=item.at_s) for item in run.history.undertakings
              if item.notice and name in ("", item.title)]  # fmt: skip
    return tuple(sorted(found, key=lambda group: group.start_s))


def lanes_of(
    history: Sequence[Milestone], goal: int, path: Sequence[Stage], start_s: float = -math.inf
) -> tuple[Lane, ...]:  # fmt: skip
    """The stages that the goal depended on, grouped: the controller cluster first, then by name, each in time order.

    ``start_s``: what was over by then is left out, and what went on then begins there.
    """
    groups: dict[tuple[str, str], dict[Stage, None]] = {}  # a stage that released two things is one bar
    for place in sorted(_needed(history, goal)):
        stage = stage_of(history, place)
        at_once = place == goal and stage is not None and stage.length_s == 0
        if stage is not None and stage.end_s > start_s and not at_once:
            stage = replace(stage, start_s=max(stage.start_s, start_s))
            groups.setdefault((stage.cluster, stage.name), {})[stage] = None
    chain = set(path)
    lanes = [
        Lane(cluster=cluster or _CONTROLLER, stage=name, bars=tuple(stages),
             critical=tuple(stage for stage in stages if stage in chain))
        for (cluster, name), stages in groups.items()
    ]  # fmt: skip
    return tuple(sorted(lanes, key=lambda lane: (lane.cluster != _CONTROLLER, lane.cluster, _first(lane.bars))))


def _needed(history: Sequence[Milestone], goal: int) -> set[int]:
    found, open_ = {goal}, [goal]
    while open_:
        news = set(history[open_.pop()].after) - found
        found |= news
        open_ += news
    return found


def _first(bars: Iterable[Stage]) -> tuple[float, float]:
    return min((bar.start_s, bar.end_s) for bar in bars)


def _drawn(groups: Sequence[Group]) -> Picture:
    shown = groups[:MOST]
    more = len(groups) - len(shown)
    height = sum(group.height for group in shown) + (HEAD_H if more else 0.0)
    picture = new_picture(WIDTH, height)
    stages = (lane.stage for group in shown for lane in group.lanes)
    left = min(300.0, max((text_width(stage, 7.5) for stage in stages), default=0.0) + 26)
    top = 0.0
    for group in shown:
        weight = "bold" if group.lanes else "normal"
        for line, text in enumerate(group.heading):
            picture.text(8 / WIDTH, 1 - (top + 14 + LINE_H * line) / height, text, fontsize=10 if group.lanes else 8,
                         fontweight=weight, color=INK, va="center")  # fmt: skip
        if group.lanes:
            bottom = 1 - (top + group.height - AXIS_H) / height
            tall = group.height - AXIS_H - HEAD_H - LINE_H * (len(group.heading) - 1)
            axes = picture.add_axes((left / WIDTH, bottom, (WIDTH - left - 64) / WIDTH, tall / height))
            _lanes(axes, group)
        top += group.height
    if more:
        picture.text(8 / WIDTH, 1 - (top + 14) / height, f"and {more} more, each by its name", fontsize=8, color=FAINT,
                     va="center")  # fmt: skip
    return picture


def _lanes(axes: Axes, group: Group) -> None:
    """One goal's lanes, cluster by cluster."""
    place, ticks, names = 0.0, [], []
    for cluster in dict.fromkeys(lane.cluster for lane in group.lanes):
        axes.text(0.0, place + GROUP_H / 2, cluster, fontsize=8, fontweight="bold", color=FAINT, va="center")
        place += GROUP_H
        for lane in (item for item in group.lanes if item.cluster == cluster):
            _bars(axes, lane, place, group.start_s)
            ticks.append(place + LANE_H / 2)
            names.append(lane.stage)
            place += LANE_H
    axes.set_xlim(0.0, max(group.end_s - group.start_s, 1e-3))
    axes.set_ylim(place, 0.0)
    axes.set_yticks(ticks, names)
    axes.tick_params(axis="y", length=0, labelsize=7.5)
    axes.tick_params(axis="x", labelsize=7.5, color=LINE)
    axes.grid(axis="x", color=LINE, linewidth=0.5)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.set_xlabel("seconds since it was asked for; blue: the critical path", fontsize=8, color=FAINT)


def _bars(axes: Axes, lane: Lane, place: float, zero_s: float) -> None:
    for bar in lane.bars:
        critical = bar in lane.critical
        axes.add_patch(Rectangle(
            (bar.start_s - zero_s, place + 2.5), bar.length_s, LANE_H - 5, linewidth=0.6, zorder=4 if critical else 3,
            facecolor=SERIES[0] if critical else "#dfe4e9", edgecolor=SERIES[0] if critical else "#9aa7b3",
        ))  # fmt: skip
    if lane.critical:
        last = max(lane.critical, key=lambda bar: bar.end_s)
        axes.annotate(seconds(sum(bar.length_s for bar in lane.critical)), (last.end_s - zero_s, place + LANE_H / 2),
                      xytext=(4, 0), textcoords="offset points", fontsize=7, va="center", color=INK, zorder=5,
                      annotation_clip=False)  # fmt: skip


def _empty(text: str) -> Picture:
    picture = new_picture(WIDTH, 60)
    picture.text(0.5, 0.5, text, ha="center", va="center", fontsize=10, color=FAINT)
    return picture
