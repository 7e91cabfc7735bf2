"""Figures of the validation page: for each group, how far every row lies from its target."""

from __future__ import annotations

from collections.abc import Sequence

from kubeslice_sim.observe.estimate import Estimate
from kubeslice_sim.validation.target import Row
from kubeslice_sim.view.figure import Picture, in_house_style, new_picture
from kubeslice_sim.view.palette import CARD, FAINT, INK, LINE, OUTCOME_COLOURS

WIDTH, HEIGHT = 760.0, 168.0
LEFT, RIGHT, BELOW, ABOVE = 62.0, 12.0, 26.0, 16.0


VISIBLE = 0.001


def worth_a_look(rows: Sequence[Row]) -> bool:
    """Whether there is anything to see: chance, or a row that is off its target by a thousandth."""
    return any(isinstance(row.found, Estimate) or abs(_beyond(row, row.value)) > VISIBLE * _scale(row) for row in rows)


@in_house_style
def deviations(rows: Sequence[Row]) -> Picture:
    """Each row as a mark at its deviation from the target in per cent, its interval a line, its tolerance a shade.

    A range is judged from its nearer end; within it, the deviation is zero.
    """
    picture = new_picture(WIDTH, HEIGHT)
    axes = picture.add_axes(
        (LEFT / WIDTH, BELOW / HEIGHT, (WIDTH - LEFT - RIGHT) / WIDTH, (HEIGHT - BELOW - ABOVE) / HEIGHT)
    )
    for place, row in enumerate(rows, 1):
        tolerance = 100.0 * row.target.tolerance
        axes.bar(place, 2 * tolerance, 1.0, bottom=-tolerance, color=CARD, edgecolor=LINE, linewidth=0.5)
        scale = _scale(row)
        middle = 100.0 * _beyond(row, row.value) / scale
        if isinstance(row.found, Estimate):
            half = 100.0 * row.found.half / scale
            axes.plot((place, place), (middle - half, middle + half), color=INK, linewidth=1.0, zorder=2)
        colour = OUTCOME_COLOURS["passed" if row.inside else "failed"]
        axes.plot(place, middle, "o" if row.inside else "X", color=colour, markersize=4 if row.inside else 7, zorder=3)
    axes.axhline(0.0, color=FAINT, linewidth=0.6, zorder=1)
    axes.set_xlim(0.3, len(rows) + 0.7)
    low, high = axes.get_ylim()
    span = max(abs(low), abs(high), 0.01)
    axes.set_ylim(-span, span)
    axes.set_ylabel("off by %", fontsize=8)
    axes.set_xlabel("row", fontsize=8, labelpad=1)
    axes.tick_params(labelsize=7, length=2, color=LINE)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    return picture


def _scale(row: Row) -> float:
    return max(abs(row.target.low), abs(row.target.high)) or 1.0


def _beyond(row: Row, value: float) -> float:
    low, high = row.target.low, row.target.high
    return value - high if value > high else value - low if value < low else 0.0
