"""Created → up as a Gantt figure: stage by stage and cluster by cluster, the critical path in strong colours."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from kubeslice_sim.controlplane.critical_path import Stage, critical_path, goals, stage_of
from kubeslice_sim.observe.history import Milestone
from kubeslice_sim.observe.run import Run
from kubeslice_sim.observe.units import seconds
from kubeslice_sim.view.figure import Picture, in_house_style, new_picture, text_width
from kubeslice_sim.view.palette import FAINT, INK, LINE, SERIES

WIDTH = 760.0
LANE_H = 15.0
GROUP_H = 18.0
_CONTROLLER = "controller cluster"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One line of the figure: a stage in a cluster, with a bar for each time that it took place."""

    cluster: str
    stage: str
    bars: tuple[Stage, ...]
    critical: tuple[Stage, ...]


@in_house_style
def draw_gantt(run: Run, slice_: str = "") -> Picture:
    """From "the slice was asked for" to "it is up", for one slice (empty: the one that was up last).

    Each bar is a stage: it begins when the last thing that it waited for was there. What is on the critical path is
    blue and bears its length; what is grey could have taken longer without anybody noticing. Times are seconds since
    the slice was asked for. A run without a history, or in which nothing came up, gives a picture that says so.
    """
    history = run.history.milestones
    told = [goal for goal in goals(history) if not history[goal].cluster and slice_ in ("", history[goal].subject)]
    if not told:
        return _empty(f"Slice {slice_} did not come up in this run." if slice_ else "No slice came up in this run.")
    goal = told[-1]
    path = critical_path(history, goal)
    zero_s = path[0].start_s if path else history[goal].at_s
    lanes = lanes_of(history, goal, path)
    return _drawn(lanes, zero_s, history[goal].at_s, f"slice {history[goal].subject}: created → up")


def lanes_of(history: Sequence[Milestone], goal: int, path: Sequence[Stage]) -> tuple[Lane, ...]:
    """The stages that the goal depended on, grouped: the controller cluster first, then by name, each in time order."""
    groups: dict[tuple[str, str], dict[Stage, None]] = {}  # a stage that released two things is one bar
    for place in sorted(_needed(history, goal)):
        stage = stage_of(history, place)
        if stage is not None:
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


def _drawn(lanes: Sequence[Lane], zero_s: float, end_s: float, title: str) -> Picture:
    clusters = list(dict.fromkeys(lane.cluster for lane in lanes))
    height = LANE_H * len(lanes) + GROUP_H * len(clusters) + 62
    picture = new_picture(WIDTH, height)
    left = min(300.0, max(text_width(lane.stage, 7.5) for lane in lanes) + 26)
    axes = picture.add_axes((left / WIDTH, 36 / height, (WIDTH - left - 64) / WIDTH, (height - 62) / height))
    picture.text(8 / WIDTH, 1 - 14 / height, title, fontsize=10, fontweight="bold", color=INK, va="center")
    place, ticks, names = 0.0, [], []
    for cluster in clusters:
        axes.text(0.0, place + GROUP_H / 2, cluster, fontsize=8, fontweight="bold", color=FAINT, va="center")
        place += GROUP_H
        for lane in (item for item in lanes if item.cluster == cluster):
            _bars(axes, lane, place, zero_s)
            ticks.append(place + LANE_H / 2)
            names.append(lane.stage)
            place += LANE_H
    axes.set_xlim(0.0, max(end_s - zero_s, 1e-3))
    axes.set_ylim(place, 0.0)
    axes.set_yticks(ticks, names)
    axes.tick_params(axis="y", length=0, labelsize=7.5)
    axes.tick_params(axis="x", labelsize=7.5, color=LINE)
    axes.grid(axis="x", color=LINE, linewidth=0.5)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.set_xlabel("seconds since it was asked for; blue: the critical path", fontsize=8, color=FAINT)
    return picture


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
