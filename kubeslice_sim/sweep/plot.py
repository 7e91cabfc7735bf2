"""A sweep as a figure: means with intervals against the varied field, or a map over two."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter, NullLocator

from kubeslice_sim.errors import BadInput
from kubeslice_sim.model.suggest import meant
from kubeslice_sim.observe.units import say_unit
from kubeslice_sim.sweep.axis import Axis
from kubeslice_sim.sweep.columns import short_names, shown
from kubeslice_sim.sweep.scale import scale_of
from kubeslice_sim.sweep.show import say
from kubeslice_sim.sweep.sweep import Mean, Sweep
from kubeslice_sim.view.figure import Picture, in_house_style, new_picture
from kubeslice_sim.view.palette import FAINT, INK, LINE, series

WIDTH, HEIGHT = 560.0, 300.0
_CELL_H = 46.0
_WIDE = 25.0
"""Values that lie further apart than this are put on a logarithmic scale."""
_TICKS = 9
_FIGURE = tuple[str, str, str]


@in_house_style
def plot(sweep: Sweep, figure: _FIGURE, confidence: float, against: str = "") -> Picture:
    """One figure (probe, metric, statistic) of all variants, against one varied field or over a map of two.

    Fields that change together are one: the first of them stands for them. A field whose only value never changes
    takes no room. ``against``: a path or its last field; other fields then make a line each, or, of a sample, nothing.
    Raises :exc:`BadInput` for one that does not vary, or for more than two without it.
    """
    means = {item.variant: item for item in sweep.means(confidence)
             if (item.probe, item.metric, item.statistic) == figure}  # fmt: skip
    places = _places(sweep)
    if against:
        chosen = _chosen(sweep, against)
        picture = _line(sweep, means, chosen, [place for place in places if not _one(sweep, place, chosen)], confidence)
    elif len(places) > 2:
        names = ", ".join(sweep.axes[place].path for place in places)
        raise BadInput(
            f"a figure shows one varied field or two, not {len(places)} ({names}); say against which, or use .summary()"
        )
    elif len(places) == 2 and not sweep.sample:
        picture = _map(sweep, means, places)
    else:
        picture = _line(sweep, means, places[0] if places else None, places[1:], confidence)
    probe, metric, statistic = figure
    picture.axes[0].set_title(f"{probe}: {metric} ({statistic})", fontsize=9.5, loc="left", color=INK)
    return picture


def _places(sweep: Sweep) -> list[int]:
    """One axis of each group that varies."""
    found: dict[int, int] = {}
    for place, axis in enumerate(sweep.axes):
        if len(axis.values) > 1:
            found.setdefault(axis.group, place)
    return list(found.values())


def _chosen(sweep: Sweep, against: str) -> int:
    names = short_names(sweep.axes)
    for place, axis in enumerate(sweep.axes):
        if against in (axis.path, names[place]):
            return place
    raise BadInput(f"no field {against!r} varies; {meant(against, (*names, *(axis.path for axis in sweep.axes)))}")


def _one(sweep: Sweep, place: int, other: int) -> bool:
    return sweep.axes[place].group == sweep.axes[other].group


def _line(
    sweep: Sweep, means: dict[int, Mean], place: int | None, others: Sequence[int], confidence: float
) -> Picture:  # fmt: skip
    axis = Axis(path="", values=(sweep.scenario,)) if place is None else sweep.axes[place]
    at, ticks = positions(axis)
    where = {repr(value): position for value, position in zip(axis.values, at, strict=True)}
    lines: dict[str, list[tuple[float, Mean]]] = {}
    for item in means.values():
        values = sweep.variants[item.variant]
        x = at[0] if place is None else where[repr(values[place])]
        names = short_names([sweep.axes[other] for other in others])
        label = ", ".join(f"{name} {shown(values[other])}" for name, other in zip(names, others, strict=True))
        lines.setdefault("" if sweep.sample else label, []).append((x, item))
    picture = new_picture(WIDTH, HEIGHT)
    axes = picture.add_axes((0.15, 0.17, 0.81, 0.72))
    for number, (label, drawn) in enumerate(lines.items()):
        drawn.sort(key=lambda pair: pair[0])
        halves = [0.0 if math.isnan(item.half_width) else item.half_width for _, item in drawn]
        axes.errorbar(
            [x for x, _ in drawn], [item.mean for _, item in drawn], yerr=halves if any(halves) else None,
            color=series(number), marker="o", markersize=4.5, linewidth=1.2, capsize=4, label=label or None,
            linestyle="-" if ticks and not sweep.sample else "none",
        )  # fmt: skip
    if len(lines) > 1:
        axes.legend(fontsize=7.5, frameon=False)
    if ticks and min(at) > 0 and max(at) / min(at) > _WIDE:
        axes.set_xscale("log")
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_minor_formatter(NullFormatter())
    if len(at) <= _TICKS:
        axes.set_xticks(at, [shown(value) for value in axis.values])
    elif (scale := scale_of(axis)) is not None:
        unit = scale.unit
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _tick(unit, value)))
    axes.margins(x=0.08)
    axes.set_xlabel(axis.path, fontsize=8.5, color=FAINT)
    top = max((item.mean + (item.half_width if item.half_width > 0 else 0.0) for item in means.values()), default=1.0)
    if all(item.mean >= 0 for item in means.values()):
        axes.set_ylim(0.0, 1.1 * top or 1.0)
    metric = next(iter(means.values())).metric
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: say(metric, value)))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=6))
    axes.grid(axis="y", color=LINE, linewidth=0.5)
    axes.tick_params(labelsize=8, color=LINE)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    counts = sorted({item.n for item in means.values()})
    runs = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    said = f"mean of {runs} runs, {confidence:.0%} interval" if counts[-1] > 1 else "one run each: no interval"
    picture.text(0.96, 0.905, said, fontsize=7.5, color=FAINT, ha="right")
    return picture


def _tick(unit: str, value: float) -> str:
    return say_unit(unit, value) if unit not in ("", "%") else f"{value:g}{unit}"


def _map(sweep: Sweep, means: dict[int, Mean], places: Sequence[int]) -> Picture:
    rows, columns = (sweep.axes[place] for place in places)
    grid = [[math.nan] * len(columns.values) for _ in rows.values]
    texts = [["–"] * len(columns.values) for _ in rows.values]
    for variant, item in means.items():
        values = sweep.variants[variant]
        row, column = rows.values.index(values[places[0]]), columns.values.index(values[places[1]])
        grid[row][column] = item.mean
        half = "" if math.isnan(item.half_width) else f"\n± {say(item.metric, item.half_width)}"
        texts[row][column] = say(item.metric, item.mean) + half
    height = 96.0 + _CELL_H * len(rows.values)
    picture = new_picture(WIDTH, height)
    axes = picture.add_axes((0.17, 46.0 / height, 0.8, 1.0 - 74.0 / height))
    image = axes.imshow(grid, cmap="cividis", aspect="auto")
    known = [value for line in grid for value in line if not math.isnan(value)]
    middle = (min(known) + max(known)) / 2
    for row, line in enumerate(texts):
        for column, text in enumerate(line):
            # Cividis begins dark and ends light.
            colour = "white" if grid[row][column] <= middle else "black"
            axes.text(column, row, text, ha="center", va="center", fontsize=8, color=colour)
    image.set_clim(min(known), max(known))
    axes.set_xticks(range(len(columns.values)), [shown(value) for value in columns.values])
    axes.set_yticks(range(len(rows.values)), [shown(value) for value in rows.values])
    axes.set_xlabel(columns.path, fontsize=8.5, color=FAINT)
    picture.text(0.97, 1.0 - 19.0 / height, f"rows: {rows.path}", fontsize=7.5, color=FAINT, ha="right")
    axes.tick_params(labelsize=8, length=0)
    return picture


def positions(axis: Axis) -> tuple[list[float], bool]:
    """Where the values stand: on a scale where they have one, else in turn."""
    scale = scale_of(axis)
    if scale is None:
        return [float(place) for place in range(len(axis.values))], False
    return list(scale.numbers), True
