"""The panels of a run over time: numbers as lines, who got through as bars."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, MaxNLocator

from kubeslice_sim.observe.units import say
from kubeslice_sim.observe.verdict import Verdict
from kubeslice_sim.view.figure import text_width
from kubeslice_sim.view.palette import FAINT, INK, LINE, OUTCOME_COLOURS, PAPER, dashes, series
from kubeslice_sim.view.spans import Series, Span, Track, Wanted

_BARS: dict[str, Any] = {
    "good": {"facecolor": "#7fbf9f"},
    "bad": {"facecolor": "#c0341d"},
    "unknown": {"facecolor": "#eef1f4", "hatch": "////", "edgecolor": "#9aa7b3"},
}
_MEANINGS = {
    "good": "as it should be",
    "bad": "cut off, or through where it should be blocked",
    "unknown": "not probed",
}
MARKS = {"passed": "o", "failed": "X", "inconclusive": "D"}
MANY = 3000
"""So many points become one picture inside the SVG: a page must stay small."""


def number_panel(axes: Axes, metric: str, lines: Sequence[Series], wanted: Sequence[Wanted]) -> None:
    """One metric: a line a probe, and a box for each window in which it was expected somewhere."""
    many = sum(len(line.values) for line in lines) > MANY
    for index, line in enumerate(lines):
        axes.plot(line.at_s, line.values, color=series(index), linestyle=dashes(index), linewidth=1.3, label=line.name,
                  marker="." if len(line.values) < 60 else "", markersize=3.5, rasterized=many, zorder=3)  # fmt: skip
    values = [value for line in lines for value in line.values if math.isfinite(value)]
    bounds = [bound for item in wanted for bound in (item.low, item.high) if math.isfinite(bound)]
    top = max([*values, *bounds], default=1.0) * 1.08 or 1.0
    axes.set_ylim(0.0, top)
    for item in wanted:
        _window(axes, item, top)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: say(metric, value)))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5))
    axes.grid(axis="y", color=LINE, linewidth=0.5)
    if lines:
        axes.legend(loc="lower left", bbox_to_anchor=(-0.005, 1.0), ncols=legend_columns(lines), frameon=False,
                    fontsize=7.5, handlelength=2.2, columnspacing=1.2, borderaxespad=0.1)  # fmt: skip


def legend_columns(lines: Sequence[Series], width_pt: float = 560.0) -> int:
    """How many names fit beside each other above a panel."""
    widest = max(text_width(line.name, 7.5) + 40 for line in lines)
    return max(1, int(width_pt / widest))


def track_panel(axes: Axes, tracks: Sequence[Track], verdicts: Sequence[Verdict]) -> None:
    """Who got through when, a bar a probe and pair; a mark where an expectation about it was decided."""
    for place, track in enumerate(tracks):
        for stretch in track.stretches:
            good = (stretch.state == "through") is not track.forbidden
            kind = "unknown" if stretch.state == "unknown" else "good" if good else "bad"
            axes.add_patch(Rectangle((stretch.start_s, place - 0.32), max(stretch.end_s - stretch.start_s, 0.05), 0.64,
                                     zorder=3, linewidth=0, **_BARS[kind]))  # fmt: skip
        for verdict in verdicts:
            if verdict.at_s is not None and any(row.probe == track.probe for row in verdict.evidence[:1]):
                axes.plot([verdict.at_s], [place], marker=MARKS[verdict.outcome], markersize=6, zorder=5,
                          color=OUTCOME_COLOURS[verdict.outcome], markeredgecolor=PAPER, clip_on=False)  # fmt: skip
    axes.set_ylim(len(tracks) - 0.4, -0.6)
    names = [f"{track.name} (should be blocked)" if track.forbidden else track.name for track in tracks]
    axes.set_yticks(range(len(tracks)), names)
    axes.tick_params(axis="y", length=0)
    key: list[Artist] = [
        Rectangle((0, 0), 1, 1, linewidth=0, label=_MEANINGS[kind], **style) for kind, style in _BARS.items()
    ]
    key += [Line2D([], [], marker=MARKS[outcome], color=OUTCOME_COLOURS[outcome], linestyle="", markersize=5,
                   label=f"decided: {outcome}") for outcome in ("passed", "failed")]  # fmt: skip
    axes.legend(handles=key, loc="lower left", bbox_to_anchor=(-0.005, 1.0), ncols=5, frameon=False, fontsize=7.5,
                handlelength=1.4, columnspacing=1.2, borderaxespad=0.1)  # fmt: skip


def shade_faults(axes: Axes, faults: Sequence[Span], *, named: bool) -> None:
    """A band for each fault, its name above the first panel."""
    for level, fault in enumerate(faults):
        axes.axvspan(fault.start_s, fault.end_s, color="#e69f00", alpha=0.16, linewidth=0, zorder=0)
        axes.axvline(fault.start_s, color="#b36b00", linewidth=0.9, linestyle=(0, (3, 2)), zorder=1)
        if named:
            axes.annotate(fault.name, (fault.start_s, 1.0), xycoords=("data", "axes fraction"), fontsize=7.5,
                          xytext=(3, -10 - 10 * (level % 3)), textcoords="offset points", color="#8a5200")  # fmt: skip


def tidy(axes: Axes, title: str, end_s: float, *, last: bool) -> None:
    """The house style: few lines, the title at the left, seconds below the last panel only."""
    axes.set_xlim(0.0, end_s)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(LINE)
    axes.tick_params(labelsize=7.5, color=LINE, labelcolor=INK, labelbottom=last)
    axes.set_ylabel(title, fontsize=8, color=FAINT, labelpad=6)
    if last:
        axes.set_xlabel("seconds since the scenario's zero", fontsize=8, color=FAINT)


def _window(axes: Axes, item: Wanted, top: float) -> None:
    low, high = max(item.low, 0.0), min(item.high, top)
    colour = OUTCOME_COLOURS[item.outcome]
    axes.add_patch(Rectangle((item.start_s, low), item.end_s - item.start_s, max(high - low, 0.0),
                             facecolor=f"{colour}1f", edgecolor=colour, linewidth=0.9, zorder=2))  # fmt: skip
    # On a ground of its own: the values that it speaks of often run right through it.
    ground = {"facecolor": PAPER, "edgecolor": "none", "alpha": 0.8, "pad": 0.6}
    axes.annotate(f"{item.name}: {item.outcome}", (item.start_s, high), fontsize=7, color=colour, zorder=6,
                  xytext=(3, -8), textcoords="offset points", bbox=ground)  # fmt: skip
