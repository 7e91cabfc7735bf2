"""A run over time: rates, round trips and requests, who got through, with faults and expectations marked."""

from __future__ import annotations

from collections.abc import Sequence

from kubeslice_sim.observe.run import Run
from kubeslice_sim.observe.verdict import Verdict
from kubeslice_sim.view.figure import Picture, in_house_style, new_picture, text_width
from kubeslice_sim.view.palette import FAINT
from kubeslice_sim.view.panels import legend_columns, number_panel, shade_faults, tidy, track_panel
from kubeslice_sim.view.spans import Series, faults_of, series_of, tracks_of, wanted_of

WIDTH = 760.0
PANEL_H = 132.0
TRACK_H = 17.0
TITLES = {"rate_bps": "rate", "rtt_s": "round trip", "request_s": "request", "dns_latency_s": "DNS answer"}
"""The metrics that are drawn, and what their panels are called."""


@in_house_style
def time_plots(run: Run, verdicts: Sequence[Verdict]) -> Picture:
    """One panel for each kind of number that the run measured, and one for who got through when.

    Bands are faults (from when they took effect to when they ended), boxes the windows and limits of expectations,
    marks the moments that decided a verdict. A run without rows gives a picture that says so.
    """
    end_s = _end_s(run)
    faults = faults_of(run.observations, end_s)
    wanted = wanted_of(run.scenario, verdicts)
    numbers = [(metric, found) for metric in TITLES if (found := series_of(run.observations, metric))]
    tracks = tracks_of(run.scenario, run.observations)
    heights = [PANEL_H] * len(numbers) + ([max(40.0, TRACK_H * len(tracks))] if tracks else [])
    heads = [_head(found) for _, found in numbers] + ([24.0] if tracks else [])
    if not heights:
        return _empty()
    picture = new_picture(WIDTH, sum(heights) + sum(heads) + 48)
    total = sum(heights) + sum(heads) + 48
    left = min(320.0, max([62.0, *(text_width(track.name, 7.5) + 18 + 88 * track.forbidden for track in tracks)]))
    top = total - 6
    for index, (height, head) in enumerate(zip(heights, heads, strict=True)):
        top -= height + head
        axes = picture.add_axes((left / WIDTH, top / total, (WIDTH - left - 18) / WIDTH, height / total))
        shade_faults(axes, faults, named=index == 0)
        if index < len(numbers):
            metric, found = numbers[index]
            number_panel(axes, metric, found, [item for item in wanted if item.metric == metric])
        else:
            track_panel(axes, tracks, verdicts)
        tidy(axes, TITLES[numbers[index][0]] if index < len(numbers) else "", end_s, last=index == len(heights) - 1)
    return picture


def _head(lines: Sequence[Series]) -> float:
    return 12.0 + 12.0 * -(-len(lines) // legend_columns(lines))


def _end_s(run: Run) -> float:
    last = max((row.at_s for row in run.observations if abs(row.at_s) < 1e9), default=0.0)
    return max(run.scenario.spec.duration_s, last, 1e-3)


def _empty() -> Picture:
    picture = new_picture(WIDTH, 80)
    picture.text(0.5, 0.5, "This run measured nothing over time.", ha="center", va="center", fontsize=10, color=FAINT)
    return picture
